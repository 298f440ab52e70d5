"""`zoufang opinions …`: what people said, from the form to the reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import click

from campaign import register
from campaign.gleaning import glean
from campaign.lists import Lister
from campaign.opinions import (
    ADOPTION_WORDS,
    RESULT_WORDS,
    SATISFACTION_WORDS,
    STATE_WORDS,
    NewEvent,
    Opinion,
    State,
    adopt,
    answer,
    distinct,
    find,
    merge,
    part,
)
from campaign.register import hand_over, repeats, similar_ones
from campaign.similar import LEAST
from store import Store
from workspace.folder import Workspace
from zoufang.commands.digest import DAY, week_argument
from zoufang.console import conclude, print_json, print_table, tell
from zoufang.options import json_option, workspace_option

SHOWN = 50  # pairs of similar ones that a screen lists
COLUMNS = ("编号", "周次", "来源", "类别", "内容", "责任单位", "时限", "状态", "答复日期")


@click.group(name="opinions", help="意见建议：列出、并案、交办、登记办理和答复。")
def opinions_command() -> None:
    pass


@opinions_command.command("list", help="列出意见建议。")
@click.option("--week", metavar="YYYY-Www", callback=week_argument, help="只列这一周的。")
@click.option("--state", type=click.Choice([state.value for state in State]), help="只列这种状态的。")
@click.option("--overdue", is_flag=True, help="只列超过时限的。")
@workspace_option
@json_option
def list_opinions(
    week: str | None, state: str | None, overdue: bool, workspace: Workspace, as_json: bool
) -> None:
    found, lister = load(workspace, workspace.open_store())
    today = date.today()
    chosen = [
        one
        for one in found
        if (week is None or one.week == week)
        and (state is None or one.state == state)
        and (not overdue or one.overdue(today))
    ]
    if as_json:
        print_json([lister.row(one) for one in chosen])
    else:
        _show(f"意见建议 {len(chosen)} 件", chosen, lister)


@opinions_command.command("repeats", help="列出同村、同类、同内容的意见，可用 merge 并案。")
@workspace_option
@json_option
def list_repeats(workspace: Workspace, as_json: bool) -> None:
    found, lister = load(workspace, workspace.open_store())
    groups = repeats(found, lister)
    if as_json:
        print_json([[one.number for one in group] for group in groups])
        return
    for lead, *others in groups:
        numbers = "、".join(one.number for one in others)
        tell(f"{lead.number} {lister.village(lead)} {lead.text}　相同：{numbers}")
    tell(f"共 {len(groups)} 组。并案：zoufang opinions merge 主件编号 其他编号…，或 merge --repeated")


@opinions_command.command(
    "similar", help="列出同村内容相近的意见，供核对；相同的用 merge 并案，不同的用 distinct 排除。"
)
@click.option(
    "--least", type=click.FloatRange(0.1, 1), default=LEAST, show_default=True, help="相近程度不低于。"
)
@workspace_option
@json_option
def list_similar(least: float, workspace: Workspace, as_json: bool) -> None:
    found, lister = load(workspace, workspace.open_store())
    pairs = similar_ones(found, lister, least)
    if as_json:
        print_json([{"numbers": [p.lead.number, p.other.number], "likeness": p.likeness} for p in pairs])
        return
    rows = [
        (
            p.lead.number,
            p.lead.text,
            p.other.number,
            p.other.text,
            lister.village(p.lead),
            f"{p.likeness:.0%}",
        )
        for p in pairs[:SHOWN]
    ]
    print_table(f"内容相近的意见 {len(pairs)} 对", ("编号", "内容", "编号", "内容", "村", "相近"), rows)
    if len(pairs) > SHOWN:
        tell(f"  ……只列出最相近的 {SHOWN} 对，用 --json 查看全部")
    tell("是同一件：zoufang opinions merge 编号 编号；不是：zoufang opinions distinct 编号 编号")


@opinions_command.command("distinct", help="两件意见不是同一件，不再列为相近。")
@click.argument("number", metavar="编号")
@click.argument("other", metavar="编号")
@workspace_option
@json_option
def set_distinct(number: str, other: str, workspace: Workspace, as_json: bool) -> None:
    year = workspace.campaign.year

    def events(found: list[Opinion], lister: Lister) -> Iterable[NewEvent]:
        yield distinct(find(found, number, year), find(found, other, year))

    _write(workspace, "opinions.distinct", events)
    conclude(as_json, {"distinct": [number, other]}, f"已记下：{number}与{other}不是同一件")


@opinions_command.command("part", help="撤销并案：这一件恢复为并案之前的状态。")
@click.argument("number", metavar="编号")
@workspace_option
@json_option
def part_opinion(number: str, workspace: Workspace, as_json: bool) -> None:
    def events(found: list[Opinion], lister: Lister) -> Iterable[NewEvent]:
        yield part(find(found, number, workspace.campaign.year))

    _write(workspace, "opinions.part", events)
    _report(workspace, number, as_json, lambda one: f"{number}已不再并案")


@opinions_command.command("merge", help="并案：后面各件并入第一件，各自的编号、来源仍保留。")
@click.argument("numbers", nargs=-1, metavar="主件 其他…")
@click.option("--repeated", "all_repeated", is_flag=True, help="把 repeats 列出的全部并案。")
@workspace_option
@json_option
def merge_opinions(numbers: tuple[str, ...], all_repeated: bool, workspace: Workspace, as_json: bool) -> None:
    if all_repeated == bool(numbers) or len(numbers) == 1:
        raise click.UsageError("请写出主件和其他各件的编号，或用 --repeated")

    def events(found: list[Opinion], lister: Lister) -> Iterable[NewEvent]:
        if all_repeated:
            groups = repeats(found, lister)
        else:
            groups = [[find(found, number, workspace.campaign.year) for number in numbers]]
        for lead, *others in groups:
            yield from merge(lead, others)

    merged = _write(workspace, "opinions.merge", events)
    conclude(as_json, {"merged": merged}, f"已并案 {merged} 件")


@opinions_command.command("assign", help="交办给单位；退回的可以另行交办，随后用 digest 重印交办单。")
@click.argument("number", metavar="编号")
@click.option("--unit", help="承办单位编码；不写则按类别和层级确定。")
@click.option("--co", "co_handlers", multiple=True, metavar="名称", help="协办单位，可重复。")
@click.option("--date", "on", type=DAY, metavar="日期", help="交办日期；默认今天。")
@click.option("--due", type=DAY, metavar="日期", help="时限；默认按规定的工作日推算。")
@workspace_option
@json_option
def assign_opinion(
    number: str,
    unit: str | None,
    co_handlers: tuple[str, ...],
    on: datetime | None,
    due: datetime | None,
    workspace: Workspace,
    as_json: bool,
) -> None:
    day = on.date() if on else date.today()

    def events(found: list[Opinion], lister: Lister) -> Iterable[NewEvent]:
        yield hand_over(
            find(found, number, workspace.campaign.year),
            lister.facts,
            workspace.campaign,
            day,
            unit=unit or "",
            co_handlers=co_handlers,
            due=due.date() if due else None,
        )

    _write(workspace, "opinions.assign", events)
    _report(workspace, number, as_json, lambda one: f"已交办：{number}")


@opinions_command.command("answer", help="登记办理结果；写明答复日期的才算办结。")
@click.argument("number", metavar="编号")
@click.option("--result", type=click.Choice(list(RESULT_WORDS)), required=True, help="办理结果。")
@click.option("--date", "on", type=DAY, metavar="日期", help="办理日期；默认今天。")
@click.option("--replied", type=DAY, metavar="日期", help="答复群众的日期。")
@click.option("--satisfaction", type=click.Choice(list(SATISFACTION_WORDS)), help="群众满意度。")
@click.option("--details", default="", help="办理情况；退回的须写明理由。")
@workspace_option
@json_option
def answer_opinion(
    number: str,
    result: str,
    on: datetime | None,
    replied: datetime | None,
    satisfaction: str | None,
    details: str,
    workspace: Workspace,
    as_json: bool,
) -> None:
    day = on.date() if on else date.today()
    replied_on = replied.date() if replied else None

    def events(found: list[Opinion], lister: Lister) -> Iterable[NewEvent]:
        opinion = find(found, number, workspace.campaign.year)
        yield answer(opinion, result, day, replied_on, satisfaction or "", details)

    _write(workspace, "opinions.answer", events)
    _report(workspace, number, as_json, lambda one: f"{number}：{STATE_WORDS[one.state]}")


@opinions_command.command("adopt", help="登记建议是否采纳。")
@click.argument("number", metavar="编号")
@click.option("--as", "adoption", type=click.Choice(list(ADOPTION_WORDS)), required=True, help="采纳情况。")
@click.option("--date", "on", type=DAY, metavar="日期", help="反馈日期；默认今天。")
@workspace_option
@json_option
def adopt_opinion(
    number: str, adoption: str, on: datetime | None, workspace: Workspace, as_json: bool
) -> None:
    day = on.date() if on else date.today()

    def events(found: list[Opinion], lister: Lister) -> Iterable[NewEvent]:
        yield adopt(find(found, number, workspace.campaign.year), adoption, day)

    _write(workspace, "opinions.adopt", events)
    _report(workspace, number, as_json, lambda one: f"{number}：{ADOPTION_WORDS[adoption]}")


def load(workspace: Workspace, store: Store, unmasked: bool = False) -> tuple[list[Opinion], Lister]:
    """The opinions as they stand, brought up to date, and how to say them."""
    return register.load(store, workspace.campaign, workspace.who, unmasked)


def _write(workspace: Workspace, action: str, events: register.Change) -> int:
    """Add events to the register, brought up to date. Raises OpinionError."""
    store = workspace.open_store()
    glean(store, workspace.campaign, workspace.who)
    return register.write(store, workspace.campaign, workspace.who, action, events)


def _report(workspace: Workspace, number: str, as_json: bool, words: Callable[[Opinion], str]) -> None:
    """What became of an opinion."""
    found, lister = load(workspace, workspace.open_store())
    opinion = find(found, number, workspace.campaign.year)
    conclude(as_json, lister.row(opinion), words(opinion))


def _show(title: str, found: Iterable[Opinion], lister: Lister) -> None:
    words: list[dict[str, Any]] = [lister.words(one) for one in found]
    print_table(title, COLUMNS, [[w[name] for name in COLUMNS] for w in words])
