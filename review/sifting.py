"""Which fields need a person: looks at the records that changed since it last looked, and opens tasks.

What needs a person is for `campaign.judge` to say; here that becomes tasks that people can take. A field
has at most one open task. The sample of accepted fields is drawn by a keyed hash of sheet and field:
random to everyone, and the same however often it is drawn.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from campaign.judge import FIRST_KEYING, KEYING_DIFFERS, KEYINGS_DIFFER, SECOND_KEYING, Answer, Status
from campaign.quality import CLASS_OF
from campaign.records import Record, records
from forms.model import Field, Kind
from review.access import area_of
from review.office import Office
from store import printed, scanned, work
from store.schema import now
from store.work import DONE, FIRST, KEY, OPEN, REFERRED, SAMPLE, SECOND, THIRD, NewTask, Task

AT_ONCE = 50
"""Pages looked at together: what is known of them is then as old as a third of a second."""
_OVERTAKEN = 1000
"""Transactions of several scans may end in another order than their decisions are numbered in."""
GRID_KINDS = (Kind.SINGLE, Kind.MULTIPLE, Kind.DIGITS)
"""What can be judged in a grid. Unknown handwriting needs its context (EVIDENCE, What people ask)."""
_KIND_OF = {FIRST_KEYING: FIRST, SECOND_KEYING: SECOND, KEYINGS_DIFFER: THIRD, KEYING_DIFFERS: THIRD}
"""What is asked next, by why an answer needs review; for all other reasons, KEY."""


def sift(office: Office) -> int:
    """Bring the tasks up to date. Returns how many pages were looked at."""
    rule = hashlib.sha256(office.campaign.model_dump_json().encode()).hexdigest()[:16]
    total = 0
    while found := _sift_some(office, rule):
        total += found
    return total


def _sift_some(office: Office, rule: str) -> int:
    """Looks without keeping anybody waiting; then writes down what came of it, but nothing about a record
    with which a clerk was faster: it is looked at again."""
    with office.store.read() as db:
        decided = work.unsifted(db, rule, AT_ONCE, office.sifted_to.get(rule, 0))
        serials = {serial for _, serial in decided} | set(work.stirred(db, AT_ONCE))
        if not decided:
            office.sifted_to[rule] = max(0, work.last_decision(db) - _OVERTAKEN)
        if not serials:
            return 0
        plans = [
            _Sifting(office, db, record).plan() for record in records(db, office.campaign, serials=serials)
        ]
    planned = set[str]()
    with office.store.write() as db:
        for plan in plans:
            if _stages(work.tasks_of(db, plan.serials)) == plan.before:
                work.drop_tasks(db, plan.stale)
                work.open_tasks(db, plan.new)
                planned |= plan.serials
        about = {serial for plan in plans for serial in plan.serials}
        done = serials - (about - planned)  # sheets without a record ask nothing
        work.mark_sifted(db, (decision for decision, serial in decided if serial in done), rule)
        work.calm(db, done)
    return len(done)


@dataclass(frozen=True)
class _Plan:
    """What is to become of a record's tasks, as they stood `before`."""

    serials: set[str]
    before: list[tuple[int, str]]
    stale: list[int]
    new: list[NewTask]


def _stages(tasks: Iterable[Task]) -> list[tuple[int, str]]:
    return [(task.id, task.state) for task in tasks]


@dataclass(frozen=True)
class _Place:
    """Where a field is answered: on which image of which sheet, and who may see it."""

    serial: str
    page_image: int
    area: str
    field: Field


