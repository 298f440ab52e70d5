"""Scan files that are PDFs: a page that is one picture as that picture, any other rendered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pypdfium2

from ingest import thresholds
from ingest.model import Image, PageImage
from ingest.pictures import pixels_of
from ingest.undecodable import DAMAGE, IntakeError, check_size, page_errors

RENDER_DPI = 200.0


class Pdf:
    """A PDF, by pikepdf where a page is one picture and by pdfium where it is not."""

    def __init__(self, path: Path, pdf: pikepdf.Pdf) -> None:
        self._path = path
        self._pdf = pdf

    def __len__(self) -> int:
        return len(self._pdf.pages)

    def page(self, number: int) -> PageImage:
        with page_errors(number):
            page = self._pdf.pages[number - 1]
            placed = _only_picture(page)
            if placed is None:
                return self._rendered(number, page)
            check_size(placed.picture.width, placed.picture.height)
            try:
                image = placed.picture.as_pil_image()
            except (pikepdf.exceptions.UnsupportedImageTypeError, pikepdf.exceptions.DependencyError):
                return self._rendered(number, page)
            dpi = placed.picture.width / (placed.place.a / 72)
            return _turned(PageImage(number, pixels_of(image), dpi), page.rotation)

    def _rendered(self, number: int, page: pikepdf.Page) -> PageImage:
        # Opened here: pypdfium2 resolves a path, which a file in memory does not have.
        with self._path.open("rb") as file, pypdfium2.PdfDocument(file) as document:
            sheet = document[number - 1]
            scale = _render_scale(*sheet.get_size())
            pixels = sheet.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3].copy()
        if page.get_images() and pixels.min() == 255:
            # pdfium leaves out pictures that it cannot decode: such a page must not pass for blank.
            raise IntakeError("broken_page", f"第 {number} 页的图像无法显示，请重新扫描这一页。")
        return PageImage(number, _grey_if_grey(pixels), scale * 72)


@contextmanager
def open_pdf(path: Path) -> Iterator[Pdf]:
    try:
        pdf = pikepdf.open(path)
    except pikepdf.PasswordError as error:
        raise IntakeError("encrypted", "PDF 有打开密码，请去掉密码后重新保存再放入。") from error
    except DAMAGE as error:
        raise IntakeError("broken", "PDF 文件已损坏或没有传完，请重新扫描或重新传送。") from error
    with pdf:
        yield Pdf(path, pdf)


_PAINTING = frozenset(("f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "INLINE IMAGE"))
_WORDS = frozenset(("Tj", "TJ", "'", '"'))
_INVISIBLE = 3  # text render mode of an OCR layer


@dataclass(frozen=True)
class _Placed:
    """A picture on a PDF page; `place` takes the unit square to where it lies, in pt."""

    picture: pikepdf.PdfImage
    place: pikepdf.Matrix


def _only_picture(page: pikepdf.Page) -> _Placed | None:
    """The one upright, unmasked picture that is all there is to see of the page, or None."""
    images = page.get_images()
    if len(images) != 1:
        return None
    ((name, stream),) = images.items()
    masked = "/SMask" in stream or "/Mask" in stream or bool(stream.get("/ImageMask", False))
    place = None if masked else _only_place(page, name)
    if place is None or not _upright_and_whole(place, page):
        return None
    return _Placed(pikepdf.PdfImage(stream), place)


def _only_place(page: pikepdf.Page, picture: str) -> pikepdf.Matrix | None:
    """Where `picture` is drawn, when that is the only thing drawn; an OCR layer's words do not count."""
    matrix, words_seen = pikepdf.Matrix(), True
    kept: list[tuple[pikepdf.Matrix, bool]] = []
    places: list[pikepdf.Matrix] = []
    for instruction in pikepdf.parse_content_stream(page):
        operands = instruction.operands
        match str(instruction.operator):
            case "q":
                kept.append((matrix, words_seen))
            case "Q" if kept:
                matrix, words_seen = kept.pop()
            case "cm":
                matrix = pikepdf.Matrix(*(float(value) for value in operands)) @ matrix
            case "Tr":
                words_seen = int(operands[0]) != _INVISIBLE
            case "Do":
                if str(operands[0]) != picture:
                    return None
                places.append(matrix)
            case name if name in _PAINTING or (words_seen and name in _WORDS):
                return None
    return places[0] if len(places) == 1 else None


def _upright_and_whole(place: pikepdf.Matrix, page: pikepdf.Page) -> bool:
    """Whether the picture lies unturned inside the visible page; it may be smaller than the page."""
    if place.a <= 0 or place.d <= 0 or abs(place.b) + abs(place.c) > 1e-3:
        return False
    x0, y0, x1, y1 = (float(value) for value in page.cropbox)
    across, down = thresholds.CROPPED_SHARE * place.a, thresholds.CROPPED_SHARE * place.d
    return bool(
        place.e >= min(x0, x1) - across
        and place.f >= min(y0, y1) - down
        and place.e + place.a <= max(x0, x1) + across
        and place.f + place.d <= max(y0, y1) + down
    )


def _turned(image: PageImage, clockwise: int) -> PageImage:
    """As viewers show it: a PDF page may ask to be turned."""
    quarters = clockwise // 90 % 4
    if not quarters:
        return image
    return PageImage(image.number, np.ascontiguousarray(np.rot90(image.pixels, -quarters)), image.dpi)


def _render_scale(width: float, height: float) -> float:
    """px per pt: 200 dpi, less for pages that say they are larger than A3 (phones write such)."""
    most = thresholds.RENDER_LONG_SIDE
    return min(RENDER_DPI / 72, most / max(width, height))


def _grey_if_grey(pixels: Image) -> Image:
    red, green, blue = cv2.split(pixels)
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.asarray(red, np.uint8)
    return pixels
