"""Figures of reports, each with the formula that it comes from. Nothing here scores anybody by complaints.

Figures that could point at a person are not told: a cell of a cross table under 5 is shown as `<5`
(domain.md §1, row 18).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from campaign.config import Handling
from campaign.lists import Lister
from campaign.opinions import CATEGORY_WORDS, Opinion, State
from campaign.weeks import working_days
from forms.model import Field, Form, Kind
from store.gleanings import Gleaning

LEAST = 5
UNKNOWN = "unknown"
_POSITIVE = ("satisfied", "fairly")


@dataclass(frozen=True)
class Rating:
    """Answers to a question of satisfaction: option → how many, in the question's order."""

    key: str
    label: str
    counts: Mapping[str, int]

    @property
    def valid(self) -> int:
        """Without 不了解."""
        return sum(count for option, count in self.counts.items() if option != UNKNOWN)

    @property
    def positive(self) -> int:
        return sum(self.counts.get(option, 0) for option in _POSITIVE)

    @property
    def share(self) -> float | None:
        """满意率 = （满意 + 基本满意）÷（有效回答，不含不了解）."""
        return self.positive / self.valid if self.valid else None


SHARE_FORMULA = "满意率 =（满意 + 基本满意）÷ 有效回答数；“不了解”不计入有效回答"


def ratings(form: Form, found: Iterable[Gleaning]) -> list[Rating]:
    """The questions of a form whose keys begin with `rate_`."""
    listed = list(found)
    asked = [f for f in form.asked() if f.key.startswith("rate_")]
    return [Rating(f.key, f.label, _counts(f, listed)) for f in asked]


def _counts(field: Field, found: Sequence[Gleaning]) -> dict[str, int]:
    counted = Counter(str(one.answers.get(field.key, "")) for one in found)
    return {option.key: counted[option.key] for option in field.options}


@dataclass(frozen=True)
class Choice:
    """Answers to a question with options: label → how many; of how many forms."""

    key: str
    label: str
    counts: Mapping[str, int]
    forms: int


def choices(form: Form, found: Iterable[Gleaning]) -> list[Choice]:
    """The other questions with options, in printed order; a lone □ is none. Those of sealed pages are for
    whom they are sealed for."""
    listed, sealed = list(found), form.sealed_keys
    result = []
    for f in form.asked():
        plain = "." not in f.key and not f.key.startswith("rate_") and len(f.options) > 1
        if f.key in sealed:
            continue
        if f.kind not in (Kind.SINGLE, Kind.MULTIPLE) or not plain:
            continue
        counted: Counter[str] = Counter()
        for one in listed:
            answer = one.answers.get(f.key, [])
            counted.update([answer] if isinstance(answer, str) else answer)
        result.append(Choice(f.key, f.label, {o.label: counted[o.key] for o in f.options}, len(listed)))
    return result


def suppressed(count: int) -> str:
    """A count of a cross table."""
    return f"<{LEAST}" if 0 < count < LEAST else str(count)


