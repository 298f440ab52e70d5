"""Erases personal data when its time is over, or when somebody asks for it (`zoufang purge`).

    rehearse     what would go: all of it is done, and taken back
    settle       first the database, with a note of who and what rule, in one transaction; then the files,
                 as the database now says; then nothing of it is left in the database's own file

Killed at any moment, the next run finds the note without its end and finishes. Nothing here is undone:
backups are the only way back, and are named so that somebody sees to them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update

from campaign.config import Campaign
from campaign.erasing import erase_personal, plain_file_name
from campaign.forgetting import Trace, find_subject, forget, is_theirs_alone, pictures, traces
from forms.errors import ClerkError
from ingest.intake import IntakeError
from store import InUseError, Store, Subject, audit, erasures, scanned
from store.schema import scans
from workspace import backup
from workspace.backup import Backup
from workspace.copying import digest_of
from workspace.folder import CONFIG, FOLDERS, Workspace
from workspace.locking import BUSY, UPKEEP, WATCH, alone
from workspace.models import FOLDER as MODELS
from workspace.redacting import Pages, is_painted, redact

IMAGES, PERSONAL = "images", "personal"
RULES = (IMAGES, PERSONAL)
_NEW = ".erased"
"""Ending of what is to stand in place of an original, until the database says so."""
_OURS = {CONFIG, "secret.key", "data.db", "data.db-wal", "data.db-shm", "data.db-journal", MODELS, "tls"}


class PurgeError(ClerkError):
    """Not everything could be erased; the message says what is left to do."""


@dataclass(frozen=True)
class Term:
    """A rule of the campaign's settings. `due`: from when; None: not set, or nobody knows yet."""

    rule: str
    is_set: bool
    due: date | None
    today: date

    @property
    def is_over(self) -> bool:
        return self.due is not None and self.due <= self.today


@dataclass
class Erased:
    """What goes, or has gone: how much of each kind, and how many bytes of files."""

    counts: Counter[str] = field(default_factory=Counter)
    bytes: int = 0

    def __bool__(self) -> bool:
        return self.counts.total() > 0


@dataclass(frozen=True)
class Left:
    """What stays and needs a person. `backups`: those that hold what was erased; `unknown`: files in the
    workspace that are not ours; `unread`: scans whose reading never ended."""

    backups: tuple[Backup, ...]
    unknown: tuple[Path, ...]
    unread: int


# --- by rule -------------------------------------------------------------------------------------


def terms(campaign: Campaign, today: date) -> list[Term]:
    """The rules. With the words go the images: they say the same."""
    images, personal = campaign.retention.images, campaign.retention.personal
    words_due = campaign.kept_until(personal)
    days = [day for day in (campaign.kept_until(images), words_due) if day]
    return [
        Term(IMAGES, images is not None or personal is not None, min(days, default=None), today),
        Term(PERSONAL, personal is not None, words_due, today),
    ]


def erase_by_rule(workspace: Workspace, store: Store, found: Iterable[Term], *, really: bool) -> Erased:
    """Erase what the rules that are over say; or only count it. Raises PurgeError, LockedError."""
    rules = {term.rule: str(term.due) for term in found if term.is_over}
    with _alone(workspace):
        files = list(_files_by_rule(workspace, store, rules))
        erased = _counted(files)
        with _erasing(store, really) as db:
            if IMAGES in rules:
                _mark_all_gone(db)
            if PERSONAL in rules:
                erased.counts += erase_personal(db)
            _note(db, workspace, erased, {"rules": rules}, really)
        if really:
            _settle(workspace, store, erased, [path for _, path in files], {"rules": sorted(rules)})
    return erased


_File = tuple[str, Path]
"""What sort of file, and where."""


def _files_by_rule(workspace: Workspace, store: Store, rules: Mapping[str, str]) -> Iterator[_File]:
    if IMAGES in rules:
        yield from (("originals", path) for path in _inside(workspace / "originals"))
        yield from (("rejected", path) for path in _inside(workspace / "rejected"))
        with store.read() as db:
            known = frozenset(erasures.contents(db))
        yield from (("inbox", path) for path in _inside(workspace / "inbox") if digest_of(path) in known)
    if PERSONAL in rules:
        for folder in ("out", "logs"):
            yield from (("papers", path) for path in _inside(workspace / folder))


def _inside(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())


def _mark_all_gone(db: Connection) -> None:
    for scan, content in erasures.contents(db).items():
        if content is not None:
            erasures.note(db, scan, None)


# --- one subject ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """Somebody who is to be forgotten, and where something of them is."""

    subject: Subject
    traces: tuple[Trace, ...]


def ask(store: Store, said: str) -> Asked:
    """Raises ForgetError when nobody can tell whom `said` means."""
    with store.read() as db:
        subject = find_subject(db, said)
        return Asked(subject, tuple(traces(db, subject)))


def erase_subject(workspace: Workspace, store: Store, asked: Asked, *, really: bool) -> Erased:
    """Erase all that is known of them; or only count it. Raises PurgeError, LockedError."""
    about = {"subject": f"{asked.subject.kind}/{asked.subject.code}"}
    with _alone(workspace):
        changed = _scans_with(workspace, store, asked.traces)
        copies = [("inbox", path) for path in _inside(workspace / "inbox") if digest_of(path) in changed]
        erased = _counted(copies)
        erased.counts["pages"] = sum(map(len, changed.values()))
        with _erasing(store, really) as db:
            erased.counts += forget(db, workspace.who, asked.subject, asked.traces)
            if really:
                for scan, pages in changed.items():
                    _prepare(workspace, db, scan, pages)
            _note(db, workspace, erased, about, really)
        if really:
            _settle(workspace, store, erased, [path for _, path in copies], about)
    return erased


