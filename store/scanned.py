"""What came back: files, page images, what was seen and read on them, what people corrected.

Everything here is only ever added. A page image is stored in one transaction with all that was seen on
it, and a file's outcome after its last page, so that an interrupted run goes on where it stopped:

    batch = start_batch(db, ...)
    scan = add_scan(db, batch, sha256, name, size)     # known, perhaps complete, perhaps half done
    save_page(db, batch, sha256, number, result)       # for each number not in scan.done, each of its sheets
    complete_scan(db, sha256, pages)
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from pydantic_core import from_json, to_json, to_jsonable_python
from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from forms.model import Value
from store.database import insert_one
from store.model import (
    Correction,
    PageInfo,
    ProblemInfo,
    SavedPage,
    ScanInfo,
    SeenPage,
    SeenReading,
    StoredReading,
)
from store.printed import void_reason
from store.schema import (
    batches,
    corrections,
    decisions,
    measurements,
    now,
    page_images,
    problems,
    readings,
    scan_outcomes,
    scans,
    settlements,
    sheets,
    withdrawals,
)

READ, DUPLICATE, VOID = "read", "duplicate", "void"
COMPLETE = "complete"

# --- files ---------------------------------------------------------------------------------------


def start_batch(db: Connection, source: str, who: str) -> int:
    """Begin a batch: one run of scanning. Returns its number."""
    return insert_one(db, batches, started_at=now(), source=source, who=who)


def add_scan(db: Connection, batch: int, sha256: str, name: str, size: int) -> ScanInfo:
    """Take a file in by the SHA-256 of its bytes; one that arrived before comes back as it stands."""
    known = scan(db, sha256)
    if known is not None:
        return known
    values = {"sha256": sha256, "batch": batch, "name": name, "bytes": size, "received_at": now()}
    db.execute(insert(scans).values(values))
    return ScanInfo(sha256, batch, name, size, None, None, "", frozenset(), known=False)


def scan(db: Connection, sha256: str) -> ScanInfo | None:
    """A file that came in, None when it never did."""
    row = db.execute(select(scans).where(scans.c.sha256 == sha256)).first()
    if row is None:
        return None
    outcomes = select(scan_outcomes).where(scan_outcomes.c.scan == sha256)
    outcome = db.execute(outcomes.order_by(scan_outcomes.c.id.desc()).limit(1)).first()
    done = db.scalars(select(page_images.c.number).where(page_images.c.scan == sha256))
    return ScanInfo(
        sha256=sha256,
        batch=row.batch,
        name=row.name,
        bytes=row.bytes,
        outcome=outcome.kind if outcome else None,
        pages=outcome.pages if outcome else None,
        message=outcome.message if outcome else "",
        done=frozenset(done),
        known=True,
    )


def complete_scan(db: Connection, sha256: str, pages: int) -> None:
    """All `pages` images of the file are stored."""
    db.execute(insert(scan_outcomes).values(scan=sha256, pages=pages, kind=COMPLETE, message="", at=now()))


def unfinished(db: Connection) -> list[str]:
    """The files whose reading was begun and has not ended."""
    ended = select(scan_outcomes.c.scan)
    return list(db.scalars(select(scans.c.sha256).where(scans.c.sha256.not_in(ended))))


def reject_scan(db: Connection, batch: int, sha256: str, kind: str, message: str) -> None:
    """The file cannot be read; `message` tells the clerk why and what to do. It becomes a problem too."""
    db.execute(insert(scan_outcomes).values(scan=sha256, pages=None, kind=kind, message=message, at=now()))
    add_problem(db, kind, message, batch=batch, scan=sha256)


# --- pages ---------------------------------------------------------------------------------------


def save_page(
    db: Connection, batch: int, sha256: str, number: int, result: SeenPage, part: int = 1
) -> SavedPage:
    """Store one sheet on an image of a file with everything that was seen on it.

    A sheet that was read before, on another image, becomes a `duplicate`: both are kept, and records
    are derived from both (`campaign.records`). One that was declared void becomes `void` and counts for
    nothing. Storing the same `part` of an image (its sheets, from 1) again replaces the earlier look.
    """
    state = str(result.state)
    earlier: tuple[int, ...] = ()
    if state == READ and result.serial:
        earlier = _read_before(db, (sha256, number, part), result.serial)
        state = VOID if _is_void(db, result.serial) else DUPLICATE if earlier else READ
    page_image = insert_one(
        db,
        page_images,
        scan=sha256,
        number=number,
        part=part,
        batch=batch,
        state=state,
        serial=result.serial,
        form=result.form,
        page=result.page,
        turned=result.turned,
        registration=to_jsonable_python(result.registration, fallback=_plain),
        read_at=now(),
    )
    if result.measurements:
        data = zlib.compress(to_json(result.measurements, fallback=_plain))
        db.execute(insert(measurements).values(page_image=page_image, data=data))
    if result.readings:
        add_decision(db, page_image, result.readings)
    for problem in result.problems:
        add_problem(
            db,
            problem.kind,
            problem.message,
            batch=batch,
            scan=sha256,
            page_image=page_image,
            serial=result.serial,
        )
    return SavedPage(page_image, state, earlier)


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item()


def _read_before(db: Connection, image: tuple[str, int, int], serial: str) -> tuple[int, ...]:
    query = current_pages().where(
        page_images.c.serial == serial,
        page_images.c.state.in_((READ, DUPLICATE)),
    )
    rows = db.execute(query.order_by(page_images.c.id))
    return tuple(row.id for row in rows if (row.scan, row.number, row.part) != image)


def _is_void(db: Connection, serial: str) -> bool:
    instance = db.scalar(select(sheets.c.instance).where(sheets.c.serial == serial))
    return instance is not None and void_reason(db, instance) is not None


def is_current() -> ColumnElement[bool]:
    """Whether a row of `page_images` is the last look at its sheet on its image."""
    later = page_images.alias("later")
    replaced = select(later.c.id).where(
        later.c.scan == page_images.c.scan,
        later.c.number == page_images.c.number,
        later.c.part == page_images.c.part,
        later.c.id > page_images.c.id,
    )
    return ~replaced.correlate(page_images).exists()


def current_pages() -> Select[Any]:
    """Page images, without those that a later look at the same has replaced."""
    return select(page_images).where(is_current())


def add_decision(db: Connection, page_image: int, read: Sequence[SeenReading]) -> int:
    """Store what was decided of a page's measurements; the latest decision counts. Returns its number."""
    decision = insert_one(db, decisions, page_image=page_image, decided_at=now())
    rows = [
        {
            "decision": decision,
            "field": reading.field,
            "value": reading.value,
            "confidence": float(reading.confidence),
            "alternatives": [[value, float(p)] for value, p in reading.alternatives] or None,
            "engine": reading.engine,
            "doubt": reading.doubt,
        }
        for reading in read
    ]
    if rows:
        db.execute(insert(readings), rows)
    return decision


