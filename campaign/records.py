"""Records: the answers of one form for one subject and round, derived anew from what was read and said.

    returned forms → chunks → readings and corrections of their sheets
                   → each field judged (`campaign.judge`) → required fields, checks, dates → `Record`

Several forms for the same subject and round (handed to another cadre, or printed again after the form
was changed) make one record, from all that came back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_

from campaign.bulk import uncollected
from campaign.config import Campaign, Window
from campaign.facts import Facts
from campaign.judge import (
    AFTER_SCAN,
    OUTSIDE_CAMPAIGN,
    REQUIRED,
    TWO_SCANS,
    Answer,
    Read,
    Said,
    Status,
    blank_value,
    judge,
)
from campaign.town import line_of
from forms import checks
from forms.model import Field, Form, Kind, Required, Value
from layouts.model import Layout
from store import Subject, opinions, printed
from store.printed import resolved_instances
from store.scanned import DUPLICATE, READ, is_current, standing_corrections
from store.schema import decisions, page_images, readings, sheets

_CHUNK = 1000
"""Forms whose readings are fetched at once: about 50,000 rows."""
_SLACK = timedelta(days=1)
"""A date may be a day after the scan: clocks and time zones differ."""


class RecordStatus(StrEnum):
    COMPLETE = "complete"
    NEEDS_REVIEW = "needs_review"
    INCOMPLETE = "incomplete"  # pages are missing


@dataclass(frozen=True)
class Record:
    """What one form says. `answers`: key of every field that a person fills in → its answer.

    record     see `record_name`
    completed  it says that the visit took place
    serials    its sheets' serials, by page; of several forms, the last one's
    problems   doubts about the record as a whole, in words for the clerk
    fields     what `answers` are answers to, by key
    """

    record: str
    form: str
    form_version: int
    subject: Subject | None
    cadre: str | None
    round: int
    completed: bool
    missing_pages: tuple[int, ...]
    answers: Mapping[str, Answer]
    serials: Mapping[int, str]
    problems: tuple[str, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)

    @cached_property
    def status(self) -> RecordStatus:
        if self.missing_pages:
            return RecordStatus.INCOMPLETE
        return RecordStatus.NEEDS_REVIEW if self.to_review else RecordStatus.COMPLETE

    @cached_property
    def to_review(self) -> tuple[str, ...]:
        """Keys of the fields that a person has to look at."""
        return tuple(key for key, a in self.answers.items() if a.status is Status.NEEDS_REVIEW)

    def value(self, key: str) -> Value:
        """The answer to a field, None when the form has no such field."""
        answer = self.answers.get(key)
        return answer.value if answer else None

    def to_json(self) -> dict[str, Any]:
        """What `zoufang export records --format json` lists (DESIGN §5)."""
        subject = {"kind": self.subject.kind, "code": self.subject.code} if self.subject else None
        return {
            "record": self.record,
            "form": self.form,
            "form_version": self.form_version,
            "subject": subject,
            "cadre": self.cadre,
            "round": self.round,
            "line": line_of(self.form, self.subject),
            "status": self.status.value,
            "missing_pages": list(self.missing_pages),
            "fields": {key: _answer_json(answer) for key, answer in self.answers.items()},
            "problems": list(self.problems),
        }


def _answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "value": answer.value,
        "status": answer.status.value,
        "confidence": answer.confidence,
        "serial": answer.serial,
        "reason": answer.reason,
    }


def record_name(form: str, round: int, subject: Subject | None, instance: str) -> str:
    """What a record is called: by form, round and subject; by the form handed out when that is about
    nobody."""
    about = f"{subject.kind}/{subject.code}" if subject else instance
    return f"{form}/{round}/{about}"


def records(
    db: Connection,
    campaign: Campaign,
    *,
    forms: Collection[str] | None = None,
    cadres: Collection[str] | None = None,
    subjects: Collection[Subject] | None = None,
    serials: Collection[str] | None = None,
    instances: Collection[str] | None = None,
    round: int | None = None,
) -> Iterator[Record]:
    """Every record of which something came back and that answers all that is asked, sorted by form and
    subject. Void forms make none.

    serials    the records that these sheets belong to
    instances  the records of these forms handed out, and of no others about the same subject
    """
    for making in _makings(db, campaign, _Wish(forms, cadres, subjects, serials, instances, round)):
        yield making.record()


def amiss(db: Connection, campaign: Campaign, serial: str, field: str, value: Value) -> list[str]:
    """What would be wrong with this value of a field of a sheet, in words for the clerk. What the form says
    beside it is held against it where it is settled or was read for sure."""
    wish = _Wish(None, None, None, [serial], None, None)
    return [words for making in _makings(db, campaign, wish) for words in making.amiss(field, value)]


def can_be_amiss(form: Form, field: Field) -> bool:
    """Whether `amiss` looks at this field at all."""
    ruled = (checks.parse(check.expression).keys for check in form.checks)
    return field.kind is Kind.DATE or any(field.key in keys for keys in ruled)


def _makings(db: Connection, campaign: Campaign, wish: _Wish) -> Iterator[_Making]:
    returned = _returned(db, wish)
    digests = {one.layout for form in returned for one in form.handed}
    layouts = {digest: _Printed(printed.load_layout(db, digest)) for digest in digests}
    rules = _Rules.of(campaign)
    known = _Known.of(db, campaign) if any(one.asks_record for one in layouts.values()) else None
    for chunk in _chunks(returned, _CHUNK):
        read, said = _load_read(db, chunk), _load_said(db, chunk)
        for form in chunk:
            yield _Making(form, layouts, rules, read, said, known)


def _chunks(items: Iterable[_Returned], size: int) -> Iterator[list[_Returned]]:
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk


# --- what came back ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wish:
    forms: Collection[str] | None
    cadres: Collection[str] | None
    subjects: Collection[Subject] | None
    serials: Collection[str] | None
    instances: Collection[str] | None
    round: int | None

    def conditions(self, db: Connection, resolved: Any) -> Iterator[ColumnElement[bool]]:
        if self.forms is not None:
            yield resolved.c.form.in_(self.forms)
        if self.cadres is not None:
            yield resolved.c.cadre.in_(self.cadres)
        if self.instances is not None:
            yield resolved.c.id.in_(self.instances)
        if self.round is not None:
            yield resolved.c.round == self.round
        if self.subjects is not None:
            pairs = [(subject.kind, subject.code) for subject in self.subjects]
            yield tuple_(resolved.c.subject_kind, resolved.c.subject).in_(pairs)
        if self.serials is not None:
            yield self._same_record(db, resolved)

    def _same_record(self, db: Connection, resolved: Any) -> ColumnElement[bool]:
        columns = resolved.c.round, resolved.c.form, resolved.c.subject_kind, resolved.c.subject
        query = (
            select(resolved.c.id, *columns)
            .join(sheets, sheets.c.instance == resolved.c.id)
            .where(sheets.c.serial.in_(self.serials or ()))
        )
        found = list(db.execute(query))
        keys = {tuple(row[1:]) for row in found if row.subject is not None}
        return or_(resolved.c.id.in_({row.id for row in found}), tuple_(*columns).in_(keys))


@dataclass(frozen=True)
class _Image:
    id: int
    serial: str
    page: int
    read: bool  # else it came back but could not be read
    read_at: datetime


@dataclass
class _Handed:
    """A form as it was handed out, its sheets by page, and their images."""

    id: str
    form: str
    version: int
    layout: str
    round: int
    subject: Subject | None
    cadre: str | None
    issued_at: datetime | None
    serials: dict[int, str] = field(default_factory=dict)
    images: list[_Image] = field(default_factory=list)


@dataclass
class _Returned:
    """The forms that make one record, the first handed out first."""

    key: str
    handed: list[_Handed]

    @property
    def main(self) -> _Handed:
        """The last handed out of those that came back: its version of the form is the record's."""
        return next(one for one in reversed(self.handed) if one.images)

    @property
    def images(self) -> list[_Image]:
        return [image for one in self.handed for image in one.images]

    @property
    def serials(self) -> list[str]:
        return [serial for one in self.handed for serial in one.serials.values()]


