"""Copies that are on the disk when they are said to be, and known by their fingerprints; some of them for
their owner's eyes only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
_BLOCK = 1 << 20


class Fingerprint(BaseModel):
    """What a file's content is."""

    model_config = ConfigDict(strict=True, frozen=True)

    sha256: str
    bytes: int


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> Fingerprint:
    """Raises OSError."""
    return Fingerprint(sha256=digest_of(path), bytes=path.stat().st_size)


def total_bytes(files: Iterable[Fingerprint]) -> int:
    return sum(file.bytes for file in files)


def copy_to_disk(source: BinaryIO, target: BinaryIO) -> Fingerprint:
    """Copy from one open file into another; when it returns, all of it is on the disk. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        digest.update(block)
        size += target.write(block)
    target.flush()
    os.fsync(target.fileno())
    return Fingerprint(sha256=digest.hexdigest(), bytes=size)


def copy_private(source: Path, target: Path) -> Fingerprint:
    """A copy in a new file, with folders as needed. Raises OSError."""
    target.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    with source.open("rb") as file, open(target, "xb", opener=_private) as copy:
        return copy_to_disk(file, copy)


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