def _scans_with(workspace: Workspace, store: Store, found: Iterable[Trace]) -> dict[str, Pages]:
    """Scan → what has to go of its pages, of those where it is there still."""
    with store.read() as db:
        wanted, kept = pictures(db, found), erasures.contents(db)
    changed: dict[str, Pages] = {}
    for scan, pages in wanted.items():
        original = workspace.original(scan)
        with suppress(IntakeError, FileNotFoundError):
            if kept.get(scan) is not None and not is_painted(original, pages):
                changed[scan] = pages
    return changed


def _prepare(workspace: Workspace, db: Connection, scan: str, pages: Pages) -> None:
    """Write what is to stand in place of a scan, and note it; nothing does where all of it is theirs."""
    if is_theirs_alone(db, scan, pages):
        erasures.note(db, scan, None)
        info = scanned.scan(db, scan)
        plain = plain_file_name(scan, info.name if info else "")
        db.execute(update(scans).where(scans.c.sha256 == scan).values(name=plain))
        return
    target = _new(workspace, scan)
    redact(workspace.original(scan), target, pages)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    erasures.note(db, scan, digest_of(target))


def _new(workspace: Workspace, scan: str) -> Path:
    return workspace / "originals" / f".{scan}{_NEW}"


# --- both ----------------------------------------------------------------------------------------


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    with (
        alone(workspace / UPKEEP, BUSY),
        alone(workspace / WATCH, "zoufang watch 正在运行，请先停下"),
    ):
        yield


class _Rehearsal(Exception):  # noqa: N818 - no error: takes back what was only counted
    pass


@contextmanager
def _erasing(store: Store, really: bool) -> Iterator[Connection]:
    with suppress(_Rehearsal), store.purge() as db:
        yield db
        if not really:
            raise _Rehearsal


def _counted(files: Iterable[_File]) -> Erased:
    erased = Erased()
    for kind, path in files:
        erased.counts[kind] += 1
        erased.bytes += path.lstat().st_size
    return erased


def _note(
    db: Connection, workspace: Workspace, erased: Erased, about: Mapping[str, Any], really: bool
) -> None:
    """Who, when, by which rule, how much of what: never what it said."""
    if really and erased:
        audit.note(db, workspace.who, "purge", {**about, **erased.counts})


def is_unfinished(db: Connection) -> bool:
    """Whether erasing was begun and never came to its end."""
    latest = audit.search(db, action="purge", limit=1)
    return bool(latest) and latest[0].action == "purge"  # and not "purge.done"


def _settle(
    workspace: Workspace, store: Store, erased: Erased, files: Iterable[Path], about: Mapping[str, Any]
) -> None:
    """Bring files to what the database says, and leave nothing in its own."""
    for path in files:
        path.unlink(missing_ok=True)
    _settle_originals(workspace, store)
    _drop_empty_folders(workspace)
    with store.read() as db:
        begun = is_unfinished(db)
    if not (erased or begun):
        return
    try:
        store.compact()
    except InUseError as error:
        raise PurgeError(
            "个人信息已从记录里清除，但数据库正被别的程序使用，旧内容还没有从文件里抹去。"
            "请关掉复核网页和其他 zoufang 命令，再运行一次同一命令"
        ) from error
    with store.write() as db:
        audit.note(db, workspace.who, "purge.done", about)


def _settle_originals(workspace: Workspace, store: Store) -> None:
    with store.read() as db:
        contents = erasures.contents(db)
    for path in sorted((workspace / "originals").glob(f".*{_NEW}")):
        scan = path.name.removeprefix(".").removesuffix(_NEW)
        if contents.get(scan) == digest_of(path):
            path.replace(workspace.original(scan))
        else:
            path.unlink()
    for scan, content in contents.items():
        if content is None:
            workspace.original(scan).unlink(missing_ok=True)


def _drop_empty_folders(workspace: Workspace) -> None:
    for name in ("inbox", "out", "logs", "rejected"):
        for path in sorted((workspace / name).rglob("*"), reverse=True):
            with suppress(OSError):
                path.rmdir()


# --- what is left --------------------------------------------------------------------------------


def left(workspace: Workspace, store: Store) -> Left:
    with store.read() as db:
        contents = erasures.contents(db)
        unread = [scan for scan in scanned.unfinished(db) if contents[scan] is not None]
    unknown = tuple(_unknown(workspace, contents))
    return Left(tuple(backup.all_in(workspace / "backup")), unknown, len(unread))


def _unknown(workspace: Workspace, known: Mapping[str, str | None]) -> Iterator[Path]:
    """Files in the workspace that no command put there, scans among them that were never read."""
    fonts = {font.resolve() for font in workspace.fonts.values()}
    for path in sorted(workspace.root.iterdir()):
        if path.name not in _OURS and path.name not in FOLDERS and not path.name.startswith("."):
            yield from (found for found in [path, *_inside(path)] if found.is_file() and found not in fonts)
    yield from (path for path in _inside(workspace / "inbox") if digest_of(path) not in known)