def _returned(db: Connection, wish: _Wish) -> list[_Returned]:
    resolved, mine = resolved_instances(), sheets.alias("mine")
    came_back = (
        select(mine.c.serial)
        .join(page_images, page_images.c.serial == mine.c.serial)
        .where(mine.c.instance == resolved.c.id)
        .correlate(resolved)
    )
    images = page_images
    query = (
        select(
            resolved,
            sheets.c.serial,
            sheets.c.page,
            images.c.id.label("image"),
            images.c.state,
            images.c.read_at,
        )
        .join(sheets, sheets.c.instance == resolved.c.id)
        .outerjoin(images, and_(images.c.serial == sheets.c.serial, is_current()))
        .where(came_back.exists(), ~resolved.c.void, *wish.conditions(db, resolved))
        .order_by(resolved.c.id, sheets.c.page, images.c.id)
    )
    handed: dict[str, _Handed] = {}
    for row in db.execute(query).all():
        one = handed.get(row.id)
        if one is None:
            subject = Subject(row.subject_kind, row.subject) if row.subject else None
            one = handed[row.id] = _Handed(
                row.id, row.form, row.version, row.layout, row.round, subject, row.cadre, row.issued_at
            )
        one.serials[row.page] = row.serial
        if row.image is not None:
            read = row.state in (READ, DUPLICATE)
            one.images.append(_Image(row.image, row.serial, row.page, read, row.read_at))
    return _together(handed.values())


