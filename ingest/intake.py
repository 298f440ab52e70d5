"""A scan file → the pictures of its pages, one at a time.

Files are told apart by their content, never by their name. A PDF page that is one picture is taken
as that picture, which is several times faster than rendering it and loses nothing; other pages are
rendered. A page that cannot be decoded is a `BadPage` and costs none of the others.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import pikepdf
import pypdfium2
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from forms.errors import ClerkError
from ingest import thresholds
from ingest.model import Image, PageImage, Problem

Pillow.init()  # or formats named in `open` are unknown until one of them was opened by chance
register_heif_opener()

RENDER_DPI = 200.0
_FORMATS = ("TIFF", "JPEG", "PNG", "HEIF", "BMP", "WEBP", "JPEG2000")
"""What counts as a scan. Pillow opens MPO, a phone's JPEG with a second picture behind it, as JPEG."""
_MULTIPAGE = ("TIFF", "HEIF")
_PDF_HEADER_WITHIN = 1024
"""Bytes in which `%PDF-` must occur: readers tolerate rubbish before it."""


_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,
    RuntimeError,
    struct.error,
    zlib.error,
    pikepdf.PikepdfError,
    pikepdf.PdfError,
    pypdfium2.PdfiumError,
)
"""What the libraries raise on damaged data: they promise nothing narrower."""


class IntakeError(ClerkError):
    """A file, or one page of it, that cannot be taken in. `kind` is stable, the message for clerks."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def problem(self) -> Problem:
        return Problem(self.kind, str(self))


@dataclass(frozen=True)
class BadPage:
    """A page that is there and cannot be decoded; `number` counts from 1."""

    number: int
    problem: Problem


class _Document(Protocol):
    """An opened scan file."""

    def __len__(self) -> int: ...

    def page(self, number: int) -> PageImage:
        """Raises IntakeError when this page cannot be decoded."""


def count(path: Path) -> int:
    """Number of pages, without decoding any. Raises IntakeError."""
    with _open(path) as document:
        return len(document)


def page(path: Path, number: int) -> PageImage:
    """One page, counted from 1. Raises IntakeError for the file and for the page alike."""
    with _open(path) as document:
        if not 1 <= number <= len(document):
            raise IntakeError("no_such_page", f"文件只有 {len(document)} 页，没有第 {number} 页。")
        return document.page(number)


def pages(path: Path) -> Iterator[PageImage | BadPage]:
    """All pages in order, each decoded when it is asked for. Raises IntakeError for the file."""
    with _open(path) as document:
        for number in range(1, len(document) + 1):
            try:
                yield document.page(number)
            except IntakeError as error:
                yield BadPage(number, error.problem)


@contextmanager
def _open(path: Path) -> Iterator[_Document]:
    try:
        with path.open("rb") as file:
            head = file.read(_PDF_HEADER_WITHIN)
    except OSError as error:
        raise IntakeError("unreadable_file", f"文件打不开（{error.strerror}），请检查后重试。") from error
    if not head:
        raise IntakeError("empty", "文件是空的（0 字节），可能没有传完，请重新传送或重新扫描。")
    opener = _open_pdf if b"%PDF-" in head else _open_picture
    with opener(path) as document:
        if not len(document):
            raise IntakeError("empty", "文件里一页也没有，请重新扫描。")
        yield document


# --- pictures ------------------------------------------------------------------------------------


class _Picture:
    """TIFF, JPEG, PNG, HEIC…: what Pillow opens."""

    def __init__(self, image: Pillow.Image) -> None:
        self._image = image
        self._count = _frames(image) if image.format in _MULTIPAGE else 1

    def __len__(self) -> int:
        return self._count

    def page(self, number: int) -> PageImage:
        with _page_errors(number), _quiet():
            if self._count > 1:
                self._image.seek(number - 1)
            return _page_image(number, self._image)


def _frames(image: Pillow.Image) -> int:
    """Number of pages; those behind a broken link of a TIFF's chain cannot be counted."""
    try:
        return int(getattr(image, "n_frames", 1))
    except _DAMAGE:
        return 1 + sum(1 for _ in _reachable(image))


def _reachable(image: Pillow.Image) -> Iterator[int]:
    """Page indices from 1 as far as the chain holds, and the one where it breaks, as a bad page."""
    index = 0
    with suppress(*_DAMAGE):
        while True:
            index += 1
            try:
                image.seek(index)
            except EOFError:
                return
            yield index
    yield index


