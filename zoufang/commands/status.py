"""`zoufang status`: how far the campaign has come, and who is left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import click

from campaign.config import Campaign
from campaign.coverage import BY_NAMES, By, Line, Overview, Quota, Unvisited
from campaign.quality import CLASS_NAMES, ErrorRate, error_rates
from campaign.town import KIND_WORDS
from campaign.weeks import STAGE_WORDS, Stage, day_words, stages
from workspace.folder import Workspace
from zoufang.console import print_json, print_table, tell
from zoufang.options import json_option, workspace_option

QUOTA_NAMES = {"household": "群众家庭", "key": "区镇重点企业", "small": "中小企业", "project": "重点项目"}
WHY_NAMES = {"unassigned": "无人走访", "not_printed": "未印表", "not_returned": "未交回"}
NAMED = 20  # how many unvisited subjects a screen lists


@click.command(name="status", help="进度：发出、收回、未交、待复核、完成；定额；还有谁没有走访到。")
@click.option(
    "--by",
    type=click.Choice(list(BY_NAMES)),
    default="form",
    show_default=True,
    help="按干部（cadre）、单位（unit）、村（village）、小组（group）、条线（line）或表单（form）统计。",
)
@workspace_option
@json_option
def status_command(by: By, workspace: Workspace, as_json: bool) -> None:
    store = workspace.open_store()
    overview = Overview.of(store, workspace.campaign)
    with store.read() as db:
        errors = error_rates(db)
    lines, quotas, left = overview.lines(by), overview.quotas(), overview.unvisited()
    today, campaign = date.today(), workspace.campaign
    found, due = stages(campaign, today), date(campaign.year, *campaign.summary_due)
    if as_json:
        print_json(
            {
                "by": by,
                "lines": [vars(line) for line in lines],
                "total": vars(overview.total()),
                "stages": [_stage(stage) for stage in found],
                "summary_due": due.isoformat(),
                "quotas": [_quota(quota) for quota in quotas],
                "unvisited": [_unvisited(one) for one in left],
                "error_rates": {name: _error_rate(rate) for name, rate in errors.items()},
            }
        )
        return
    _tell_stages(found, due, today)
    headings = (BY_NAMES[by], "应走访", "发出", "收回", "未交", "缺页", "待复核", "完成", "收回率")
    print_table("进度", headings, [_row(line) for line in (*lines, overview.total())])
    _print_quotas(quotas)
    _print_unvisited(left)
    _print_error_rates(errors, workspace.campaign)


def _row(line: Line) -> tuple[object, ...]:
    name = line.name if line.key in ("", line.name) else f"{line.name}（{line.key}）"
    return (
        name,
        line.assigned,
        line.issued,
        line.returned,
        line.missing,
        line.incomplete,
        line.to_review,
        line.complete,
        f"{line.returned / line.issued:.0%}" if line.issued else "—",
    )


def _tell_stages(found: list[Stage], summary_due: date, today: date) -> None:
    """The plan's four phases, and when summaries are due."""
    for stage in found:
        end = day_words(stage.end) if stage.end else "长期"
        left = f"，余 {stage.days_left} 天" if stage.days_left is not None else ""
        tell(f"{stage.name}：{day_words(stage.start)}—{end}（{STAGE_WORDS[stage.state]}{left}）")
    days = (summary_due - today).days
    left = f"余 {days} 天" if days >= 0 else "已到期"
    tell(
        f"各单位总结材料：{day_words(summary_due)}前报镇活动办（{left}），可用 zoufang report --unit all 生成"
    )


def _stage(stage: Stage) -> dict[str, Any]:
    end = stage.end.isoformat() if stage.end else None
    return {**vars(stage), "start": stage.start.isoformat(), "end": end}


def _print_quotas(quotas: list[Quota]) -> None:
    short = [quota for quota in quotas if quota.visited < quota.wanted]
    tell(f"定额：{len(quotas) - len(short)} 项已完成，{len(short)} 项未完成")
    if short:
        rows = [(q.name, QUOTA_NAMES[q.kind], q.wanted, q.assigned, q.visited) for q in short[:NAMED]]
        print_table("未完成的定额", ("干部", "走访", "定额", "已安排", "已走访"), rows)
        _tell_rest(len(short))


def _print_unvisited(left: list[Unvisited]) -> None:
    if not left:
        tell("一户不漏、一企不落：全部已交回。")
        return
    rows = [
        (
            KIND_WORDS[one.subject.kind],
            one.subject.code,
            one.name,
            one.village,
            one.cadre_name,
            WHY_NAMES[one.why],
        )
        for one in left[:NAMED]
    ]
    print_table(f"还有 {len(left)} 个没有走访到", ("对象", "编码", "名称", "村", "走访人", "原因"), rows)
    _tell_rest(len(left))


def _tell_rest(count: int) -> None:
    if count > NAMED:
        tell(f"  ……共 {count} 项，用 --json 查看全部")


def _quota(quota: Quota) -> dict[str, Any]:
    return {
        "cadre": quota.cadre,
        "kind": quota.kind,
        "wanted": quota.wanted,
        "assigned": quota.assigned,
        "returned": quota.returned,
        "visited": quota.visited,
    }


def _unvisited(one: Unvisited) -> dict[str, Any]:
    subject = {"kind": one.subject.kind, "code": one.subject.code}
    return {"subject": subject, "cadre": one.cadre, "why": one.why}


def _print_error_rates(errors: Mapping[str, ErrorRate], campaign: Campaign) -> None:
    """What blind keying of a sample found about the readings that were accepted."""
    if not errors:
        return
    targets = campaign.target_errors.model_dump()
    rows = [
        (
            CLASS_NAMES[name],
            rate.checked,
            rate.wrong,
            f"{rate.rate:.3%}",
            f"{rate.interval[0]:.3%} ～ {rate.interval[1]:.3%}",
            f"≤ {targets[name]:.3%}",
        )
        for name, rate in errors.items()
    ]
    headings = ("类别", "抽查", "错", "错误率", "95% 区间", "目标")
    print_table("采用的识读有多准（盲录抽查）", headings, rows)


def _error_rate(rate: ErrorRate) -> dict[str, Any]:
    low, high = rate.interval
    return {"checked": rate.checked, "wrong": rate.wrong, "rate": rate.rate, "low": low, "high": high}
