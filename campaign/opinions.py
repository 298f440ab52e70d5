"""What people said (意见建议): every filled opinion row and free text, from the form to the reply.

    said_in        a record's rows and long texts
    compare        with what is registered: new ones, and what later corrections changed
    slip_answers   what came back on a hand-over slip
    current        an opinion as its events leave it

An opinion goes open → assigned → resolved, explained, planned or returned → replied. It is closed when
it is replied, and it is not replied before somebody said when. Settled on the spot, the visit was the
reply. Repeated ones can be merged into one that leads; each keeps its number, its source and its reply.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from campaign.config import Campaign
from campaign.judge import UNREADABLE, Answer, Status
from campaign.personal import ERASED, is_erased
from campaign.records import Record
from campaign.weeks import week_of
from forms.errors import ClerkError
from store import Subject
from store.opinions import Event, Found, Kept, slip_code

SLIP = "SLIP"
ISSUE = "issue"
"""The kind of subject that a slip is about."""


class OpinionError(ClerkError):
    """What cannot be done with an opinion, in words for the clerk."""


class Nature(StrEnum):
    PROBLEM = "problem"
    SUGGESTION = "suggestion"


class Route(StrEnum):
    """Where an opinion goes (domain.md §1, rows 23 and 24)."""

    ON_SPOT = "on_spot"  # 能够马上解决的
    LOCAL = "local"  # 镇、村层面，明确责任
    EXPLAIN = "explain"  # 一时难以解决，解释说明
    ESCALATE = "escalate"  # 上级条线，上报上一级活动办
    TRANSFER = "transfer"  # 体制机制，提交活动办转交


class Level(StrEnum):
    VILLAGE = "village"
    TOWN = "town"
    ABOVE = "above"


class State(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    EXPLAINED = "explained"
    PLANNED = "planned"
    RETURNED = "returned"
    REPLIED = "replied"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


ROUTES: Mapping[str, tuple[Route, Level | None]] = {
    "resolved_on_spot": (Route.ON_SPOT, None),
    "village": (Route.LOCAL, Level.VILLAGE),
    "town": (Route.LOCAL, Level.TOWN),
    "explained": (Route.EXPLAIN, None),
    "escalate": (Route.ESCALATE, Level.ABOVE),
    "activity_office": (Route.TRANSFER, Level.ABOVE),
}
"""The form's 处理 → route and level."""

NATURE_WORDS = {Nature.PROBLEM: "问题", Nature.SUGGESTION: "建议"}
ROUTE_WORDS = {
    Route.ON_SPOT: "当场解决",
    Route.LOCAL: "镇村办理",
    Route.EXPLAIN: "解释说明",
    Route.ESCALATE: "报上级条线",
    Route.TRANSFER: "提交活动办转交",
}
LEVEL_WORDS = {Level.VILLAGE: "村", Level.TOWN: "镇", Level.ABOVE: "上级"}
STATE_WORDS = {
    State.OPEN: "待交办",
    State.ASSIGNED: "办理中",
    State.RESOLVED: "已解决待答复",
    State.EXPLAINED: "已解释待答复",
    State.PLANNED: "列入计划待答复",
    State.RETURNED: "退回重办",
    State.REPLIED: "已答复办结",
    State.MERGED: "已并入",
    State.WITHDRAWN: "已撤销",
}
RESULT_WORDS = {
    "resolved": "已解决",
    "in_progress": "正在办理",
    "planned": "列入计划",
    "explained": "已解释",
    "returned": "非本单位职责退回",
}
SATISFACTION_WORDS = {
    "satisfied": "满意",
    "fairly": "基本满意",
    "dissatisfied": "不满意",
    "unknown": "未表态",
}
ADOPTION_WORDS = {"adopted": "采纳", "partly": "部分采纳", "noted": "参考", "not_adopted": "不采纳"}
CATEGORY_WORDS = {
    "employment": "就业增收",
    "education": "教育",
    "medical": "医疗",
    "pension": "养老社保",
    "housing": "住房拆迁",
    "roads": "道路交通",
    "environment": "环境污水",
    "irrigation": "农田水利",
    "disputes": "治安矛盾",
    "village_affairs": "村务作风",
    "enterprise": "企业发展",
    "other": "其他",
    "auto_parts": "汽车零部件产业",
    "development": "发展建议",
    "party_building": "党建作风",
    "industry": "产业",
    "town_building": "城镇建设",
    "culture_tourism": "文化旅游",
}
"""Those of the opinion rows, then those of the long texts."""
LONG_TEXTS: Mapping[tuple[str, str], str] = {
    ("2-2", "auto_parts_opinion"): "auto_parts",
    ("2-6", "development"): "development",
    ("2-6", "party_and_conduct"): "party_building",
    ("2-7", "industry_opinion"): "industry",
    ("2-7", "town_opinion"): "town_building",
    ("2-7", "culture_opinion"): "culture_tourism",
    ("2-7", "other_opinion"): "other",
}
"""(form, field) → category. They are suggestions. The text on 2-2's sealed page is the inspection
group's alone, and is none."""

