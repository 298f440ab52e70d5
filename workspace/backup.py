"""Copies of a workspace, so that no fire, theft or broken disk takes the only one.

backup/shared/<sha256>        scans and rejected files: each kept once, whichever backups it is in
backup/2017-05-01-183000/     one backup: data.db, zoufang.toml, secret.key, forms/, models/, fonts
               manifest.json  path, size and SHA-256 of all of it, those in shared/ included

A backup gets its name only when it is whole and was read again: what a killed one leaves has a name with
a dot, and the next one clears it away. It holds secrets and personal data, for its owner's eyes only.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from forms.errors import ClerkError
from store import Store, audit, erasures
from workspace import models
from workspace.copying import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    Fingerprint,
    copy_private,
    fingerprint,
    make_private,
    sync,
)
from workspace.folder import CONFIG, FOLDERS, Workspace
from workspace.locking import BUSY, UPKEEP, alone

SHARED, MANIFEST, DATABASE = "shared", "manifest.json", "data.db"
SETTINGS = (CONFIG, "secret.key", "forms", models.FOLDER)
"""What of a workspace is small and may change."""
ORIGINALS, REJECTED = "originals", "rejected"

OnFile = Callable[[int, int], None]


class BackupError(ClerkError):
    """No backup was made, or it cannot be used; the message says why and what to do."""


class Manifest(BaseModel):
    """What a backup is of. `files` lie beside it, `shared` in the folder that all backups share; both by
    their path in the workspace. `lacking`: originals that the workspace had lost, or had broken."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    made_at: datetime
    who: str
    zoufang: str
    campaign: str
    files: Mapping[str, Fingerprint]
    shared: Mapping[str, Fingerprint]
    lacking: tuple[str, ...] = ()

    @property
    def has_database(self) -> bool:
        return DATABASE in self.files


@dataclass(frozen=True)
class Backup:
    """A backup that was once whole: whether it still is, `flaws` finds out."""

    folder: Path
    manifest: Manifest

    @property
    def shared(self) -> Path:
        return self.folder.parent / SHARED

    def places(self) -> Iterator[tuple[str, Path, Fingerprint]]:
        """Each file: its path in the workspace, where it lies, and what it has to be."""
        for path, wanted in self.manifest.files.items():
            yield path, self.folder / path, wanted
        for path, wanted in self.manifest.shared.items():
            yield path, self.shared / wanted.sha256, wanted


class Made(NamedTuple):
    """A new backup, and how much of what is shared came with it."""

    backup: Backup
    new_files: int
    new_bytes: int


# --- making one ----------------------------------------------------------------------------------


def make(workspace: Workspace, store: Store, root: Path, on_file: OnFile = lambda done, total: None) -> Made:
    """Copy the workspace into a new folder of `root`, while others work. Raises BackupError."""
    _ = workspace.key  # without it no backup is worth anything
    make_private(root)
    with alone(workspace / UPKEEP, BUSY), alone(root / ".lock", "另一个备份正往这里写，请等它结束再试"):
        _clear_unfinished(root)
        partial = root / f".{os.getpid()}.partial"
        make_private(partial)
        try:
            with_database = _copy_database(store, partial)
            files = _copy_settings(workspace, partial)
            # After the database: whatever scan it knows is among the originals.
            shared, lacking, new = _share(workspace, store, root / SHARED, on_file)
            manifest = Manifest(
                made_at=datetime.now().astimezone(),
                who=workspace.who,
                zoufang=version("zoufang"),
                campaign=workspace.campaign.name,
                files=with_database | files,
                shared=shared,
                lacking=tuple(lacking),
            )
            _check_own(partial, manifest)
            _write_manifest(partial, manifest)
            folder = _give_name(partial, root)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    made = Made(Backup(folder, manifest), len(new), sum(one.bytes for one in new))
    _note(workspace, store, made)
    return made


def _clear_unfinished(root: Path) -> None:
    for left in root.glob(".*.partial"):
        shutil.rmtree(left)
    for left in (root / SHARED).glob(".*.partial"):
        left.unlink()


def _copy_database(store: Store, folder: Path) -> dict[str, Fingerprint]:
    """Nothing where a server keeps the database: that is for its own tools to copy."""
    target = folder / DATABASE
    target.touch(PRIVATE_FILE)
    try:
        store.back_up(target)
    except NotImplementedError:
        target.unlink()
        return {}
    sync(target)
    return {DATABASE: fingerprint(target)}


