"""Puts a page straight: where each millimetre of the printed page lies in the scan.

Places on the page are mm from its top-left corner, y downwards. In images, integer coordinates are
pixel centres (OpenCV's convention), so a mm is at `mm × scale - 0.5` px of a straight picture.

Markers (and the QR code where they are few) give a first transform, anchors on the known print a true
one. A page that lies flat and has its markers needs a few anchors once; any other is followed from
what is known outwards, anchor by anchor. There is no fallback: what cannot be put straight is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.anchors import Anchor, Anchors, Matches, anchors_of, blank_matrix, match
from ingest.bend import Bend, bend_through, disagreement, guesses, joined_to
from ingest.geometry import (
    Matrix,
    Points,
    apply,
    fit_affine,
    fit_homography,
    fit_similarity,
    fit_without_outliers,
    inverse,
    scale_at,
)
from ingest.identify import Known
from ingest.model import BLANK_DPI, Image, PrintedLayout, Registration
from ingest.qr import corners_on_page
from ingest.sampling import Pyramid, best_match, ink_channel, without_pen
from layouts.model import Box, PageFrame

Shift = tuple[float, float]
READING_MM_PER_PX = 25.4 / BLANK_DPI
"""One pixel of the blank page: the scale at which fields are looked at unless asked otherwise."""


@dataclass(frozen=True)
class Alignment:
    """Where a field really lies: `shift_mm` (x, y) is to be added to its place on the page.

    residual_mm  how far its print may still be from there; the whole search radius when it was not
                 recognised at all, covered, torn off or beyond the scan
    score        correlation with the blank page, -1 to 1
    """

    shift_mm: Shift
    residual_mm: float
    score: float


@dataclass(frozen=True, eq=False)
class RegisteredPage:
    """A scan laid over what was printed: any region of both, at the same scale, pixel on pixel.

    scan   the page as it came in, grey or RGB
    blank  the static print of this page, grey, `BLANK_DPI`
    bend   how the paper departs from flat, None when it does not
    known  where on bent paper print was recognised, mm (N, 2)
    """

    scan: Image
    blank: Image
    frame: PageFrame
    registration: Registration
    bend: Bend | None = None
    known: Points | None = None

    @property
    def px_per_mm(self) -> float:
        """Scale of the scan at the middle of the page."""
        return scale_at(self._page_to_scan, self.frame.width / 2, self.frame.height / 2)

    @property
    def has_colour(self) -> bool:
        return self.scan.ndim == 3

    def where(self, places: Points) -> Points:
        """Places on the page in mm (N, 2) → px of the scan."""
        moved = places if self.bend is None else places + self.bend.at(places)
        return apply(self._page_to_scan, moved)

    def unfollowed_mm(self, boxes: Sequence[Box]) -> float:
        """How far bent paper may have carried the worst of these boxes since the print that was recognised
        nearest to it, unnoticed; 0 on flat paper."""
        if self.known is None:
            return 0.0
        sides = np.array([(box.x, box.y, box.x + box.w, box.y + box.h) for box in boxes])[:, None]
        beyond = np.maximum(np.maximum(sides[..., :2] - self.known, self.known - sides[..., 2:]), 0.0)
        gaps = np.sort(np.linalg.norm(beyond, axis=2), axis=1)
        return float(gaps[:, thresholds.FOLLOWED_BY - 1].max()) * thresholds.UNFOLLOWED_SLOPE

    def patch(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        mm_per_px: float = READING_MM_PER_PX,
        shift: Shift = (0.0, 0.0),
    ) -> Image:
        """A region of the scan as grey, straightened; white beyond the scan's edge.

        In colour scans grey is the red channel: red seals and pale-red frames are white there, and
        black, blue and pencil strokes stay dark.
        """
        region = (x + shift[0], y + shift[1], w, h)
        return self.grey.sample(self._page_to_scan, region, mm_per_px, self.bend)

    def colour_patch(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        mm_per_px: float = READING_MM_PER_PX,
        shift: Shift = (0.0, 0.0),
    ) -> Image | None:
        """The same region in RGB; None when the scan has no colour."""
        if not self.has_colour:
            return None
        region = (x + shift[0], y + shift[1], w, h)
        return self._colour.sample(self._page_to_scan, region, mm_per_px, self.bend)

    def blank_patch(
        self, x: float, y: float, w: float, h: float, mm_per_px: float = READING_MM_PER_PX
    ) -> Image:
        """The same region of what was printed."""
        return self._blank.sample(self._page_to_blank, (x, y, w, h), mm_per_px)

    def align_field(self, x: float, y: float, w: float, h: float) -> Alignment:
        """Match the print in and around a field against the blank page, within a small radius.

        The shift is (0, 0) unless another place fits clearly better.
        """
        step, margin = READING_MM_PER_PX, thresholds.ALIGN_MARGIN_MM
        reach = round((thresholds.ALIGN_RADIUS_MM if self.bend else thresholds.ALIGN_RADIUS_FLAT_MM) / step)
        x, y, w, h = x - margin, y - margin, w + 2 * margin, h + 2 * margin
        print_ = self.blank_patch(x, y, w, h, step)
        more = reach * step
        seen = self.patch(x - more, y - more, w + 2 * more, h + 2 * more, step)
        return _aligned(without_pen(seen, int(print_.min())), print_, step, reach)

    # --- pictures at several scales ---------------------------------------------------------

    @cached_property
    def grey(self) -> Pyramid:
        return Pyramid(ink_channel(self.scan))

    @cached_property
    def _colour(self) -> Pyramid:
        return Pyramid(self.scan)

    @cached_property
    def _blank(self) -> Pyramid:
        return Pyramid(self.blank)

    @cached_property
    def _page_to_scan(self) -> Matrix:
        return self.registration.matrix()

    @cached_property
    def _page_to_blank(self) -> Matrix:
        return blank_matrix(self.blank, self.frame)


def _aligned(seen: Image, print_: Image, step: float, reach: int) -> Alignment:
    """Where `print_` fits best in `seen`, which reaches farther by `reach` px on each side."""
    height, width = print_.shape
    here, _ = best_match(seen[reach : reach + height, reach : reach + width], print_)
    best, (x, y) = best_match(seen, print_)
    off = ((x - reach) * step, (y - reach) * step)
    if best < thresholds.ALIGN_LOST:
        return Alignment((0.0, 0.0), reach * step, here)
    if best < max(here + thresholds.ALIGN_LEAST_GAIN, thresholds.ALIGN_SURE):
        return Alignment((0.0, 0.0), float(np.hypot(*off)), here)
    return Alignment(off, step / 2, best)


# --- finding the transform -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Points:
    """Corresponding points: on the page in mm, in the scan in px; and which of them cannot be others that
    look alike."""

    page: Points
    scan: Points
    sure: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.page)

    def __add__(self, other: _Points) -> _Points:
        page, scan = np.vstack((self.page, other.page)), np.vstack((self.scan, other.scan))
        return _Points(page, scan, np.concatenate((self.sure, other.sure)))

    def where(self, chosen: NDArray[np.bool_]) -> _Points:
        return _Points(self.page[chosen], self.scan[chosen], self.sure[chosen])

    @staticmethod
    def known(page: Points, scan: Points) -> _Points:
        """Of markers or the code: there is no mistaking them."""
        return _Points(page, scan, np.ones(len(page), np.bool_))

    def shifts(self, page_to_scan: Matrix) -> Points:
        """How far the points lie from where a flat page has them, mm."""
        return apply(inverse(page_to_scan), self.scan) - self.page


@dataclass(frozen=True, eq=False)
class _Laid:
    """A page put straight: its transform, its bend, the distance left in mm, how many points say so, and
    where these are if it is bent."""

    page_to_scan: Matrix
    bend: Bend | None
    residual_mm: float
    points: int
    known: Points | None = None


def register(scan: Pyramid, pixels: Image, known: Known, printed: PrintedLayout) -> RegisteredPage | None:
    """`scan` is the ink channel of `pixels`. None when the page cannot be put straight."""
    page, frame = known.identity.page, printed.layout.frame
    start = _start(known, frame, scan)
    if start is None:
        return None
    anchors = anchors_of(printed, page)
    markers = len(known.markers) if known.markers else 0
    few = _few(scan, start, anchors) if markers >= thresholds.MARKERS_FOR_QUICK else None
    laid = None
    if few is not None:
        laid = _flat(few + start) or _settled(scan, start, few, anchors, frame, thresholds.SETTLED_SHARE)
    if laid is None:
        more = _outwards(scan, start, anchors.many)
        laid = _settled(scan, start, more, anchors, frame, thresholds.LEAST_ANCHOR_SHARE)
    if laid is None:
        return None
    registration = Registration(
        tuple(float(value) for value in laid.page_to_scan.ravel()),
        laid.residual_mm,
        _found_from(markers, known, laid, laid.points - len(start)),
        laid.bend.packed() if laid.bend else None,
    )
    return RegisteredPage(pixels, printed.blanks[page - 1], frame, registration, laid.bend, laid.known)


def _found_from(markers: int, known: Known, laid: _Laid, anchors: int) -> str:
    qr = "+qr" if markers <= thresholds.FEW_MARKERS and known.by != "serial" else ""
    return f"markers:{markers}{qr}+anchors:{anchors}{'+bend' if laid.bend else ''}"


def _start(known: Known, frame: PageFrame, scan: Pyramid) -> _Points | None:
    """What is known before any anchor: corners of markers, and of the QR code where these are few."""
    parts = []
    if known.markers is not None:
        parts.append(_Points.known(*known.markers.on(frame).points()))
    if known.markers is None or len(known.markers) <= thresholds.FEW_MARKERS:
        guess = known.markers.on(frame).page_to_scan if known.markers else None
        code = corners_on_page(scan, frame.qr, known.qr, guess)
        if code is not None:
            parts.append(_Points.known(*code))
    return sum(parts[1:], parts[0]) if parts else None


def _first_transform(points: _Points) -> Matrix:
    """As much of a transform as the points support: perspective needs them far apart both ways."""
    spans = np.sort(np.linalg.svd(points.page - points.page.mean(0), compute_uv=False))
    narrow = spans[0] / np.sqrt(len(points))
    if narrow < thresholds.SPREAD_FOR_AFFINE_MM:
        return fit_similarity(points.page, points.scan)
    if narrow < thresholds.SPREAD_FOR_PERSPECTIVE_MM:
        return fit_affine(points.page, points.scan)
    px_per_mm = scale_at(fit_affine(points.page, points.scan), *points.page.mean(0))
    tolerance = thresholds.FOLLOW_OUTLIER_MM * px_per_mm
    return fit_without_outliers(fit_homography, points.page, points.scan, tolerance)[0]


def _few(scan: Pyramid, start: _Points, anchors: Anchors) -> _Points | None:
    """The few anchors where markers put them; None when too many of them are not there."""
    first = fit_homography(start.page, start.scan)
    matches = match(scan, first, anchors.few, thresholds.ANCHOR_RADIUS_MM)
    good = matches.scores >= thresholds.ANCHOR_SCORE
    if good.sum() < thresholds.QUICK_SHARE * len(good):
        return None
    return _Points(_places(anchors.few), apply(first, matches.seen), _sure(anchors.few, matches)).where(good)


def _flat(seen: _Points) -> _Laid | None:
    """One perspective for nearly all that was seen, or None."""
    px_per_mm = scale_at(fit_affine(seen.page, seen.scan), *seen.page.mean(0))
    tolerance = thresholds.FLAT_MM * px_per_mm
    laid, inliers = fit_without_outliers(fit_homography, seen.page, seen.scan, tolerance)
    if inliers.sum() < thresholds.FLAT_SHARE * len(seen):
        return None
    left = np.linalg.norm(seen.where(inliers).shifts(laid), axis=1)
    return _Laid(laid, None, float(left.max()), int(inliers.sum()))


def _settled(
    scan: Pyramid, start: _Points, more: _Points, anchors: Anchors, frame: PageFrame, least: float
) -> _Laid | None:
    """All anchors once more, from `start` and what `more` was found; at least the share `least` of them.

    Those not seen are looked for again as long as more and more are: each tells better where the next is.
    """
    if len(more) < thresholds.LEAST_ANCHORS:
        return None
    found = _agreeing(start + _seen_again(scan, start + more, anchors.many))
    before = 0
    while before < len(found):
        before = len(found)
        there = {tuple(place) for place in found.page}
        missing = [anchor for anchor in anchors.many if (anchor.x, anchor.y) not in there]
        if missing:
            found = _agreeing(found + _seen_again(scan, found, missing))
    if len(found) - len(start) < max(thresholds.LEAST_ANCHORS, least * len(anchors.many)):
        return None
    return _flat(found) or _bent(found, frame)


def _seen_again(scan: Pyramid, known: _Points, anchors: Sequence[Anchor]) -> _Points:
    """The anchors that lie about where what is known foretells."""
    places, flat = _places(anchors), _first_transform(known)
    expected = guesses(places, known.page, known.shifts(flat))
    matches = match(scan, flat, anchors, thresholds.FOLLOW_AGAIN_MM, expected)
    good = matches.scores >= thresholds.ANCHOR_SCORE
    return _Points(places, apply(flat, matches.seen), _sure(anchors, matches)).where(good)


def _sure(anchors: Sequence[Anchor], matches: Matches) -> NDArray[np.bool_]:
    """Which anchors were seen so well that nothing beside them can have been meant."""
    rivals = np.array([anchor.rival for anchor in anchors])
    least = np.maximum(thresholds.ANCHOR_SCORE, rivals + thresholds.RIVAL_LEAD)
    return (rivals <= thresholds.MOST_RIVAL) & (matches.scores >= least)


def _agreeing(found: _Points) -> _Points:
    """Without what disagrees with its neighbours, or does not hang together with what is sure."""
    flat = _first_transform(found)
    agreed = disagreement(found.page, found.shifts(flat)) <= thresholds.NEIGHBOUR_OUTLIER_MM
    found = found.where(agreed)
    return found.where(joined_to(found.sure, found.page, found.shifts(flat)))


def _bent(found: _Points, frame: PageFrame) -> _Laid:
    flat = _first_transform(found)
    shifts = found.shifts(flat)
    left = np.quantile(disagreement(found.page, shifts), thresholds.FLAT_SHARE)
    return _Laid(flat, bend_through(found.page, shifts, frame), float(left), len(found), found.page)


def _outwards(scan: Pyramid, start: _Points, anchors: Sequence[Anchor]) -> _Points:
    """The anchors that are found from `start` on, the nearest first: each ring helps to find the next.

    Boxes among boxes are left out: a step that goes wrong by a row would go on unnoticed.
    """
    anchors = [anchor for anchor in anchors if anchor.rival <= thresholds.MOST_RIVAL]
    found, waiting = start, np.arange(len(anchors))
    places = _places(anchors)
    while len(waiting):
        gaps = np.linalg.norm(places[waiting][:, None] - found.page[None], axis=2).min(1)
        ring = waiting[gaps <= max(thresholds.RING_MM, gaps.min() + 1.0)]
        waiting = np.setdiff1d(waiting, ring)
        flat = _first_transform(found)
        expected = guesses(places[ring], found.page, found.shifts(flat))
        matches = match(scan, flat, [anchors[n] for n in ring], thresholds.FOLLOW_RADIUS_MM, expected)
        sure = _sure([anchors[n] for n in ring], matches)
        found += _Points(places[ring], apply(flat, matches.seen), sure).where(sure)
    return found.where(np.arange(len(found)) >= len(start))


def _places(anchors: Sequence[Anchor]) -> Points:
    return np.array([(anchor.x, anchor.y) for anchor in anchors])