def _together(handed: Iterable[_Handed]) -> list[_Returned]:
    """The forms about the same subject and round; each form about nobody is by itself."""
    groups: dict[tuple[str, int, str, str], list[_Handed]] = defaultdict(list)
    for one in handed:
        about = (one.subject.kind, one.subject.code) if one.subject else ("", one.id)
        groups[one.form, one.round, *about].append(one)
    named = (
        (record_name(form, round, group[0].subject, group[0].id), group)
        for (form, round, _, _), group in sorted(groups.items())
    )
    return [
        _Returned(name, sorted(group, key=_handed_out))
        for name, group in named
        if any(one.images for one in group)
    ]


def _handed_out(one: _Handed) -> tuple[bool, datetime | None, str]:
    return one.issued_at is None, one.issued_at, one.id


# --- what was read and said ----------------------------------------------------------------------

_Found = Mapping[tuple[str, str], list[Any]]
"""(serial, field) → what there is about it."""


def _load_read(db: Connection, chunk: Sequence[_Returned]) -> dict[tuple[str, str], list[Read]]:
    serial_of = {image.id: image.serial for form in chunk for image in form.images if image.read}
    latest = (
        select(func.max(decisions.c.id).label("id"), decisions.c.page_image)
        .where(decisions.c.page_image.in_(serial_of))
        .group_by(decisions.c.page_image)
        .subquery("latest")
    )
    query = (
        select(
            latest.c.page_image,
            readings.c.field,
            readings.c.value,
            readings.c.confidence,
            readings.c.doubt,
        )
        .join(readings, readings.c.decision == latest.c.id)
        .order_by(latest.c.page_image)
    )
    found: dict[tuple[str, str], list[Read]] = defaultdict(list)
    with uncollected():
        for image, key, value, confidence, doubt in db.execute(query).all():
            serial = serial_of[image]
            found[serial, key].append(Read(image, serial, value, confidence, doubt))
    return found


def _load_said(db: Connection, chunk: Sequence[_Returned]) -> dict[tuple[str, str], list[Said]]:
    serials = [serial for form in chunk for serial in form.serials]
    standing = standing_corrections().subquery()
    query = select(standing).where(standing.c.serial.in_(serials)).order_by(standing.c.id)
    found: dict[tuple[str, str], list[Said]] = defaultdict(list)
    for row in db.execute(query).all():
        said = Said(row.id, row.serial, row.value, row.who, row.blind, row.unreadable)
        found[row.serial, row.field].append(said)
    return found


# --- making a record -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Printed:
    """A layout that sheets were printed by: its form's fields, once for all records."""

    layout: Layout

    @cached_property
    def asked(self) -> tuple[Field, ...]:
        return tuple(self.layout.form.asked())

    @cached_property
    def required(self) -> tuple[Field, ...]:
        return tuple(f for f in self.asked if f.required is not Required.NO)

    @cached_property
    def dates(self) -> tuple[Field, ...]:
        return tuple(f for f in self.asked if f.kind is Kind.DATE)

    @cached_property
    def rules(self) -> tuple[tuple[checks.Rule, str], ...]:
        return tuple((checks.parse(check.expression), check.message) for check in self.layout.form.checks)

    @property
    def asks_record(self) -> bool:
        return any(rule.asks_record for rule, _ in self.rules)

    @cached_property
    def keys_on_page(self) -> Mapping[int, tuple[str, ...]]:
        return {
            page: tuple(f.key for f in self.layout.fields_on_page(page) if f.kind is not Kind.PREFILL)
            for page in range(1, self.layout.pages + 1)
        }