_SETTLED = (Status.ACCEPTED, Status.CORRECTED)
_ROW = re.compile(r"(opinion_\d+)\.text")


# --- what forms say ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """An opinion as a form has it. `unsure`: which of its parts a person has not looked at yet."""

    record: str
    row: str
    nature: str | None
    category: str | None
    text: str
    handling: str | None
    reply_wanted: str | None
    day: str
    unsure: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """What an event keeps of it."""
        return {
            "nature": self.nature,
            "category": self.category,
            "text": self.text,
            "handling": self.handling,
            "reply_wanted": self.reply_wanted,
            "day": self.day,
            "unsure": list(self.unsure),
        }


def said_in(record: Record, campaign: Campaign) -> Iterator[Said]:
    """The opinions of a record: rows with words, and long texts."""
    day = visit_day(record, campaign)
    when = day.isoformat() if day else ""
    for key, answer in record.answers.items():
        words = _words(answer)
        row, category = _ROW.fullmatch(key), LONG_TEXTS.get((record.form, key))
        if not words or not (row or category):
            continue
        if row:
            yield _row(record, row[1], words, when)
        else:
            unsure = () if answer.status in _SETTLED else ("text",)
            yield Said(record.record, key, Nature.SUGGESTION, category, words, "town", None, when, unsure)


def _row(record: Record, row: str, words: str, when: str) -> Said:
    parts = ("nature", "category", "handling", "reply_wanted")
    values = {part: record.value(f"{row}.{part}") for part in parts}
    unsure = tuple(
        part
        for part in ("text", *parts)
        if (answer := record.answers.get(f"{row}.{part}")) and answer.status is Status.NEEDS_REVIEW
    )
    said = {part: value if isinstance(value, str) else None for part, value in values.items()}
    return Said(record.record, row, text=words, day=when, unsure=unsure, **said)


_STROKES = re.compile(r"[一—–\-－_.·、，。/\\\s]*")
_NOTHING = frozenset(("无", "没", "没有", "暂无", "无意见", "暂无意见", "没有意见", "无建议"))


def _words(answer: Answer) -> str:
    """What is said; nothing for a dash through the lines, or for 无. What nobody can read was said, too."""
    if answer.unreadable:
        return ERASED if answer.reason == ERASED else f"（{UNREADABLE}，请看原件）"
    words = " ".join(answer.value.split()) if isinstance(answer.value, str) else ""
    return "" if _STROKES.fullmatch(words) or words.rstrip("。") in _NOTHING else words


def visit_day(record: Record, campaign: Campaign) -> date | None:
    """The day of the visit, if the form bears one that can be: within its round."""
    value = record.value("visit_date")
    if not isinstance(value, str):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if campaign.window(record.round).holds(day) else None


# --- what is registered --------------------------------------------------------------------------


