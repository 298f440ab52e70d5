"""`zoufang digest`: the week's problem list, suggestion list and hand-over slips."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from campaign.weeks import parse_week, week_words
from workspace.digesting import Digest, draw_up, usual_date
from workspace.folder import Workspace
from zoufang.console import Exit, print_json, progress, say, tell
from zoufang.options import json_option, workspace_option


def week_argument(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Click's callback for `YYYY-Www`."""
    if value is None:
        return None
    try:
        return parse_week(value)
    except ValueError:
        raise click.BadParameter(f"“{value}”不是周次，应写成 2017-W14 的样子") from None


class _Day(click.DateTime):
    """A day as people write it, `2017-04-01` or `2017/4/1`."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d", "%Y/%m/%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"“{value}”不是日期，应写成 2017-04-01 的样子", param, ctx)


DAY = _Day()


@click.command(name="digest", help="一周的问题清单、建议清单、会商会办议题和交办单（Word 和 PDF）。")
@click.option("--week", required=True, metavar="YYYY-Www", callback=week_argument, help="周次，如 2017-W14。")
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="写到哪个文件夹；默认 out/digest-周次。",
)
@click.option(
    "--date", "dated", type=DAY, metavar="日期", help="交办日期，时限从次日起算；默认该周后的周一。"
)
@click.option("--unmasked", is_flag=True, help="写明户主姓名（记入日志）；默认隐去。")
@click.option("--unchecked", is_flag=True, help="未经人核对的内容也开交办单。")
@workspace_option
@json_option
def digest_command(
    week: str,
    folder: Path | None,
    dated: datetime | None,
    unmasked: bool,
    unchecked: bool,
    workspace: Workspace,
    as_json: bool,
) -> int:
    day = dated.date() if dated else usual_date(week, date.today())
    with progress() as bar:
        task = bar.add_task("整理", total=None)
        digest = draw_up(
            workspace,
            workspace.open_store(),
            week,
            folder or workspace / "out" / f"digest-{week}",
            day,
            unmasked,
            unchecked,
            lambda done, total: bar.update(task, completed=done, total=total or None),
        )
    if as_json:
        print_json(_json(digest))
    else:
        _tell(digest)
    return Exit.SOME_TO_REVIEW if digest.unchecked else Exit.DONE


def _tell(digest: Digest) -> None:
    tell(f"{week_words(digest.week)}：问题 {len(digest.problems)} 件，建议 {len(digest.suggestions)} 件")
    tell(f"交办单 {len(digest.slips)} 份，交办日期 {digest.dated}")
    unrouted, overdue, returned = digest.agenda
    tell(f"会商会办：未定去向 {len(unrouted)} 件，超期 {len(overdue)} 件，退回 {len(returned)} 件")
    for file in digest.files:
        tell(f"  {file}")
    if digest.remark:
        say(f"{digest.remark}。核对用 zoufang review")


def _json(digest: Digest) -> dict[str, object]:
    row = digest.lister.row
    unrouted, overdue, returned = digest.agenda
    return {
        "week": digest.week,
        "dated": digest.dated.isoformat(),
        "problems": [row(one) for one in digest.problems],
        "suggestions": [row(one) for one in digest.suggestions],
        "late": [one.number for one in digest.late],
        "slips": [one.number for one in digest.slips],
        "needs_review": [one.number for one in digest.unchecked],
        "agenda": {
            "unrouted": [one.number for one in unrouted],
            "overdue": [one.number for one in overdue],
            "returned": [one.number for one in returned],
        },
        "files": [str(file) for file in digest.files],
    }
