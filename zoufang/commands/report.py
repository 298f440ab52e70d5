"""`zoufang report`: summary, weekly circular, the inspection group's ratings."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from review.accounts import Doorkeeper
from store import Store
from store.accounts import User
from workspace.folder import Workspace
from workspace.reporting import Findings, circular, circular_day, inspection, note, summary
from zoufang.commands.digest import DAY, week_argument
from zoufang.console import Exit, print_json, progress, tell
from zoufang.options import json_option, workspace_option


@click.command(name="report", help="总结、每周通报、督查组的企业评价报告：Word、PDF 和数据表。")
@click.option("-o", "folder", required=True, metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--circular", "week", metavar="YYYY-Www", callback=week_argument, help="改为这一周的通报。")
@click.option(
    "--inspection",
    "inspector",
    metavar="NAME",
    help="改为企业评价报告：NAME 是督查组的账号，密码从键盘读入；谁看过都记入日志。",
)
@click.option("--date", "day", type=DAY, metavar="日期", help="统计截止日期；默认今天。")
@workspace_option
@json_option
def report_command(
    folder: Path,
    week: str | None,
    inspector: str | None,
    day: datetime | None,
    workspace: Workspace,
    as_json: bool,
) -> int:
    if week and inspector:
        raise click.UsageError("--circular 和 --inspection 只能选一个")
    store = workspace.open_store()
    reader = _sign_in(store, inspector) if inspector else None
    today = day.date() if day else circular_day(week, date.today()) if week else date.today()
    with progress() as bar:
        task = bar.add_task("统计", total=None)
        findings = Findings.of(
            workspace, store, today, lambda done, total: bar.update(task, completed=done, total=total or None)
        )
    if week:
        stem, what, report = f"每周通报-{week}", "circular", circular(findings, week)
    elif reader:
        stem, what, report = "企业评价报告", "inspection", inspection(findings, store, reader)
    else:
        stem, what, report = "走访总结", "summary", summary(findings)
    files = report.write(folder, stem, findings.fonts)
    if not reader:
        note(workspace, store, what)
    if as_json:
        print_json({"report": what, "files": [str(file) for file in files]})
    else:
        for file in files:
            tell(str(file))
    return Exit.DONE


def _sign_in(store: Store, name: str) -> User:
    """Raises AccountError."""
    return Doorkeeper(store).check(name, click.prompt("密码", hide_input=True, err=True))
