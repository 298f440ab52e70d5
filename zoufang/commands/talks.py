"""`zoufang talks`: the talk register, held against the plan's rule."""

from __future__ import annotations

from pathlib import Path

import click

from campaign.facts import Facts
from campaign.roster import RosterError
from campaign.talks import COLUMNS, rank_of, read_talks, without_talk
from generate.fonts import FontBook
from store import Subject, audit
from workspace.folder import Workspace
from workspace.tables import Sheet, to_paper, write_paper, write_xlsx
from zoufang.console import Exit, print_json, print_table, say, tell
from zoufang.options import json_option, workspace_option

_COLUMNS = {
    "day": "日期",
    "talker": "谈话人",
    "talker_rank": "层级",
    "partner": "谈话对象",
    "partner_rank": "对象层级",
    "mode": "方式",
    "rule": "对应关系",
    "remark": "说明",
}


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
    store = workspace.open_store()
    with store.read() as db:
        facts = Facts.of(db, workspace.campaign)
    try:
        talks = read_talks(path, facts, workspace.campaign)
    except RosterError as error:
        say(f"{path} 中有 {len(error.errors)} 处错误：")
        for issue in error.errors:
            say(f"  {issue}")
        return Exit.FAILED
    rows = [
        {
            "day": talk.day.isoformat(),
            **_person("talker", talk.talker, facts),
            **_person("partner", talk.partner, facts),
            "mode": talk.mode,
            "rule": talk.rule,
            "remark": talk.remark,
        }
        for talk in sorted(talks, key=lambda talk: (talk.day, talk.row))
    ]
    left = list(without_talk(facts, talks))
    with store.write() as db:
        audit.note(db, workspace.who, "talks", {"talks": len(rows), "left": len(left)})
    names = [facts.name(Subject("cadre", code)) for code in left]
    if out is not None:
        _write(workspace, out, rows, list(zip(left, names, strict=True)))
    doubtful = [row for row in rows if row["remark"]]
    if as_json:
        print_json({"talks": rows, "without_talk": left})
    else:
        tell(f"谈话 {len(rows)} 次，其中 {len(doubtful)} 次与“下谈一级”不符；还有 {len(left)} 名干部没有谈到")
        if doubtful:
            shown = [[row[key] for key in _COLUMNS] for row in doubtful]
            print_table("请核对", list(_COLUMNS.values()), shown)
    return Exit.DONE


def _person(key: str, code: str, facts: Facts) -> dict[str, str]:
    row = facts.row(Subject("cadre", code)) or {}
    return {key: f"{row.get('name', '')}（{code}）", f"{key}_rank": rank_of(row, facts).value}


def _write(workspace: Workspace, out: Path, rows: list[dict[str, str]], left: list[tuple[str, str]]) -> None:
    missing = [{"code": code, "name": name} for code, name in left]
    sheets = [
        Sheet("谈话登记", _COLUMNS, rows),
        Sheet("尚未谈到", {"code": "工号", "name": "姓名"}, missing),
    ]
    if out.suffix.lower() == ".xlsx":
        write_xlsx(out, sheets)
    else:
        paper = to_paper(f"{workspace.campaign.town}干部谈话登记表", sheets, {"对应关系": 2.4, "说明": 2.0})
        write_paper(out, paper, FontBook(workspace.fonts))
    say(f"已写出：{out}")