@contextmanager
def _open_picture(path: Path) -> Iterator[_Document]:
    try:
        with _quiet():
            image = Pillow.open(path, formats=_FORMATS)
            document = _Picture(image)
    except UnidentifiedImageError as error:
        raise IntakeError(
            "not_a_scan",
            "这不是扫描件：只能读取 PDF、TIFF、JPEG、PNG、HEIC 文件。请换成扫描件或照片再放入。",
        ) from error
    except Pillow.DecompressionBombError as error:
        raise _too_large() from error
    except _DAMAGE as error:
        raise IntakeError("broken", "图片文件已损坏，读不出来，请重新扫描或重新传送。") from error
    with image:
        yield document


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns of large pictures, which `_check_size` judges, and of damage, which a page reports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _page_image(number: int, image: Pillow.Image) -> PageImage:
    """The picture as grey or RGB, upright as its file says, with square pixels."""
    _check_size(*image.size)
    dpi = _dpi(image)
    image.load()  # the orientation of a TIFF is applied here, and its tag removed
    upright = ImageOps.exif_transpose(image) if image.getexif().get(0x0112, 1) != 1 else image
    pixels = _pixels(upright)
    if dpi and max(dpi) / min(dpi) > thresholds.SQUARE_PIXELS:
        turned = upright.size != image.size
        pixels = _squared(pixels, dpi[::-1] if turned else dpi)
    return PageImage(number, pixels, max(dpi) if dpi else None)


def _dpi(image: Pillow.Image) -> tuple[float, float] | None:
    """Across and down; None when the file does not say or says nonsense."""
    across, down = (float(side) for side in image.info.get("dpi", (0.0, 0.0)))
    plausible = all(thresholds.LEAST_DPI <= side <= thresholds.MOST_DPI for side in (across, down))
    return (across, down) if plausible else None


def _pixels(image: Pillow.Image) -> Image:
    """Grey (H, W) or RGB (H, W, 3); transparent parts are white paper."""
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype(np.uint8)
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Pillow.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    grey = image.mode in ("1", "L", "LA")
    return np.array(image if image.mode in ("L", "RGB") else image.convert("L" if grey else "RGB"))


def _stretched(values: np.ndarray[Any, Any]) -> Image:
    """32-bit samples, whose scale no file states, spread over 0 to 255."""
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8)


def _squared(pixels: Image, dpi: tuple[float, float]) -> Image:
    """Fax pages have twice as many pixels across as down: the coarser side is stretched."""
    height, width = pixels.shape[:2]
    finest = max(dpi)
    size = (round(width * finest / dpi[0]), round(height * finest / dpi[1]))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _check_size(width: int, height: int) -> None:
    """Raises IntakeError for pictures that no scanner makes, before they fill the memory."""
    if width * height > thresholds.MOST_PIXELS:
        raise _too_large()


def _too_large() -> IntakeError:
    limit = thresholds.MOST_PIXELS // 1_000_000
    return IntakeError("too_large", f"图片过大（超过 {limit} 百万像素），请用 200～300 dpi 重新扫描。")


@contextmanager
def _page_errors(number: int) -> Iterator[None]:
    """What decoders raise on damaged data, as one IntakeError that names the page."""
    try:
        yield
    except (Pillow.DecompressionBombError, MemoryError) as error:
        raise _too_large() from error
    except _DAMAGE as error:
        raise IntakeError(
            "broken_page", f"第 {number} 页的图像已损坏或不完整，读不出来，请重新扫描这一页。"
        ) from error


# --- PDF -----------------------------------------------------------------------------------------


class _Pdf:
    """A PDF, by pikepdf where a page is one picture and by pdfium where it is not."""

    def __init__(self, path: Path, pdf: pikepdf.Pdf) -> None:
        self._path = path
        self._pdf = pdf

    def __len__(self) -> int:
        return len(self._pdf.pages)

    def page(self, number: int) -> PageImage:
        with _page_errors(number):
            page = self._pdf.pages[number - 1]
            placed = _only_picture(page)
            if placed is None:
                return self._rendered(number, page)
            _check_size(placed.picture.width, placed.picture.height)
            try:
                image = placed.picture.as_pil_image()
            except (pikepdf.exceptions.UnsupportedImageTypeError, pikepdf.exceptions.DependencyError):
                return self._rendered(number, page)
            dpi = placed.picture.width / (placed.place.a / 72)
            return _turned(PageImage(number, _pixels(image), dpi), page.rotation)

    def _rendered(self, number: int, page: pikepdf.Page) -> PageImage:
        with pypdfium2.PdfDocument(self._path) as document:
            sheet = document[number - 1]
            scale = _render_scale(*sheet.get_size())
            pixels = sheet.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3].copy()
        if page.get_images() and pixels.min() == 255:
            # pdfium leaves out pictures that it cannot decode: such a page must not pass for blank.
            raise IntakeError("broken_page", f"第 {number} 页的图像无法显示，请重新扫描这一页。")
        return PageImage(number, _grey_if_grey(pixels), scale * 72)


@contextmanager
def _open_pdf(path: Path) -> Iterator[_Document]:
    try:
        pdf = pikepdf.open(path)
    except pikepdf.PasswordError as error:
        raise IntakeError("encrypted", "PDF 有打开密码，请去掉密码后重新保存再放入。") from error
    except _DAMAGE as error:
        raise IntakeError("broken", "PDF 文件已损坏或没有传完，请重新扫描或重新传送。") from error
    with pdf:
        yield _Pdf(path, pdf)


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
