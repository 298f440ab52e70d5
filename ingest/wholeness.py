"""Whether all of a scan file is there, told without decoding it: from how such files end.

For files that are still being copied: libraries open half of a PDF and find pages in it. A file that does not
end as it should may be whole all the same (phones put things behind a picture), so this is no reason to turn
it away.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from PIL import Image as Pillow

from ingest import intake
from ingest.intake import IntakeError

_TAIL = 2048
"""Bytes at the end in which a file says that it ends."""
_ENDS = {
    # how a file begins: what must stand near its end
    b"%PDF-": b"%%EOF",
    b"\xff\xd8\xff": b"\xff\xd9",
    b"\x89PNG": b"IEND",
}
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 273, 279, 324, 325


def looks_whole(path: Path) -> bool:
    """Whether the file opens as a scan and ends as one. Never raises for what is in it."""
    try:
        if intake.count(path) == 0:
            return False
        with path.open("rb") as file:
            head = file.read(16)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
        return _ends(path, head, tail, size)
    except IntakeError:
        return False
    except Exception:  # noqa: BLE001 - whatever a library makes of half a file
        return False


def _ends(path: Path, head: bytes, tail: bytes, size: int) -> bool:
    for start, end in _ENDS.items():
        if head.startswith(start):
            return end in tail
    if head.startswith(_TIFF):
        return _strips_end(path) <= size
    if head[4:8] == b"ftyp":
        return _boxes_end(path, size) == size
    return True


def _strips_end(path: Path) -> int:
    """Where the last piece of any page of a TIFF ends."""
    ends = [0]
    with warnings.catch_warnings(), Pillow.open(path) as image:
        warnings.simplefilter("ignore")
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            tags = getattr(image, "tag_v2", {})
            for starts, lengths in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
                pieces = zip(tags.get(starts, ()), tags.get(lengths, ()), strict=False)
                ends += (start + length for start, length in pieces)
    return max(ends)


def _boxes_end(path: Path, size: int) -> int:
    """Where the boxes of a HEIC end that begin within it."""
    at = 0
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4])
            if length == 1:
                length = int.from_bytes(header[8:16])
            if length == 0:
                return size  # to the end of the file
            if length < 8:
                return -1
            at += length
    return at
