"""`zoufang scan`: read what came back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from campaign.records import records
from forms.errors import ClerkError
from workspace import rejudging
from workspace.counting import count_answers
from workspace.folder import Workspace
from workspace.pool import Pool, Processes
from workspace.scanning import STATE_WORDS, Batch, describe_problems, scan
from zoufang.console import Exit, print_json, print_table, progress, say, tell
from zoufang.options import json_option, workspace_option


@click.command(name="scan", help="读入扫描件：PDF、TIFF、JPEG、PNG、HEIC 文件，或装有它们的文件夹。")
@click.argument("paths", metavar="[PATH…]", nargs=-1, type=click.Path(path_type=Path))
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="同时工作的进程数；默认为处理器核数。")
@click.option(
    "--executor",
    type=click.Choice(["local", "dask"]),
    default="local",
    help="在哪里读：local 本机（默认），dask 集群，见使用手册第十二章。",
)
@click.option("--scheduler", metavar="ADDRESS", help="集群调度程序的地址，如 tls://10.1.2.3:8786。")
@click.option(
    "--debug-dir",
    "debug",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="把每页看到的内容画成图片存到这里，供查看。图片含个人信息，用后请删除。",
)
@click.option(
    "--redecide",
    is_flag=True,
    help="不读新文件：用现在的校准、名册和日期，把读过的各页重新判定。人工改正的不变。",
)
@click.option(
    "--images", is_flag=True, help="与 --redecide 同用：从保存的原图重新看起（软件升级后用，较慢）。"
)
@workspace_option
@json_option
def scan_command(
    paths: tuple[Path, ...],
    jobs: int | None,
    executor: str,
    scheduler: str | None,
    debug: Path | None,
    redecide: bool,
    images: bool,
    workspace: Workspace,
    as_json: bool,
) -> int:
    if executor == "dask":
        if not scheduler:
            raise click.UsageError("--executor dask 要同时用 --scheduler 写明调度程序的地址")
        if jobs or debug:
            raise click.UsageError("--jobs 和 --debug-dir 只用于在本机读取")
    elif scheduler:
        raise click.UsageError("--scheduler 要与 --executor dask 同用")
    pool = _pool(workspace, scheduler, jobs, debug)
    if redecide:
        if paths:
            raise click.UsageError("--redecide 不读新文件，后面不要写文件名")
        return _judge_again(workspace, pool if images else None, as_json)
    if images:
        raise click.UsageError("--images 要与 --redecide 同用")
    if not paths:
        raise click.UsageError("请写明要读的文件或文件夹")
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise click.UsageError(f"没有这样的文件或文件夹：{'、'.join(missing)}")
    store = workspace.open_store()
    with pool as readers, progress() as bar:
        task = bar.add_task("读取", total=None)
        batch = scan(
            workspace,
            store,
            paths,
            readers,
            workspace.who,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    with store.read() as db:
        serials = set(batch.serials)
        counts = count_answers(records(db, workspace.campaign, serials=serials), serials)
    if as_json:
        print_json(summary(batch, counts))
    else:
        report(batch, counts)
    if batch.rejected:
        return Exit.SOME_REJECTED
    return Exit.SOME_TO_REVIEW if counts["needs_review"] else Exit.DONE


@contextmanager
def _pool(
    workspace: Workspace, scheduler: str | None, jobs: int | None, debug: Path | None
) -> Iterator[Pool]:
    """Where pages are read: the processes of this computer, or the cluster of `scheduler`."""
    if scheduler is None:
        if debug:
            debug.mkdir(parents=True, exist_ok=True)
        yield Processes(jobs or os.cpu_count() or 1, debug)
        return
    if find_spec("distributed") is None:
        raise ClerkError(
            "用集群读取还要装 distributed：在软件所在的文件夹里运行 "
            ".venv/bin/pip install --no-deps --require-hashes -r requirements/cluster.txt"
        )
    from workspace.cluster import connect  # takes a second, and is not everywhere

    with connect(scheduler, workspace.cluster) as cluster:
        for fault in cluster.left_out:
            say(f"没有用工作机 {fault}")
        yield cluster


def _judge_again(workspace: Workspace, pool: AbstractContextManager[Pool] | None, as_json: bool) -> int:
    """`pool`: where kept images are looked at again; None: nothing is."""
    store = workspace.open_store()
    with progress() as bar:
        task = bar.add_task("重新判定", total=None)

        def on_page(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if pool:
            with pool as readers:
                changes = rejudging.reread(workspace, store, readers, on_page)
        else:
            changes = rejudging.redecide(workspace, store, on_page)
    if as_json:
        print_json(vars(changes))
        return Exit.DONE
    tell(f"看了 {changes.pages} 页，{changes.changed} 页有变化。")
    if changes.better:
        tell(f"{changes.better} 页以前读不出，现在读出了。")
    names = [name for name in rejudging.NAMES if changes.touches(name)]
    if names:
        rows = [
            (rejudging.NAMES[name], changes.values[name], changes.accepted[name], changes.review[name])
            for name in names
        ]
        print_table("变化的项", ("项目", "值变了", "不再需要复核", "新增复核"), rows)
    if changes.said:
        tell(f"其中 {changes.said} 项人工已有结论，结论不变。")
    return Exit.DONE


def summary(batch: Batch, counts: dict[str, int]) -> dict[str, Any]:
    """What `--json` prints (DESIGN §5)."""
    return {
        "batch": batch.number,
        "files": batch.files,
        "known_files": batch.known,
        "pages": batch.pages,
        **{state: batch.states[state] for state in STATE_WORDS},
        "fields": counts["fields"],
        "accepted": counts["accepted"],
        "needs_review": counts["needs_review"],
        "seconds": round(batch.seconds, 2),
        "problems": [vars(problem) for problem in batch.problems],
    }


def report(batch: Batch, counts: dict[str, int]) -> None:
    report_states(batch)
    if counts["fields"]:
        accepted, review = counts["accepted"], counts["needs_review"]
        tell(f"读出 {counts['fields']} 项：{accepted} 项无需复核，{review} 项待复核")
    if batch.problems:
        say(f"有 {len(batch.problems)} 个问题：")
        for line in describe_problems(batch.problems):
            say(f"  {line}")


def report_states(batch: Batch) -> None:
    files = f"{batch.files} 个文件" + (f"（其中 {batch.known} 个以前已读过）" if batch.known else "")
    title = f"第 {batch.number} 批：{files}，{batch.pages} 页，用时 {batch.seconds:.0f} 秒"
    rows = [(name, batch.states[state]) for state, name in STATE_WORDS.items() if batch.states[state]]
    print_table(title, ("页", "数量"), rows)