@dataclass(frozen=True)
class Opinion:
    """An opinion as it stands.

    week       ISO week of the visit; of registration where the form bears no date
    listed     the week in whose digest it is, "" before it is in any
    slip       which hand-over slip is out: 0 none, 2 the second after the first came back as not theirs
    merged     numbers of the opinions that it leads
    into       id of the opinion that it was merged into
    before     how it stood when it was merged, for taking that back
    apart      ids of opinions that a person has said are something else
    """

    id: int
    number: str
    sequence: int
    year: int
    record: str
    row: str
    nature: Nature | None
    category: str | None
    text: str
    handling: str | None
    reply_wanted: bool | None
    day: date | None
    week: str
    unsure: tuple[str, ...] = ()
    state: State = State.OPEN
    listed: str = ""
    slip: int = 0
    assigned_on: date | None = None
    due: date | None = None
    handler: str = ""
    handler_name: str = ""
    co_handlers: tuple[str, ...] = ()
    result: str = ""
    received_on: date | None = None
    resolved_on: date | None = None
    replied_on: date | None = None
    satisfaction: str = ""
    details: str = ""
    adoption: str = ""
    feedback_on: date | None = None
    into: int | None = None
    before: State = State.OPEN
    apart: frozenset[int] = frozenset()
    merged: tuple[str, ...] = ()
    late: bool = False

    @property
    def form(self) -> str:
        return self.record.split("/", 1)[0]

    @property
    def round(self) -> int:
        return int(self.record.split("/", 2)[1])

    @property
    def subject(self) -> Subject | None:
        """Whom the form was about; nobody, for a questionnaire."""
        _, _, about = self.record.split("/", 2)
        kind, slash, code = about.partition("/")
        return Subject(kind, code) if slash else None

    @property
    def route(self) -> Route | None:
        return ROUTES[self.handling][0] if self.handling else None

    @property
    def level(self) -> Level | None:
        return ROUTES[self.handling][1] if self.handling else None

    @property
    def is_suggestion(self) -> bool:
        """What is neither said to be a problem nor a suggestion stands with the problems."""
        return self.nature is Nature.SUGGESTION

    @property
    def closed(self) -> bool:
        return self.state in (State.REPLIED, State.MERGED, State.WITHDRAWN)

    @property
    def slip_code(self) -> str:
        """The code of the subject of its slip."""
        return slip_code(self.year, self.sequence, self.slip)

    def overdue(self, today: date) -> bool:
        done = self.closed or self.state in (State.RESOLVED, State.EXPLAINED, State.PLANNED)
        return self.due is not None and today > self.due and not done


def current(kept: Iterable[Kept]) -> list[Opinion]:
    """The opinions as their events leave them, in the order of their numbers."""
    found = {one.id: _folded(one) for one in kept}
    led: dict[int, list[str]] = defaultdict(list)
    for one in found.values():
        if one.into is not None:
            led[one.into].append(one.number)
    return [_with_others(one, found, led) for one in found.values()]


def _with_others(opinion: Opinion, found: Mapping[int, Opinion], led: Mapping[int, Sequence[str]]) -> Opinion:
    """What leads knows whom it leads; what is led was replied to when the lead was."""
    lead = found.get(opinion.into) if opinion.into is not None else None
    if lead is not None:
        return replace(opinion, replied_on=lead.replied_on, satisfaction=lead.satisfaction)
    return replace(opinion, merged=tuple(led[opinion.id])) if opinion.id in led else opinion


def _folded(kept: Kept) -> Opinion:
    opinion = Opinion(
        kept.id, kept.number, kept.sequence, kept.year, kept.record, kept.row, None, None, "", None, None,
        None, "",
    )  # fmt: skip
    for event in kept.events:
        opinion = _EVENTS[event.kind](opinion, event)
    return opinion


