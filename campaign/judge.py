"""What a field's answer is, given all that was read of it and all that people said.

Readings of all images of a sheet, first scan or later copy, count alike: the latest does not silently
win. What a person saw and said goes over them; what two persons keyed blindly and alike does too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaign.personal import ERASED, is_erased
from forms.model import Field, Kind, Value


class Status(StrEnum):
    """How far an answer can be relied on (DESIGN §5)."""

    ACCEPTED = "accepted"
    NEEDS_REVIEW = "needs_review"
    CORRECTED = "corrected"
    BLANK = "blank"
    MISSING = "missing"


@dataclass(slots=True)
class Read:
    """A reading of a field on one image of a sheet."""

    page_image: int
    serial: str
    value: Value
    confidence: float
    doubt: str


@dataclass(slots=True)
class Said:
    """What a person said of a field, in the order of `number`. `unreadable`: that nobody can read it."""

    number: int
    serial: str
    value: Value
    who: str
    blind: bool
    unreadable: bool = False

    def agrees(self, other: Said) -> bool:
        return (self.value, self.unreadable) == (other.value, other.unreadable)

    def confirms(self, read: Read) -> bool:
        return self.value == read.value and not self.unreadable


@dataclass(slots=True)
class Answer:
    """A field of a record.

    reason       why it needs review, in words for the clerk; or UNREADABLE, or ERASED
    page_image   the image that the value was read from, or that a person should look at
    scans        what each image says, where they differ
    """

    value: Value
    status: Status
    confidence: float
    serial: str | None
    reason: str = ""
    page_image: int | None = None
    scans: tuple[Read, ...] = ()

    @property
    def unreadable(self) -> bool:
        """There is something, which nobody can read, or not any more: no value, but no blank either."""
        return self.reason in (UNREADABLE, ERASED)


UNREADABLE = "无法辨认"
UNSURE: Mapping[Kind, str] = {
    Kind.SINGLE: "看不准勾的是哪一项",
    Kind.MULTIPLE: "看不准勾了哪几项",
    Kind.DIGITS: "数字看不准",
    Kind.DATE: "日期的数字看不准",
    Kind.TEXT: "手写的字看不准",
    Kind.LINES: "手写的字看不准",
    Kind.SIGNATURE: "看不准有没有签名或盖章",
}
UNSURE_IF_BLANK = "看不准是不是空白"
NO_READING = "没有识读结果"
TWO_SCANS = "同一张表两次扫描的内容不同"
REQUIRED = "必填项未填写"
OUTSIDE_CAMPAIGN = "日期不在活动期间"
AFTER_SCAN = "日期晚于扫描日期"
FIRST_KEYING = "关键字段，待两人分别录入"
SECOND_KEYING = "待第二人录入"
KEYINGS_DIFFER = "两人录入不一致"
KEYING_DIFFERS = "复核录入与识读不一致"


def blank_value(kind: Kind) -> Value:
    return _BLANKS.get(kind)


_BLANKS: Mapping[Kind, Value] = {Kind.MULTIPLE: [], Kind.SIGNATURE: False}


def is_blank(value: Value) -> bool:
    return value is None or value is False or value in ("", [])


def is_sure(confidence: float, doubt: str, threshold: float) -> bool:
    """Whether a reading is accepted without a person."""
    return confidence >= threshold and not doubt


def judge(field: Field, read: Sequence[Read], said: Sequence[Said], threshold: float) -> Answer:
    """The answer to a field whose page came back. `read` may be of several images; `threshold` is the
    confidence from which a reading is accepted."""
    evidence = Evidence(field, read, threshold)
    if said:
        return _judge_said(field, evidence, said)
    if field.critical and field.kind is not Kind.SIGNATURE:
        return evidence.doubtful(FIRST_KEYING)
    return evidence.answer()


def _judge_said(field: Field, evidence: Evidence, said: Sequence[Said]) -> Answer:
    seen = [one for one in said if not one.blind]
    if seen:
        return _corrected(field, seen[-1])
    latest = list({one.who: one for one in said}.values())
    agreed = [one for n, one in enumerate(latest) if any(one.agrees(other) for other in latest[:n])]
    if agreed:
        return _corrected(field, agreed[-1])
    if len(latest) > 1:
        return evidence.doubtful(KEYINGS_DIFFER)
    if field.critical:
        return evidence.doubtful(SECOND_KEYING)
    if evidence.best is None:
        return _corrected(field, latest[0])
    if not latest[0].confirms(evidence.best):
        return evidence.doubtful(KEYING_DIFFERS)
    return evidence.confirmed()


def _corrected(field: Field, said: Said) -> Answer:
    if said.unreadable:
        reason = ERASED if is_erased(said.value) else UNREADABLE
        return Answer(blank_value(field.kind), Status.CORRECTED, 0.0, said.serial, reason)
    return Answer(said.value, Status.CORRECTED, 1.0, said.serial)


class Evidence:
    """What the images say of a field, without people.

    accepted   the readings that are sure enough
    best       the one to show: the surest of them, or of all
    differing  all of them, when they do not say the same
    """

    __slots__ = ("accepted", "best", "differing", "field", "read")

    def __init__(self, field: Field, read: Sequence[Read], threshold: float) -> None:
        self.field, self.read = field, read
        self.accepted = [one for one in read if is_sure(one.confidence, one.doubt, threshold)]
        self.best = max(self.accepted or read, key=_confidence, default=None)
        self.differing = tuple(read) if any(one.value != read[0].value for one in read[1:]) else ()

    def answer(self) -> Answer:
        if self.field.kind is Kind.SIGNATURE:
            return self._signature()
        if self.best is None:
            return self.doubtful(NO_READING)
        if not self.accepted:
            return self.doubtful(self.best.doubt or self._unsure(self.best))
        if self.contradictory:
            return self.doubtful(TWO_SCANS)
        return self.confirmed()

    @property
    def contradictory(self) -> bool:
        """Two images, both read with confidence, say different things."""
        first = self.accepted[0].value if self.accepted else None
        return len(self.accepted) > 1 and any(one.value != first for one in self.accepted)

    def _signature(self) -> Answer:
        """Given when it is seen for sure on any image: two images do not contradict each other here."""
        if not self.read:
            return Answer(False, Status.BLANK, 0.0, None)
        signed = [one for one in self.accepted if one.value is True]
        unsure = [one for one in self.read if one not in self.accepted]
        if signed or not unsure:
            return self._answer(
                max(signed or self.accepted, key=_confidence), Status.ACCEPTED if signed else Status.BLANK
            )
        likeliest = max(unsure, key=lambda one: (one.value is True, one.confidence))
        return self._answer(likeliest, Status.NEEDS_REVIEW, likeliest.doubt or self._unsure(likeliest))

    def _unsure(self, read: Read) -> str:
        """What is unclear about a reading that has no doubt of its own."""
        blank = is_blank(read.value) and self.field.kind is not Kind.SIGNATURE
        return UNSURE_IF_BLANK if blank else UNSURE[self.field.kind]

    def confirmed(self) -> Answer:
        assert self.best is not None
        return self._answer(self.best, Status.BLANK if is_blank(self.best.value) else Status.ACCEPTED)

    def doubtful(self, reason: str) -> Answer:
        if self.best is None:
            return Answer(blank_value(self.field.kind), Status.NEEDS_REVIEW, 0.0, None, reason)
        return self._answer(self.best, Status.NEEDS_REVIEW, reason)

    def _answer(self, read: Read, status: Status, reason: str = "") -> Answer:
        return Answer(
            read.value, status, read.confidence, read.serial, reason, read.page_image, self.differing
        )


def _confidence(read: Read) -> float:
    return read.confidence
