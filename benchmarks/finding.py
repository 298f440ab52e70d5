"""Finding pages: who they are, how well they are put straight, how long it takes, by kind of damage.

    python benchmarks/finding.py [--pages 10] [--seed 1] [--only TEXT] [--codes N]

Errors are distances between where a box's middle is and where the reader thinks it is, mm: by the page's
registration alone, and after each field's own alignment. Time is
CPU time over that of decoding the same picture from JPEG in the same run, one thread.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from PIL import Image as Pillow

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.damage import CLASSES, Damage, Generator, Image, Points, Shot
from benchmarks.prints import Print, printed_pages
from ingest.model import Shelf
from ingest.page import Sheet, find_sheet
from ingest.qr import read_codes, sampled_texts
from ingest.register import Shift
from ingest.sampling import Pyramid
from ingest.serials import read_serial
from layouts import Box, CodeError, Identity, Key
from layouts.model import QR_MM, QR_MODULES

PRINT_DPI = 300
_CODE_PX = 6


@dataclass
class Tally:
    """What came of the pages of one class."""

    pages: int = 0
    identified: int = 0
    wrong: int = 0
    straight: int = 0
    errors: list[float] = field(default_factory=list)
    aligned: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def row(self) -> str:
        page = np.quantile(self.errors or [np.nan], (0.5, 0.95, 1.0))
        fields = np.array(self.aligned or [np.nan])
        time_, floor = np.median(self.milliseconds), np.median(self.floor)
        return (
            f"{self.identified:4}/{self.pages:<4} {self.wrong:5} {self.straight:4}/{self.pages:<4}"
            f"{page[0]:6.2f}{page[1]:6.2f}{page[2]:6.2f}   {np.quantile(fields, 0.95):6.2f}"
            f"{fields.max():6.2f}{(fields < 0.3).mean():8.1%} {time_:7.1f} {time_ / floor:6.1f}"
        )


def measured(damage: Damage, prints: list[Print], shelf: Shelf, pages: int, seed: int) -> Tally:
    tally = Tally()
    for n in range(pages):
        printed = prints[n % len(prints)]
        shot = damage(np.random.default_rng((seed, n)), printed.shot)
        started = time.process_time()
        found = find_sheet(shot.image, shelf, read_serial)
        tally.milliseconds.append(1000 * (time.process_time() - started))
        tally.floor.append(_decoding(shot))
        tally.pages += 1
        serial = found.identity.serial if isinstance(found, Sheet) else found.serial
        tally.identified += serial == printed.identity.serial
        tally.wrong += serial not in (None, printed.identity.serial)
        if isinstance(found, Sheet):
            tally.straight += 1
            boxes = _boxes_there(shot)
            tally.errors += _errors(found, shot, boxes, {})
            tally.aligned += _errors(found, shot, boxes, _alignments(found, boxes))
    return tally


def _boxes_there(shot: Shot) -> list[Box]:
    """The boxes whose middle is on the picture."""
    boxes = list(shot.layout.on_page(shot.page))
    true = shot.where(_middles(boxes))
    height, width = shot.image.shape[:2]
    there = ((true >= 0) & (true < (width, height))).all(1)
    return [box for box, seen in zip(boxes, there, strict=True) if seen]


def _middles(boxes: list[Box]) -> Points:
    return np.array([(box.x + box.w / 2, box.y + box.h / 2) for box in boxes])


def _alignments(sheet: Sheet, boxes: list[Box]) -> dict[str, Shift]:
    """Each field's own shift, as reading finds it."""
    shifts = {}
    for key in {box.field for box in boxes}:
        own = [box for box in boxes if box.field == key]
        x, y = min(box.x for box in own), min(box.y for box in own)
        right, bottom = max(box.x + box.w for box in own), max(box.y + box.h for box in own)
        shifts[key] = sheet.registered.align_field(x, y, right - x, bottom - y).shift_mm
    return shifts


def _errors(sheet: Sheet, shot: Shot, boxes: list[Box], shifts: dict[str, Shift]) -> list[float]:
    """How far each box's middle is thought to be from where it is, mm."""
    middles = _middles(boxes)
    moved = middles + np.array([shifts.get(box.field, (0.0, 0.0)) for box in boxes])
    off = sheet.registered.where(moved) - shot.where(middles)
    return [float(error) for error in np.linalg.norm(off, axis=1) / sheet.registered.px_per_mm]


def _decoding(shot: Shot) -> float:
    data = io.BytesIO()
    Pillow.fromarray(shot.image).save(data, "JPEG", quality=85)
    started = time.process_time()
    np.asarray(Pillow.open(data))
    return 1000 * (time.process_time() - started)


def damaged_codes(count: int, seed: int) -> str:
    """Codes with 3 to 400 of their 625 modules flipped: read right, not at all, or wrong."""
    key = Key(bytes(range(32)))
    right = wrong = 0
    for n in range(count):
        rng = np.random.default_rng((seed, n))
        identity = Identity(key.new_serial(), "2-5", 1)
        picture = _code(key.encode(identity), round(10 ** rng.uniform(0.5, 2.6)), rng)
        read = set(_believed(picture, key))
        right += read == {identity}
        wrong += bool(read - {identity})
    return f"{count} damaged codes: {right} right, {count - right - wrong} not read, {wrong} wrong"


def _code(text: str, flips: int, rng: Generator) -> Image:
    """A code as a page has it, `_CODE_PX` px a module, four modules of white around it."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="Q")
    modules = np.array(code.to_image(scale=1), np.uint8)
    inside = modules[4:-4, 4:-4]
    places = rng.choice(inside.size, flips, replace=False)
    rows, columns = np.unravel_index(places, inside.shape)
    inside[rows, columns] = 255 - inside[rows, columns]
    return np.kron(modules, np.ones((_CODE_PX, _CODE_PX), np.uint8))


def _believed(picture: Image, key: Key) -> Iterator[Identity]:
    """The identities that reading would take from this picture of a code."""
    scale = _CODE_PX / (QR_MM / QR_MODULES)
    matrix = np.array([[scale, 0, -0.5], [0, scale, -0.5], [0, 0, 1.0]])
    place = (4 * _CODE_PX / scale, 4 * _CODE_PX / scale, QR_MM)
    texts = [text for text, _ in read_codes(picture)]
    for text in (*texts, *sampled_texts(Pyramid(picture), matrix, place)):
        with suppress(CodeError):
            yield key.decode(text)


def _chosen(only: str) -> Iterator[tuple[str, Damage]]:
    return ((name, damage) for name, damage in CLASSES.items() if only in name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=8, help="pages per kind of damage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="kinds of damage whose name contains this")
    parser.add_argument("--codes", type=int, help="only damage and read so many QR codes")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.codes:
        print(damaged_codes(arguments.codes, arguments.seed))
        return
    shelf, prints = printed_pages(Key(bytes(range(32))), PRINT_DPI)
    measured(CLASSES["clean 200 dpi"], prints, shelf, len(prints), 0)  # caches, models
    heading = "identified wrong straight  page p50/95/max  field p95/max  <0.3mm ms/page × JPEG"
    print(f"{'damage':32} {heading}")
    for name, damage in _chosen(arguments.only):
        tally = measured(damage, prints, shelf, arguments.pages, arguments.seed)
        print(f"{name:32} {tally.row()}", flush=True)


if __name__ == "__main__":
    main()
