"""Erases what is known of one subject who asks for it: one household, firm, project or notable.

Whether, when and how the visit took place stays, and what sort of matter was raised: that is the town's own
work. Everything else that was read or said of them goes; a correction then says of each such answer that it
was erased, and stands over whatever there was. `pictures` says what of which scans has to go with it.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection, delete, or_, select, update

from campaign.erasing import erase_reasons, erase_roster
from campaign.judge import is_blank
from campaign.ledger import DIARY
from campaign.personal import ERASED, is_erased, is_personal
from forms.errors import ClerkError
from forms.model import Field, Form, Kind
from layouts.model import Area, Layout, bounds
from store import Subject, printed, roster, scanned
from store.gleanings import gleanings
from store.model import TABLE_OF_KIND
from store.opinions import opinion_events, opinions
from store.printed import resolved_instances
from store.schema import (
    corrections,
    decisions,
    listed,
    measurements,
    page_images,
    problems,
    readings,
    settlements,
    sheets,
    voids,
    withdrawals,
)
from store.standing import standings
from store.work import GONE, OPEN, REFERRED, steps, tasks

KINDS = ("household", "enterprise", "project", "notable")
"""Kinds of subjects who may ask for it."""
_VISIT = frozenset({"visit_date", "visit_mode"})
_CODE = "household_code"
"""Where a diary says whom a page is about."""
_ROW_MARGIN = 3.0
"""mm above and below a row of a list: pens run out of it."""


class ForgetError(ClerkError):
    """Nobody can tell who is to be forgotten; the message says what to write."""


def find_subject(db: Connection, said: str) -> Subject:
    """Whom a clerk means by a code, or by kind and code where several have the same. Raises ForgetError."""
    wanted, slash, code = said.rpartition("/")
    tables = roster.load(db, *(TABLE_OF_KIND[kind] for kind in KINDS), removed=True)
    kinds = [kind for kind in KINDS if any(row["code"] == code for row in tables[TABLE_OF_KIND[kind]])]
    found = [Subject(kind, code) for kind in kinds if not slash or kind == wanted]
    if not found:
        raise ForgetError(f"名册中没有编码为 {said} 的户、企业、项目或名士")
    if len(found) > 1:
        names = "、".join(f"{one.kind}/{one.code}" for one in found)
        raise ForgetError(f"有几个对象的编码都是 {code}，请写明是哪一个：{names}")
    return found[0]


# --- where something of them is ------------------------------------------------------------------


@dataclass(frozen=True)
class Trace:
    """A printed side on which something about the subject stands. `fields`: what of it is erased.

    area  where on the page that is, in mm; None: the whole page is about them
    """

    serial: str
    layout: Layout
    fields: frozenset[str]
    area: Area | None = None


def traces(db: Connection, subject: Subject) -> list[Trace]:
    """Their own forms, diary pages with their code, and their rows on the lists of those who visit."""
    return [*_own(db, subject), *_diaries(db, subject), *_rows(db, subject)]


def _own(db: Connection, subject: Subject) -> Iterator[Trace]:
    handed = resolved_instances()
    about = (handed.c.subject_kind == subject.kind) & (handed.c.subject == subject.code)
    for serial, page, layout in _sides(db, handed, about):
        yield Trace(serial, layout, _erasable(layout, page))


def _diaries(db: Connection, subject: Subject) -> Iterator[Trace]:
    if subject.kind != "household":
        return
    read = (
        select(page_images.c.serial, readings.c.value)
        .join(decisions, decisions.c.page_image == page_images.c.id)
        .join(readings, readings.c.decision == decisions.c.id)
        .where(readings.c.field == _CODE)
    )
    said = select(corrections.c.serial, corrections.c.value).where(corrections.c.field == _CODE)
    serials = {serial for query in (read, said) for serial, code in db.execute(query) if code == subject.code}
    handed = resolved_instances()
    mine = (handed.c.form == DIARY) & sheets.c.serial.in_(serials)
    for serial, page, layout in _sides(db, handed, mine):
        yield Trace(serial, layout, _erasable(layout, page))


def _rows(db: Connection, subject: Subject) -> Iterator[Trace]:
    mine = (listed.c.subject_kind == subject.kind) & (listed.c.subject == subject.code)
    for row in db.execute(select(listed).where(mine)).all():
        handed = resolved_instances()
        about = (handed.c.subject_kind == row.about_kind) & (handed.c.subject == row.about)
        here = about & (handed.c.form == row.form) & (handed.c.round == row.round)
        for serial, page, layout in _sides(db, handed, here):
            start = f"{row.list}_{row.row}."
            boxes = [box for box in layout.boxes if box.page == page and box.field.startswith(start)]
            if boxes:
                keys = {box.field for box in boxes}
                fields = (field for field in layout.fields_on_page(page) if field.key in keys)
                personal = frozenset(field.key for field in fields if is_personal(field))
                yield Trace(serial, layout, personal, _across(layout, [box.area for box in boxes]))


def _sides(db: Connection, handed: Any, where: Any) -> list[tuple[str, int, Layout]]:
    query = select(sheets.c.serial, sheets.c.page, handed.c.layout)
    query = query.join(handed, handed.c.id == sheets.c.instance).where(where).order_by(sheets.c.serial)
    rows = db.execute(query).all()
    layouts = {digest: printed.load_layout(db, digest) for digest in {row.layout for row in rows}}
    return [(row.serial, row.page, layouts[row.layout]) for row in rows]


def _across(layout: Layout, areas: Sequence[Area]) -> Area:
    """As wide as the page."""
    _, top, _, height = bounds(areas)
    return 0.0, top - _ROW_MARGIN, layout.frame.width, height + 2 * _ROW_MARGIN


def _erasable(layout: Layout, page: int) -> frozenset[str]:
    asked = (field for field in layout.fields_on_page(page) if field.kind is not Kind.PREFILL)
    return frozenset(field.key for field in asked if not _stays(layout.form, field))


def _stays(form: Form, field: Field) -> bool:
    """The visit as such, and what sort of matter was raised, but not its words."""
    visit = field.key in _VISIT or (form.completed is not None and field.key == form.completed[0])
    return visit or (field.block.startswith("opinion_") and not is_personal(field))


# --- what of the scans ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Patch:
    """What has to go of an image: `area` of the page that lies there as `homography` says (mm → px); no
    homography: all of the image."""

    homography: tuple[float, ...] | None
    area: Area


def pictures(db: Connection, found: Iterable[Trace]) -> dict[str, dict[int, list[Patch]]]:
    """Scan → page → what has to go of it, every look at a page included."""
    patches: dict[str, dict[int, list[Patch]]] = defaultdict(lambda: defaultdict(list))
    whole = {trace.serial for trace in found if trace.area is None}
    for trace in found:
        query = select(page_images).where(page_images.c.serial == trace.serial)
        for row in db.execute(query).all():
            alone = trace.area is None and not _others(db, row.scan, row.number, whole)
            matrix = (row.registration or {}).get("homography")
            frame = trace.layout.frame
            area = trace.area or (0.0, 0.0, frame.width, frame.height)
            patch = Patch(None if alone or not matrix else tuple(matrix), area)
            if patch not in patches[row.scan][row.number]:
                patches[row.scan][row.number].append(patch)
    return {scan: dict(pages) for scan, pages in patches.items()}


def _others(db: Connection, scan: str, number: int, whole: set[str]) -> bool:
    """Whether sheets about others lie on the same image."""
    query = select(page_images.c.serial).where(page_images.c.scan == scan, page_images.c.number == number)
    return any(serial is not None and serial not in whole for serial in db.scalars(query))


def is_theirs_alone(db: Connection, scan: str, pages: Mapping[int, Sequence[Patch]]) -> bool:
    """Whether nothing of a file is left when these pages go, but blank backs."""
    info = scanned.scan(db, scan)
    whole = {number for number, patches in pages.items() if any(p.homography is None for p in patches)}
    blank = {page.number for page in scanned.pages(db, scan=scan, states=["blank"])}
    everything = set(range(1, ((info.pages if info else None) or max(pages)) + 1))
    return bool(info and info.complete) and everything <= whole | blank


# --- erasing -------------------------------------------------------------------------------------


def forget(db: Connection, who: str, subject: Subject, found: Sequence[Trace]) -> Counter[str]:
    """Erase it from the database, all but the scans. Returns how much of each kind; again finds nothing."""
    done: Counter[str] = Counter()
    for trace in found:
        done += _forget_answers(db, who, trace)
    own = [trace.serial for trace in found if trace.area is None]
    done["opinions"] = _forget_opinions(db, subject)
    done["remarks"] = _forget_remarks(db, own) + erase_reasons(db, own)
    done["roster"] = erase_roster(db, (TABLE_OF_KIND[subject.kind], subject.code))
    if done.total():
        _drop_figures(db, subject, {trace.layout.form.id for trace in found})
    return +done


def _forget_answers(db: Connection, who: str, trace: Trace) -> Counter[str]:
    pages = list(db.scalars(select(page_images.c.id).where(page_images.c.serial == trace.serial)))
    read = _read(db, pages, trace.fields)
    said = [
        row
        for row in db.execute(select(corrections).where(corrections.c.serial == trace.serial))
        if row.field in trace.fields and not is_erased(row.value)
    ]
    filled = {row.field for row in read if not is_blank(row.value)} | {row.field for row in said}
    questions = _forget_questions(db, trace.serial, filled)
    _delete_corrections(db, [row.id for row in said])
    gone = [row for row in read if row.field in filled]
    for decision in {row.decision for row in gone}:
        here = (readings.c.decision == decision) & readings.c.field.in_(filled)
        db.execute(delete(readings).where(here))
    known = {row.field for row in scanned.load_corrections(db, trace.serial)}
    for field in sorted(filled - known):
        scanned.add_correction(db, trace.serial, field, ERASED, who, unreadable=True)
    return Counter(
        answers=len(gone),
        corrections=len(said),
        questions=questions,
        measurements=_forget_measurements(db, pages, trace),
    )


def _read(db: Connection, pages: Sequence[int], fields: frozenset[str]) -> list[Any]:
    query = (
        select(readings.c.decision, readings.c.field, readings.c.value)
        .join(decisions, decisions.c.id == readings.c.decision)
        .where(decisions.c.page_image.in_(pages))
    )
    return [row for row in db.execute(query) if row.field in fields]


def _forget_questions(db: Connection, serial: str, fields: set[str]) -> int:
    """Nobody need answer them any more. Who answered when stays, but not what."""
    mine = (tasks.c.serial == serial) & tasks.c.field.in_(fields)
    ids = list(db.scalars(select(tasks.c.id).where(mine)))
    db.execute(update(steps).where(steps.c.task.in_(ids)).values(value=None, correction=None))
    waiting = tasks.c.state.in_((OPEN, REFERRED))
    db.execute(update(tasks).where(mine & waiting).values(state=GONE, holder=None, held_until=None))
    db.execute(update(tasks).where(mine).values(value=None, alike="", doubt="", reason="", stirred=True))
    return len(ids)


def _delete_corrections(db: Connection, ids: Sequence[int]) -> None:
    db.execute(update(steps).where(steps.c.correction.in_(ids)).values(value=None, correction=None))
    db.execute(delete(withdrawals).where(withdrawals.c.correction.in_(ids)))
    db.execute(delete(corrections).where(corrections.c.id.in_(ids)))


def _forget_measurements(db: Connection, pages: Sequence[int], trace: Trace) -> int:
    """Of a page that is about others too, those of these fields alone."""
    count = 0
    for page in pages:
        seen = scanned.load_measurements(db, page)
        left = [one for one in seen if trace.area is not None and one["field"] not in trace.fields]
        if len(left) < len(seen):
            count += 1
            db.execute(delete(measurements).where(measurements.c.page_image == page))
        if left and len(left) < len(seen):
            data = zlib.compress(to_json(left))
            db.execute(measurements.insert().values(page_image=page, data=data))
    return count


def _forget_opinions(db: Connection, subject: Subject) -> int:
    query = (
        select(opinion_events.c.id, opinion_events.c.detail)
        .join(opinions, opinions.c.id == opinion_events.c.opinion)
        .where(opinions.c.record.endswith(f"/{subject.kind}/{subject.code}", autoescape=True))
    )
    count = 0
    for row in db.execute(query).all():
        erased = {key: ERASED for key in ("text", "details") if row.detail.get(key)}
        if {**row.detail, **erased} != row.detail:
            values = {"detail": {**row.detail, **erased}}
            db.execute(update(opinion_events).where(opinion_events.c.id == row.id).values(values))
            count += 1
    return count


def _forget_remarks(db: Connection, serials: Sequence[str]) -> int:
    """What people typed of their forms."""
    mine = select(problems.c.id).where(problems.c.serial.in_(serials))
    forms = select(sheets.c.instance).where(sheets.c.serial.in_(serials))
    typed = settlements.c.problem.in_(mine) & settlements.c.note.not_in(["", ERASED])
    reasons = voids.c.instance.in_(forms) & voids.c.reason.not_in(["", ERASED])
    noted = db.execute(update(settlements).where(typed).values(note=ERASED)).rowcount
    return noted + db.execute(update(voids).where(reasons).values(reason=ERASED)).rowcount


def _drop_figures(db: Connection, subject: Subject, forms: set[str]) -> None:
    """They are copies, and are made again from what is left."""
    for table in (gleanings, standings):
        about = (table.c.subject_kind == subject.kind) & (table.c.subject == subject.code)
        db.execute(delete(table).where(or_(about, table.c.form.in_(forms & {DIARY}))))
