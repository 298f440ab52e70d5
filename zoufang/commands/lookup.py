"""`zoufang lookup`: whose sheet or card is this?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ingest import intake
from ingest.qr import read_codes
from layouts import CodeError, SerialError
from layouts.identity import readable
from store import Store, audit, printed, roster
from store.model import TABLE_OF_KIND, Subject
from workspace.folder import Workspace
from zoufang.console import Exit, print_json, say, tell
from zoufang.options import json_option, workspace_option

KIND_NAMES = {
    "issue": "交办事项",
    "household": "户",
    "enterprise": "企业",
    "project": "项目",
    "village": "村（社区）",
    "group": "村民小组",
    "cadre": "干部",
    "notable": "名士",
    "unit": "单位",
}


@click.command(name="lookup", help="查编号或图片上的二维码：是谁的哪张表、哪张联系卡。")
@click.argument("what", metavar="SERIAL|IMAGE")
@workspace_option
@json_option
def lookup_command(what: str, workspace: Workspace, as_json: bool) -> int:
    store = workspace.open_store()
    serials = _serials(what, workspace)
    found = [_describe(store, serial) for serial in serials]
    with store.write() as db:
        audit.note(db, workspace.who, "lookup", {"serials": serials})
    if as_json:
        print_json(found)
    else:
        for entry in found:
            _print(entry)
    return Exit.DONE if all(entry["kind"] for entry in found) else Exit.FAILED


def _serials(what: str, workspace: Workspace) -> list[str]:
    """Raises SerialError, IntakeError, and click.UsageError for a file that is not there."""
    path = Path(what)
    if path.is_file():
        return _serials_in(path, workspace)
    if path.suffix or len(path.parts) > 1:  # no serial looks like that
        raise click.UsageError(f"没有这个文件：{what}")
    return [workspace.key.check_serial(what)]


def _serials_in(path: Path, workspace: Workspace) -> list[str]:
    """The serials of our codes on the pictures of a file. Raises SerialError, IntakeError."""
    serials: list[str] = []
    for number in range(1, intake.count(path) + 1):
        for text, _ in read_codes(intake.page(path, number).pixels):
            try:
                serials.append(workspace.key.decode(text).serial)
            except CodeError as error:
                say(f"{path.name} 第 {number} 页：{error}")
    if not serials:
        raise SerialError(f"{path.name} 上没有找到本单位印制的二维码")
    return serials


def _describe(store: Store, serial: str) -> dict[str, Any]:
    """What the database knows of a serial; `kind` is None when it was never printed."""
    with store.read() as db:
        if sheet := printed.sheet(db, serial):
            return {
                "serial": serial,
                "kind": "sheet",
                "form": sheet.form,
                "form_version": sheet.version,
                "form_page": sheet.page,
                "subject": _person(db, sheet.subject),
                "cadre": _person(db, Subject("cadre", sheet.cadre) if sheet.cadre else None),
                "round": sheet.round,
                "void": sheet.void,
            }
        if card := printed.card(db, serial):
            return {
                "serial": serial,
                "kind": "card",
                "form": card.form,
                "subject": None,
                "cadre": _person(db, Subject("cadre", card.cadre)),
                "round": card.round,
            }
    return {"serial": serial, "kind": None}


def _person(db: Any, subject: Subject | None) -> dict[str, str] | None:
    if subject is None:
        return None
    table = TABLE_OF_KIND.get(subject.kind)
    if table is None:
        return {"kind": subject.kind, "code": subject.code, "name": ""}
    rows = roster.load(db, table, removed=True)[table]
    row = next((row for row in rows if row["code"] == subject.code), {})
    return {"kind": subject.kind, "code": subject.code, "name": row.get("name") or row.get("head") or ""}


def _print(entry: dict[str, Any]) -> None:
    serial = readable(entry["serial"])
    if not entry["kind"]:
        tell(f"{serial}：编号有效，但没有印制过这张表。可能数据库恢复到了更早的备份。")
        return
    what = "联系卡" if entry["kind"] == "card" else f"第 {entry['form_page']} 页"
    void = "，已作废" if entry.get("void") else ""
    parts = [f"{serial}：附件{entry['form']} {what}（第 {entry['round']} 轮{void}）"]
    for label, key in (("对象", "subject"), ("走访人", "cadre")):
        if person := entry[key]:
            parts.append(f"  {label}：{KIND_NAMES[person['kind']]} {person['code']} {person['name']}")
    tell("\n".join(parts))