def _on_said(opinion: Opinion, event: Event) -> Opinion:
    d = event.detail
    said = replace(
        opinion,
        nature=Nature(d["nature"]) if d["nature"] else None,
        category=d["category"],
        text=d["text"],
        handling=d["handling"] if d["handling"] in ROUTES else None,
        reply_wanted={"yes": True, "no": False}.get(d["reply_wanted"]),
        day=_day(d["day"]),
        week=d["week"],
        unsure=tuple(d["unsure"]),
        state=State.OPEN if opinion.state is State.WITHDRAWN else opinion.state,
    )
    untouched = not said.slip and not said.result and said.into is None
    return _settled_at_visit(said) if untouched else said


_AT_VISIT = {Route.ON_SPOT: State.RESOLVED, Route.EXPLAIN: State.EXPLAINED}


def _settled_at_visit(opinion: Opinion) -> Opinion:
    """Solved or explained on the spot: told face to face, on the day of the visit."""
    state = _AT_VISIT.get(opinion.route) if opinion.route and "handling" not in opinion.unsure else None
    if state is None:
        return replace(opinion, state=State.OPEN, resolved_on=None, replied_on=None)
    sure = opinion.day is not None and not opinion.unsure
    return replace(
        opinion,
        state=State.REPLIED if sure else state,
        resolved_on=opinion.day,
        replied_on=opinion.day if sure else None,
    )


def _on_withdrawn(opinion: Opinion, event: Event) -> Opinion:
    return replace(opinion, state=State.WITHDRAWN)


def _on_listed(opinion: Opinion, event: Event) -> Opinion:
    late = bool(event.detail.get("late"))
    return replace(opinion, listed=event.detail["week"], late=late)


def _on_assigned(opinion: Opinion, event: Event) -> Opinion:
    d = event.detail
    return replace(
        opinion,
        state=State.ASSIGNED,
        slip=opinion.slip + 1,
        handler=d["handler"] or "",
        handler_name=d["handler_name"],
        co_handlers=tuple(d["co_handlers"]),
        assigned_on=_day(d["on"]),
        due=_day(d["due"]),
        result="",
        received_on=None,
        resolved_on=None,
        replied_on=None,
    )


def _on_answered(opinion: Opinion, event: Event) -> Opinion:
    """A slip came back, or a person says what became of it."""
    d = event.detail
    result = d["result"] or ""
    state = State.ASSIGNED if result in ("", "in_progress") else State(result)
    replied_on = _day(d["replied_on"])
    if replied_on and state in (State.RESOLVED, State.EXPLAINED, State.PLANNED):
        state = State.REPLIED
    return replace(
        opinion,
        state=state,
        result=result,
        received_on=_day(d["received_on"]),
        resolved_on=_day(d["resolved_on"]),
        replied_on=replied_on,
        satisfaction=d["satisfaction"] or "",
        details=d["details"] or "",
    )


def _on_adopted(opinion: Opinion, event: Event) -> Opinion:
    return replace(opinion, adoption=event.detail["adoption"], feedback_on=_day(event.detail["on"]))


def _on_merged(opinion: Opinion, event: Event) -> Opinion:
    return replace(opinion, into=event.detail["into"], state=State.MERGED, before=opinion.state)


def _on_parted(opinion: Opinion, event: Event) -> Opinion:
    return replace(opinion, into=None, state=opinion.before)


def _on_distinct(opinion: Opinion, event: Event) -> Opinion:
    return replace(opinion, apart=opinion.apart | {event.detail["from"]})


_EVENTS = {
    "found": _on_said,
    "changed": _on_said,
    "withdrawn": _on_withdrawn,
    "listed": _on_listed,
    "assigned": _on_assigned,
    "answered": _on_answered,
    "adopted": _on_adopted,
    "merged": _on_merged,
    "parted": _on_parted,
    "distinct": _on_distinct,
}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


# --- what is new ---------------------------------------------------------------------------------

NewEvent = tuple[int, str, Mapping[str, Any]]
"""Opinion, kind, detail."""


