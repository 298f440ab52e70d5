"""What there is to see on a printed page."""

import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pdfplumber
import pikepdf
import pypdfium2
from fontTools.ttLib import TTFont

MM = 25.4 / 72


@dataclass(frozen=True)
class Packet:
    """A printed file; `pages` says on which page of it each side of the form is."""

    path: Path
    pages: dict[int, int]

    def picture(self, side):
        return picture(self.path, self.pages[side])

    def words(self, side):
        return words_on(self.path, self.pages[side])

    def within(self, box):
        """The words whose characters lie in a box."""
        return "".join(
            text
            for page, text, x0, x1, top, bottom, _ in characters(self.path)
            if page == self.pages[box.page]
            and (x0 >= box.x - 0.1 and x1 <= box.x + box.w + 0.1)
            and (box.y <= (top + bottom) / 2 <= box.y + box.h)
        )


def picture(path, page, dpi=200):
    """A page of a PDF as a grey image, and the px per mm of its width."""
    with pypdfium2.PdfDocument(path) as document:
        image = np.asarray(document[page - 1].render(scale=dpi / 72, grayscale=True).to_pil().convert("L"))
        return image, image.shape[1] / (document[page - 1].get_width() / 72 * 25.4)


@cache
def characters(path):
    """Every printed character: (page, text, x0, x1, top, bottom in mm, name of its font)."""
    with pdfplumber.open(path) as document:
        return [
            (n, c["text"], c["x0"] * MM, c["x1"] * MM, c["top"] * MM, c["bottom"] * MM, c["fontname"])
            for n, page in enumerate(document.pages, 1)
            for c in page.chars
        ]


def words_on(path, page):
    return "".join(text for n, text, *_ in characters(path) if n == page)


def undrawn(path):
    """The printed characters for which the file embeds no outline: what a reader would not see."""
    programs = _font_programs(path)
    used = {(font, text) for _, text, *_, font in characters(path) if not text.isspace()}
    return {text for font, text in used if not _has_outline(programs[font], text)}


def _font_programs(path):
    with pikepdf.open(path) as pdf:
        found = [obj for obj in pdf.objects if isinstance(obj, pikepdf.Dictionary) and "/BaseFont" in obj]
        embedded = [font for font in found if "/FontDescriptor" in font]
        names = [str(font.BaseFont)[1:] for font in embedded]
        assert len(names) == len(set(names)), "readers take fonts of one name for one font"
        return {
            name: (
                TTFont(io.BytesIO(font.FontDescriptor.FontFile2.read_bytes())),
                _codes(font.ToUnicode.read_bytes().decode("ascii")),
            )
            for name, font in zip(names, embedded, strict=True)
        }


def _codes(to_unicode):
    """Text → code, from the lines `<code> <text>` of a ToUnicode map."""
    pairs = re.findall(r"^<(..)> <(.{4}|.{8})>$", to_unicode, re.MULTILINE)
    return {bytes.fromhex(text).decode("utf-16-be"): int(code, 16) for code, text in pairs}


def _has_outline(program, text):
    font, codes = program
    glyph = next(table.cmap for table in font["cmap"].tables).get(codes[text], ".notdef")
    return glyph != font.getGlyphOrder()[0] and font["glyf"][glyph].numberOfContours != 0