class _Sifting:
    """One record: what its answers call for, against what is asked already."""

    def __init__(self, office: Office, db: Connection, record: Record) -> None:
        self.office, self.db, self.record = office, db, record
        tasks = work.tasks_of(db, self._serials())
        self.before = _stages(tasks)
        self.pending = {task.field: task for task in tasks if task.state in (OPEN, REFERRED)}
        self.sampled = {task.field for task in tasks if task.kind == SAMPLE and task.state == DONE}

    def _serials(self) -> set[str]:
        answered = {answer.serial for answer in self.record.answers.values() if answer.serial}
        return answered | set(self.record.serials.values())

    def plan(self) -> _Plan:
        asked = ((key, self._needs(key, answer)) for key, answer in self.record.answers.items())
        wanted = {key: kind for key, kind in asked if kind}
        stale = [task.id for key, task in self.pending.items() if not self._stands(task, wanted.get(key))]
        kept = {key for key, task in self.pending.items() if task.id not in stale}
        return _Plan(self._serials(), self.before, stale, list(self._new(wanted, kept)))

    def _needs(self, key: str, answer: Answer) -> str | None:
        if answer.status is Status.NEEDS_REVIEW:
            return _KIND_OF.get(answer.reason, KEY)
        accepted = answer.status in (Status.ACCEPTED, Status.BLANK) and answer.page_image is not None
        counts = accepted and self.record.fields[key].kind in CLASS_OF
        if not counts or key in self.sampled or answer.serial is None:
            return None
        drawn = _drawn(self.office, answer.serial, key) < self.office.campaign.review.blind_sample
        return SAMPLE if drawn else None

    def _stands(self, task: Task, kind: str | None) -> bool:
        """Whether an open task still asks what is to be asked. What someone has in hand is left to them."""
        if kind != task.kind:
            return False
        answer = self.record.answers[task.field]
        in_hand = task.state == REFERRED or bool(task.held_until and task.held_until > now())
        images = answer.page_image, *_beside(answer)
        same = task.images == images and task.value == answer.value
        return in_hand or answer.page_image is None or same

    def _new(self, wanted: Mapping[str, str], kept: Iterable[str]) -> Iterator[NewTask]:
        for key, kind in wanted.items():
            place = self._place(key) if key not in kept else None
            if place is None:
                continue
            answer = self.record.answers[key]
            doubt = answer.reason if kind in (KEY, THIRD) else ""
            yield NewTask(
                kind,
                place.area,
                place.serial,
                place.page_image,
                self.record.form,
                key,
                place.field.kind,
                answer.value,
                _alike(self.record.form, place.field, kind, answer),
                doubt,
                _beside(answer),
            )

    def _place(self, key: str) -> _Place | None:
        """None when the sheet has no image on which a person could look."""
        answer = self.record.answers[key]
        serials = [answer.serial] if answer.serial else list(self.record.serials.values())
        for serial in serials:
            sheet = printed.sheet(self.db, serial)
            if sheet is None:
                continue
            layout = self.office.layout(sheet.layout)
            field = next((f for f in layout.fields_on_page(sheet.page) if f.key == key), None)
            page_image = answer.page_image or self._latest_image(serial)
            if field is None or page_image is None:
                continue
            return _Place(serial, page_image, area_of(layout, sheet.page), field)
        return None

    def _latest_image(self, serial: str) -> int | None:
        found = scanned.pages(self.db, serial=serial, states=(scanned.READ, scanned.DUPLICATE))
        return found[-1].id if found else None


def _drawn(office: Office, serial: str, field: str) -> float:
    """A number in [0, 1) that is this field's own."""
    digest = hmac.digest(office.key.secret, f"sample {serial} {field}".encode(), "sha256")
    return int.from_bytes(digest[:8], "big") / 2**64


def _beside(answer: Answer) -> tuple[int, ...]:
    """The other images that must be seen, because not all of them say the same."""
    return tuple(one.page_image for one in answer.scans if one.page_image != answer.page_image)


def _alike(form: str, field: Field, kind: str, answer: Answer) -> str:
    """The grid that a task belongs in, "" when it must be looked at alone."""
    if kind != KEY or field.kind not in GRID_KINDS or answer.scans:
        return ""
    text = work.alike_text(form, field.key, field.kind, field.cells, answer.value)
    return text if len(text) <= work.ALIKE_LENGTH else ""
