"""Lays a known page over its scan: one perspective for a flat page, a bend for any other.

Markers (and the QR code where they are few) give a first transform, anchors on the known print a true
one. A page that lies flat and has its markers needs a few anchors once; any other is followed from
what is known outwards, anchor by anchor. There is no fallback: what cannot be put straight is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.anchors import Anchor, Anchors, Matches, match
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
from ingest.sampling import Pyramid
from layouts.model import PageFrame


@dataclass(frozen=True, eq=False)
class Pairs:
    """Corresponding points: on the page in mm, in the scan in px; and which of them cannot be others that
    look alike."""

    page: Points
    scan: Points
    sure: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.page)

    def __add__(self, other: Pairs) -> Pairs:
        page, scan = np.vstack((self.page, other.page)), np.vstack((self.scan, other.scan))
        return Pairs(page, scan, np.concatenate((self.sure, other.sure)))

    def where(self, chosen: NDArray[np.bool_]) -> Pairs:
        return Pairs(self.page[chosen], self.scan[chosen], self.sure[chosen])

    @staticmethod
    def known(page: Points, scan: Points) -> Pairs:
        """Of markers or the code: there is no mistaking them."""
        return Pairs(page, scan, np.ones(len(page), np.bool_))

    def shifts(self, page_to_scan: Matrix) -> Points:
        """How far the points lie from where a flat page has them, mm."""
        return apply(inverse(page_to_scan), self.scan) - self.page


@dataclass(frozen=True, eq=False)
class Laid:
    """A page put straight: its transform, its bend, the distance left in mm, how many points say so, and
    where these are if it is bent."""

    page_to_scan: Matrix
    bend: Bend | None
    residual_mm: float
    points: int
    known: Points | None = None


def lay(scan: Pyramid, start: Pairs, anchors: Anchors, frame: PageFrame, *, quick: bool) -> Laid | None:
    """A page over its scan, from the points that are known to `start` with; None when that cannot be done.

    quick  whether these are good enough to tell at once where a flat page's anchors are
    """
    few = _few(scan, start, anchors) if quick else None
    laid = None
    if few is not None:
        laid = _flat(few + start) or _settled(scan, start, few, anchors, frame, thresholds.SETTLED_SHARE)
    if laid is None:
        more = _outwards(scan, start, anchors.many)
        laid = _settled(scan, start, more, anchors, frame, thresholds.LEAST_ANCHOR_SHARE)
    return laid


def _few(scan: Pyramid, start: Pairs, anchors: Anchors) -> Pairs | None:
    """The few anchors where markers put them; None when too many of them are not there."""
    first = fit_homography(start.page, start.scan)
    matches = match(scan, first, anchors.few, thresholds.ANCHOR_RADIUS_MM)
    good = matches.scores >= thresholds.ANCHOR_SCORE
    if good.sum() < thresholds.QUICK_SHARE * len(good):
        return None
    return Pairs(_places(anchors.few), apply(first, matches.seen), _sure(anchors.few, matches)).where(good)


def _flat(seen: Pairs) -> Laid | None:
    """One perspective for nearly all that was seen, or None."""
    px_per_mm = scale_at(fit_affine(seen.page, seen.scan), *seen.page.mean(0))
    tolerance = thresholds.FLAT_MM * px_per_mm
    laid, inliers = fit_without_outliers(fit_homography, seen.page, seen.scan, tolerance)
    if inliers.sum() < thresholds.FLAT_SHARE * len(seen):
        return None
    left = np.linalg.norm(seen.where(inliers).shifts(laid), axis=1)
    return Laid(laid, None, float(left.max()), int(inliers.sum()))


def _settled(
    scan: Pyramid, start: Pairs, more: Pairs, anchors: Anchors, frame: PageFrame, least: float
) -> Laid | None:
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


def _seen_again(scan: Pyramid, known: Pairs, anchors: Sequence[Anchor]) -> Pairs:
    """The anchors that lie about where what is known foretells."""
    places, flat = _places(anchors), _first_transform(known)
    expected = guesses(places, known.page, known.shifts(flat))
    matches = match(scan, flat, anchors, thresholds.FOLLOW_AGAIN_MM, expected)
    good = matches.scores >= thresholds.ANCHOR_SCORE
    return Pairs(places, apply(flat, matches.seen), _sure(anchors, matches)).where(good)


def _sure(anchors: Sequence[Anchor], matches: Matches) -> NDArray[np.bool_]:
    """Which anchors were seen so well that nothing beside them can have been meant."""
    rivals = np.array([anchor.rival for anchor in anchors])
    least = np.maximum(thresholds.ANCHOR_SCORE, rivals + thresholds.RIVAL_LEAD)
    return (rivals <= thresholds.MOST_RIVAL) & (matches.scores >= least)


def _agreeing(found: Pairs) -> Pairs:
    """Without what disagrees with its neighbours, or does not hang together with what is sure."""
    flat = _first_transform(found)
    agreed = disagreement(found.page, found.shifts(flat)) <= thresholds.NEIGHBOUR_OUTLIER_MM
    found = found.where(agreed)
    return found.where(joined_to(found.sure, found.page, found.shifts(flat)))


def _bent(found: Pairs, frame: PageFrame) -> Laid:
    flat = _first_transform(found)
    shifts = found.shifts(flat)
    left = np.quantile(disagreement(found.page, shifts), thresholds.FLAT_SHARE)
    return Laid(flat, bend_through(found.page, shifts, frame), float(left), len(found), found.page)


def _outwards(scan: Pyramid, start: Pairs, anchors: Sequence[Anchor]) -> Pairs:
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
        found += Pairs(places[ring], apply(flat, matches.seen), sure).where(sure)
    return found.where(np.arange(len(found)) >= len(start))


def _places(anchors: Sequence[Anchor]) -> Points:
    return np.array([(anchor.x, anchor.y) for anchor in anchors])


def _first_transform(points: Pairs) -> Matrix:
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