def page(db: Connection, page_image: int) -> PageInfo | None:
    """A page image, even one that was replaced."""
    row = db.execute(select(page_images).where(page_images.c.id == page_image)).first()
    return PageInfo(**row._mapping) if row else None


def earlier_look(db: Connection, page: PageInfo, states_not: Collection[str]) -> PageInfo | None:
    """The last look at the same before this one that is in none of these states."""
    query = (
        select(page_images)
        .where(
            page_images.c.scan == page.scan,
            page_images.c.number == page.number,
            page_images.c.part == page.part,
            page_images.c.id < page.id,
            page_images.c.state.not_in(list(states_not)),
        )
        .order_by(page_images.c.id.desc())
    )
    row = db.execute(query.limit(1)).first()
    return PageInfo(**row._mapping) if row else None


def pages(
    db: Connection,
    *,
    batch: int | None = None,
    scan: str | None = None,
    serial: str | None = None,
    states: Iterable[str] | None = None,
) -> list[PageInfo]:
    """The page images that answer all that is asked, oldest first."""
    query = current_pages().order_by(page_images.c.id)
    if batch is not None:
        query = query.where(page_images.c.batch == batch)
    if scan is not None:
        query = query.where(page_images.c.scan == scan)
    if serial is not None:
        query = query.where(page_images.c.serial == serial)
    if states is not None:
        query = query.where(page_images.c.state.in_(list(states)))
    return [PageInfo(**row._mapping) for row in db.execute(query)]


def count_states(db: Connection, batch: int | None = None) -> dict[str, int]:
    """Page state → number of page images, of a batch or of all."""
    current = current_pages()
    if batch is not None:
        current = current.where(page_images.c.batch == batch)
    found = current.subquery()
    query = select(found.c.state, func.count().label("pages")).group_by(found.c.state)
    return {row.state: row.pages for row in db.execute(query)}


