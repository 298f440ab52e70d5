"""Paints over what has to go of a scan file, and leaves the rest of it as it was.

A page that is painted becomes a picture of as many pixels as before, so that what is known of where its
fields lie still holds. Nothing of what was there is left in the file: it is written anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from PIL import Image as Pillow

from campaign.forgetting import Patch
from ingest import intake
from ingest.intake import BadPage
from ingest.model import Image, PageImage

Pages = Mapping[int, Sequence[Patch]]
"""Page, from 1 → what has to go of it."""

_WHITE = 255
_BEYOND_MM = 4.0
"""Paper is bent: what is painted reaches so far beyond the page."""
_INK = 200
"""What is darker than this has been seen to be there."""
_DPI = 200.0
_QUALITY = 92
_KEPT_IN_ROOT = {"/Type", "/Pages"}


def is_painted(original: Path, pages: Pages) -> bool:
    """Whether all of it is gone already. Raises IntakeError."""
    return all(_is_white(intake.page(original, number).pixels, patches) for number, patches in pages.items())


def redact(original: Path, target: Path, pages: Pages) -> None:
    """Write the file to `target` without it. Raises IntakeError."""
    redact_file = _redact_pdf if intake.is_pdf(original) else _redact_picture
    redact_file(original, target, pages)


def _redact_pdf(original: Path, target: Path, pages: Pages) -> None:
    with pikepdf.open(original) as pdf:
        for number, patches in pages.items():
            seen = intake.page(original, number)
            pdf.pages[number - 1] = _picture_page(pdf, PageImage(number, _painted(seen, patches), seen.dpi))
        for key in set(pdf.Root.keys()) - _KEPT_IN_ROOT:  # outlines, attachments, texts of forms
            del pdf.Root[key]
        if "/Info" in pdf.trailer:
            del pdf.trailer["/Info"]
        for page in pdf.pages:
            _drop_links(page)
        pdf.remove_unreferenced_resources()
        pdf.save(target, encryption=False)


def _picture_page(pdf: pikepdf.Pdf, page: PageImage) -> pikepdf.Page:
    """A page that is one picture."""
    height, width = page.pixels.shape[:2]
    data = BytesIO()
    Pillow.fromarray(page.pixels).save(data, "JPEG", quality=_QUALITY)
    picture = pikepdf.Stream(pdf, data.getvalue())
    picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    picture.Width, picture.Height, picture.BitsPerComponent = width, height, 8
    grey = page.pixels.ndim == 2
    picture.ColorSpace = pikepdf.Name.DeviceGray if grey else pikepdf.Name.DeviceRGB
    picture.Filter = pikepdf.Name.DCTDecode
    points = 72 / (page.dpi or _DPI)
    pdf.add_blank_page(page_size=(width * points, height * points))
    made = pdf.pages[-1]
    made.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary({"/Im0": pdf.make_indirect(picture)}))
    drawn = f"q {width * points} 0 0 {height * points} 0 0 cm /Im0 Do Q".encode()
    made.Contents = pdf.make_stream(drawn)
    del pdf.pages[-1]
    return made


def _drop_links(page: pikepdf.Page) -> None:
    """What leads to a page keeps it in the file."""
    notes = page.obj.get("/Annots")
    if notes is not None:
        left = [note for note in notes if note.get("/Subtype") != "/Link"]
        page.obj.Annots = pikepdf.Array(left)


def _redact_picture(original: Path, target: Path, pages: Pages) -> None:
    """As a TIFF that loses nothing of the pages that stay."""
    first, *others = _frames(original, pages)
    first.save(
        target,
        "TIFF",
        save_all=True,
        append_images=others,
        compression="tiff_deflate",
        dpi=first.info.get("dpi", (_DPI, _DPI)),
    )


def _frames(original: Path, pages: Pages) -> Iterator[Pillow.Image]:
    for page in intake.pages(original):
        if isinstance(page, BadPage):
            yield Pillow.new("L", (8, 8), 0)  # it could not be read before either
            continue
        frame = Pillow.fromarray(_painted(page, pages.get(page.number, ())))
        frame.info["dpi"] = (page.dpi or _DPI,) * 2
        yield frame


def _painted(page: PageImage, patches: Sequence[Patch]) -> Image:
    pixels = page.pixels.copy()
    for patch in patches:
        corners = _corners(patch, pixels)
        cv2.fillPoly(pixels, [corners], (_WHITE,) * (1 if pixels.ndim == 2 else 3))
    return pixels


def _is_white(pixels: Image, patches: Sequence[Patch]) -> bool:
    grey = pixels if pixels.ndim == 2 else pixels.min(axis=2)
    mask = np.zeros(grey.shape, np.uint8)
    for patch in patches:
        cv2.fillPoly(mask, [_corners(patch, pixels)], 1)
    inside = cv2.erode(mask, np.ones((9, 9), np.uint8), borderValue=1)  # JPEG rings at the rim
    return not (grey[inside > 0] < _INK).any()


def _corners(patch: Patch, pixels: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    height, width = pixels.shape[:2]
    if patch.homography is None:
        return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.int32)
    x, y, w, h = patch.area
    left, top, right, bottom = x - _BEYOND_MM, y, x + w + _BEYOND_MM, y + h
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    matrix = np.array(patch.homography, np.float64).reshape(3, 3)
    return np.asarray(np.round(cv2.perspectiveTransform(corners, matrix)[0]), np.int32)
