"""What was printed: layouts, forms handed out with their sheets' serials, contact cards.

A sheet is in the database before it is on paper, so that whatever comes back is known.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Subquery, false, func, insert, select

from layouts.model import Layout
from store.database import insert_one
from store.model import CardInfo, Issued, SheetInfo, Subject, Wanted
from store.schema import blanks, cards, identifications, instances, layouts, now, print_jobs, sheets, voids

NewSerial = Callable[[], str]
"""`layouts.identity.Key.new_serial`."""
ANONYMOUS = "anonymous"
"""Key of a print job's order: anonymous form → cadre → how many copies, whichever they are."""

# --- layouts -------------------------------------------------------------------------------------


def keep_layout(db: Connection, layout: Layout) -> str:
    """Store the layout unless it is there already; returns its digest."""
    known = select(layouts.c.digest).where(layouts.c.digest == layout.digest)
    if db.scalar(known) is None:
        db.execute(
            insert(layouts).values(
                digest=layout.digest,
                form=layout.form.id,
                version=layout.form.version,
                json=layout.to_json(),
                kept_at=now(),
            )
        )
    return layout.digest


def keep_blanks(db: Connection, digest: str, pages: Sequence[bytes]) -> None:
    """Store the layout's blank pages (PNG, page 1 first) unless they are there already."""
    if db.scalar(select(blanks.c.page).where(blanks.c.layout == digest).limit(1)) is None:
        rows = [{"layout": digest, "page": n, "png": png} for n, png in enumerate(pages, 1)]
        db.execute(insert(blanks), rows)


def load_layout(db: Connection, digest: str) -> Layout:
    """Raises KeyError when no such layout was ever printed."""
    data = db.scalar(select(layouts.c.json).where(layouts.c.digest == digest))
    if data is None:
        raise KeyError(digest)
    return Layout.from_json(data)


def load_layouts(db: Connection) -> dict[str, Layout]:
    """Every layout ever printed, by digest."""
    return {row.digest: Layout.from_json(row.json) for row in db.execute(select(layouts))}


def form_titles(db: Connection) -> dict[str, str]:
    """Form → its title, as it was printed last."""
    latest = select(layouts.c.form, func.max(layouts.c.kept_at).label("kept_at")).group_by(layouts.c.form)
    last = latest.subquery()
    query = select(layouts.c.form, layouts.c.json).join(
        last, (last.c.form == layouts.c.form) & (last.c.kept_at == layouts.c.kept_at)
    )
    return {form: Layout.from_json(json).form.title for form, json in db.execute(query)}


def load_blanks(db: Connection, digest: str) -> list[bytes]:
    """The blank pages as PNG, page 1 first; empty when none were kept."""
    return list(db.scalars(select(blanks.c.png).where(blanks.c.layout == digest).order_by(blanks.c.page)))


# --- handing out ---------------------------------------------------------------------------------


def start_job(db: Connection, what: Mapping[str, Any]) -> int:
    """Begin a print job; `what` is the order, for the record. Returns its number."""
    return insert_one(db, print_jobs, started_at=now(), what=dict(what))


def printed_again(db: Connection, round: int) -> Counter[str]:
    """Anonymous form → how many copies a round has beyond what its cadres hand out. A sheet that is linked
    to nobody gets a new serial whenever it is printed, and one that was lost or spoilt cannot be told from
    one that is still to come: of all that a cadre was given, only the most at one time is expected back.
    """
    given: dict[tuple[str, str], list[int]] = defaultdict(list)
    for what in db.scalars(select(print_jobs.c.what)):
        if what.get("round") == round:
            for form, of_cadre in what.get(ANONYMOUS, {}).items():
                for cadre, copies in of_cadre.items():
                    given[form, cadre].append(copies)
    again: Counter[str] = Counter()
    for (form, _), copies in given.items():
        again[form] += sum(copies) - max(copies)
    return again


