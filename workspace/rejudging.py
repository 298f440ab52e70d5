"""Decides again what was measured before: new curves, thresholds, word lists and dates judge old pages.

Nothing that a person said changes: corrections stand over every reading (`campaign.judge`). What a page
was read as before is kept; the latest decision counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from campaign.arrivals import keep_page
from campaign.config import Acceptance
from campaign.judge import is_sure
from campaign.quality import CLASS_NAMES, CLASS_OF
from forms.model import Form, Kind
from ingest.confidence import Calibration
from ingest.decide import decide, doubted_by_hand
from ingest.model import Measurement, PageResult, PageState, Reading, Shelf
from ingest.register import BY_HAND
from store import PageInfo, Store, StoredReading, audit, scanned
from workspace.folder import Workspace
from workspace.pool import PageTask, Pool
from workspace.scanning import build_shelf

_MEASUREMENTS = TypeAdapter(tuple[Measurement, ...])
_AT_ONCE = 200
"""Pages written in one transaction."""
_READ = (scanned.READ, scanned.DUPLICATE)
_NOT_READ = (PageState.UNKNOWN, PageState.FOREIGN, PageState.UNREADABLE)


@dataclass(frozen=True)
class Measured:
    """A page with what was seen on it."""

    page: PageInfo
    form: Form
    seen: tuple[Measurement, ...]

    def decide(self, shelf: Shelf, calibration: Calibration | None = None) -> tuple[Reading, ...]:
        """`calibration` instead of the shelf's."""
        chosen = calibration or shelf.calibration
        readings = decide(self.form, self.seen, shelf.vocabularies, chosen, shelf.days)
        by_hand = (self.page.registration or {}).get("found_from") == BY_HAND
        return doubted_by_hand(readings) if by_hand else readings


NAMES = {**CLASS_NAMES, "signature": "签名"}
"""What the classes of fields are called whose readings change."""


@dataclass
class Changes:
    """What deciding again changed. Counters have classes of fields: those of `NAMES`.

    values    fields that are read as something else now
    accepted  fields that needed a person and no longer do
    review    fields that were accepted and now need a person
    said      fields among all these of which a person has spoken: their answer stays
    better    pages that could be read now, and could not before
    """

    pages: int = 0
    changed: int = 0
    better: int = 0
    values: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    review: Counter[str] = field(default_factory=Counter)
    said: int = 0

    def touches(self, name: str) -> bool:
        """Whether any field of this class changed."""
        return bool(self.values[name] or self.accepted[name] or self.review[name])


OnPage = Callable[[int, int], None]


def redecide(workspace: Workspace, store: Store, on_page: OnPage = lambda done, total: None) -> Changes:
    """Judge every page that was read once more from its stored measurements."""
    shelf, changes = build_shelf(workspace, store), Changes()
    with store.read() as db:
        pages, said = scanned.pages(db, states=_READ), frozenset(scanned.corrections_by_field(db))
    for start in range(0, len(pages), _AT_ONCE):
        with store.write() as db:
            for measured in measured_pages(db, pages[start : start + _AT_ONCE], shelf):
                before = scanned.load_readings(db, measured.page.id)
                after = measured.decide(shelf)
                if _differ(before, after):
                    scanned.add_decision(db, measured.page.id, after)
                    _count(changes, measured, before, after, said, workspace.campaign.acceptance)
        changes.pages = min(start + _AT_ONCE, len(pages))
        on_page(changes.pages, len(pages))
    _note(workspace, store, "scan.redecide", changes)
    return changes


def reread(
    workspace: Workspace, store: Store, pool: Pool, on_page: OnPage = lambda done, total: None
) -> Changes:
    """Look at every kept image again, as a new version may see more.

    A page keeps its old look unless the new one finds the same sheet, or a sheet where none was found:
    what a person told about a page is not lost.
    """
    shelf, changes = build_shelf(workspace, store), Changes()
    with store.read() as db:
        pages = scanned.pages(db, states=(*_READ, *_NOT_READ))
        said = frozenset(scanned.corrections_by_field(db))
        names = {name: scanned.scan(db, name) for name in {page.scan for page in pages}}
    images: dict[tuple[str, int], list[PageInfo]] = defaultdict(list)
    for page in pages:
        images[page.scan, page.number].append(page)
    tasks = [
        PageTask(workspace.original(scan), scan, info.name, number, info.pages or number)
        for scan, number in images
        if (info := names[scan])
    ]
    on_page(0, len(tasks))
    for done, (task, results) in enumerate(pool.read_pages(tasks, shelf) if tasks else (), 1):
        for before, after in _matched(images[task.scan, task.number], results):
            _replace(workspace, store, shelf, changes, before, after, said)
        changes.pages = done
        on_page(done, len(tasks))
    _note(workspace, store, "scan.reread", changes)
    return changes


