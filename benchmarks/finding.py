"""Finding pages: who they are, how well they are put straight, how long it takes, by kind of damage.

    python benchmarks/finding.py [--pages 10] [--seed 1] [--only TEXT]

Field error: distance between where a field's middle is and where the reader thinks it is, mm. Time is
CPU time over that of decoding the same picture from JPEG in the same run, one thread.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from PIL import Image as Pillow

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.damage import CLASSES, Damage, Shot, straight
from forms import load_catalogue
from generate.blank import blank_pages
from generate.pdf import write_pdf
from generate.sheets import SheetPrint
from ingest.model import PrintedLayout, Shelf
from ingest.page import Sheet, find_sheet
from ingest.serials import read_serial
from layouts import Identity, Key, place

PRINT_DPI = 300


@dataclass
class Tally:
    """What came of the pages of one class."""

    pages: int = 0
    identified: int = 0
    wrong: int = 0
    straight: int = 0
    errors: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def row(self) -> str:
        errors = np.array(self.errors or [np.nan])
        p50, p95 = np.quantile(errors, (0.5, 0.95))
        under = (errors < 0.3).mean()
        time_, floor = np.median(self.milliseconds), np.median(self.floor)
        return (
            f"{self.identified:4}/{self.pages:<4} {self.wrong:5} {self.straight:4}/{self.pages:<4}"
            f"{p50:6.2f} {p95:6.2f} {errors.max():7.2f} {under:7.1%} {time_:7.1f} {time_ / floor:6.1f}"
        )


@dataclass(frozen=True)
class Print:
    """A printed side and its picture at `PRINT_DPI`."""

    identity: Identity
    shot: Shot


def printed_pages(key: Key, folder: Path) -> tuple[Shelf, list[Print]]:
    """Each side of the forms once, and the shelf that knows them."""
    shelves: dict[str, PrintedLayout] = {}
    sheets: dict[str, tuple[str, int]] = {}
    prints = []
    for form in load_catalogue():
        if form.kind != "sheet":
            continue
        layout = place(form)
        blanks = [cv2.imdecode(np.frombuffer(png, np.uint8), 0) for png in blank_pages(layout)]
        shelves[layout.digest] = PrintedLayout(layout, tuple(blanks))
        items = []
        for page in range(1, layout.pages + 1):
            serial = key.new_serial()
            sheets[serial] = (layout.digest, page)
            facts = {f.key: "王小明" for f in layout.fields_on_page(page) if f.kind == "prefill"}
            code = key.encode(Identity(serial, form.id, page))
            items.append(SheetPrint(layout, page, layout.pages, serial, code, facts))
        path = folder / f"{form.id}.pdf"
        write_pdf(path, items)
        with pypdfium2.PdfDocument(path) as document:
            for item, sheet in zip(items, document, strict=True):
                picture = sheet.render(scale=PRINT_DPI / 72, grayscale=True).to_numpy()
                picture = picture.reshape(picture.shape[:2])
                shot = straight(picture.copy(), layout, item.page, PRINT_DPI)
                prints.append(Print(Identity(item.serial, form.id, item.page), shot))
    return Shelf(key, shelves, sheets), prints


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
            tally.errors += _field_errors(found, shot)
    return tally


def _field_errors(sheet: Sheet, shot: Shot) -> list[float]:
    """Of the fields that are on the picture at all."""
    boxes = list(shot.layout.on_page(shot.page))
    middles = np.array([(box.x + box.w / 2, box.y + box.h / 2) for box in boxes])
    true = shot.where(middles)
    height, width = shot.image.shape[:2]
    there = ((true >= 0) & (true < (width, height))).all(1)
    off = np.linalg.norm(sheet.registered.where(middles) - true, axis=1) / sheet.registered.px_per_mm
    return [float(error) for error in off[there]]


def _decoding(shot: Shot) -> float:
    data = io.BytesIO()
    Pillow.fromarray(shot.image).save(data, "JPEG", quality=85)
    started = time.process_time()
    np.asarray(Pillow.open(data))
    return 1000 * (time.process_time() - started)


def _chosen(only: str) -> Iterator[tuple[str, Damage]]:
    return ((name, damage) for name, damage in CLASSES.items() if only in name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=8, help="pages per kind of damage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="kinds of damage whose name contains this")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    key = Key(bytes(range(32)))
    with tempfile.TemporaryDirectory() as folder:
        shelf, prints = printed_pages(key, Path(folder))
    measured(CLASSES["clean 200 dpi"], prints, shelf, len(prints), 0)  # caches, models
    heading = "identified wrong straight   p50    p95     max  <0.3mm  ms/page  × JPEG"
    print(f"{'damage':32} {heading}")
    for name, damage in _chosen(arguments.only):
        tally = measured(damage, prints, shelf, arguments.pages, arguments.seed)
        print(f"{name:32} {tally.row()}", flush=True)


if __name__ == "__main__":
    main()
