"""Finding pages: who they are, how well they are put straight, how long it takes, by kind of damage.

    python -m benchmarks.finding [--pages 8] [--seed 1] [--only TEXT] [--codes N]

Errors are distances between where a box's middle is and where the reader thinks it is, mm: by the page's
registration alone, and after each field's own alignment. Time is CPU time over that of decoding the same
picture from JPEG in the same run, one thread.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import cv2
import numpy as np
import zxingcpp
from PIL import Image as Pillow

from benchmarks.damage import CLASSES, Damage, Generator, Image, Points, Shot
from benchmarks.document import Run, table
from benchmarks.prints import Print, printed_pages
from ingest import thresholds
from ingest.model import Shelf
from ingest.page import Sheet, find_sheet
from ingest.qr import read_codes, sampled_texts
from ingest.register import Shift
from ingest.sampling import Pyramid
from ingest.serials import read_serial
from layouts import Box, CodeError, Identity, Key
from layouts.model import QR_MM, QR_MODULES

PRINT_DPI = 300
NEAR_MM = 0.3
"""Error of a field up to which it counts as in its place."""
_CODE_PX = 6
_HEADING = (
    "damage",
    "pages",
    "identified",
    "wrong",
    "straight",
    "page mm p50",
    "p95",
    "max",
    "field mm p95",
    "max",
    "trusted",
    f"of these < {NEAR_MM} mm",
    "ms/page",
    "× JPEG",
)


@dataclass
class Tally:
    """What came of the pages of one class: errors in mm, by the registration alone, of fields aligned by
    themselves, and of those of them that lie near enough to recognised print to be trusted."""

    pages: int = 0
    identified: int = 0
    wrong: int = 0
    straight: int = 0
    errors: list[float] = field(default_factory=list)
    aligned: list[float] = field(default_factory=list)
    trusted: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def row(self) -> tuple[str, ...]:
        time_, floor = np.median(self.milliseconds), np.median(self.floor)
        return (
            *(str(n) for n in (self.pages, self.identified, self.wrong, self.straight)),
            *quantiles(self.errors, (0.5, 0.95, 1.0)),
            *quantiles(self.aligned, (0.95, 1.0)),
            f"{len(self.trusted) / max(len(self.aligned), 1):.1%}",
            share_near(self.trusted),
            f"{time_:.1f}",
            f"{time_ / floor:.1f}",
        )


def quantiles(errors: Sequence[float], at: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in np.quantile(errors, at)] if errors else ["–"] * len(at)


def share_near(errors: Sequence[float]) -> str:
    return f"{np.mean(np.array(errors) < NEAR_MM):.1%}" if errors else "–"


def measured(damage: Damage, prints: list[Print], shelf: Shelf, pages: int, seed: int) -> Tally:
    tally = Tally()
    for n in range(pages):
        printed = prints[n % len(prints)]
        shot = damage(np.random.default_rng((seed, n)), printed.shot)
        started = time.process_time()
        found = find_sheet(shot.image, shelf, read_serial)
        tally.milliseconds.append(1000 * (time.process_time() - started))
        tally.floor.append(decoding(shot.image))
        tally.pages += 1
        serial = found.identity.serial if isinstance(found, Sheet) else found.serial
        tally.identified += serial == printed.identity.serial
        tally.wrong += serial not in (None, printed.identity.serial)
        if isinstance(found, Sheet):
            tally.straight += 1
            boxes = boxes_there(shot)
            tally.errors += errors(found, shot, boxes, {})
            aligned = errors(found, shot, boxes, _alignments(found, boxes))
            tally.aligned += aligned
            tally.trusted += (
                error
                for box, error in zip(boxes, aligned, strict=True)
                if found.registered.unfollowed_mm([box]) <= thresholds.RESIDUAL_MM
            )
    return tally


def boxes_there(shot: Shot) -> list[Box]:
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


def errors(sheet: Sheet, shot: Shot, boxes: list[Box], shifts: Mapping[str, Shift]) -> list[float]:
    """How far each box's middle is thought to be from where it is, mm; `shifts` by field, mm."""
    middles = _middles(boxes)
    moved = middles + np.array([shifts.get(box.field, (0.0, 0.0)) for box in boxes])
    off = sheet.registered.where(moved) - shot.where(middles)
    return [float(error) for error in np.linalg.norm(off, axis=1) / sheet.registered.px_per_mm]


