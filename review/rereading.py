"""Reading one page again, with what a person knows about it: which sheet it is, where its corners lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ingest.decide import decide, doubted_by_hand
from ingest.geometry import Matrix, apply, fit_homography
from ingest.identify import Known
from ingest.locate import Markers, find_markers, lies_on
from ingest.measure import measure_page
from ingest.model import Image, PageResult, PageState, PrintedLayout, Registration, Shelf
from ingest.page import read_picture, upright
from ingest.register import BY_HAND, RegisteredPage, register
from ingest.sampling import Pyramid, ink_channel
from layouts.identity import Identity
from layouts.model import PageFrame
from review.office import Office
from store import PageInfo

_SHELF_SECONDS = 60.0

Corners = Sequence[tuple[float, float]]
"""Top left, top right, bottom right, bottom left of the paper, or of the printed markers, in scan px."""


class RereadError(Exception):
    """The page still cannot be read; the message is for the clerk."""


def read_again(office: Office, pixels: Image, page: PageInfo, beside: Sequence[PageInfo]) -> list[PageResult]:
    """As a scan would: this page first, then sheets on the same picture that were not known of.

    beside  the other sheets that are known to lie on the picture
    """
    others = {one.serial for one in beside if one.serial}
    found = read_picture(pixels, shelf_of(office))
    new = [one for one in found if one.serial not in others]
    new.sort(key=lambda one: one.serial != page.serial)
    return [new[0], *(one for one in new[1:] if one.serial)] if new else found[:1]


def read_as(
    office: Office,
    pixels: Image,
    serial: str,
    beside: Sequence[PageInfo] = (),
    corners: Corners | None = None,
    *,
    of_markers: bool = False,
) -> PageResult:
    """The page as the sheet that a person says it is.

    beside      other sheets on the same picture, whose paper is not this one's
    of_markers  the corners are the markers' outer ones

    Raises RereadError.
    """
    shelf = shelf_of(office)
    if serial not in shelf.sheets:
        raise RereadError("没有印制过这个编号的表")
    digest, page = shelf.sheets[serial]
    printed = shelf.layouts[digest]
    identity = Identity(serial, printed.layout.form.id, page)
    scan = Pyramid(ink_channel(pixels))
    frame = printed.layout.frame
    if corners is None:
        groups = find_markers(scan.image, {frame})
        markers = next((group for group in groups if not _taken(group, beside, shelf)), None)
    else:
        markers = _markers(frame, _page_to_scan(frame, corners, of_markers))
    registered = register(scan, pixels, Known(identity, "serial", markers), printed)
    if registered and corners is not None:
        rests_on = registered.registration.found_from.replace("markers:4", BY_HAND)
        registered = replace(registered, registration=replace(registered.registration, found_from=rests_on))
    elif corners is not None:
        registered = _by_hand(pixels, printed, page, _page_to_scan(frame, corners, of_markers))
    if registered is None:
        raise RereadError("编号对，但版面对不上。请在图上标出纸的四个角后再读")
    return _read(shelf, identity, printed, registered)


def _taken(group: Markers, beside: Sequence[PageInfo], shelf: Shelf) -> bool:
    """Whether the markers are those of one of these sheets."""
    for page in beside:
        digest, _ = shelf.sheets.get(page.serial or "", ("", 0))
        if page.registration and digest:
            matrix = np.array(page.registration["homography"], np.float64).reshape(3, 3)
            if lies_on(group.middle, matrix, shelf.layouts[digest].layout.frame):
                return True
    return False


def shelf_of(office: Office) -> Shelf:
    return office.recent.get("shelf", _SHELF_SECONDS, office.shelf)


def _page_to_scan(frame: PageFrame, corners: Corners, of_markers: bool) -> Matrix:
    return fit_homography(_places(frame, of_markers), np.array(corners, np.float64))


def _places(frame: PageFrame, of_markers: bool) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Where the four corners are on the page, in mm."""
    if of_markers:
        return np.array([places[n] for n, places in sorted(frame.markers().items())], np.float64)
    return np.array([(0, 0), (frame.width, 0), (frame.width, frame.height), (0, frame.height)], np.float64)


def _markers(frame: PageFrame, page_to_scan: Matrix) -> Markers:
    """Where the markers must be, seen or not: the print is then followed from there."""
    places: Mapping[int, Sequence[tuple[float, float]]] = frame.markers()
    return Markers(frame, {n: apply(page_to_scan, np.array(at, np.float64)) for n, at in places.items()})


def _by_hand(pixels: Image, printed: PrintedLayout, page: int, page_to_scan: Matrix) -> RegisteredPage:
    values = tuple(float(value) for value in page_to_scan.ravel())
    return RegisteredPage(
        pixels, printed.blanks[page - 1], printed.layout.frame, Registration(values, 0.0, BY_HAND)
    )


def _read(shelf: Shelf, identity: Identity, printed: PrintedLayout, registered: RegisteredPage) -> PageResult:
    seen = measure_page(registered, printed, identity.page, shelf.vocabularies)
    readings = decide(printed.layout.form, seen, shelf.vocabularies, shelf.calibration, shelf.days)
    if registered.registration.found_from == BY_HAND:
        readings = doubted_by_hand(readings)
    return PageResult(
        state=PageState.READ,
        serial=identity.serial,
        form=identity.form,
        page=identity.page,
        turned=upright(registered.registration.matrix()),
        registration=registered.registration,
        measurements=seen,
        readings=readings,
    )
