"""`zoufang watch`: read what arrives in a folder."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from campaign.records import records
from store import Store
from workspace.counting import count_answers
from workspace.folder import Workspace
from workspace.pool import Processes
from workspace.scanning import STATE_WORDS, FileRead, describe_problems
from workspace.watching import Watch
from zoufang.console import Exit, say, tell
from zoufang.options import json_option, workspace_option


@click.command(
    name="watch",
    help="看守一个文件夹（默认工作区的 inbox）：扫描件一到齐就读入，与 zoufang scan 读法相同。"
    "文件留在原处，读过的不会再读。按 Ctrl+C 停下，已读入的都已保存。",
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 3600),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="隔多少秒看一次；两次看到一样的文件才读，以免读到没有传完的。",
)
@click.option("--once", is_flag=True, help="只读现在有的，读完就结束；供定时任务使用。")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="同时工作的进程数；默认为处理器核数。")
@workspace_option
@json_option
def watch_command(
    folder: Path | None, interval: float, once: bool, jobs: int | None, workspace: Workspace, as_json: bool
) -> int:
    folder = folder or workspace / "inbox"
    if not folder.is_dir():
        raise click.UsageError(f"没有这个文件夹：{folder}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, it does as with Ctrl+C
    store = workspace.open_store()
    teller = _Teller(workspace, store, as_json)
    watch = Watch(
        workspace,
        store,
        folder,
        Processes(jobs or os.cpu_count() or 1),
        teller.on_file,
        teller.on_note,
        lambda: time.sleep(interval),
    )
    try:
        if not once:
            say(f"正在看守 {folder}，每 {interval:g} 秒看一次；按 Ctrl+C 停下。")
            watch.forever()
        waiting = watch.once()
    finally:
        store.close()
    return Exit.FAILED if watch.troubled else teller.conclude(waiting)


@dataclass
class _Teller:
    """Says what came of each file: a line for people, or a line of JSON."""

    workspace: Workspace
    store: Store
    as_json: bool
    files: int = 0
    rejected: bool = False
    to_review: int = 0

    def on_file(self, file: FileRead) -> None:
        serials = set(file.serials)
        with self.store.read() as db:
            found = records(db, self.workspace.campaign, serials=serials) if serials else ()
            counts = count_answers(found, serials)
        self.files += not file.known
        self.rejected |= file.rejected
        self.to_review += counts["needs_review"]
        if self.as_json:
            print(json.dumps(_summary(file, counts), ensure_ascii=False), flush=True)
        else:
            tell(f"{_now()}　{file.path.name}：{_words(file, counts)}")
            for line in describe_problems(file.problems):
                say(f"　　{line}")

    def on_note(self, words: str) -> None:
        say(f"{_now()}　{words}")

    def conclude(self, waiting: list[Path]) -> int:
        """What `--once` says in the end."""
        for path in waiting:
            say(f"{path.name}：还没有传完，或读不出来，没有读；下次再看")
        if not self.as_json and not self.files:
            tell("没有新的扫描件")
        if self.rejected:
            return Exit.SOME_REJECTED
        return Exit.SOME_TO_REVIEW if self.to_review else Exit.DONE


def _now() -> str:
    return datetime.now().strftime("%H:%M:%S")


def _words(file: FileRead, counts: dict[str, int]) -> str:
    if file.known:
        return "以前已读过，不再读"
    if not file.states:
        return "没有读" if file.problems else "以前读到一半，现在已读完"
    states = "、".join(
        f"{word} {file.states[state]}" for state, word in STATE_WORDS.items() if file.states[state]
    )
    review = counts["needs_review"]
    fields = f"；{counts['fields']} 项，{f'{review} 项待复核' if review else '无需复核'}"
    return f"{file.states.total()} 页（{states}）" + (fields if counts["fields"] else "")


def _summary(file: FileRead, counts: dict[str, int]) -> dict[str, object]:
    states = Counter(file.states)
    return {
        "file": str(file.path),
        "known": file.known,
        "pages": states.total(),
        **{state: states[state] for state in STATE_WORDS},
        **counts,
        "problems": [vars(problem) for problem in file.problems],
    }