def compare(kept: Sequence[Kept], said: Iterable[Said], today: date) -> tuple[list[Found], list[NewEvent]]:
    """What is to be registered, in the order of numbers, and what changed of what is.

    kept   what is registered of the records that were looked at
    said   what these records say now
    today  gives the week of what bears no date

    Who closed an opinion answered what it said then: its words stay.
    """
    now = {(one.record, one.row): one for one in said}
    events: list[NewEvent] = []
    opinions = {(one.record, one.row): one for one in current(kept)}
    known = {one.id: one for one in kept}
    for place, opinion in opinions.items():
        events += _changes(opinion, known[opinion.id], now.pop(place, None))
    new = [_found(one, today) for one in now.values()]
    return sorted(new, key=_register_order), events


def _changes(opinion: Opinion, kept: Kept, said: Said | None) -> Iterator[NewEvent]:
    if said is None:
        if not opinion.closed:
            yield opinion.id, "withdrawn", {}
        return
    before = next(dict(e.detail) for e in reversed(kept.events) if e.kind in ("found", "changed"))
    after = said.content() | {"week": _week(said) or before["week"]}
    if opinion.listed:
        after["week"] = before["week"]
    reopened = opinion.state is State.WITHDRAWN
    at_visit_only = not opinion.slip and not opinion.result and opinion.into is None
    unanswered = not opinion.closed or opinion.state is State.MERGED
    if reopened or (after != before and (at_visit_only or unanswered)):
        yield opinion.id, "changed", after


def _found(said: Said, today: date) -> Found:
    letter = "建" if said.nature == Nature.SUGGESTION else "问"
    detail = said.content() | {"week": _week(said) or week_of(today)}
    return Found(said.record, said.row, letter, detail)


def _week(said: Said) -> str:
    return week_of(date.fromisoformat(said.day)) if said.day else ""


def _register_order(found: Found) -> tuple[Any, ...]:
    return found.detail["week"], found.record, found.row


# --- what became of it ---------------------------------------------------------------------------


@dataclass(frozen=True)
class SlipAnswer:
    """What a slip that came back says, as far as it is sure."""

    code: str
    content: Mapping[str, Any]


def slip_answers(record: Record) -> Iterator[SlipAnswer]:
    """What a slip says, once its result is sure; a receipt alone says that it was received."""
    if record.form != SLIP or record.subject is None or record.subject.kind != ISSUE:
        return
    sure = {key: answer.value for key, answer in record.answers.items() if answer.status in _SETTLED}
    if any(
        (answer := record.answers.get(key)) and answer.status is Status.NEEDS_REVIEW and answer.value
        for key in ("result", "resolved_date", "replied")
    ):
        return
    replied = sure.get("replied") == "yes"
    yield SlipAnswer(
        record.subject.code,
        _answer(
            result=sure.get("result"),
            received_on=sure.get("received_date"),
            resolved_on=sure.get("resolved_date"),
            replied_on=sure.get("resolved_date") if replied else None,
            satisfaction=sure.get("satisfaction"),
            details=sure.get("details"),
        ),
    )


def _answer(**said: Any) -> dict[str, Any]:
    parts = ("result", "received_on", "resolved_on", "replied_on", "satisfaction", "details")
    return {part: said.get(part) for part in parts}


def answered(kept: Sequence[Kept], answers: Iterable[SlipAnswer]) -> Iterator[NewEvent]:
    """What slips that came back say anew. Slips of an earlier hand-over no longer count."""
    known = {one.id: one for one in kept}
    by_code = {opinion.slip_code: opinion for opinion in current(kept) if opinion.slip}
    for answer in answers:
        opinion = by_code.get(answer.code)
        if opinion is None or opinion.into is not None or not any(answer.content.values()):
            continue
        earlier = [e.detail for e in known[opinion.id].events if e.kind == "answered" and "slip" in e.detail]
        after = {**answer.content, "slip": answer.code}
        if not earlier or dict(earlier[-1]) != after:
            yield opinion.id, "answered", after


