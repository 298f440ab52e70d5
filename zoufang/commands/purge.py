"""`zoufang purge`: personal data goes when its time is over, or when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import click

from campaign.coverage import Overview
from campaign.town import KIND_WORDS
from store import Store
from workspace import purging
from workspace.folder import CONFIG, Workspace
from workspace.purging import IMAGES, PERSONAL, Asked, Erased, Left, Term
from zoufang.console import Exit, print_json, print_table, say, size_words, tell
from zoufang.options import json_option, workspace_option

RULE_WORDS = {
    IMAGES: ("图像", "扫描原图、退回的文件、收件箱里读过的文件"),
    PERSONAL: ("个人信息", "姓名、电话、地址、手写文字，out 里的文件"),
}
COUNT_WORDS = {
    "originals": ("扫描原图", "个文件"),
    "rejected": ("退回的文件", "个文件"),
    "inbox": ("收件箱里读过的文件", "个文件"),
    "papers": ("out 和 logs 里的文件（印制、导出、报表）", "个文件"),
    "pages": ("扫描原图中此人的部分", "页"),
    "answers": ("识读出的内容", "项"),
    "measurements": ("笔迹测量", "页"),
    "corrections": ("人工录入的内容", "项"),
    "questions": ("复核题目和录入经过中的内容", "条"),
    "opinions": ("意见建议及办理情况的文字", "条"),
    "figures": ("统计底稿中的电话", "条"),
    "remarks": ("人工填写的原因、备注", "条"),
    "files": ("扫描件的文件名", "个"),
    "roster": ("名册中的姓名、电话、地址等", "行"),
}
"""Kind of what goes → what clerks call it, and in what it is counted."""
_NAMED = 10


@click.command(
    name="purge",
    help="清除个人信息：按 zoufang.toml 的 [campaign.retention] 清除已到期的，"
    "或按一户、一人的要求清除（--subject）。不加 --yes 只列出要清除什么，不改动。"
    "清除后进度和统计不变，不能撤销。",
)
@click.option(
    "--subject",
    "subject",
    metavar="CODE",
    help="只清除这个对象的（户码、企业码、项目码、名士码）：扫描图像、识读、录入和名册中的个人信息。",
)
@click.option("--yes", "really", is_flag=True, help="真的清除。")
@workspace_option
@json_option
def purge_command(subject: str | None, really: bool, workspace: Workspace, as_json: bool) -> int:
    store = workspace.open_store()
    try:
        if subject:
            return _purge_subject(workspace, store, subject, really, as_json)
        return _purge_by_rule(workspace, store, really, as_json)
    finally:
        store.close()


# --- by rule -------------------------------------------------------------------------------------


def _purge_by_rule(workspace: Workspace, store: Store, really: bool, as_json: bool) -> int:
    terms = purging.terms(workspace.campaign, date.today())
    begun = _is_begun(store)
    waiting = Overview.of(store, workspace.campaign).total().to_review
    erased = purging.erase_by_rule(workspace, store, terms, really=really)
    left = purging.left(workspace, store)
    if as_json:
        rules = [{"rule": t.rule, "due": t.due and str(t.due), "over": t.is_over} for t in terms]
        print_json({"rules": rules, "to_review": waiting} | _summary(erased, left, really))
        return Exit.DONE
    _tell_terms(workspace, terms)
    if any(term.is_over for term in terms):
        _tell_erased(erased, really, begun)
    if erased and not really:
        _tell_lost(waiting, left)
    if any(term.is_over for term in terms) or really:
        _tell_left(left, really)
    if not really and (erased or begun):
        tell("还没有清除。核对后运行 zoufang purge --yes 清除，清除后不能恢复。")
    return Exit.DONE


def _tell_terms(workspace: Workspace, terms: Iterable[Term]) -> None:
    rows = [(*RULE_WORDS[term.rule], _day(term.due), _state(term)) for term in terms]
    print_table(
        f"保存期限（{workspace / CONFIG} 的 [campaign.retention]）", ("规则", "内容", "期限", ""), rows
    )


def _day(day: date | None) -> str:
    return str(day) if day else "—"


def _state(term: Term) -> str:
    if not term.is_set:
        return "没有设，一直保存"
    if term.due is None:
        return "活动还没有结束日期"
    days = (term.due - term.today).days
    return f"还有 {days} 天" if days > 0 else "已到期"


def _tell_lost(waiting: int, left: Left) -> None:
    """What nobody can do any more afterwards."""
    if waiting:
        tell(f"注意：还有 {waiting} 份表待复核，图像清除后就看不到原件了。")
    if left.unread:
        tell(f"注意：还有 {left.unread} 个扫描件没有读完，清除后读不了了；请先运行 zoufang scan 读完。")
    tell("out 文件夹里要归档的总结、报表，请先复制到别处；要留底的，请先运行 zoufang backup。")


# --- one subject ---------------------------------------------------------------------------------


def _purge_subject(workspace: Workspace, store: Store, said: str, really: bool, as_json: bool) -> int:
    begun = _is_begun(store)
    asked = purging.ask(store, said)
    erased = purging.erase_subject(workspace, store, asked, really=really)
    left = purging.left(workspace, store)
    if as_json:
        subject = {"kind": asked.subject.kind, "code": asked.subject.code}
        print_json({"subject": subject} | _summary(erased, left, really))
        return Exit.DONE
    tell(f"{KIND_WORDS[asked.subject.kind]} {asked.subject.code}：{_where(asked)}")
    _tell_erased(erased, really, begun)
    if erased or really:
        tell(
            "走访时间、方式、结果和意见的类别保留，用于进度和统计。"
            "纸质表、out 里印制和导出的文件、名册工作簿里仍有此人，请另行处理。"
        )
        _tell_left(left, really)
    if not really and (erased or begun):
        tell(f"还没有清除。核对后运行 zoufang purge --subject {said} --yes 清除，清除后不能恢复。")
    return Exit.DONE


def _where(asked: Asked) -> str:
    own = sum(trace.area is None for trace in asked.traces)
    return f"印有其内容的表 {own} 面，另在走访台账等名单上 {len(asked.traces) - own} 行"


# --- words ---------------------------------------------------------------------------------------


def _is_begun(store: Store) -> bool:
    with store.read() as db:
        return purging.is_unfinished(db)


def _tell_erased(erased: Erased, really: bool, begun: bool) -> None:
    if begun:
        tell("上次清除没有做完，" + ("这次已做完。" if really else "加 --yes 接着做完。"))
    if not erased:
        tell("没有要清除的内容。")
        return
    rows = [
        (name, erased.counts[kind], unit) for kind, (name, unit) in COUNT_WORDS.items() if erased.counts[kind]
    ]
    files = f"（文件共 {size_words(erased.bytes)}）" if erased.bytes else ""
    print_table(f"{'已清除' if really else '将要清除'}{files}", ("内容", "数量", ""), rows)


def _tell_left(left: Left, really: bool) -> None:
    if really:
        say("正开着的复核网页里可能还记着旧内容，请重新启动。")
    if left.backups:
        say(f"以前的备份里还有这些个人信息，共 {len(left.backups)} 份：")
        for one in left.backups[:_NAMED]:
            say(f"  {one.folder}")
        say("过期的备份请连同 shared 文件夹一起删除，再运行 zoufang backup 做一份新的；别处的备份也一样。")
    if left.unknown:
        say("工作区里还有这些文件不是软件写的（或没有读过），没有动；含个人信息的请自己删除：")
        for path in left.unknown[:_NAMED]:
            say(f"  {path}")
        if len(left.unknown) > _NAMED:
            say(f"  ……共 {len(left.unknown)} 个")


def _summary(erased: Erased, left: Left, really: bool) -> dict[str, Any]:
    return {
        "erased": really,
        "counts": dict(sorted((+erased.counts).items())),
        "bytes": erased.bytes,
        "backups": [str(one.folder) for one in left.backups],
        "unknown_files": [str(path) for path in left.unknown],
        "unread": left.unread,
    }
