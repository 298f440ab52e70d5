"""`zoufang backup`: copies of a workspace; whether they are whole; a workspace out of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from workspace import backup
from workspace.backup import DATABASE, Backup, Made, OnFile
from workspace.copying import total_bytes
from workspace.folder import Workspace
from zoufang.console import Exit, print_json, print_table, progress, say, size_words, tell
from zoufang.options import folder_option, json_option

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(
    name="backup",
    help="备份工作区：数据库、设置、密钥、自编表单、校准、原图。别人正在用也可以备份；原图只存一份，再次备份只加新的。",
)
@click.option(
    "-o", "root", metavar="DIR", type=FOLDER, help="备份放在哪里，如移动硬盘；默认为工作区的 backup 文件夹。"
)
@click.option("--check", "checked", metavar="DIR", type=FOLDER, help="不备份，只核对这份备份是否完好。")
@click.option(
    "--restore",
    "restored",
    metavar="DIR NEW",
    nargs=2,
    type=FOLDER,
    help="不备份，从备份 DIR 恢复成新的工作区 NEW；NEW 不能已有内容。DIR 里有多份时用最新的。",
)
@folder_option
@json_option
def backup_command(
    root: Path | None, checked: Path | None, restored: tuple[Path, Path] | None, folder: Path, as_json: bool
) -> int:
    if sum(option is not None for option in (root, checked, restored)) > 1:
        raise click.UsageError("-o、--check 与 --restore 不能同时使用")
    if checked:
        return _check(backup.find(checked), as_json)
    if restored:
        return _restore(backup.find(restored[0]), restored[1].resolve(), as_json)
    workspace = Workspace.find(folder.resolve())
    return _make(workspace, root or workspace / "backup", as_json)


@contextmanager
def _counting(doing: str) -> Iterator[OnFile]:
    with progress() as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


# --- making one ----------------------------------------------------------------------------------


def _make(workspace: Workspace, root: Path, as_json: bool) -> int:
    store = workspace.open_store()
    try:
        with _counting("备份") as on_file:
            made = backup.make(workspace, store, root, on_file)
    finally:
        store.close()
    if as_json:
        print_json(_summary(made.backup) | {"new_files": made.new_files, "new_bytes": made.new_bytes})
    else:
        _report(made)
    _warn(made.backup)
    return Exit.SOME_REJECTED if made.backup.manifest.lacking else Exit.DONE


def _report(made: Made) -> None:
    manifest = made.backup.manifest
    print_table(f"已备份到 {made.backup.folder}", ("内容", "文件", "大小"), _contents(made.backup))
    tell(f"其中原图新增 {made.new_files} 个，{size_words(made.new_bytes)}；写好后都已重新读出核对。")
    if manifest.has_database:
        tell(f"恢复：zoufang backup --restore {made.backup.folder} 新工作区")


def _warn(made: Backup) -> None:
    lacking = made.manifest.lacking
    if lacking:
        say(f"注意：有 {len(lacking)} 个原图在工作区里已经缺失或损坏，没有备份到：")
        for path in lacking[:10]:
            say(f"  {path}")
        say("请从以前的备份里找回（shared 文件夹里同名的文件），放回工作区的 originals 文件夹。")
    if not made.manifest.has_database:
        say("注意：数据库在 PostgreSQL 上，不在这份备份里。请用 pg_dump 另行备份，两者放在一起。")
    open_to_all = made.folder.stat().st_mode & 0o077
    who = "这个磁盘不分账户，谁拿到都能打开" if open_to_all else "只有您的账户能打开"
    say(f"备份里有密钥和个人信息，{who}。请另存一份到别的磁盘，锁好；不要发到网上。")


# --- checking and restoring ----------------------------------------------------------------------


def _check(found: Backup, as_json: bool) -> int:
    with _counting("核对") as on_file:
        flaws = backup.flaws(found, on_file)
    if as_json:
        print_json(_summary(found) | {"whole": not flaws, "flaws": flaws})
    elif flaws:
        tell(f"备份 {found.folder} 有 {len(flaws)} 处不完好：")
        for flaw in flaws:
            tell(f"  {flaw}")
    else:
        print_table(f"备份 {found.folder} 完好", ("内容", "文件", "大小"), _contents(found))
    return Exit.FAILED if flaws else Exit.DONE


def _restore(found: Backup, target: Path, as_json: bool) -> int:
    with _counting("恢复") as on_file:
        workspace = backup.restore(found, target, on_file)
    if as_json:
        print_json(_summary(found) | {"workspace": str(workspace.root)})
    else:
        print_table(f"已恢复成工作区 {workspace.root}", ("内容", "文件", "大小"), _contents(found))
        tell(f"接下来：zoufang status -w {workspace.root}")
    say(f"这是 {_when(found)} 的样子；那以后印的表、读入的扫描件、录入的内容不在里面，请重新读入扫描件。")
    if not found.manifest.has_database:
        say("数据库不在这份备份里：请再用 pg_restore 恢复同时备份的数据库。")
    return Exit.DONE


# --- words ---------------------------------------------------------------------------------------


def _contents(found: Backup) -> list[tuple[str, int, str]]:
    files, shared = found.manifest.files, found.manifest.shared
    kinds = {
        "数据库": [one for path, one in files.items() if path == DATABASE],
        "设置、密钥、表单、校准": [one for path, one in files.items() if path != DATABASE],
        "原图": [one for path, one in shared.items() if path.startswith(backup.ORIGINALS)],
        "退回的文件": [one for path, one in shared.items() if path.startswith(backup.REJECTED)],
    }
    return [(name, len(some), size_words(total_bytes(some))) for name, some in kinds.items() if some]


def _summary(found: Backup) -> dict[str, Any]:
    manifest = found.manifest
    return {
        "backup": str(found.folder),
        "made_at": manifest.made_at.isoformat(),
        "files": len(manifest.files) + len(manifest.shared),
        "bytes": total_bytes([*manifest.files.values(), *manifest.shared.values()]),
        "database": manifest.has_database,
        "lacking": list(manifest.lacking),
    }


def _when(found: Backup) -> str:
    return found.manifest.made_at.astimezone().strftime("%Y年%m月%d日 %H:%M")