def _copy_settings(workspace: Workspace, folder: Path) -> dict[str, Fingerprint]:
    return {
        path.relative_to(workspace.root).as_posix(): copy_private(
            path, folder / path.relative_to(workspace.root)
        )
        for path in _settings(workspace)
    }


def _settings(workspace: Workspace) -> Iterator[Path]:
    for name in SETTINGS:
        place = workspace / name
        yield from sorted(found for found in place.rglob("*") if found.is_file()) if place.is_dir() else ()
        yield from [place] if place.is_file() else ()
    fonts = {font.resolve() for font in workspace.fonts.values()}
    yield from sorted(font for font in fonts if font.is_file() and workspace.root in font.parents)


def _share(
    workspace: Workspace, store: Store, pool: Path, on_file: OnFile
) -> tuple[dict[str, Fingerprint], list[str], list[Fingerprint]]:
    """All scans and rejected files, those copied that no backup had: everything, what is lacking, and what
    is new."""
    make_private(pool)
    with store.read() as db:
        contents = erasures.contents(db)
    wanted = {f"{ORIGINALS}/{scan}": content for scan, content in contents.items() if content}
    wanted |= {f"{REJECTED}/{path.name}": "" for path in sorted((workspace / REJECTED).iterdir())}
    found: dict[str, Fingerprint] = {}
    lacking: list[str] = []
    new: list[Fingerprint] = []
    for done, (path, content) in enumerate(sorted(wanted.items()), 1):
        try:
            found[path], is_new = _keep(workspace / path, content, pool)
            new += [found[path]] if is_new else []
        except (FileNotFoundError, _BrokenError):
            lacking.append(path)
        on_file(done, len(wanted))
    sync(pool)
    return found, lacking, new


class _BrokenError(Exception):
    """A file whose content is not what its name says."""


def _keep(source: Path, content: str, pool: Path) -> tuple[Fingerprint, bool]:
    """Have a file in the pool; whether that took copying. `content`: its SHA-256, "" where nobody knows."""
    size = source.stat().st_size
    kept = pool / (content or fingerprint(source).sha256)
    if kept.exists() and kept.stat().st_size == size:
        return Fingerprint(sha256=kept.name, bytes=size), False
    partial = pool / f".{os.getpid()}.partial"
    partial.unlink(missing_ok=True)
    seen = copy_private(source, partial)
    if seen.sha256 != kept.name:
        partial.unlink()
        raise _BrokenError
    if fingerprint(partial) != seen:
        raise BackupError(f"写到 {pool} 的文件读回来不一样，这个磁盘可能有故障。请换一个磁盘再备份")
    partial.replace(kept)
    return seen, True


def _check_own(folder: Path, manifest: Manifest) -> None:
    flaws = list(_own_flaws(Backup(folder, manifest)))
    if flaws:
        raise BackupError("备份没有做成，写好后核对不符：" + "；".join(flaws))


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    path = folder / MANIFEST
    path.touch(PRIVATE_FILE)
    path.write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")
    sync(path)
    sync(folder)


def _give_name(partial: Path, root: Path) -> Path:
    """From here on it is a backup."""
    name = time.strftime("%Y-%m-%d-%H%M%S")
    names = (name if n == 1 else f"{name}-{n}" for n in range(1, 1000))
    folder = next(root / free for free in names if not (root / free).exists())
    partial.rename(folder)
    sync(root)
    return folder


def _note(workspace: Workspace, store: Store, made: Made) -> None:
    detail = {
        "folder": made.backup.folder.name,
        "files": len(made.backup.manifest.files) + len(made.backup.manifest.shared),
        "added": made.new_files,
        "lacking": len(made.backup.manifest.lacking),
    }
    with store.write() as db:
        audit.note(db, workspace.who, "backup", detail)


# --- looking at them -----------------------------------------------------------------------------


def all_in(root: Path) -> list[Backup]:
    """The backups in a folder, the oldest first; what is no backup is passed over."""
    found = []
    for path in sorted(root.glob(f"[0-9]*/{MANIFEST}")):
        with suppress(BackupError):
            found.append(_load(path.parent))
    return sorted(found, key=lambda one: one.manifest.made_at)