def issue(db: Connection, wanted: Sequence[Wanted], new_serial: NewSerial, job: int) -> list[Issued]:
    """The forms wanted, in the order asked, each with the serials of its sheets.

    What was issued before for the same form, layout, subject, cadre and round comes back with its old
    serials: printing again does not make a second sheet. Spares and anonymous forms are always new, and
    so is what replaces a void form.
    """
    known, void = _issued_before(db, wanted)
    found: list[Issued] = []
    for one in wanted:
        key = _key(one)
        if key is not None and key in known:
            instance, serials = known[key]
            found.append(Issued(instance, one, serials, reprint=True))
            continue
        issued = Issued(secrets.token_hex(8), one, {page: new_serial() for page in one.pages}, reprint=False)
        found.append(issued)
        if key is not None:
            known[key] = issued.instance, issued.serials
    new = [issued for issued in found if not issued.reprint]
    _insert(db, new, job, {one.instance for one in new if _key(one.wanted) in void})
    return found


_Key = tuple[int, str, str, str, str | None, str]


def _key(wanted: Wanted) -> _Key | None:
    if wanted.anonymous or wanted.spare or wanted.subject is None:
        return None
    return (
        wanted.round,
        wanted.subject.kind,
        wanted.subject.code,
        wanted.form,
        wanted.cadre,
        wanted.layout,
    )


def _issued_before(
    db: Connection, wanted: Sequence[Wanted]
) -> tuple[dict[_Key, tuple[str, dict[int, str]]], set[_Key]]:
    """What was handed out of these, with the serials by page; and what of them was declared void."""
    rounds = {one.round for one in wanted if _key(one)}
    digests = {one.layout for one in wanted if _key(one)}
    cadres = {one.cadre for one in wanted if _key(one)}
    handed = resolved_instances()
    query = (
        select(handed, sheets.c.serial, sheets.c.page)
        .join(sheets, sheets.c.instance == handed.c.id)
        .where(
            handed.c.round.in_(rounds),
            handed.c.layout.in_(digests),
            handed.c.subject.is_not(None),
            ~handed.c.spare,
        )
    )
    if None not in cadres:
        query = query.where(handed.c.cadre.in_(cadres))
    known: dict[_Key, tuple[str, dict[int, str]]] = {}
    void: set[_Key] = set()
    for row in db.execute(query):
        key = row.round, row.subject_kind, row.subject, row.form, row.cadre, row.layout
        if row.void:
            void.add(key)
        else:
            known.setdefault(key, (row.id, {}))[1][row.page] = row.serial
    return known, void


def _insert(db: Connection, issued: Iterable[Issued], job: int, replacing: Collection[str]) -> None:
    """`replacing`: the instances that stand in for void ones."""
    # In the order of random keys, so that an anonymous row's neighbours say nothing about it.
    new = sorted(issued, key=lambda one: one.instance)
    if not new:
        return
    issued_at = now()
    db.execute(
        insert(instances), [_instance_row(one, job, issued_at, one.instance in replacing) for one in new]
    )
    rows = [
        {"serial": serial, "instance": one.instance, "page": page}
        for one in new
        for page, serial in one.serials.items()
    ]
    db.execute(insert(sheets), sorted(rows, key=lambda row: str(row["serial"])))
    for one in new:
        if one.instance in replacing and one.wanted.subject:
            identify(db, one.instance, one.wanted.subject, f"print job {job}")


def _instance_row(issued: Issued, job: int, issued_at: object, replaces: bool) -> dict[str, Any]:
    """`replaces` a void form: then that one keeps its place as the subject's, and the new one's subject is
    said of it (`identify`)."""
    wanted = issued.wanted
    linked = not wanted.anonymous
    subject = wanted.subject if linked and not replaces else None
    return {
        "id": issued.instance,
        "form": wanted.form,
        "version": wanted.version,
        "layout": wanted.layout,
        "round": wanted.round,
        "anonymous": wanted.anonymous,
        "spare": wanted.spare,
        "subject_kind": subject.kind if subject else None,
        "subject": subject.code if subject else None,
        "cadre": wanted.cadre if linked else None,
        "job": job if linked else None,
        "issued_at": issued_at if linked else None,
    }


def issue_cards(
    db: Connection, wanted: Mapping[str, int], form: str, round: int, new_serial: NewSerial, job: int
) -> dict[str, list[str]]:
    """Contact cards: cadre → number of cards, to cadre → serials. Cards already issued come first."""
    query = (
        select(cards.c.cadre, cards.c.serial)
        .where(cards.c.round == round, cards.c.form == form, cards.c.cadre.in_(wanted))
        .order_by(cards.c.cadre, cards.c.number)
    )
    found: dict[str, list[str]] = {cadre: [] for cadre in wanted}
    for cadre, serial in db.execute(query):
        found[cadre].append(serial)
    issued_at = now()
    rows: list[dict[str, Any]] = []
    for cadre, count in wanted.items():
        for number in range(len(found[cadre]) + 1, count + 1):
            serial = new_serial()
            found[cadre].append(serial)
            rows.append(
                {
                    "serial": serial,
                    "form": form,
                    "cadre": cadre,
                    "round": round,
                    "number": number,
                    "job": job,
                    "issued_at": issued_at,
                }
            )
    if rows:
        db.execute(insert(cards), rows)
    return {cadre: serials[: wanted[cadre]] for cadre, serials in found.items()}


