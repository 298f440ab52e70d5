"""Plausible answers for any form: what its kinds, rules and checks allow, and what people would say.

Forms are not known here: what a field means is taken from its kind, rule and options, and from the
names that forms give to common questions (`phone`, `registered`, `…_other`, `opinion_1.category`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from numpy.random import Generator

from forms.checks import parse
from forms.model import Field, Form, Kind, Required, Value
from samples import names, phrases

Answers = dict[str, Value]


@dataclass(frozen=True)
class Circumstances:
    """What the answers of one campaign have in common.

    vocabularies  name of a word list (`Field.vocabulary`) → its words
    completed     share of visits that took place
    """

    first_day: date = date(2017, 3, 6)
    last_day: date = date(2017, 4, 28)
    vocabularies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    completed: float = 0.86


def answer(form: Form, rng: Generator, circumstances: Circumstances | None = None) -> Answers:
    """An answer or a blank for every field that `form` asks, by its key."""
    talk = _Talk(form, rng, circumstances or Circumstances())
    for f in form.asked():
        talk.answers[f.key] = talk.blank(f) if talk.passes_over(f) else _SAY[f.kind](talk, f)
    _mend(talk)
    return talk.answers


@dataclass
class _Talk:
    """One conversation: what has been said so far."""

    form: Form
    rng: Generator
    circumstances: Circumstances
    answers: Answers = field(default_factory=dict)
    _used_blocks: dict[str, bool] = field(default_factory=dict)

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, words: Sequence[str]) -> str:
        return names.pick(words, self.rng)

    def sentence(self, pool: Sequence[str]) -> str:
        n = int(self.rng.integers(2, 13))
        return self.pick(pool).format(n=n, place=self.pick(phrases.PLACES), name=names.person(self.rng))

    @staticmethod
    def blank(f: Field) -> Value:
        return {Kind.MULTIPLE: [], Kind.SIGNATURE: False}.get(f.kind)  # type: ignore[return-value]

    def passes_over(self, f: Field) -> bool:
        """Whether this field stays blank."""
        if self._failed(f) or not self._asked_for(f):
            return True
        if f.required is not Required.NO:
            return False
        return self.chance(_SKIPPED.get(f.rule, _SKIPPED.get(f.kind.value, 0.0)))

    def _failed(self, f: Field) -> bool:
        """The visit did not take place, so that what follows its result is empty."""
        if not self.form.completed or self.form.completed[0] not in self.answers:
            return False
        key, done = self.form.completed
        return self.answers[key] != done and f.key != key and f.key not in self._apart

    @cached_property
    def _apart(self) -> set[str]:
        """What is asked on sealed and anonymous pages, of somebody else and at another time."""
        pages = (page for page in self.form.pages if page.sealed or page.anonymous)
        rows = (row for page in pages for section in page.sections for row in section.rows)
        return {f.key for row in rows for f in row.fields}

    def _asked_for(self, f: Field) -> bool:
        """Fields that only another answer calls for."""
        name = f.key.rpartition(".")[2]
        if f.block and not self._uses(f.block):
            return False
        if f.key.endswith("_other"):
            return "other" in _list(self.answers.get(f.key.removesuffix("_other")))
        if name == "correction":
            return self.answers.get("information_correct") == "wrong"
        if name in ("dissatisfied_units", "details"):
            ratings = [value for key, value in self.answers.items() if key.startswith("rate_")]
            return "dissatisfied" in ratings
        return True

    def _uses(self, block: str) -> bool:
        """Whether a repeated block is filled in: the next one only if all before it are."""
        if block not in self._used_blocks:
            before = list(self._used_blocks.values())
            self._used_blocks[block] = all(before) and self.chance(0.45 if before else 0.6)
        return self._used_blocks[block]


_SKIPPED = {"mobile": 0.3, "phone": 0.3, "single": 0.04, "multiple": 0.06, "text": 0.4, "digits": 0.05}
"""Share of optional fields that people pass over, by rule or kind."""


# --- one kind at a time --------------------------------------------------------------------------


def _single(talk: _Talk, f: Field) -> Value:
    keys = [option.key for option in f.options]
    if talk.form.completed and f.key == talk.form.completed[0]:
        done = talk.form.completed[1]
        others = [key for key in keys if key != done]
        return done if talk.chance(talk.circumstances.completed) else talk.pick(others)
    if len(keys) == 1:
        return keys[0] if talk.chance(0.93) else None
    weights = [_LIKELY.get(key, 1.0) for key in keys]
    return keys[int(talk.rng.choice(len(keys), p=[w / sum(weights) for w in weights]))]


_LIKELY = {"correct": 14.0, "in_person": 14.0, "satisfied": 8.0, "fairly": 4.0, "unknown": 0.7, "done": 8.0}


def _multiple(talk: _Talk, f: Field) -> Value:
    exclusive = [option.key for option in f.options if option.exclusive]
    if exclusive and talk.chance(0.15):
        return [talk.pick(exclusive)]
    free = [option.key for option in f.options if not option.exclusive]
    most = min(f.max_choices or 4, len(free))
    count = int(talk.rng.integers(1, most + 1))
    return sorted(free[int(n)] for n in talk.rng.permutation(len(free))[:count])


def _digits(talk: _Talk, f: Field) -> Value:
    if f.rule in ("mobile", "phone"):
        return mobile(talk.rng)
    if f.rule == "month_day":
        return _day(talk).strftime("%m%d")
    return _count(talk, f)


def _count(talk: _Talk, f: Field) -> str:
    """A number as written: some people fill the cells with zeros from the left, as a census asks."""
    typical = _TYPICAL.get(f.key, (0, 3) if f.cells == 1 else (1, 10 ** min(f.cells, 4) // 2))
    low = max(typical[0], f.low or 0)
    high = min(typical[1], 10**f.cells - 1, 10**f.cells - 1 if f.high is None else f.high)
    number = int(talk.rng.integers(low, max(high, low) + 1))
    if f.cells > 2:  # firms and villages come in all sizes
        number = max(low, int(number ** float(talk.rng.uniform(0.5, 1.0))))
    return str(number).zfill(f.cells) if talk.chance(0.3) else str(number)


_TYPICAL = {"registered": (1, 7), "resident": (0, 7), "elderly": (0, 2), "employees": (3, 2600)}


def mobile(rng: Generator) -> str:
    """A valid mobile number with a prefix that carriers use."""
    return f"1{int(rng.integers(3, 10))}{int(rng.integers(10**9)):09d}"


def _date(talk: _Talk, f: Field) -> Value:
    return _day(talk).isoformat()


def _day(talk: _Talk) -> date:
    span = (talk.circumstances.last_day - talk.circumstances.first_day).days
    return talk.circumstances.first_day + timedelta(days=int(talk.rng.integers(span + 1)))


def _text(talk: _Talk, f: Field) -> Value:
    words = talk.circumstances.vocabularies.get(f.vocabulary, ())
    if f.vocabulary:
        many = 2 if talk.chance(0.3) else 1
        return "、".join(talk.pick(words) if words else names.person(talk.rng) for _ in range(many))
    name = f.key.rpartition(".")[2]
    if name == "host":
        return names.person(talk.rng)
    pool = _WORDS.get(name, phrases.POSITIONS if name.endswith("position") else phrases.REMARKS)
    return talk.sentence(pool)


_WORDS: Mapping[str, Sequence[str]] = {
    "correction": phrases.CORRECTIONS,
    "difficulties_other": phrases.DIFFICULTIES,
}


def _lines(talk: _Talk, f: Field) -> Value:
    block, name = f.block, f.key.rpartition(".")[2]
    if name == "details":
        return talk.sentence(phrases.DETAILS)
    if name == "auto_parts_opinion":
        return talk.sentence(phrases.INDUSTRY) if talk.chance(0.5) else None
    category = talk.answers.get(f"{block}.category")
    suggests = talk.answers.get(f"{block}.nature") == "suggestion"
    pool = (phrases.SUGGESTIONS if suggests else phrases.PROBLEMS).get(str(category), ())
    return talk.sentence(pool or phrases.PROBLEMS["other"])


def _signature(talk: _Talk, f: Field) -> Value:
    likely = {"seal": 0.4, "visitor_signature": 0.97, "head_signature": 0.75}
    return talk.chance(likely.get(f.key, 0.6))


_SAY: Mapping[Kind, Callable[[_Talk, Field], Value]] = {
    Kind.SINGLE: _single,
    Kind.MULTIPLE: _multiple,
    Kind.DIGITS: _digits,
    Kind.DATE: _date,
    Kind.TEXT: _text,
    Kind.LINES: _lines,
    Kind.SIGNATURE: _signature,
}


def _list(value: Value) -> list[str]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


# --- rules across fields -------------------------------------------------------------------------

_TRIES = 60


def _mend(talk: _Talk) -> None:
    """Says the numbers of broken rules again until all hold, and leaves blank what does not come right."""
    rules = [parse(check.expression) for check in talk.form.checks]
    said = {f.key: f for f in talk.form.asked() if talk.answers[f.key] is not None}
    for attempt in range(_TRIES):
        broken = [rule for rule in rules if rule.holds(talk.answers) is False]
        if not broken:
            return
        for key in sorted(broken[0].keys & said.keys()):
            f = said[key]
            talk.answers[key] = _SAY[f.kind](talk, f) if attempt < _TRIES - len(rules) else talk.blank(f)
