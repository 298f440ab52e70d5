"""`zoufang report`: summary, weekly circular, the inspection group's ratings."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from campaign.workbook import LINES
from review.accounts import Doorkeeper
from store import Store
from store.accounts import User
from workspace.folder import Workspace
from workspace.reporting import Findings, circular, circular_day, inspection, note, summary
from zoufang.commands.digest import DAY, week_argument
from zoufang.console import Exit, print_json, progress, tell
from zoufang.options import check_codes, json_option, workspace_option

EVERY = "all"


@click.command(name="report", help="总结、每周通报、督查组的企业评价报告：Word、PDF 和数据表。")
@click.option("-o", "folder", required=True, metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--circular", "week", metavar="YYYY-Www", callback=week_argument, help="改为这一周的通报。")
@click.option(
    "--inspection",
    "inspector",
    metavar="NAME",
    help="改为企业评价报告：NAME 是督查组的账号，密码从键盘读入；谁看过都记入日志。",
)
@click.option(
    "--unit", "units", multiple=True, metavar="U", help="改为这个单位的材料，可重复；all 为各单位各一份。"
)
@click.option("--line", type=click.Choice(LINES), help="改为这一条线的汇总。")
@click.option("--date", "day", type=DAY, metavar="日期", help="统计截止日期；默认今天。")
@workspace_option
@json_option
def report_command(
    folder: Path,
    week: str | None,
    inspector: str | None,
    units: tuple[str, ...],
    line: str | None,
    day: datetime | None,
    workspace: Workspace,
    as_json: bool,
) -> int:
    if sum(map(bool, (week, inspector, units, line))) > 1:
        raise click.UsageError("--circular、--inspection、--unit 和 --line 只能选一个")
    store = workspace.open_store()
    check_codes(store, "unit", (unit for unit in units if unit != EVERY))
    reader = _sign_in(store, inspector) if inspector else None
    today = day.date() if day else circular_day(week, date.today()) if week else date.today()
    with progress() as bar:
        task = bar.add_task("统计", total=None)
        findings = Findings.of(
            workspace, store, today, lambda done, total: bar.update(task, completed=done, total=total or None)
        )
    what = "summary"
    if week:
        what, reports = "circular", {f"每周通报-{week}": circular(findings, week)}
    elif reader:
        what, reports = "inspection", {"企业评价报告": inspection(findings, store, reader)}
    elif units:
        codes = _units(findings, units)
        reports = {f"走访总结-{unit}": summary(findings.of_unit(unit)) for unit in codes}
    elif line:
        reports = {f"走访总结-{line}": summary(findings.of_line(line))}
    else:
        reports = {"走访总结": summary(findings)}
    files = [file for stem, report in reports.items() for file in report.write(folder, stem, findings.fonts)]
    if not reader:
        note(workspace, store, what)
    if as_json:
        print_json({"report": what, "files": [str(file) for file in files]})
    else:
        for file in files:
            tell(str(file))
    return Exit.DONE


def _units(findings: Findings, wanted: tuple[str, ...]) -> list[str]:
    """Codes; `all`: of every unit that has somebody to visit, or was handed something."""
    if EVERY not in wanted:
        return list(wanted)
    busy = {line.key for line in findings.overview.lines("unit")} | {one.handler for one in findings.opinions}
    return [unit for unit in findings.overview.facts.codes("unit") if unit in busy]


def _sign_in(store: Store, name: str) -> User:
    """Raises AccountError."""
    return Doorkeeper(store).check(name, click.prompt("密码", hide_input=True, err=True))