def identify(db: Connection, instance: str, subject: Subject, who: str) -> None:
    """Note whom a spare form turned out to be about. Raises ValueError for an anonymous form."""
    if db.scalar(select(instances.c.anonymous).where(instances.c.id == instance)):
        raise ValueError("anonymous forms are about nobody")
    db.execute(
        insert(identifications).values(
            instance=instance, subject_kind=subject.kind, subject=subject.code, who=who, at=now()
        )
    )


def declare_void(db: Connection, instance: str, who: str, reason: str, *, void: bool = True) -> None:
    """Note that a form no longer counts, whoever sends it back; or, with `void` False, that it does again."""
    db.execute(insert(voids).values(instance=instance, void=void, reason=reason, who=who, at=now()))


def void_reason(db: Connection, instance: str) -> str | None:
    """Why a form was declared void, None when it counts."""
    latest = select(voids).where(voids.c.instance == instance).order_by(voids.c.id.desc()).limit(1)
    row = db.execute(latest).first()
    return row.reason if row and row.void else None


# --- looking up ----------------------------------------------------------------------------------


def resolved_instances() -> Subquery:
    """The columns of `instances`, the subject being what was last said of it, and whether it is `void`."""
    latest = select(func.max(identifications.c.id)).group_by(identifications.c.instance)
    said = select(identifications).where(identifications.c.id.in_(latest)).subquery()
    replaced = {
        "subject_kind": func.coalesce(said.c.subject_kind, instances.c.subject_kind),
        "subject": func.coalesce(said.c.subject, instances.c.subject),
    }
    columns = [replaced.get(c.name, c).label(c.name) for c in instances.c]
    last = select(func.max(voids.c.id)).group_by(voids.c.instance)
    declared = select(voids).where(voids.c.id.in_(last)).subquery()
    return (
        select(*columns, func.coalesce(declared.c.void, false()).label("void"))
        .outerjoin(said, said.c.instance == instances.c.id)
        .outerjoin(declared, declared.c.instance == instances.c.id)
        .subquery("resolved")
    )


def sheet(db: Connection, serial: str) -> SheetInfo | None:
    """The sheet with this serial, None when there is none."""
    return next(iter(_sheets(db, sheets.c.serial == serial)), None)


def sheets_of(db: Connection, instance: str) -> list[SheetInfo]:
    """The sheets of a form, by page."""
    return _sheets(db, sheets.c.instance == instance)


def _sheets(db: Connection, where: Any) -> list[SheetInfo]:
    resolved = resolved_instances()
    query = (
        select(sheets, resolved)
        .join(resolved, resolved.c.id == sheets.c.instance)
        .where(where)
        .order_by(sheets.c.page)
    )
    return [
        SheetInfo(
            serial=row.serial,
            instance=row.instance,
            page=row.page,
            form=row.form,
            version=row.version,
            layout=row.layout,
            round=row.round,
            subject=Subject(row.subject_kind, row.subject) if row.subject else None,
            cadre=row.cadre,
            spare=row.spare,
            anonymous=row.anonymous,
            job=row.job,
            issued_at=row.issued_at,
            void=row.void,
        )
        for row in db.execute(query)
    ]


def sheet_index(db: Connection) -> dict[str, tuple[str, int]]:
    """Every serial → (layout digest, page): `ingest.model.Shelf.sheets`."""
    query = select(sheets.c.serial, instances.c.layout, sheets.c.page).join(
        instances, instances.c.id == sheets.c.instance
    )
    return {serial: (layout, page) for serial, layout, page in db.execute(query)}


def card(db: Connection, serial: str) -> CardInfo | None:
    """The contact card with this serial, None when there is none."""
    row = db.execute(select(cards).where(cards.c.serial == serial)).first()
    return CardInfo(**row._mapping) if row else None