def cross(pairs: Iterable[tuple[str, str]], columns: Sequence[str]) -> list[list[str]]:
    """Rows of name and a cell for each column; small cells suppressed, and where one would be the only one
    of its row or column, the next smallest of these too, so that it cannot be told from a total."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row, column in pairs:
        counted[row][column] += 1
    names = sorted(counted)
    table = [[counted[name][column] for column in columns] for name in names]
    hidden = _hidden(table)
    return [
        [name, *(_cell(count, (y, x) in hidden) for x, count in enumerate(counts))]
        for y, (name, counts) in enumerate(zip(names, table, strict=True))
    ]


def _cell(count: int, hidden: bool) -> str:
    return "*" if hidden and count >= LEAST else suppressed(count)


_Place = tuple[int, int]
"""Row and column."""


def _hidden(table: Sequence[Sequence[int]]) -> set[_Place]:
    """The cells that are not told."""
    places = {(y, x): count for y, counts in enumerate(table) for x, count in enumerate(counts) if count}
    lines: dict[tuple[str, int], list[_Place]] = defaultdict(list)
    for y, x in places:
        lines["row", y].append((y, x))
        lines["column", x].append((y, x))
    hidden = {place for place, count in places.items() if count < LEAST}
    while alone := [line for line in lines.values() if _is_alone(line, hidden)]:
        hidden |= {
            min((place for place in line if place not in hidden), key=places.__getitem__) for line in alone
        }
    return hidden


def _is_alone(line: Sequence[_Place], hidden: set[_Place]) -> bool:
    """Exactly one cell of the line is hidden, and there is another to hide it behind."""
    return len(line) > 1 and sum(place in hidden for place in line) == 1


@dataclass(frozen=True)
class Times:
    """How a unit dealt with what it was handed.

    median_days  working days from the hand-over to the end, None when nothing ended
    """

    unit: str
    assigned: int
    done: int
    overdue: int
    returned: int
    dissatisfied: int
    median_days: float | None


def times(opinions: Iterable[Opinion], today: date, rules: Handling) -> list[Times]:
    """By unit, the one with most to do first."""
    of_unit: dict[str, list[Opinion]] = defaultdict(list)
    for one in opinions:
        if one.slip and one.state not in (State.MERGED, State.WITHDRAWN):
            of_unit[one.handler_name].append(one)
    found = [_times(unit, some, today, rules) for unit, some in of_unit.items()]
    return sorted(found, key=lambda one: (-one.assigned, one.unit))


def _times(unit: str, some: Sequence[Opinion], today: date, rules: Handling) -> Times:
    days = [
        working_days(one.assigned_on, one.resolved_on, rules)
        for one in some
        if one.assigned_on and one.resolved_on and one.resolved_on >= one.assigned_on
    ]
    return Times(
        unit=unit,
        assigned=len(some),
        done=sum(one.state is State.REPLIED for one in some),
        overdue=sum(one.overdue(today) for one in some),
        returned=sum(one.state is State.RETURNED for one in some),
        dissatisfied=sum(one.satisfaction == "dissatisfied" for one in some),
        median_days=float(median(days)) if days else None,
    )


def topics_by_village(opinions: Iterable[Opinion], lister: Lister) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: village × category, small cells suppressed."""
    pairs = [
        (lister.village(one), CATEGORY_WORDS.get(one.category or "", "未分类"))
        for one in opinions
        if one.state is not State.WITHDRAWN and lister.village(one)
    ]
    most = [category for category, _ in Counter(category for _, category in pairs).most_common(6)]
    return ["村（社区）", *most], cross(pairs, most)


@dataclass(frozen=True)
class Indicator:
    """A figure that is looked at (年度考核, domain.md §1, row 36), with its formula."""

    name: str
    formula: str
    part: int
    whole: int

    @property
    def words(self) -> str:
        share = f"{self.part / self.whole:.1%}" if self.whole else "—"
        return f"{self.part} ÷ {self.whole} = {share}"


def indicators(
    opinions: Sequence[Opinion], visited: int, owed: int, issued: int, returned: int
) -> list[Indicator]:
    handed = [one for one in opinions if one.slip and one.state not in (State.MERGED, State.WITHDRAWN)]
    alive = [one for one in opinions if one.state is not State.WITHDRAWN]
    replied = [one for one in alive if one.replied_on]
    on_time = [one for one in handed if one.resolved_on and one.due and one.resolved_on <= one.due]
    ended = [one for one in handed if one.resolved_on]
    said = [one for one in handed if one.satisfaction in (*_POSITIVE, "dissatisfied")]
    pleased = [one for one in said if one.satisfaction in _POSITIVE]
    return [
        Indicator("走访覆盖率", "已走访对象数 ÷ 应走访对象数", visited, owed),
        Indicator("调查表收回率", "收回份数 ÷ 发出份数", returned, issued),
        Indicator("答复率", "已答复件数 ÷ 意见建议件数", len(replied), len(alive)),
        Indicator("按时办结率", "时限内办结件数 ÷ 已办结件数", len(on_time), len(ended)),
        Indicator("群众满意率", "（满意 + 基本满意）件数 ÷ 已表态件数", len(pleased), len(said)),
    ]
