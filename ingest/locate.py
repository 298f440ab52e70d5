"""Finds the corner markers of a page, at low resolution first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ingest import thresholds
from ingest.geometry import (
    Matrix,
    Points,
    apply,
    fit_affine,
    fit_homography,
    fit_similarity,
    inverse,
    scale_at,
)
from ingest.model import Image
from layouts.model import MARKER_DICTIONARY, MARKER_IDS, MARKER_MM, PageFrame


@dataclass(frozen=True)
class Markers:
    """Markers of one sheet of paper. `corners`: id → its corners in scan px, as `PageFrame.markers`."""

    frame: PageFrame
    corners: Mapping[int, Points]

    def __len__(self) -> int:
        return len(self.corners)

    def on(self, frame: PageFrame) -> Markers:
        """The same markers on paper of another size."""
        return Markers(frame, self.corners)

    def points(self) -> tuple[Points, Points]:
        """Corresponding points: on the page in mm, in the scan in px."""
        places = self.frame.markers()
        page = np.concatenate([np.array(places[marker], np.float64) for marker in self.corners])
        return page, np.concatenate(list(self.corners.values()))

    @cached_property
    def page_to_scan(self) -> Matrix:
        """The best transform that so many markers allow; one or two say nothing of perspective."""
        fit = {1: fit_similarity, 2: fit_affine}.get(len(self), fit_homography)
        return fit(*self.points())

    @property
    def middle(self) -> Points:
        """The middle of the page in scan px (1, 2)."""
        return apply(self.page_to_scan, np.array(((self.frame.width / 2, self.frame.height / 2),)))

    @property
    def area(self) -> float:
        """Of the page in the scan, px²."""
        middle = self.frame.width / 2, self.frame.height / 2
        return self.frame.width * self.frame.height * scale_at(self.page_to_scan, *middle) ** 2


def room_beside(papers: Iterable[Markers], picture: Image) -> bool:
    """Whether the picture may show another sheet beside these."""
    return sum(paper.area for paper in papers) <= thresholds.ROOM_FOR_ANOTHER * picture.size


def lies_on(place: Points, page_to_scan: Matrix, frame: PageFrame) -> bool:
    """Whether a place in scan px (1, 2) is on the paper that lies so."""
    x, y = apply(inverse(page_to_scan), place)[0]
    return bool(0 <= x <= frame.width and 0 <= y <= frame.height)


_Candidate = tuple[int, Points]
"""A marker's id and corners in scan px."""


