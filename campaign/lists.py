"""Opinions as the office lists them: 问题清单, 建议清单, the agenda of the joint review (domain.md §2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign.facts import Facts
from campaign.masking import who
from campaign.opinions import (
    ADOPTION_WORDS,
    CATEGORY_WORDS,
    LEVEL_WORDS,
    NATURE_WORDS,
    RESULT_WORDS,
    ROUTE_WORDS,
    SATISFACTION_WORDS,
    STATE_WORDS,
    Opinion,
    State,
)
from store import Subject

UNCHECKED = "（待核）"
"""Behind what was read by machine and not yet looked at."""


@dataclass(frozen=True)
class Lister:
    """Opinions in words. `unmasked`: householders by their names."""

    facts: Facts
    unmasked: bool = False

    def row(self, opinion: Opinion) -> dict[str, Any]:
        """Everything about an opinion that a list or a program may want."""
        subject = opinion.subject
        village = self.facts.village(subject) if subject else None
        unit = self.facts.row(Subject("unit", opinion.handler)) if opinion.handler else None
        return {
            "number": opinion.number,
            "week": opinion.week,
            "listed": opinion.listed,
            "nature": opinion.nature.value if opinion.nature else None,
            "source": {"record": opinion.record, "row": opinion.row},
            "form": opinion.form,
            "subject": {"kind": subject.kind, "code": subject.code} if subject else None,
            "who": who(self.facts, subject, self.unmasked),
            "village": village,
            "place": self.place(subject),
            "category": opinion.category,
            "text": opinion.text,
            "route": opinion.route.value if opinion.route else None,
            "level": opinion.level.value if opinion.level else None,
            "state": opinion.state.value,
            "reply_wanted": opinion.reply_wanted,
            "handler": opinion.handler or None,
            "handler_name": opinion.handler_name,
            "head": str((unit or {}).get("head") or ""),
            "co_handlers": list(opinion.co_handlers),
            "assigned_on": _iso(opinion.assigned_on),
            "due": _iso(opinion.due),
            "result": opinion.result or None,
            "received_on": _iso(opinion.received_on),
            "resolved_on": _iso(opinion.resolved_on),
            "replied_on": _iso(opinion.replied_on),
            "satisfaction": opinion.satisfaction or None,
            "details": opinion.details,
            "adoption": opinion.adoption or None,
            "feedback_on": _iso(opinion.feedback_on),
            "merged": list(opinion.merged),
            "unsure": list(opinion.unsure),
        }

    def who(self, subject: Subject | None) -> str:
        """户 王*明（32041119920001001）."""
        return who(self.facts, subject, self.unmasked)

    def place(self, subject: Subject | None) -> str:
        """滆东村1组."""
        if subject is None:
            return ""
        if subject.kind == "village":
            return self.facts.name(subject)
        return self.facts.about(subject, None).get("subject.place", "")

    def village(self, opinion: Opinion) -> str:
        """The village's name, "" where there is none."""
        code = self.facts.village(opinion.subject) if opinion.subject else None
        return self.facts.name(Subject("village", code)) if code else ""

    def words(self, opinion: Opinion) -> dict[str, str]:
        """The columns of lists, by their headings."""
        row = self.row(opinion)
        more = f"（另有 {len(opinion.merged)} 件相同）" if opinion.merged else ""
        return {
            "编号": opinion.number,
            "周次": f"第{int(opinion.week[6:])}周",
            "来源": row["who"],
            "村组": row["place"],
            "类别": CATEGORY_WORDS.get(opinion.category or "", "") + _doubt(opinion, "category"),
            "性质": NATURE_WORDS[opinion.nature] if opinion.nature else "",
            "内容": opinion.text + _doubt(opinion, "text") + more,
            "层级": LEVEL_WORDS[opinion.level] if opinion.level else "",
            "去向": ROUTE_WORDS[opinion.route] if opinion.route else "未定",
            "责任单位": opinion.handler_name,
            "责任人": row["head"],
            "交办日期": _date(opinion.assigned_on),
            "时限": _date(opinion.due),
            "状态": STATE_WORDS[opinion.state],
            "办理结果": RESULT_WORDS.get(opinion.result, ""),
            "办理情况": opinion.details,
            "答复日期": _date(opinion.replied_on),
            "满意度": SATISFACTION_WORDS.get(opinion.satisfaction, ""),
            "承接单位": opinion.handler_name,
            "采纳": ADOPTION_WORDS.get(opinion.adoption, ""),
            "反馈日期": _date(opinion.feedback_on),
        }


PROBLEM_COLUMNS = (
    "编号",
    "周次",
    "来源",
    "村组",
    "类别",
    "内容",
    "层级",
    "责任单位",
    "责任人",
    "时限",
    "状态",
    "答复日期",
    "满意度",
)
SUGGESTION_COLUMNS = ("编号", "来源", "类别", "内容", "承接单位", "采纳", "反馈日期")


def of_week(
    opinions: Iterable[Opinion], week: str, digested: Mapping[str, date]
) -> tuple[list[Opinion], list[Opinion]]:
    """What a week's lists hold: those of the week, and those of weeks whose lists were drawn up before
    they came in. What is in another week's lists stays there."""
    mine: list[Opinion] = []
    late: list[Opinion] = []
    for opinion in opinions:
        if opinion.state in (State.MERGED, State.WITHDRAWN):
            continue
        if opinion.listed == week:
            (late if opinion.late else mine).append(opinion)
        elif not opinion.listed and opinion.week == week:
            mine.append(opinion)
        elif not opinion.listed and opinion.week < week and opinion.week in digested:
            late.append(opinion)
    return mine, late


def agenda(opinions: Sequence[Opinion], today: date) -> tuple[list[Opinion], list[Opinion], list[Opinion]]:
    """For the joint review (会商会办): without a route, overdue, and given back as not theirs."""
    open_ones = [one for one in opinions if not one.closed]
    return (
        [one for one in open_ones if one.route is None and not one.unsure],
        [one for one in open_ones if one.overdue(today)],
        [one for one in open_ones if one.state is State.RETURNED],
    )


def ranking(opinions: Iterable[Opinion]) -> list[tuple[str, int]]:
    """Categories by how many opinions they have, the most first; merged ones count, each is a voice."""
    counted = Counter(one.category or "" for one in opinions if one.state is not State.WITHDRAWN)
    order = list(CATEGORY_WORDS)
    return sorted(counted.items(), key=lambda pair: (-pair[1], order.index(pair[0]) if pair[0] else 99))


def _doubt(opinion: Opinion, part: str) -> str:
    return UNCHECKED if part in opinion.unsure else ""


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _date(day: date | None) -> str:
    return f"{day.month}月{day.day}日" if day else ""
