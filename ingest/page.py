"""One page, from pixels to readings: the whole story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.blank import is_blank
from ingest.decide import decide
from ingest.geometry import Matrix, apply
from ingest.identify import Known, NotKnown, SerialReader, identify
from ingest.locate import Markers, find_markers
from ingest.measure import measure_page
from ingest.model import Image, PageResult, PageState, PrintedLayout, Problem, Shelf
from ingest.register import RegisteredPage, register
from ingest.sampling import Pyramid, ink_channel
from ingest.serials import read_serial
from ingest.thresholds import OURS_BY_MARKERS
from layouts.identity import Identity
from layouts.model import PageFrame


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page that was recognised and put straight."""

    identity: Identity
    printed: PrintedLayout
    registered: RegisteredPage
    turned: int
    problems: tuple[Problem, ...] = ()


def read_page(pixels: Image, shelf: Shelf) -> PageResult:
    """What a page is, which sheet, and what was written on it. `pixels` as `ingest.intake` gives them."""
    sheet = find_sheet(pixels, shelf, read_serial)
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
        readings=decide(layout.form, seen, shelf.vocabularies, days=shelf.days),
        problems=sheet.problems,
    )


def find_sheet(pixels: Image, shelf: Shelf, reader: SerialReader | None = None) -> Sheet | PageResult:
    """The sheet that a page is, or what the page is instead."""
    scan = Pyramid(ink_channel(pixels))
    frames = {printed.layout.frame for printed in shelf.layouts.values()} or {PageFrame()}
    groups = find_markers(scan.image, frames)
    if not groups and is_blank(scan.image):
        return PageResult(PageState.BLANK)
    known = identify(scan, groups, shelf, reader)
    if isinstance(known, NotKnown):
        return PageResult(known.state, serial=known.serial, problems=(known.problem,))
    digest, _ = shelf.sheets[known.identity.serial]
    registered = register(scan, pixels, known, shelf.layouts[digest])
    if registered is None:
        return _not_straight(known.identity)
    turned = upright(registered.registration.matrix())
    problems = _others(groups, known)
    return Sheet(known.identity, shelf.layouts[digest], registered, turned, problems)


def upright(page_to_scan: Matrix) -> int:
    """Clockwise quarter turns, in degrees, that put the scan upright."""
    left, right = apply(page_to_scan, np.array(((95.0, 140.0), (115.0, 140.0))))
    direction = np.degrees(np.arctan2(*(right - left)[::-1]))
    return int(-round(direction / 90.0) * 90 % 360)


def _others(groups: Sequence[Markers], known: Known) -> tuple[Problem, ...]:
    """A second sheet on the same picture is not read: it must not get lost without a word."""
    others = [group for group in groups if group is not known.markers and len(group) >= OURS_BY_MARKERS]
    if not others:
        return ()
    message = f"这一页上不止一张表，只读取了编号 {known.identity.serial} 的一张。请把其余的表单独扫描或拍照。"
    return (Problem("several_sheets", message),)


def _not_straight(identity: Identity) -> PageResult:
    message = (
        f"编号 {identity.serial} 的表认出来了，但版面对不上：可能被遮住、撕去太多、折叠，或者换过内容。"
        "请展平后用 200～300 dpi 重新扫描，或人工录入。"
    )
    problem = Problem("not_straight", message)
    return PageResult(
        PageState.UNREADABLE, identity.serial, identity.form, identity.page, problems=(problem,)
    )