def assign(
    opinion: Opinion, handler: str | None, name: str, co_handlers: Sequence[str], on: date, due: date
) -> NewEvent:
    """Hand over. Raises OpinionError."""
    if opinion.closed:
        raise OpinionError(f"{opinion.number}{STATE_WORDS[opinion.state]}，不能再交办")
    detail = {
        "handler": handler,
        "handler_name": name,
        "co_handlers": list(co_handlers),
        "on": on.isoformat(),
        "due": due.isoformat(),
    }
    return opinion.id, "assigned", detail


def answer(
    opinion: Opinion,
    result: str,
    on: date,
    replied_on: date | None,
    satisfaction: str = "",
    details: str = "",
) -> NewEvent:
    """A person says what became of it. Raises OpinionError."""
    if opinion.state in (State.MERGED, State.WITHDRAWN):
        raise OpinionError(f"{opinion.number}{STATE_WORDS[opinion.state]}，不能再办理")
    if result == "returned" and not details:
        raise OpinionError("退回的须写明理由")
    for day in (on, replied_on):
        if day and opinion.assigned_on and day < opinion.assigned_on:
            raise OpinionError(f"日期 {day} 早于交办日期 {opinion.assigned_on}")
    said = _answer(
        result=result,
        resolved_on=on.isoformat(),
        replied_on=replied_on.isoformat() if replied_on else None,
        satisfaction=satisfaction or None,
        details=details or None,
    )
    return opinion.id, "answered", said


def adopt(opinion: Opinion, adoption: str, on: date) -> NewEvent:
    """A person says whether a suggestion is taken up. Raises OpinionError."""
    if not opinion.is_suggestion:
        raise OpinionError(f"{opinion.number}是问题，不是建议")
    return opinion.id, "adopted", {"adoption": adoption, "on": on.isoformat()}


def merge(lead: Opinion, others: Iterable[Opinion]) -> Iterator[NewEvent]:
    """Let one lead the others. Raises OpinionError."""
    for other in others:
        if other.id == lead.id:
            raise OpinionError(f"{lead.number}不能并入自身")
        if lead.into is not None or lead.state is State.WITHDRAWN:
            raise OpinionError(f"{lead.number}{STATE_WORDS[lead.state]}，不能再并入别的意见")
        if other.merged:
            raise OpinionError(f"{other.number}已有并入的意见，请把它作为主件")
        if other.closed:
            raise OpinionError(f"{other.number}{STATE_WORDS[other.state]}，不能并入")
        yield other.id, "merged", {"into": lead.id}


def part(opinion: Opinion) -> NewEvent:
    """Take a merging back: it stands again as it stood before. Raises OpinionError."""
    if opinion.into is None:
        raise OpinionError(f"{opinion.number}没有并入别的意见")
    return opinion.id, "parted", {}


def distinct(opinion: Opinion, other: Opinion) -> NewEvent:
    """A person says that these two are not the same, however alike. Raises OpinionError."""
    if opinion.id == other.id:
        raise OpinionError(f"{opinion.number}只有一件")
    return opinion.id, "distinct", {"from": other.id}


def repeated(opinions: Iterable[Opinion], village: Mapping[int, str]) -> list[list[Opinion]]:
    """Open ones that say the same about the same place: the first of each group may lead.

    village  opinion → code of its village, "" where it has none
    """
    groups: dict[tuple[str, ...], list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        if not opinion.closed and not opinion.unsure and not is_erased(opinion.text):
            key = village.get(opinion.id, ""), opinion.category or "", plain_words(opinion.text)
            groups[key].append(opinion)
    return [group for group in groups.values() if len(group) > 1]


def plain_words(text: str) -> str:
    """The words without punctuation and blanks, full-width letters as ordinary ones."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN")


def find(opinions: Iterable[Opinion], said: str, year: int) -> Opinion:
    """The opinion that a clerk names: 〔2017〕问12号, 问12 or 12. Raises OpinionError."""
    digits = re.findall(r"\d+", said)
    wanted = [year, *map(int, digits)][-2:] if digits else []
    for opinion in opinions:
        if [opinion.year, opinion.sequence] == wanted:
            return opinion
    raise OpinionError(f"没有编号为“{said}”的意见建议")