def decoding(picture: Image) -> float:
    """CPU ms that decoding the picture takes when it is a JPEG."""
    data = io.BytesIO()
    Pillow.fromarray(picture).save(data, "JPEG", quality=85)
    started = time.process_time()
    np.asarray(Pillow.open(data))
    return 1000 * (time.process_time() - started)


def report(run: Run) -> str:
    """Every kind of damage, as a table in Markdown."""
    tallies = tally_all(run.pages(8), run.seed, CLASSES)
    worst = min(tallies.values(), key=lambda tally: tally.identified / tally.pages)
    pages, identified = (sum(getattr(t, what) for t in tallies.values()) for what in ("pages", "identified"))
    wrong = sum(tally.wrong for tally in tallies.values())
    return (
        f"{identified} of {pages} pages were identified, {wrong} as a sheet that they are not"
        f"{'' if worst.identified == worst.pages else '; what is missing is in the table'}. Errors are"
        " distances between where a box is and where the reader thinks it is: by the page's registration"
        " alone, and after each field's own alignment. On bent paper a field is trusted when it lies near"
        " enough to print that was recognised. Times are CPU times of finding and putting straight (not of"
        " reading), on one thread, and over that of decoding the same page from JPEG.\n\n"
    ) + table(_HEADING, [(name, *tally.row()) for name, tally in tallies.items()])


def tally_all(pages: int, seed: int, classes: Mapping[str, Damage]) -> dict[str, Tally]:
    """By kind of damage, as it gets done."""
    shelf, prints = printed_pages(Key(bytes(range(32))), PRINT_DPI)
    measured(CLASSES["clean 200 dpi"], prints, shelf, len(prints), 0)  # caches, models
    tallies = {}
    for name, damage in classes.items():
        tallies[name] = measured(damage, prints, shelf, pages, seed)
        print(f"{name:32}", *(f"{cell:>7}" for cell in tallies[name].row()), file=sys.stderr, flush=True)
    return tallies


# --- damaged codes -------------------------------------------------------------------------------


def report_codes(run: Run) -> str:
    """Codes damaged at random, as a sentence."""
    count = run.pages(100_000)
    right, wrong = damaged_codes(count, run.seed)
    return (
        f"Of {count:,} QR codes with 3 to 400 of their 625 modules flipped, {right:,} were read as what"
        f" they are, {count - right - wrong:,} not at all, **{wrong} as something else**: what zxing reads"
        " and what is sampled module by module counts only when the workspace's key made it."
    )


def damaged_codes(count: int, seed: int) -> tuple[int, int]:
    """Codes with 3 to 400 of their 625 modules flipped: how many are read right, and how many wrong."""
    key = Key(bytes(range(32)))
    right = wrong = 0
    for n in range(count):
        rng = np.random.default_rng((seed, n))
        identity = Identity(key.new_serial(), "2-5", 1)
        picture = _code(key.encode(identity), round(10 ** rng.uniform(0.5, 2.6)), rng)
        read = set(_believed(picture, key))
        right += read == {identity}
        wrong += bool(read - {identity})
    return right, wrong


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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=8, help="pages per kind of damage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="kinds of damage whose name contains this")
    parser.add_argument("--codes", type=int, help="only damage and read so many QR codes")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.codes:
        right, wrong = damaged_codes(arguments.codes, arguments.seed)
        print(f"{arguments.codes} damaged codes: {right} right, {wrong} wrong")
        return
    chosen = {name: damage for name, damage in CLASSES.items() if arguments.only in name}
    tallies = tally_all(arguments.pages, arguments.seed, chosen)
    print(table(_HEADING, [(name, *tally.row()) for name, tally in tallies.items()]))


if __name__ == "__main__":
    main()
