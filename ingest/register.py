"""Puts a page straight: where each millimetre of the printed page lies in the scan.

Places on the page are mm from its top-left corner, y downwards. In images, integer coordinates are
pixel centres (OpenCV's convention), so a mm is at `mm × scale - 0.5` px of a straight picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ingest import thresholds
from ingest.anchors import anchors_of, blank_matrix
from ingest.bend import Bend
from ingest.geometry import Matrix, Points, apply, scale_at
from ingest.identify import Known
from ingest.laying import Laid, Pairs, lay
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


IN_PLACE = Alignment((0.0, 0.0), 0.0, 1.0)
"""Of a field that nothing was searched for, as there was no need."""


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


def register(scan: Pyramid, pixels: Image, known: Known, printed: PrintedLayout) -> RegisteredPage | None:
    """`scan` is the ink channel of `pixels`. None when the page cannot be put straight."""
    page, frame = known.identity.page, printed.layout.frame
    start = _start(known, frame, scan)
    if start is None:
        return None
    markers = len(known.markers) if known.markers else 0
    quick = markers >= thresholds.MARKERS_FOR_QUICK
    laid = lay(scan, start, anchors_of(printed, page), frame, quick=quick)
    if laid is None:
        return None
    registration = Registration(
        tuple(float(value) for value in laid.page_to_scan.ravel()),
        laid.residual_mm,
        _found_from(markers, known, laid, laid.points - len(start)),
        laid.bend.packed() if laid.bend else None,
    )
    return RegisteredPage(pixels, printed.blanks[page - 1], frame, registration, laid.bend, laid.known)


BY_HAND = "corners by hand"
"""What a registration rests on when a person marked the corners and the print could not refine it."""


def _found_from(markers: int, known: Known, laid: Laid, anchors: int) -> str:
    qr = "+qr" if markers <= thresholds.FEW_MARKERS and known.by != "serial" else ""
    return f"markers:{markers}{qr}+anchors:{anchors}{'+bend' if laid.bend else ''}"


def _start(known: Known, frame: PageFrame, scan: Pyramid) -> Pairs | None:
    """What is known before any anchor: corners of markers, and of the QR code where these are few."""
    parts = []
    if known.markers is not None:
        parts.append(Pairs.known(*known.markers.on(frame).points()))
    if known.markers is None or len(known.markers) <= thresholds.FEW_MARKERS:
        guess = known.markers.on(frame).page_to_scan if known.markers else None
        code = corners_on_page(scan, frame.qr, known.qr, guess)
        if code is not None:
            parts.append(Pairs.known(*code))
    return sum(parts[1:], parts[0]) if parts else None
