"""What came back of what was printed, where a person must see to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from store.printed import resolved_instances
from store.scanned import DUPLICATE, READ, current_pages
from store.schema import batches, page_images, scan_outcomes, scans, sheets


def spares_about_nobody(db: Connection) -> list[str]:
    """Serials of spare sheets that came back and of which nobody said whom they are about."""
    resolved, images = resolved_instances(), current_pages().subquery()
    query = (
        select(sheets.c.serial)
        .join(resolved, resolved.c.id == sheets.c.instance)
        .where(
            resolved.c.spare,
            ~resolved.c.void,
            ~resolved.c.anonymous,
            resolved.c.subject.is_(None),
            sheets.c.serial.in_(select(images.c.serial)),
        )
        .order_by(sheets.c.serial)
    )
    return list(db.scalars(query))


def sides_missing(
    db: Connection, most: int, states: Collection[str] = (READ, DUPLICATE)
) -> list[tuple[str, str]]:
    """(serial, serial of a side beside it) of sheets of which no image was read, though another side of
    their form was; by cadre, at most `most`."""
    resolved, other = resolved_instances(), sheets.alias("other")
    read = (
        current_pages().where(page_images.c.state.in_(states), page_images.c.serial.is_not(None)).subquery()
    )
    query = (
        select(sheets.c.serial, func.min(other.c.serial))
        .join(resolved, resolved.c.id == sheets.c.instance)
        .join(other, other.c.instance == sheets.c.instance)
        .where(
            other.c.serial.in_(select(read.c.serial)),
            sheets.c.serial.not_in(select(read.c.serial)),
            ~resolved.c.void,
        )
        .group_by(sheets.c.serial, resolved.c.cadre)
        .order_by(resolved.c.cadre, sheets.c.serial)
        .limit(most)
    )
    return [(missing, beside) for missing, beside in db.execute(query)]


@dataclass(frozen=True)
class BatchProgress:
    """How far a run of scanning is. `states`: page state → pages; `last_at`: when its last page was read."""

    id: int
    started_at: datetime
    who: str
    source: str
    files: int
    files_done: int
    states: dict[str, int]
    last_at: datetime | None

    @property
    def pages(self) -> int:
        return sum(self.states.values())


def latest_batches(db: Connection, most: int) -> list[BatchProgress]:
    """Newest first."""
    newest = db.execute(select(batches).order_by(batches.c.id.desc()).limit(most)).all()
    return [_progress(db, row.id, row.started_at, row.who, row.source) for row in newest]


def _progress(db: Connection, batch: int, started_at: datetime, who: str, source: str) -> BatchProgress:
    by_state = (
        select(page_images.c.state, func.count(), func.max(page_images.c.read_at))
        .where(page_images.c.batch == batch)
        .group_by(page_images.c.state)
    )
    counted = db.execute(by_state).all()
    files = select(func.count()).select_from(scans).where(scans.c.batch == batch)
    done = files.where(scans.c.sha256.in_(select(scan_outcomes.c.scan)))
    return BatchProgress(
        batch,
        started_at,
        who,
        source,
        db.scalar(files) or 0,
        db.scalar(done) or 0,
        {state: pages for state, pages, _ in counted},
        max((at for _, _, at in counted), default=None),
    )