def load_measurements(db: Connection, page_image: int) -> list[dict[str, Any]]:
    """What was seen on a page: `ingest.model.Measurement`s as plain data, for deciding again."""
    data = db.scalar(select(measurements.c.data).where(measurements.c.page_image == page_image))
    found: list[dict[str, Any]] = from_json(zlib.decompress(data)) if data else []
    return found


def load_readings(db: Connection, page_image: int) -> list[StoredReading]:
    """The latest decision on a page."""
    latest = select(func.max(decisions.c.id)).where(decisions.c.page_image == page_image)
    query = select(readings).where(readings.c.decision == latest.scalar_subquery())
    return [
        StoredReading(
            page_image=page_image,
            field=row.field,
            value=row.value,
            confidence=row.confidence,
            alternatives=tuple((value, p) for value, p in row.alternatives or ()),
            engine=row.engine,
            doubt=row.doubt,
        )
        for row in db.execute(query)
    ]


# --- corrections ---------------------------------------------------------------------------------


def add_correction(
    db: Connection,
    serial: str,
    field: str,
    value: Value,
    who: str,
    *,
    blind: bool = False,
    unreadable: bool = False,
) -> Correction:
    """Note what a person says of a field: see `store.model.Correction`.

    Raises sqlalchemy.exc.IntegrityError when there is no such sheet.
    """
    said = Correction(serial, field, value, who, now(), blind, unreadable)
    db.execute(insert(corrections).values(vars(said)))
    return said


def standing_corrections() -> Select[Any]:
    """Corrections, without those that were taken back."""
    return select(corrections).where(corrections.c.id.not_in(select(withdrawals.c.correction)))


def load_corrections(db: Connection, serial: str) -> list[Correction]:
    """What people said of a sheet and did not take back, oldest first."""
    query = standing_corrections().where(corrections.c.serial == serial).order_by(corrections.c.id)
    return [_correction(row) for row in db.execute(query)]


def corrections_by_field(db: Connection) -> dict[tuple[str, str], list[Correction]]:
    """Serial and field → what people said of it and did not take back, oldest first; of all sheets."""
    found: dict[tuple[str, str], list[Correction]] = {}
    for row in db.execute(standing_corrections().order_by(corrections.c.id)):
        found.setdefault((row.serial, row.field), []).append(_correction(row))
    return found


def _correction(row: Any) -> Correction:
    return Correction(row.serial, row.field, row.value, row.who, row.at, row.blind, row.unreadable)


# --- problems ------------------------------------------------------------------------------------


def add_problem(
    db: Connection,
    kind: str,
    message: str,
    *,
    batch: int | None = None,
    scan: str | None = None,
    page_image: int | None = None,
    serial: str | None = None,
) -> int:
    """Note something that a clerk must look at. Returns its number."""
    return insert_one(
        db,
        problems,
        kind=kind,
        message=message,
        batch=batch,
        scan=scan,
        page_image=page_image,
        serial=serial,
        at=now(),
    )


def settle_problem(db: Connection, problem: int, who: str, note: str = "") -> None:
    """Note that a person has dealt with a problem. Settling it again changes nothing."""
    if db.scalar(select(settlements.c.problem).where(settlements.c.problem == problem)) is None:
        db.execute(insert(settlements).values(problem=problem, who=who, note=note, at=now()))


def load_problems(
    db: Connection, *, batch: int | None = None, serial: str | None = None, settled: bool | None = None
) -> list[ProblemInfo]:
    """Problems with where they are, oldest first; `settled` None: both."""
    query = (
        select(
            problems,
            scans.c.name.label("file"),
            page_images.c.number,
            page_images.c.part,
            settlements.c.problem.is_not(None).label("settled"),
        )
        .outerjoin(scans, scans.c.sha256 == problems.c.scan)
        .outerjoin(page_images, page_images.c.id == problems.c.page_image)
        .outerjoin(settlements, settlements.c.problem == problems.c.id)
        .order_by(problems.c.id)
    )
    if batch is not None:
        query = query.where(problems.c.batch == batch)
    if serial is not None:
        query = query.where(problems.c.serial == serial)
    if settled is not None:
        found = settlements.c.problem
        query = query.where(found.is_not(None) if settled else found.is_(None))
    return [ProblemInfo(**row._mapping) for row in db.execute(query)]
