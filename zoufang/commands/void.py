"""`zoufang void`: forms that no longer count."""

from __future__ import annotations

from typing import Any

import click

from campaign.voiding import Voided, revive, void
from layouts.identity import readable
from workspace.folder import Workspace
from zoufang.console import Exit, print_json, tell
from zoufang.options import json_option, workspace_option


@click.command(
    name="void",
    help="作废印错、写坏或遗失的表：连同同一份表的其他各面不再计入，交回时会提示；再打印时用新编号补打。",
)
@click.argument("serials", metavar="SERIAL…", nargs=-1, required=True)
@click.option("--reason", default="", metavar="TEXT", help="作废原因，表交回时显示给复核的人。")
@click.option("--undo", is_flag=True, help="撤销作废：这些表和已交回的页重新计入。")
@workspace_option
@json_option
def void_command(
    serials: tuple[str, ...], reason: str, undo: bool, workspace: Workspace, as_json: bool
) -> int:
    checked = [workspace.key.check_serial(serial) for serial in serials]
    with workspace.open_store().write() as db:
        if undo:
            acceptance = workspace.campaign.acceptance
            done = [revive(db, serial, workspace.who, acceptance) for serial in checked]
        else:
            done = [void(db, serial, workspace.who, reason) for serial in checked]
    if as_json:
        print_json([_told(one) for one in done])
    else:
        for one in done:
            _tell(one, undo)
    return Exit.DONE


def _told(one: Voided) -> dict[str, Any]:
    return {"form": one.form, "serials": list(one.serials), "pages": one.pages}


def _tell(one: Voided, undo: bool) -> None:
    sides = "、".join(readable(serial) for serial in one.serials)
    back = f"，已交回的 {one.pages} 页{'重新计入' if undo else '不再计入'}" if one.pages else ""
    tell(f"附件{one.form}（{sides}）{'已撤销作废' if undo else '已作废'}{back}")
