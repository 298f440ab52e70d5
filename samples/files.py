"""Scan files as machines write them: multi-page PDF and TIFF, JPEG with or without EXIF, PNG, HEIC."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import pikepdf
import pillow_heif
from PIL import Image as Pictures

from samples.picture import Image, u8

_ORIENTATION = 0x0112
_ROWS_PER_STRIP, _STRIP_OFFSETS, _STRIP_BYTES = 278, 273, 279


@dataclass(frozen=True)
class Scanned:
    """One page as it came from the glass. `exif_turn`: stored turned by so many quarters clockwise."""

    pixels: Image
    dpi: int
    black: bool = False
    quality: int = 80
    exif_turn: int = 0


def write_pdf(path: Path, pages: Sequence[Scanned]) -> None:
    """Each page one image: JPEG, or fax-coded when it is black and white."""
    with pikepdf.new() as document:
        for page in pages:
            height, width = page.pixels.shape[:2]
            points = (width / page.dpi * 72, height / page.dpi * 72)
            blank = document.add_blank_page(page_size=points)
            image = document.make_stream(*_image_stream(page))
            blank.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
            content = f"q {points[0]:.4f} 0 0 {points[1]:.4f} 0 0 cm /Im0 Do Q"
            blank.Contents = document.make_stream(content.encode())
        document.save(path, deterministic_id=True)


def _image_stream(page: Scanned) -> tuple[bytes, dict[str, object]]:
    height, width = page.pixels.shape[:2]
    head: dict[str, object] = {
        "/Type": pikepdf.Name.XObject,
        "/Subtype": pikepdf.Name.Image,
        "/Width": width,
        "/Height": height,
    }
    if page.black:
        fax = pikepdf.Dictionary(K=-1, Columns=width, Rows=height, BlackIs1=True)  # as Pillow codes it
        more = {
            "/BitsPerComponent": 1,
            "/ColorSpace": pikepdf.Name.DeviceGray,
            "/Filter": pikepdf.Name.CCITTFaxDecode,
            "/DecodeParms": fax,
        }
        return _fax(page.pixels), head | more
    grey = page.pixels.ndim == 2
    more = {
        "/BitsPerComponent": 8,
        "/ColorSpace": pikepdf.Name.DeviceGray if grey else pikepdf.Name.DeviceRGB,
        "/Filter": pikepdf.Name.DCTDecode,
    }
    return jpeg(page.pixels, page.quality), head | more


def jpeg(pixels: Image, quality: int) -> bytes:
    bgr = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _fax(pixels: Image) -> bytes:
    """CCITT group 4 data without a file around it."""
    buffer = io.BytesIO()
    strip = {_ROWS_PER_STRIP: pixels.shape[0]}
    _one_bit(pixels).save(buffer, "TIFF", compression="group4", tiffinfo=strip)
    with Pictures.open(buffer) as tiff:
        start, length = tiff.tag_v2[_STRIP_OFFSETS][0], tiff.tag_v2[_STRIP_BYTES][0]  # type: ignore[attr-defined]
        return buffer.getvalue()[start : start + length]


def _one_bit(pixels: Image) -> Pictures.Image:
    grey = pixels if pixels.ndim == 2 else u8(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    return Pictures.fromarray(grey > 127)


def write_fax(path: Path, pages: Sequence[Scanned]) -> None:
    """A multi-page TIFF, one bit, CCITT group 4."""
    _write_tiff(path, [_one_bit(page.pixels) for page in pages], pages[0].dpi, "group4")


def write_lzw(path: Path, pages: Sequence[Scanned]) -> None:
    """A multi-page TIFF, grey or colour, LZW."""
    _write_tiff(path, [Pictures.fromarray(page.pixels) for page in pages], pages[0].dpi, "tiff_lzw")


def _write_tiff(path: Path, images: Sequence[Pictures.Image], dpi: int, compression: str) -> None:
    first, *rest = images
    first.save(path, "TIFF", save_all=True, append_images=rest, compression=compression, dpi=(dpi, dpi))


def write_jpeg(path: Path, pages: Sequence[Scanned]) -> None:
    """A single page; a turned one says so in its EXIF data, as phones do."""
    page = pages[0]
    exif = Pictures.Exif()
    if page.exif_turn:
        exif[_ORIENTATION] = {1: 8, 2: 3, 3: 6}[page.exif_turn % 4]
    image = Pictures.fromarray(np.ascontiguousarray(np.rot90(page.pixels, -page.exif_turn)))
    image.save(path, "JPEG", quality=page.quality, dpi=(page.dpi, page.dpi), exif=exif)


def write_png(path: Path, pages: Sequence[Scanned]) -> None:
    image = Pictures.fromarray(pages[0].pixels)
    image.save(path, "PNG", compress_level=1, dpi=(pages[0].dpi, pages[0].dpi))


def write_heic(path: Path, pages: Sequence[Scanned]) -> None:
    image = Pictures.fromarray(pages[0].pixels)
    pillow_heif.from_pillow(image).save(str(path), quality=60, enc_params={"preset": "ultrafast"})


@dataclass(frozen=True)
class FileKind:
    """`most`: pages that such a file holds; `black`: only one bit per pixel."""

    suffix: str
    write: Callable[[Path, Sequence[Scanned]], None]
    most: int
    black: bool = False


KINDS: Mapping[str, FileKind] = MappingProxyType(
    {
        "pdf": FileKind(".pdf", write_pdf, 26),
        "fax": FileKind(".tif", write_fax, 20, black=True),
        "lzw": FileKind(".tiff", write_lzw, 3),
        "jpeg": FileKind(".jpg", write_jpeg, 1),
        "png": FileKind(".png", write_png, 1),
        "heic": FileKind(".heic", write_heic, 1),
    }
)
