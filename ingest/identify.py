"""Which sheets lie on a picture: by their QR codes, by those codes' modules, by the serials in their feet.

A wrong identity is impossible by design, not by care: a code counts only if the workspace's key
made it (`Key.decode`), a serial only if its keyed check characters agree, and either only if the
sheet was really printed and is the page that it claims to be.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ingest import thresholds
from ingest.geometry import Points, apply, inverse
from ingest.locate import Markers, lies_on, room_beside
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
    scan: Pyramid, groups: Sequence[Markers], shelf: Shelf, read_serial: SerialReader | None = None
) -> list[Known | NotKnown]:
    """Every sheet of paper on the picture, the one with most markers first; at least one.

    groups  the markers that were found, by sheet, best first
    """
    codes = _Codes(scan)
    papers = _papers(groups)
    if len(papers) > 1:
        found = [_identified(codes, [paper], shelf, read_serial, alone=False) for paper in papers]
    else:
        found = [_identified(codes, groups, shelf, read_serial, alone=True)]
    found += _loose(codes, found, groups, shelf)
    return [*found, *_glimpsed(found, groups)]


def _papers(groups: Sequence[Markers]) -> list[Markers]:
    """The groups that stand for a sheet of paper each: enough markers, and none on another's paper."""
    papers: list[Markers] = []
    for group in groups:
        enough = len(group) >= thresholds.OURS_BY_MARKERS
        if enough and not any(_is_on(group.middle, paper) for paper in papers):
            papers.append(group)
    return papers


def _is_on(place: Points, paper: Markers) -> bool:
    return lies_on(place, paper.page_to_scan, paper.frame)


def _identified(
    codes: _Codes,
    sheets: Sequence[Markers],
    shelf: Shelf,
    read_serial: SerialReader | None,
    *,
    alone: bool,
) -> Known | NotKnown:
    """One sheet of paper, which is one of `sheets`; `alone`: no other lies beside it, so that a code
    anywhere is its own."""
    refused: list[CodeError] = []
    for seen in codes.of(sheets):
        if seen.markers is None and not alone:
            continue
        try:
            known = Known(shelf.key.decode(seen.text), "qr", seen.markers, seen.corners)
        except CodeError as error:
            refused.append(error)
            continue
        return _checked(known, shelf)
    if not any(not error.foreign for error in refused):
        for known in _without_code(codes.scan, sheets, shelf, read_serial):
            return _checked(known, shelf)
    return _not_known(refused, sheets)


def _loose(
    codes: _Codes, found: Sequence[Known | NotKnown], groups: Sequence[Markers], shelf: Shelf
) -> Iterator[Known]:
    """Printed sheets beside those found of which only the code is seen, where the picture has room."""
    known = [one for one in found if isinstance(one, Known)]
    papers = [one.markers for one in known if one.markers]
    if len(papers) < len(found) or not room_beside(papers, codes.scan.image):
        return
    serials = {one.identity.serial for one in known}
    for text, corners in codes.anywhere:
        middle = corners.mean(0, keepdims=True)
        if any(_is_on(middle, paper) for paper in papers):
            continue
        with suppress(CodeError):
            one = _checked(Known(shelf.key.decode(text), "qr", _around(corners, groups), corners), shelf)
            if isinstance(one, Known) and one.identity.serial not in serials:
                serials.add(one.identity.serial)
                yield one


def _glimpsed(found: Sequence[Known | NotKnown], groups: Sequence[Markers]) -> Iterator[NotKnown]:
    """A sheet beside those found of which a single marker is seen: it must not get lost without a word."""
    papers = [one.markers for one in found if isinstance(one, Known) and one.markers]
    if len(papers) < len(found):
        return
    for group in groups:
        (corners, *others) = group.corners.values()
        alike = any(0.5 < group.area / paper.area < 2 for paper in papers)
        if not others and alike and not any(_is_on(corners.mean(0, keepdims=True), p) for p in papers):
            message = (
                "这张图上好像还有一张表，但它的二维码和页脚编号都读不出。"
                "请把它单独扫描或拍照，或按页脚编号人工查找。"
            )
            yield NotKnown(PageState.UNREADABLE, Problem("several_sheets", message))
            return


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
        message = (
            "二维码校验不符：可能是其他活动或其他单位印制的走访表，也可能是伪造、改动过的。"
            "请核对这张纸的来源，不要补录。"
        )
        return NotKnown(PageState.FOREIGN, Problem("forged_code", message))
    if len(sheets) and len(sheets[0]) >= thresholds.OURS_BY_MARKERS:
        message = "这是走访表，但二维码和页脚编号都读不出。请按页脚编号人工查找，或重新扫描这一页。"
        return NotKnown(PageState.UNREADABLE, Problem("code_unreadable", message))
    if refused:
        message = "页上的二维码不是走访表的。如果是夹带的其他材料，请取出；如果是走访表，请重新扫描。"
        return NotKnown(PageState.FOREIGN, Problem("foreign_code", message))
    message = (
        "没有找到走访表的定位标志和二维码。如果是夹带的材料（证件复印件、信件、分隔页），请取出妥善保管；"
        "如果是走访表，请放正后用 200～300 dpi 重新扫描。"
    )
    return NotKnown(PageState.UNKNOWN, Problem("no_code", message))


# --- codes that zxing reads ----------------------------------------------------------------------


class _Codes:
    """The codes on a picture; all of it is searched once at most, and only when that is needed."""

    def __init__(self, scan: Pyramid) -> None:
        self.scan = scan

    def of(self, sheets: Sequence[Markers]) -> Iterator[_Seen]:
        """Codes where the markers say that they are; then, if none of these served, anywhere."""
        for sheet in sheets:
            yield from self._in_place(sheet)
        for text, corners in self.anywhere:
            yield _Seen(text, corners, _around(corners, sheets))

    @cached_property
    def anywhere(self) -> list[tuple[str, Points]]:
        return read_codes(self.scan.image)

    def _in_place(self, sheet: Markers) -> Iterator[_Seen]:
        x, y, side = sheet.frame.qr
        margin = thresholds.QR_MARGIN_MM[len(sheet)]
        region: Region = (x - margin, y - margin, side + 2 * margin, side + 2 * margin)
        step, page_to_scan = thresholds.QR_MM_PER_PX, sheet.page_to_scan
        for text, corners in read_codes(self.scan.sample(page_to_scan, region, step)):
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
