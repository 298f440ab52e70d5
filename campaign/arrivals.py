"""Keeps a page that was read, and notices when the same sheet came back with other answers."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from campaign.config import Acceptance
from campaign.judge import Evidence, Read
from forms.model import Field, Kind
from layouts.identity import readable
from store import SavedPage, SeenPage, printed, scanned

DIFFERS = "duplicate_differs"
_NAMED = 5  # how many fields a message lists


def keep_page(
    db: Connection,
    batch: int,
    sha256: str,
    number: int,
    result: SeenPage,
    acceptance: Acceptance,
) -> SavedPage:
    """Store a page image (`store.scanned.save_page`), and, when its sheet was read before with other
    answers, a problem that names the fields. Villages copy forms: then one of the two is of somebody else.
    """
    saved = scanned.save_page(db, batch, sha256, number, result)
    if not saved.earlier or not result.serial:
        return saved
    differing = _differing(db, result.serial, (*saved.earlier, saved.id), acceptance)
    if not differing:
        return saved
    message = _message(result.serial, differing)
    scanned.add_problem(
        db, DIFFERS, message, batch=batch, scan=sha256, page_image=saved.id, serial=result.serial
    )
    return replace(saved, differs=message)


def _differing(
    db: Connection, serial: str, page_images: tuple[int, ...], acceptance: Acceptance
) -> list[Field]:
    """The fields that two images, each for sure, answer differently."""
    sheet = printed.sheet(db, serial)
    if sheet is None:
        return []
    layout = printed.load_layout(db, sheet.layout)
    read: dict[str, list[Read]] = {}
    for image in page_images:
        for one in scanned.load_readings(db, image):
            found = Read(image, serial, one.value, one.confidence, one.doubt)
            read.setdefault(one.field, []).append(found)
    evidence = (
        Evidence(f, read.get(f.key, []), acceptance.threshold(f.kind))
        for f in layout.fields_on_page(sheet.page)
        if f.kind is not Kind.SIGNATURE
    )
    return [one.field for one in evidence if one.contradictory]


def _message(serial: str, fields: list[Field]) -> str:
    names = "、".join(field.label for field in fields[:_NAMED])
    more = " 等" if len(fields) > _NAMED else ""
    return (
        f"编号 {readable(serial)} 的表已经扫描过，这次有 {len(fields)} 项内容不同（{names}{more}），"
        "可能是复印件或重填的表，请核对原件"
    )
