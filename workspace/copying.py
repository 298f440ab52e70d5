"""Copies for their owner's eyes only, on the disk when they are said to be, known by their fingerprints."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from workspace.folder import digest_of

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
_BLOCK = 1 << 20


class Fingerprint(BaseModel):
    """What a file's content is."""

    model_config = ConfigDict(strict=True, frozen=True)

    sha256: str
    bytes: int


def fingerprint(path: Path) -> Fingerprint:
    """Raises OSError."""
    return Fingerprint(sha256=digest_of(path), bytes=path.stat().st_size)


def total_bytes(files: Iterable[Fingerprint]) -> int:
    return sum(file.bytes for file in files)


def copy_private(source: Path, target: Path) -> Fingerprint:
    """A copy in a new file, with folders as needed. Raises OSError."""
    target.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, open(target, "xb", opener=_private) as copy:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    return Fingerprint(sha256=digest.hexdigest(), bytes=size)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE_FILE)


def make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # a USB stick may know no permissions
        folder.chmod(PRIVATE_FOLDER)


def sync(path: Path) -> None:
    """Have a file or a folder on the disk; some file systems cannot do that for folders."""
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