def find_markers(grey: Image, frames: Collection[PageFrame]) -> list[Markers]:
    """The sheets of paper whose markers are seen, most markers first; empty when there are none.

    `frames` are the paper sizes that were printed; a marker that is alone fits them all, and comes once
    for each. A marker that the quick look misses is searched for where its siblings say it must be, or
    over the whole picture when there is none; so are other sheets where the picture has room for them.
    """
    shrink = max(1, max(grey.shape) // thresholds.LOCATE_LONG_SIDE)
    small = _shrunk(grey, shrink)
    sheets = _group(_in_corners(small, shrink), frames)
    if not sheets or len(sheets[0]) < len(MARKER_IDS):
        sheets = _group(_detect(small, shrink, _QUICK), frames)
    if not sheets or len(sheets[0]) == 1:
        finer = max(1, shrink // 2)
        sheets = _group(_detect(_shrunk(grey, finer), finer, _THOROUGH), frames) or sheets
    elif room_beside(sheets, grey):
        sheets += _beside(sheets, grey, max(1, shrink // 2), frames)
    return [
        _refined(grey, on_paper)
        for sheet in sheets
        for on_paper in (_alone(grey, sheet, frames) if len(sheet) == 1 else [_completed(grey, sheet)])
    ]


def _beside(
    sheets: Sequence[Markers], grey: Image, shrink: int, frames: Collection[PageFrame]
) -> list[Markers]:
    """Sheets that only a closer look sees: on a large glass everything is small."""
    seen = _group(_detect(_shrunk(grey, shrink), shrink, _QUICK), frames)
    return [
        other
        for other in seen
        if len(other) >= thresholds.OURS_BY_MARKERS
        and not any(lies_on(other.middle, sheet.page_to_scan, sheet.frame) for sheet in sheets)
    ]


# --- detection -----------------------------------------------------------------------------------


def _detector(windows: tuple[int, int, int]) -> cv2.aruco.ArucoDetector:
    parameters = cv2.aruco.DetectorParameters()
    parameters.errorCorrectionRate = thresholds.MARKER_ERROR_CORRECTION
    smallest, largest, step = windows
    parameters.adaptiveThreshWinSizeMin = smallest
    parameters.adaptiveThreshWinSizeMax = largest
    parameters.adaptiveThreshWinSizeStep = step
    parameters.minMarkerPerimeterRate = thresholds.MARKER_LEAST_PERIMETER
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    return cv2.aruco.ArucoDetector(dictionary, parameters)


_QUICK = _detector(thresholds.MARKER_WINDOWS_QUICK)
_THOROUGH = _detector(thresholds.MARKER_WINDOWS_THOROUGH)


def _shrunk(grey: Image, shrink: int) -> Image:
    """To one px for `shrink` × `shrink`; what is left over at the right and bottom is dropped."""
    height, width = (side // shrink * shrink for side in grey.shape)
    if shrink == 1:
        return grey
    size = (width // shrink, height // shrink)
    return np.asarray(cv2.resize(grey[:height, :width], size, interpolation=cv2.INTER_AREA), np.uint8)


def _in_corners(small: Image, shrink: int) -> list[_Candidate]:
    """The markers of a page that fills its scan, in a third of the time."""
    height, width = (round(thresholds.CORNER_SHARE * side) for side in small.shape)
    found = []
    for rows, top in ((slice(0, height), 0), (slice(-height, None), small.shape[0] - height)):
        for columns, left in ((slice(0, width), 0), (slice(-width, None), small.shape[1] - width)):
            corner = np.ascontiguousarray(small[rows, columns])
            offset = np.array((left, top)) * shrink
            found += [(marker, at + offset) for marker, at in _detect(corner, shrink, _QUICK)]
    return found


def _detect(small: Image, shrink: int, detector: cv2.aruco.ArucoDetector) -> list[_Candidate]:
    """Markers in a picture that was shrunk, in px of what it was."""
    corners, ids, _ = detector.detectMarkers(small)
    if ids is None:
        return []
    known = [(int(i), c) for i, c in zip(ids.ravel(), corners, strict=True) if int(i) in MARKER_IDS]
    return [(i, (c.reshape(4, 2).astype(np.float64) + 0.5) * shrink - 0.5) for i, c in known]


# --- which markers belong together ---------------------------------------------------------------


def _group(found: list[_Candidate], frames: Collection[PageFrame]) -> list[Markers]:
    """Disjoint sheets, the one with the most markers first."""
    sheets = []
    left = list(found)
    while left:
        best = _best(left, frames)
        sheets.append(best)
        taken = {id(corners) for corners in best.corners.values()}
        left = [candidate for candidate in left if id(candidate[1]) not in taken]
    return sheets


def _best(found: list[_Candidate], frames: Collection[PageFrame]) -> Markers:
    """The largest group that some marker gathers around itself; of equal ones, the one that fits best."""
    groups = []
    for seed in found:
        for frame in frames:
            groups.append(_gathered(seed, found, frame))
            if len(groups[-1]) == len(MARKER_IDS):
                return groups[-1]
    return max(groups, key=lambda sheet: (len(sheet), -_misfit(sheet)))


def _gathered(seed: _Candidate, found: list[_Candidate], frame: PageFrame) -> Markers:
    """The markers that lie about where `seed` says that they should on paper of this size."""
    places = {marker: np.array(corners, np.float64) for marker, corners in frame.markers().items()}
    page_to_scan = fit_affine(places[seed[0]], seed[1])
    chosen = {seed[0]: seed[1]}
    for marker in MARKER_IDS:
        expected = apply(page_to_scan, places[marker])
        distance = np.linalg.norm(expected.mean(0) - seed[1].mean(0))
        rivals = [corners for candidate, corners in found if candidate == marker]
        if marker == seed[0] or not rivals:
            continue
        nearest = min(rivals, key=lambda corners: _gap(corners, expected))
        if _gap(nearest, expected) < thresholds.SIBLING_TOLERANCE * distance:
            chosen[marker] = nearest
    return Markers(frame, dict(sorted(chosen.items())))


def _gap(one: Points, other: Points) -> float:
    return float(np.linalg.norm(one.mean(0) - other.mean(0)))


def _misfit(sheet: Markers) -> float:
    """Largest distance of a corner from its place, px: paper of another shape does not fit."""
    page, scan = sheet.points()
    return float(np.linalg.norm(apply(sheet.page_to_scan, page) - scan, axis=1).max())


# --- a second look -------------------------------------------------------------------------------


def _alone(grey: Image, sheet: Markers, frames: Collection[PageFrame]) -> list[Markers]:
    """One marker on the paper on which a closer look finds others; on each paper when it finds none."""
    tried = [_completed(grey, sheet.on(frame)) for frame in frames]
    best = max(tried, key=lambda found: (len(found), -_misfit(found)))
    return [best] if len(best) > 1 else tried


def _completed(grey: Image, sheet: Markers) -> Markers:
    """With the missing markers that a closer look at their places finds."""
    if len(sheet) == len(MARKER_IDS):
        return sheet
    page_to_scan = sheet.page_to_scan
    corners = dict(sheet.corners)
    for marker, place in sheet.frame.markers().items():
        if marker not in corners:
            expected = apply(page_to_scan, np.array(place, np.float64))
            corners.update(_searched(grey, marker, expected))
    return Markers(sheet.frame, dict(sorted(corners.items())))


def _searched(grey: Image, marker: int, expected: Points) -> Iterator[_Candidate]:
    """The marker near its expected place, in the full picture."""
    side = float(np.linalg.norm(expected[0] - expected[2])) / np.sqrt(2)
    reach = side * (0.5 + thresholds.MISSING_MARKER_REACH_MM / MARKER_MM)
    x, y = expected.mean(0)
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    window = grey[top : int(max(0.0, y + reach)), left : int(max(0.0, x + reach))]
    if min(window.shape) < side:
        return
    shrink = max(1, int(side / thresholds.MARKER_SIDE_PX))
    found = _detect(_shrunk(np.ascontiguousarray(window), shrink), shrink, _THOROUGH)
    alike = [corners + np.array((left, top)) for seen, corners in found if seen == marker]
    if alike:
        yield marker, min(alike, key=lambda corners: _gap(corners, expected))


def _refined(grey: Image, sheet: Markers) -> Markers:
    """Corners to a fraction of a pixel of the full picture."""
    return Markers(sheet.frame, {marker: _refine(grey, corners) for marker, corners in sheet.corners.items()})


def _refine(grey: Image, corners: Points) -> Points:
    """The window takes in half a cell of the marker: its own edge and no other."""
    cell = float(np.linalg.norm(corners - np.roll(corners, 1, 0), axis=1).mean()) / 6
    half = max(2, round(cell * 0.45))
    margin = 2 * half + 3
    low = np.floor(corners.min(0) - margin).clip(0).astype(int)
    high = np.ceil(corners.max(0) + margin).astype(int)
    window = np.ascontiguousarray(grey[low[1] : high[1], low[0] : high[0]])
    points = (corners - low).astype(np.float32).reshape(-1, 1, 2)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 30, 0.02)
    moved = cv2.cornerSubPix(window, points, (half, half), (-1, -1), stop).reshape(4, 2)
    kept = np.linalg.norm(moved - points.reshape(4, 2), axis=1) <= half
    return np.where(kept[:, None], moved + low, corners).astype(np.float64)
