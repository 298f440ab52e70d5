"""What was written for people to take away: files in folders of the workspace's out/."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import FileResponse

from review import access
from review.accounts import InOffice, SignedIn
from review.office import Office
from store import audit
from store.accounts import User

router = APIRouter(prefix="/papers")

OPEN_TO: Mapping[str, Callable[[User], bool]] = {
    "digest": access.directs,
    "report": access.directs,
    "inspection": access.inspects,
    "export": access.directs,
    "packets": access.directs,
    "plan": access.directs,
}
"""First word of a folder's name (`digest-2017-W14`) → who may have what is in it."""


@dataclass(frozen=True)
class Written:
    """A file to download. `size`: bytes."""

    name: str
    url: str
    size: int
    at: datetime


def folder_of(office: Office, folder: str) -> Path:
    return office.workspace / "out" / folder


def written(office: Office, folder: str) -> list[Written]:
    """The files of a folder and those below it, the newest first."""
    return sorted(_written(office, folder), key=lambda one: (one.at, one.name), reverse=True)


def _written(office: Office, folder: str) -> Iterator[Written]:
    root = folder_of(office, folder)
    for path in root.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            name, seen = path.relative_to(root).as_posix(), path.stat()
            at = datetime.fromtimestamp(seen.st_mtime, UTC)
            yield Written(name, f"/papers/{folder}/{name}", seen.st_size, at)


@router.get("/{folder}/{name:path}")
def download(folder: str, name: str, office: InOffice, who: SignedIn) -> FileResponse:
    allowed = OPEN_TO.get(folder.partition("-")[0])
    if allowed is None or not allowed(who.user):
        raise HTTPException(403, "这份文件不由您下载")
    root = folder_of(office, folder).resolve()
    path = (root / name).resolve()
    if root.parent != (office.workspace / "out").resolve() or not path.is_relative_to(root):
        raise HTTPException(404, "没有这份文件")
    if not path.is_file():
        raise HTTPException(404, "没有这份文件，可能已被移走；请重新生成")
    with office.store.write() as db:
        audit.note(db, who.name, "paper.download", {"folder": folder, "file": name})
    return FileResponse(path, filename=path.name)