def find(place: Path) -> Backup:
    """The backup in this folder, or the latest of those in it. Raises BackupError."""
    if (place / MANIFEST).is_file():
        return _load(place)
    found = all_in(place)
    if not found:
        raise BackupError(f"{place} 里没有做完的备份（备份的文件夹里有 {MANIFEST}）")
    return found[-1]


def _load(folder: Path) -> Backup:
    try:
        return Backup(folder, Manifest.model_validate_json((folder / MANIFEST).read_bytes()))
    except (OSError, ValidationError) as error:
        raise BackupError(f"备份清单 {folder / MANIFEST} 读不出来，这份备份不能用") from error


def flaws(backup: Backup, on_file: OnFile = lambda done, total: None) -> list[str]:
    """What is wrong with a backup, every file of it read; nothing when it is whole."""
    return [*_own_flaws(backup), *_shared_flaws(backup, on_file)]


def _own_flaws(backup: Backup) -> Iterator[str]:
    for path, wanted in backup.manifest.files.items():
        yield from _flaw(path, backup.folder / path, wanted)
    if backup.manifest.has_database and (backup.folder / DATABASE).is_file():
        yield from _database_flaws(backup.folder / DATABASE)


def _shared_flaws(backup: Backup, on_file: OnFile) -> Iterator[str]:
    shared = backup.manifest.shared
    if shared and not backup.shared.is_dir():
        yield f"旁边缺少 {SHARED} 文件夹（各次备份共用的原图在里面），请把它一起放回来"
        return
    for done, (path, wanted) in enumerate(shared.items(), 1):
        yield from _flaw(path, backup.shared / wanted.sha256, wanted)
        on_file(done, len(shared))


def _flaw(path: str, place: Path, wanted: Fingerprint) -> Iterator[str]:
    try:
        seen = fingerprint(place)
    except FileNotFoundError:
        yield f"缺少 {path}"
    except OSError as error:
        yield f"{path} 读不出来（{error.strerror}）"
    else:
        if seen != wanted:
            yield f"{path} 与备份时不一样，可能已损坏"


def _database_flaws(path: Path) -> Iterator[str]:
    """Read only, and as it lies there: nothing is written beside it."""
    try:
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as db:
            said = [row[0] for row in db.execute("PRAGMA integrity_check(3)")]
            orphans = db.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        yield f"数据库打不开（{error}）"
        return
    if said != ["ok"]:
        yield f"数据库内部有损坏（{'；'.join(said)}）"
    if orphans:
        yield "数据库的内容前后对不上（缺少被引用的行）"


# --- restoring -----------------------------------------------------------------------------------


def restore(backup: Backup, target: Path, on_file: OnFile = lambda done, total: None) -> Workspace:
    """Make a new workspace of a backup: `target` is made, or is empty. Raises BackupError.

    It gets its name when it is whole: a killed one leaves a folder with a dot, which the next clears away.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} 已经有内容，没有改动。请写一个新的文件夹名")
    partial = target.parent / f".{target.name}.restoring"
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(PRIVATE_FOLDER, parents=True)
    for folder in FOLDERS:
        (partial / folder).mkdir()
    places = list(backup.places())
    for done, (path, source, wanted) in enumerate(places, 1):
        _put_back(source, partial / path, path, wanted)
        on_file(done, len(places))
    _open(Workspace(partial), backup)
    sync(partial)
    partial.replace(target)
    return Workspace(target)


def _put_back(source: Path, target: Path, path: str, wanted: Fingerprint) -> None:
    try:
        seen = copy_private(source, target)
    except FileNotFoundError:
        raise BackupError(f"备份里缺少 {path}，不能恢复。请用 --check 核对，或换一份备份") from None
    if seen != wanted:
        raise BackupError(f"备份里的 {path} 已损坏，不能恢复。请用 --check 核对，或换一份备份")


def _open(workspace: Workspace, backup: Backup) -> None:
    """As any command would: the key is read, the tables are brought up to date."""
    _ = workspace.key, workspace.campaign
    if not backup.manifest.has_database:
        return
    store = workspace.open_store()
    try:
        with store.write() as db:
            audit.note(db, workspace.who, "backup.restore", {"folder": backup.folder.name})
    finally:
        store.close()
