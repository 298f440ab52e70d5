"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from campaign.town import KIND_WORDS
from store import Store, roster
from store.model import TABLE_OF_KIND
from workspace.folder import Workspace

Command = TypeVar("Command", bound=Callable[..., Any])


def _find(_context: click.Context, _parameter: click.Parameter, value: Path) -> Workspace:
    return Workspace.find(value.resolve())


def workspace_option(command: Command) -> Command:
    """`-w DIR`, handed to the command as the `workspace` found there."""
    return _workspace_folder("workspace", _find)(command)


def folder_option(command: Command) -> Command:
    """`-w DIR` of a command that needs no workspace, handed to it as the `folder` where one may be."""
    return _workspace_folder("folder", None)(command)


def _workspace_folder(name: str, callback: Any) -> Callable[[Command], Command]:
    return click.option(
        "-w",
        "--workspace",
        name,
        type=click.Path(path_type=Path, file_okay=False),
        default=".",
        envvar="ZOUFANG_WORKSPACE",
        callback=callback,
        metavar="DIR",
        help="工作区文件夹；默认为当前文件夹，或环境变量 ZOUFANG_WORKSPACE。",
    )


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="输出 JSON，供其他程序使用。")(command)


def check_codes(store: Store, kind: str, codes: Iterable[str]) -> None:
    """Raises click.UsageError, naming those that the roster does not have. `kind`: unit, cadre."""
    table = TABLE_OF_KIND[kind]
    with store.read() as db:
        known = {row["code"] for row in roster.load(db, table)[table]}
    unknown = [code for code in dict.fromkeys(codes) if code not in known]
    if unknown:
        raise click.UsageError(f"名册中没有{KIND_WORDS[kind]}：{'、'.join(unknown)}")
