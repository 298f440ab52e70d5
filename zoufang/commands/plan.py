"""`zoufang plan`: by when each subject is to be visited, for each unit."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from campaign.gleaning import glean
from campaign.planning import plan_rows, slippage, usual_first
from campaign.roster import RosterError
from workspace.folder import Workspace
from workspace.plans import load_plan, make_plan, write_plans
from zoufang.commands.digest import DAY
from zoufang.console import Exit, print_json, print_table, say, tell
from zoufang.options import check_codes, json_option, workspace_option


@click.command(
    name="plan",
    help="走访计划：给每个走访对象排定日期和方式，各单位一份（Word、PDF、Excel）。已排定的日期不变；"
    "单位改过的 Excel 用 --load 载回。",
)
@click.option(
    "-o", "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="写到文件夹。"
)
@click.option("--unit", "units", multiple=True, metavar="U", help="只列、只写这个单位（编码）的，可重复。")
@click.option("--from", "first", type=DAY, metavar="日期", help="从哪天排起；默认活动首日，活动期间为今天。")
@click.option(
    "--load",
    "book",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="载回单位改过日期、方式的计划。",
)
@click.option("--date", "day", type=DAY, metavar="日期", help="对照进度的截止日期；默认今天。")
@click.option("--unmasked", is_flag=True, help="写明户主姓名（记入日志）；默认隐去。")
@workspace_option
@json_option
def plan_command(
    folder: Path | None,
    units: tuple[str, ...],
    first: datetime | None,
    book: Path | None,
    day: datetime | None,
    unmasked: bool,
    workspace: Workspace,
    as_json: bool,
) -> int:
    store, campaign = workspace.open_store(), workspace.campaign
    check_codes(store, "unit", units)
    today = day.date() if day else date.today()
    if book is not None:
        try:
            lines, changed = load_plan(workspace, store, book)
        except RosterError as error:
            say(f"{book} 中有 {len(error.errors)} 处错误，没有载入任何内容：")
            for issue in error.errors:
                say(f"  {issue}")
            return Exit.FAILED
        say(f"已载入 {lines} 行，其中 {changed} 行与原计划不同")
    planned, new = make_plan(workspace, store, first.date() if first else usual_first(campaign, date.today()))
    if not planned:
        say("还没有走访安排。请先运行 zoufang roster load 和 zoufang assign")
        return Exit.FAILED
    glean(store, campaign, workspace.who)
    with store.read() as db:
        found = [
            one for one in slippage(plan_rows(db, campaign, today), today) if not units or one.unit in units
        ]
    files = write_plans(workspace, store, folder, units, today, unmasked) if folder else []
    if as_json:
        print_json(
            {
                "planned": planned,
                "new": new,
                "units": [vars(one) for one in found],
                "files": list(map(str, files)),
            }
        )
        return Exit.DONE
    tell(f"已排定 {planned} 个走访对象，其中新排 {new} 个")
    rows = [(one.name or "（未注明）", one.planned, one.due, one.done, one.late) for one in found]
    print_table(f"计划与进度（截至 {today}）", ("单位", "计划", "应已走访", "已完成", "迟延"), rows)
    for file in files:
        tell(f"  {file}")
    return Exit.DONE
