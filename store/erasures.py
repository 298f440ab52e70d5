"""What is left of scan files from which personal data was erased (`workspace.purging`).

A file keeps the name that its SHA-256 once gave it, so that it is known when it arrives again.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, ForeignKey, String, Table, delete, insert, select

from store.schema import UtcTime, metadata, now, scans

erasures = Table(
    "erasures",
    metadata,
    Column("scan", ForeignKey("scans.sha256"), primary_key=True),
    Column("content", String(64)),  # SHA-256 of what stands in its place, null: nothing does
    Column("at", UtcTime, nullable=False),
)


def note(db: Connection, scan: str, content: str | None) -> None:
    """Of this file nothing is left but `content`, the SHA-256 of what stands in its place."""
    db.execute(delete(erasures).where(erasures.c.scan == scan))
    db.execute(insert(erasures).values(scan=scan, content=content, at=now()))


def contents(db: Connection) -> dict[str, str | None]:
    """Every file that ever came in → SHA-256 of what is kept of it; None: nothing is."""
    query = select(scans.c.sha256, erasures.c.scan, erasures.c.content).outerjoin(
        erasures, erasures.c.scan == scans.c.sha256
    )
    return {sha256: content if erased else sha256 for sha256, erased, content in db.execute(query)}


def is_gone(db: Connection, scan: str) -> bool:
    """Whether the file was erased as a whole."""
    row = db.execute(select(erasures.c.content).where(erasures.c.scan == scan)).first()
    return row is not None and row.content is None
