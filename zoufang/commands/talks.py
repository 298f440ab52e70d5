"""`zoufang talks`: the talk register, held against the plan's rule."""

from __future__ import annotations

from pathlib import Path

import click

from campaign.roster import RosterError
from campaign.talks import COLUMNS
from workspace.folder import Workspace
from workspace.talking import TALK_COLUMNS, TalkRegister
from zoufang.console import Exit, print_json, print_table, say, tell
from zoufang.options import json_option, workspace_option


@click.command(
    name="talks", help=f"核对谈话登记表（列：{'、'.join(COLUMNS)}）是否下谈一级，列出还没有谈到的干部。"
)
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o",
    "out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="写成 xlsx、docx 或 pdf。",
)
@workspace_option
@json_option
def talks_command(path: Path, out: Path | None, workspace: Workspace, as_json: bool) -> int:
    try:
        register = TalkRegister.of(workspace, workspace.open_store(), path)
    except RosterError as error:
        say(f"{path} 中有 {len(error.errors)} 处错误：")
        for issue in error.errors:
            say(f"  {issue}")
        return Exit.FAILED
    if out is not None:
        register.write(workspace, out)
        say(f"已写出：{out}")
    if as_json:
        print_json({"talks": register.rows, "without_talk": [code for code, _ in register.left]})
    else:
        doubtful = register.doubtful
        tell(
            f"谈话 {len(register.rows)} 次，其中 {len(doubtful)} 次与“下谈一级”不符；"
            f"还有 {len(register.left)} 名干部没有谈到"
        )
        if doubtful:
            shown = [[row[key] for key in TALK_COLUMNS] for row in doubtful]
            print_table("请核对", list(TALK_COLUMNS.values()), shown)
    return Exit.DONE
