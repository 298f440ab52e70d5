"""One picture, from pixels to readings: the whole story."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.blank import is_blank
from ingest.decide import decide
from ingest.geometry import Matrix, apply
from ingest.identify import Known, NotKnown, SerialReader, identify
from ingest.locate import find_markers
from ingest.measure import measure_page
from ingest.model import Image, PageResult, PageState, PrintedLayout, Problem, Shelf
from ingest.register import RegisteredPage, register
from ingest.sampling import Pyramid, ink_channel
from ingest.serials import read_serial
from layouts.identity import Identity
from layouts.model import PageFrame


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page that was recognised and put straight."""

    identity: Identity
    printed: PrintedLayout
    registered: RegisteredPage
    turned: int


def read_picture(pixels: Image, shelf: Shelf) -> list[PageResult]:
    """What each sheet of paper on a picture is and what was written on it; at least one, mostly one.

    `pixels` as `ingest.intake` gives them.
    """
    return [_read(found, shelf) for found in find_sheets(pixels, shelf, read_serial)]


def read_page(pixels: Image, shelf: Shelf) -> PageResult:
    """The same of a picture of one sheet; of several, the one that is seen best."""
    return _read(find_sheet(pixels, shelf, read_serial), shelf)


def _read(sheet: Sheet | PageResult, shelf: Shelf) -> PageResult:
    if isinstance(sheet, PageResult):
        return sheet
    layout, page = sheet.printed.layout, sheet.identity.page
    seen = measure_page(sheet.registered, sheet.printed, page, shelf.vocabularies)
    return PageResult(
        state=PageState.READ,
        serial=sheet.identity.serial,
        form=sheet.identity.form,
        page=page,
        turned=sheet.turned,
        registration=sheet.registered.registration,
        measurements=seen,
        readings=decide(layout.form, seen, shelf.vocabularies, shelf.calibration, shelf.days),
    )


def find_sheets(pixels: Image, shelf: Shelf, reader: SerialReader | None = None) -> list[Sheet | PageResult]:
    """The sheets of paper on a picture, or what they are instead; at least one."""
    scan = Pyramid(ink_channel(pixels))
    frames = {printed.layout.frame for printed in shelf.layouts.values()} or {PageFrame()}
    groups = find_markers(scan.image, frames)
    if not groups and is_blank(scan.image):
        return [PageResult(PageState.BLANK)]
    return [_straight(one, scan, pixels, shelf) for one in identify(scan, groups, shelf, reader)]


def find_sheet(pixels: Image, shelf: Shelf, reader: SerialReader | None = None) -> Sheet | PageResult:
    """The only sheet of paper on a picture, or the one that is seen best."""
    return find_sheets(pixels, shelf, reader)[0]


def _straight(known: Known | NotKnown, scan: Pyramid, pixels: Image, shelf: Shelf) -> Sheet | PageResult:
    if isinstance(known, NotKnown):
        return PageResult(known.state, serial=known.serial, problems=(known.problem,))
    digest, _ = shelf.sheets[known.identity.serial]
    registered = register(scan, pixels, known, shelf.layouts[digest])
    if registered is None:
        return _not_straight(known.identity)
    turned = upright(registered.registration.matrix())
    return Sheet(known.identity, shelf.layouts[digest], registered, turned)


def upright(page_to_scan: Matrix) -> int:
    """Clockwise quarter turns, in degrees, that put the scan upright."""
    left, right = apply(page_to_scan, np.array(((95.0, 140.0), (115.0, 140.0))))
    direction = np.degrees(np.arctan2(*(right - left)[::-1]))
    return int(-round(direction / 90.0) * 90 % 360)


def _not_straight(identity: Identity) -> PageResult:
    message = (
        f"编号 {identity.serial} 的表认出来了，但版面对不上：可能被遮住、撕去太多、折叠，或者换过内容。"
        "请展平后用 200～300 dpi 重新扫描，或人工录入。"
    )
    problem = Problem("not_straight", message)
    return PageResult(
        PageState.UNREADABLE, identity.serial, identity.form, identity.page, problems=(problem,)
    )