@dataclass(frozen=True)
class _Rules:
    """What of the campaign's settings records depend on."""

    thresholds: Mapping[Kind, float]
    window: Callable[[int], Window]

    @staticmethod
    def of(campaign: Campaign) -> _Rules:
        thresholds = {kind: campaign.acceptance.threshold(kind) for kind in Kind}
        return _Rules(thresholds, campaign.window)


@dataclass(frozen=True)
class _Known:
    """What rules may ask for beside the form: the roster's facts, and when issues were handed over."""

    facts: Facts
    issued: Mapping[str, str]

    @staticmethod
    def of(db: Connection, campaign: Campaign) -> _Known:
        return _Known(Facts.without_households(db, campaign), opinions.slips_issued(db))

    def about(self, subject: Subject) -> Mapping[str, str]:
        if subject.kind == "issue":
            return {"subject.issued_date": self.issued.get(subject.code, "")}
        return self.facts.about(subject, None)


class _Making:
    """One record in the making."""

    def __init__(
        self,
        returned: _Returned,
        layouts: Mapping[str, _Printed],
        rules: _Rules,
        read: _Found,
        said: _Found,
        known: _Known | None,
    ) -> None:
        self.returned, self.layouts, self.rules = returned, layouts, rules
        self.read, self.said, self.known = read, said, known
        self.main = returned.main
        self.printed = layouts[self.main.layout]
        self.form = self.printed.layout.form
        self.problems: list[str] = []

    def record(self) -> Record:
        answers = self._judge_all()
        self._require(answers)
        self._check(answers)
        return Record(
            record=self.returned.key,
            form=self.main.form,
            form_version=self.main.version,
            subject=self.main.subject,
            cadre=self.main.cadre,
            round=self.main.round,
            completed=self._says_completed(answers),
            missing_pages=self._missing_pages(),
            answers=answers,
            serials=self.main.serials,
            problems=tuple(self.problems),
            fields={f.key: f for f in self._asked},
        )

    def amiss(self, key: str, value: Value) -> list[str]:
        answers = self._judge_all()
        settled = {k: a.value for k, a in answers.items() if a.status is not Status.NEEDS_REVIEW}
        return [words for keys, words in self._amiss(settled | {key: value}) if key in keys]

    def _missing_pages(self) -> tuple[int, ...]:
        read = {image.page for image in self.returned.images if image.read}
        unreadable = {image.page for image in self.returned.images} - read
        self.problems += (f"第 {page} 页已交回，但无法识读，请重新扫描" for page in sorted(unreadable))
        return tuple(sorted(set(self.main.serials) - read))

    # --- fields ---

    def _judge_all(self) -> dict[str, Answer]:
        asked = self._asked
        answers = {f.key: self._judge(f) for f in asked}
        if any(answer.reason == TWO_SCANS for answer in answers.values()):
            self._doubt_copies(asked, answers)
        return answers

    @cached_property
    def _asked(self) -> list[Field]:
        """The fields of the form, and those that only other versions of it have."""
        found = {f.key: f for f in self.printed.asked}
        for one in self.returned.handed:
            if one.layout != self.main.layout:
                found = {f.key: f for f in self.layouts[one.layout].asked} | found
        return [f for key, f in found.items() if key in self.sheets_of_field]

    def _judge(self, f: Field) -> Answer:
        read, said = self._evidence(f.key)
        if not read and not said and not self._page_read(f.key):
            return Answer(blank_value(f.kind), Status.MISSING, 0.0, self.sheets_of_field[f.key][-1])
        return judge(f, read, said, self.rules.thresholds[f.kind])

    def _evidence(self, key: str) -> tuple[list[Read], list[Said]]:
        """What was read and said of a field, on all sheets that have it."""
        serials = self.sheets_of_field.get(key, ())
        if len(serials) == 1:
            at = serials[0], key
            return self.read.get(at, []), self.said.get(at, [])
        read = [one for serial in serials for one in self.read.get((serial, key), ())]
        said = [one for serial in serials for one in self.said.get((serial, key), ())]
        return read, sorted(said, key=lambda one: one.number)

    @cached_property
    def sheets_of_field(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for one in self.returned.handed:
            for page, serial in one.serials.items():
                for key in self.layouts[one.layout].keys_on_page[page]:
                    found[key].append(serial)
        return found

    def _page_read(self, key: str) -> bool:
        serials = self.sheets_of_field.get(key, ())
        return any(image.read and image.serial in serials for image in self.returned.images)

    def _doubt_copies(self, asked: Iterable[Field], answers: dict[str, Answer]) -> None:
        """The images of this form differ: then nothing on which they differ at all is taken for sure."""
        differing: list[str] = []
        for f in asked:
            answer, (_, said) = answers[f.key], self._evidence(f.key)
            if answer.scans and not said and f.kind is not Kind.SIGNATURE:
                answers[f.key] = replace(answer, status=Status.NEEDS_REVIEW, reason=TWO_SCANS)
                differing.append(f.label)
        if differing:
            self.problems.append(f"{TWO_SCANS}（{'、'.join(differing)}），可能是复印件，请核对")

    # --- rules ---

    def _require(self, answers: dict[str, Answer]) -> None:
        """A blank where an answer is required."""
        completed = self._is_completed(answers)
        for f in self.printed.required:
            wanted = f.required is Required.ALWAYS or completed
            answer = answers.get(f.key)
            if wanted and answer is not None and answer.status is Status.BLANK:
                answers[f.key] = replace(answer, status=Status.NEEDS_REVIEW, reason=REQUIRED)

    def _is_completed(self, answers: Mapping[str, Answer]) -> bool:
        """The form says, and for sure, that the visit took place."""
        key = self.form.completed[0] if self.form.completed else ""
        sure = key not in answers or answers[key].status is not Status.NEEDS_REVIEW
        return sure and self._says_completed(answers)

    def _says_completed(self, answers: Mapping[str, Answer]) -> bool:
        if self.form.completed is None:
            return True
        key, option = self.form.completed
        return key in answers and answers[key].value == option

    def _check(self, answers: dict[str, Answer]) -> None:
        for keys, message in self._amiss({key: answer.value for key, answer in answers.items()}):
            self._fail(answers, keys, message)

    def _amiss(self, values: Mapping[str, Value]) -> Iterator[tuple[Collection[str], str]]:
        """What is wrong with these values: the keys of those concerned, and why, in words for the clerk."""
        yield from self._broken_rules(values)
        yield from self._impossible_dates(values)

    def _broken_rules(self, values: Mapping[str, Value]) -> Iterator[tuple[Collection[str], str]]:
        known: Mapping[str, Value] = {}
        if self.known and self.main.subject and self.printed.asks_record:
            known = self.known.about(self.main.subject)
        for rule, message in self.printed.rules:
            if rule.holds({**values, **known}) is False:
                yield rule.keys, message + _compared(rule, values, known)

    def _fail(self, answers: dict[str, Answer], keys: Iterable[str], message: str) -> None:
        """Send the fields that no person has settled to review; if people settled all, say so at least."""
        open_keys = [
            key
            for key in sorted(keys)
            if key in answers and answers[key].status not in (Status.CORRECTED, Status.MISSING)
        ]
        for key in open_keys:
            reason = answers[key].reason or message
            answers[key] = replace(answers[key], status=Status.NEEDS_REVIEW, reason=reason)
        if not open_keys:
            self.problems.append(message)

    def _impossible_dates(self, values: Mapping[str, Value]) -> Iterator[tuple[Collection[str], str]]:
        """Dates lie within the round and not after the scan (domain.md §2)."""
        start, end = self.rules.window(self.main.round)
        scanned = max((image.read_at.date() for image in self.returned.images), default=date.max)
        for f in self.printed.dates:
            try:
                written = date.fromisoformat(str(values.get(f.key)))
            except ValueError:
                continue
            late = written > (end or date.max) and "issue" not in self.form.subject_kinds
            if written < (start or date.min) or late:  # what was handed over may take longer than the visits
                yield [f.key], OUTSIDE_CAMPAIGN
            elif scanned < date.max and written > scanned + _SLACK:
                yield [f.key], AFTER_SCAN


def _compared(rule: checks.Rule, values: Mapping[str, Value], known: Mapping[str, Value]) -> str:
    """The numbers of the roster and of the form that a broken rule is about: `（名册 5，表上 14）`."""
    on_roster, on_form = (
        [str(some[key]) for key in sorted(rule.keys) if str(some.get(key)).isdigit()]
        for some in (known, values)
    )
    return f"（名册 {'、'.join(on_roster)}，表上 {'、'.join(on_form)}）" if on_roster and on_form else ""
