"""Every side of some forms printed once, with the shelf that knows them."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pypdfium2

from benchmarks.damage import Image, Shot, straight
from forms import load_catalogue
from generate.blank import blank_pages
from generate.pdf import write_pdf
from generate.sheets import SheetPrint
from ingest.model import PrintedLayout, Shelf
from layouts import Identity, Key, Layout, place


@dataclass(frozen=True)
class Print:
    """A printed side and its picture."""

    identity: Identity
    shot: Shot


FORMS = ("2-2", "2-5")
"""A dense form and a light one, two sides each."""


def printed_pages(key: Key, dpi: float, forms: Sequence[str] = FORMS) -> tuple[Shelf, list[Print]]:
    shelves: dict[str, PrintedLayout] = {}
    sheets: dict[str, tuple[str, int]] = {}
    prints: list[Print] = []
    for form in forms:
        layout = place(load_catalogue()[form])
        blanks = [cv2.imdecode(np.frombuffer(png, np.uint8), 0) for png in blank_pages(layout)]
        shelves[layout.digest] = PrintedLayout(layout, tuple(blanks))
        items = [_sheet(layout, page, key) for page in range(1, layout.pages + 1)]
        sheets |= {item.serial: (layout.digest, item.page) for item in items}
        prints += _printed(items, dpi)
    return Shelf(key, shelves, sheets), prints


def _sheet(layout: Layout, page: int, key: Key) -> SheetPrint:
    # The same serials in every run: whether a damaged code can be read depends on its modules.
    serial = key.new_serial(random.Random(f"{layout.form.id} {page}").randrange)
    facts = {f.key: "王小明" for f in layout.fields_on_page(page) if f.kind == "prefill"}
    code = key.encode(Identity(serial, layout.form.id, page))
    return SheetPrint(layout, page, layout.pages, serial, code, facts)


def _printed(items: list[SheetPrint], dpi: float) -> list[Print]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheets.pdf"
        places = {entry.serial: entry.page - 1 for entry in write_pdf(path, items)}
        with pypdfium2.PdfDocument(path) as document:
            pictures = [_rendered(document[places[item.serial]], dpi) for item in items]
    return [
        Print(
            Identity(item.serial, item.layout.form.id, item.page),
            straight(picture, item.layout, item.page, dpi),
        )
        for item, picture in zip(items, pictures, strict=True)
    ]


def _rendered(page: pypdfium2.PdfPage, dpi: float) -> Image:
    pixels = page.render(scale=dpi / 72, grayscale=True).to_numpy()
    return pixels.reshape(pixels.shape[:2]).copy()