def _matched(
    pages: Sequence[PageInfo], results: Sequence[PageResult]
) -> Iterator[tuple[PageInfo, PageResult]]:
    """Which sheet found now is which that was known of the image; a sheet that nothing was read of may
    turn out to be any."""
    known = {page.serial: page for page in pages if page.state in _READ}
    unread = [page for page in pages if page.state not in _READ]
    for result in results:
        if result.state != PageState.READ:
            continue
        if result.serial in known:
            yield known[result.serial], result
        elif unread:
            yield unread.pop(0), result


def _replace(
    workspace: Workspace,
    store: Store,
    shelf: Shelf,
    changes: Changes,
    page: PageInfo,
    result: PageResult,
    said: frozenset[tuple[str, str]],
) -> None:
    acceptance = workspace.campaign.acceptance
    digest, _ = shelf.sheets[result.serial or ""]
    with store.write() as db:
        before = scanned.load_readings(db, page.id)
        seen = _MEASUREMENTS.validate_python(scanned.load_measurements(db, page.id))
        differs = _differ(before, result.readings)
        if page.state in _READ and seen == result.measurements and not differs:
            return  # nothing that is worth keeping twice
        keep_page(db, page.batch, page.scan, page.number, result, acceptance, page.part)
    changes.better += page.state not in _READ
    if differs:
        measured = Measured(page, shelf.layouts[digest].layout.form, result.measurements)
        _count(changes, measured, before, result.readings, said, acceptance)


def measured_pages(db: Connection, pages: Sequence[PageInfo], shelf: Shelf) -> Iterator[Measured]:
    """Those of which measurements are stored."""
    for page in pages:
        if page.serial and page.serial in shelf.sheets:
            digest, _ = shelf.sheets[page.serial]
            seen = _MEASUREMENTS.validate_python(scanned.load_measurements(db, page.id))
            if seen:
                yield Measured(page, shelf.layouts[digest].layout.form, seen)


def _differ(before: Sequence[StoredReading], after: Sequence[Reading]) -> bool:
    return {one.field: _what_counts(one) for one in before} != {one.field: _what_counts(one) for one in after}


def _what_counts(reading: StoredReading | Reading) -> tuple[Any, ...]:
    alternatives = [[value, round(p, 6)] for value, p in reading.alternatives]
    return reading.value, round(reading.confidence, 6), alternatives, reading.doubt


def _count(
    changes: Changes,
    measured: Measured,
    before: Sequence[StoredReading],
    after: Sequence[Reading],
    said: frozenset[tuple[str, str]],
    acceptance: Acceptance,
) -> None:
    changes.changed += 1
    kinds: Mapping[str, Kind] = {f.key: f.kind for f in measured.form.asked()}
    old = {one.field: one for one in before}
    for new in after:
        kind = kinds[new.field]
        was = old.get(new.field)
        if was is None:
            continue
        threshold, name = acceptance.threshold(kind), CLASS_OF.get(kind, str(kind))
        was_sure = is_sure(was.confidence, was.doubt, threshold)
        now_sure = is_sure(new.confidence, new.doubt, threshold)
        if was.value == new.value and was_sure == now_sure:
            continue
        changes.said += (measured.page.serial or "", new.field) in said
        changes.values[name] += was.value != new.value
        changes.accepted[name] += now_sure and not was_sure
        changes.review[name] += was_sure and not now_sure


def _note(workspace: Workspace, store: Store, action: str, changes: Changes) -> None:
    detail = {"pages": changes.pages, "changed": changes.changed, "values": sum(changes.values.values())}
    with store.write() as db:
        audit.note(db, workspace.who, action, detail)
