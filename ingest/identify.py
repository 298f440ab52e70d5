"""Which sheet a page is: by its QR code, by that code's modules, by the serial in its foot.

A wrong identity is impossible by design, not by care: a code counts only if the workspace's key
made it (`Key.decode`), a serial only if its keyed check characters agree, and either only if the
sheet was really printed and is the page that it claims to be.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest import thresholds
from ingest.geometry import Points, apply, inverse
from ingest.locate import Markers
from ingest.model import Image, PageState, Problem, Shelf
from ingest.qr import read_codes, sampled_texts
from ingest.sampling import Pyramid, Region, region_to_page
from layouts.identity import SERIAL_LENGTH, CodeError, Identity, SerialError
from layouts.model import PageFrame

_WRITTEN = frozenset(string.digits + string.ascii_uppercase)
SerialReader = Callable[[Image], str]
"""Reads one line of print: the picture of a printed serial → its characters."""


@dataclass(frozen=True)
class Known:
    """A sheet of this workspace, and how it was recognised: `qr`, `modules` or `serial`.

    qr  the code's corners in scan px, clockwise from its top left, when zxing saw them
    """

    identity: Identity
    by: str
    markers: Markers | None
    qr: Points | None = None


@dataclass(frozen=True)
class NotKnown:
    """No sheet that could be read: what the page is instead, and what a clerk should do."""

    state: PageState
    problem: Problem
    serial: str | None = None


@dataclass(frozen=True)
class _Seen:
    """A QR code somewhere on the page."""

    text: str
    corners: Points
    markers: Markers | None


def identify(
    scan: Pyramid, sheets: Sequence[Markers], shelf: Shelf, read_serial: SerialReader | None = None
) -> Known | NotKnown:
    """`sheets` are the groups of markers found, best first."""
    refused: list[CodeError] = []
    for seen in _codes(scan, sheets):
        try:
            known = Known(shelf.key.decode(seen.text), "qr", seen.markers, seen.corners)
        except CodeError as error:
            refused.append(error)
            continue
        return _checked(known, shelf)
    if not any(not error.foreign for error in refused):
        for known in _without_code(scan, sheets, shelf, read_serial):
            return _checked(known, shelf)
    return _not_known(refused, sheets)


def _checked(known: Known, shelf: Shelf) -> Known | NotKnown:
    """Only a sheet that was printed, as the page and form that it says."""
    identity = known.identity
    printed = shelf.sheets.get(identity.serial)
    if printed is None:
        message = (
            f"编号 {identity.serial} 的二维码有效，但数据库里没有印制过这张表："
            "可能是联系卡，或者印制后数据库恢复到了更早的备份。请把这一页单独放好并告知管理员。"
        )
        return NotKnown(PageState.UNKNOWN, Problem("not_printed_here", message), identity.serial)
    digest, page = printed
    if page != identity.page or shelf.layouts[digest].layout.form.id != identity.form:
        message = f"编号 {identity.serial} 的二维码与印制记录的表单或页码不符，请人工核对这张纸。"
        return NotKnown(PageState.UNREADABLE, Problem("code_disagrees", message), identity.serial)
    return known


def _not_known(refused: Sequence[CodeError], sheets: Sequence[Markers]) -> NotKnown:
    if any(not error.foreign for error in refused):
        message = "二维码校验不符：不是本单位印制，或是伪造、改动过的。请核对这张纸的来源，不要补录。"
        return NotKnown(PageState.FOREIGN, Problem("forged_code", message))
    if len(sheets) and len(sheets[0]) >= thresholds.OURS_BY_MARKERS:
        message = "这是走访表，但二维码和页脚编号都读不出。请按页脚编号人工查找，或重新扫描这一页。"
        return NotKnown(PageState.UNREADABLE, Problem("code_unreadable", message))
    if refused:
        message = "页上的二维码不是走访表的。如果是夹带的其他材料，请取出；如果是走访表，请重新扫描。"
        return NotKnown(PageState.FOREIGN, Problem("foreign_code", message))
    message = "没有找到走访表的定位标志和二维码。如果是走访表，请放正后用 200～300 dpi 重新扫描。"
    return NotKnown(PageState.UNKNOWN, Problem("no_code", message))


# --- codes that zxing reads ----------------------------------------------------------------------


def _codes(scan: Pyramid, sheets: Sequence[Markers]) -> Iterator[_Seen]:
    """Codes where the markers say that they are; then, if none of these served, anywhere."""
    for sheet in sheets:
        yield from _codes_in_place(scan, sheet)
    for text, corners in read_codes(scan.image):
        yield _Seen(text, corners, _around(corners, sheets))


def _codes_in_place(scan: Pyramid, sheet: Markers) -> Iterator[_Seen]:
    x, y, side = sheet.frame.qr
    margin = thresholds.QR_MARGIN_MM[len(sheet)]
    region: Region = (x - margin, y - margin, side + 2 * margin, side + 2 * margin)
    step, page_to_scan = thresholds.QR_MM_PER_PX, sheet.page_to_scan
    for text, corners in read_codes(scan.sample(page_to_scan, region, step)):
        yield _Seen(text, apply(page_to_scan @ region_to_page(region, step), corners), sheet)


def _around(corners: Points, sheets: Sequence[Markers]) -> Markers | None:
    """The sheet whose code this is; None when it lies elsewhere, on a card on top of a sheet say."""
    for sheet in sheets:
        scan_to_page = inverse(sheet.page_to_scan)
        x, y, side = sheet.frame.qr
        centre = apply(scan_to_page, corners).mean(0)
        off = float(np.linalg.norm(centre - (x + side / 2, y + side / 2)))
        if off < thresholds.QR_OFF_PLACE_MM[len(sheet)]:
            return sheet
    return None


# --- codes that zxing does not read --------------------------------------------------------------


def _without_code(
    scan: Pyramid, sheets: Sequence[Markers], shelf: Shelf, read_serial: SerialReader | None
) -> Iterator[Known]:
    """What the modules say, then what the serial in the foot says; only what passes its check."""
    for sheet in sheets:
        for text in sampled_texts(scan, sheet.page_to_scan, sheet.frame.qr):
            try:
                yield Known(shelf.key.decode(text), "modules", sheet)
            except CodeError:
                continue  # a wrong guess at ruined modules says nothing about the sheet
    if read_serial is not None:
        for sheet in sheets:
            serial = _printed_serial(scan, sheet, shelf, read_serial)
            if serial is not None:
                digest, page = shelf.sheets[serial]
                form = shelf.layouts[digest].layout.form.id
                yield Known(Identity(serial, form, page), "serial", sheet)


def _printed_serial(scan: Pyramid, sheet: Markers, shelf: Shelf, read_serial: SerialReader) -> str | None:
    """The serial in the foot of the page, if it is one that was printed."""
    picture = scan.sample(sheet.page_to_scan, serial_region(sheet.frame), thresholds.SERIAL_MM_PER_PX)
    text = "".join(c for c in read_serial(picture).upper() if c in _WRITTEN)
    try:
        serial = shelf.key.check_serial(text)
    except SerialError:
        return _nearest(text, shelf)
    return serial if serial in shelf.sheets else None


def serial_region(frame: PageFrame) -> Region:
    """Where the serial is printed: one line around its baseline, in the middle of the foot."""
    x, y = frame.serial_baseline
    width, height = thresholds.SERIAL_SIZE_MM
    return x - width / 2, y - 0.75 * height, width, height


def _nearest(text: str, shelf: Shelf) -> str | None:
    """The one printed serial that differs from `text` in no more characters than OCR may get wrong.

    Serials are random: that another one lies so near has a probability of 10⁻¹¹ per 30,000 sheets.
    """
    if len(text) != SERIAL_LENGTH:
        return None
    near = [
        serial
        for serial in shelf.sheets
        if sum(a != b for a, b in zip(serial, text, strict=True)) <= thresholds.SERIAL_MISREAD
    ]
    return near[0] if len(near) == 1 else None
