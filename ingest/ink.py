"""New ink: what is darker in a scan than the print of the blank page explains.

Ink is given as darkness relative to what was expected at the place, 0 (nothing new) to 1 (black), so
that a stroke keeps its weight where it crosses a grey line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.geometry import Points, shrunk
from ingest.model import Image
from ingest.register import READING_MM_PER_PX, Alignment, RegisteredPage, Shift
from ingest.sampling import Pyramid
from layouts.model import Box

Ink = NDArray[np.float32]
"""Darkness 0 to 1, of any number of stacked patches (…, H, W)."""
_CROSS = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
_SAMPLES, _SAMPLE_PX = 16, 64
_NOISE_EVERY_MM, _TILE_PX = 42.0, 8
"""Distance of the places at which noise is measured, and the side of what is one sample of it, 1 mm."""


@dataclass(frozen=True)
class PageInk:
    """How paper and print came out on one scanned page.

    paper   brightness of bare paper, one value per mm of the page, 0–255
    gain    darkness of print here over that in the blank
    noise   standard deviation of bare paper after smoothing, as a share of its brightness
    spread  px of the blank by which print came out broader than in the blank
    """

    page: RegisteredPage
    paper: NDArray[np.float32]
    gain: float
    noise: float
    spread: int = 0

    @staticmethod
    def of(page: RegisteredPage, boxes: Sequence[Box]) -> PageInk:
        """`boxes` tell where to look for print: around some of them its tone is measured."""
        paper, some = _paper(page), _spread(boxes)
        if not some:
            return PageInk(page, paper, 1.0, _noise(PageInk(page, paper, 1.0, 0.0)))
        centres = np.array([(box.x + min(box.w / 2, 3.0), box.y + box.h / 2) for box in some])
        plain = PageInk(page, paper, 1.0, 0.0)
        seen, print_ = (stack.reshape(-1, _SAMPLE_PX) for stack in plain.patches(centres, _SAMPLE_PX))
        level = np.repeat(plain.paper_at(centres), _SAMPLE_PX)[:, None]
        gain, low, high = _gain(seen, print_, level), *thresholds.PRINT_GAIN_RANGE
        spread = _spread_px(seen, print_, level, len(some))
        return PageInk(page, paper, min(max(gain, low), high), _noise(plain), spread)

    @property
    def floor(self) -> float:
        """Darkness from which a smoothed spot counts as ink."""
        wanted = thresholds.NOISE_SIGMAS * self.noise
        return min(max(thresholds.LEAST_DARKNESS, wanted), thresholds.MOST_FLOOR)

    @property
    def faint_floor(self) -> float:
        """Darkness from which a smoothed spot may be faint ink, though it does not count."""
        return min(max(thresholds.FAINT_DARKNESS, thresholds.FAINT_SIGMAS * self.noise), self.floor)

    @property
    def _play(self) -> int:
        """Px of the blank by which print may lie beside its place."""
        coarse = self.page.px_per_mm < thresholds.COARSE_PX_PER_MM
        return thresholds.PRINT_PLAY_PX + max(int(coarse), self.spread)

    @cached_property
    def _blank(self) -> Pyramid:
        return Pyramid(self.page.blank)

    @cached_property
    def _paper_of_any_colour(self) -> NDArray[np.float32]:
        """As `paper`, of each place's darkest colour: yellow paper is dark in blue."""
        frame = self.page.frame
        colours = self.page.colour_patch(0.0, 0.0, frame.width, frame.height, 1.0)
        return self.paper if colours is None else _whitest(np.asarray(colours.min(2), np.uint8))

    def paper_under(
        self, region: tuple[float, float, float, float], shape: tuple[int, ...], any_colour: bool = False
    ) -> Ink:
        """Brightness of bare paper for every pixel of a patch."""
        x, y, w, h = region
        rows, columns = shape[:2]
        paper = self._paper_of_any_colour if any_colour else self.paper
        to_page = np.array([[w / columns, 0, x - 0.5], [0, h / rows, y - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size, border = (columns, rows), cv2.BORDER_REPLICATE
        return np.asarray(cv2.warpAffine(paper, to_page, size, flags=flags, borderMode=border), np.float32)

    def paper_at(self, places: Points) -> NDArray[np.float32]:
        """Brightness of bare paper at places in mm (N, 2)."""
        columns, rows = np.round(places - 0.5).astype(int).T
        height, width = self.paper.shape
        return np.asarray(self.paper[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)])

    def is_hidden(self, boxes: Sequence[Box]) -> bool:
        """Whether there is no paper to be seen at some box: black, or beyond the scan's edge."""
        centres = np.array([(box.x + box.w / 2, box.y + box.h / 2) for box in boxes])
        height, width = self.page.scan.shape[:2]
        x, y = self.page.where(centres).T
        beyond = (x < 0) | (y < 0) | (x >= width) | (y >= height)
        return bool(beyond.any() or self.paper_at(centres).min() < thresholds.LEAST_PAPER)

    def patches(
        self, centres: Points, side: int, mm_per_px: float = READING_MM_PER_PX
    ) -> tuple[Image, Image]:
        """Squares of `side` px around places in mm, of the scan and of the blank: (N, side, side) each."""
        return self.seen_at(centres, side, mm_per_px), self.print_at(centres, side, mm_per_px)

    def seen_at(self, centres: Points, side: int, mm_per_px: float) -> Image:
        """The scan around places; over a patch the page counts as flat."""
        steps = np.concatenate([centres, centres + np.array([1.0, 0.0]), centres + np.array([0.0, 1.0])])
        middle, right, down = np.split(self.page.where(steps), 3)
        return _squares(self.page.grey, middle, right - middle, down - middle, side, mm_per_px)

    def print_at(self, centres: Points, side: int, mm_per_px: float) -> Image:
        height, width = self.page.blank.shape
        scale = np.array([width / self.page.frame.width, height / self.page.frame.height])
        middle = centres * scale - 0.5
        right, down = (np.tile(scale * way, (len(centres), 1)) for way in ((1.0, 0.0), (0.0, 1.0)))
        return _squares(self._blank, middle, right, down, side, mm_per_px)

    def in_region(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        mm_per_px: float = READING_MM_PER_PX,
        shift: Shift = (0.0, 0.0),
        any_colour: bool = False,
    ) -> Ink:
        """New ink of a region in mm; `shift` is where its print really lies (`align_field`).

        `any_colour` counts red, too, which is white otherwise: seals.
        """
        colours = self.page.colour_patch(x, y, w, h, mm_per_px, shift) if any_colour else None
        if colours is None:
            seen = self.page.patch(x, y, w, h, mm_per_px, shift)
        else:
            seen = np.asarray(colours.min(2), np.uint8)
        print_ = self.page.blank_patch(x, y, w, h, mm_per_px)
        return self.against(seen, print_, self.paper_under((x, y, w, h), seen.shape, any_colour))

    def strokes_in(
        self, region: tuple[float, float, float, float], mm_per_px: float, shift: Shift = (0.0, 0.0)
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Image]:
        """Of a region with printed words, at 0.25 mm or so a pixel: new ink, what of it is a pen's and not
        left of print, and the print."""
        seen, print_ = self.page.patch(*region, mm_per_px, shift), self.page.blank_patch(*region, mm_per_px)
        new = smooth(self.against(seen, print_, self.paper_under(region, seen.shape))) > self.floor
        return new, without_residue(new, print_, self._most_residue_px, beside_px=1), print_

    @property
    def _most_residue_px(self) -> float:
        """Thickness, in px of 0.25 mm, of what may be left of words. Where grey print came out black, it is
        as broad as a pen's stroke."""
        return math.inf if self.gain >= thresholds.BLACK_PRINT_GAIN else thresholds.AROUND_RESIDUE_PX

    def is_residue(self, thick_mm: NDArray[Any], on_print: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which pieces of ink are left of print: by their narrower side, and by the share of them that lies
        on print or next to it."""
        thick_px = thick_mm / (2 * READING_MM_PER_PX)
        return (thick_px <= self._most_residue_px) & (on_print >= thresholds.RESIDUE_ON_PRINT)

    def lies(self, x: float, y: float, w: float, h: float) -> Alignment:
        """Where the print of a field lies; searched for only when it is not where it should be."""
        region = (x - 1.0, y - 1.0, w + 2.0, h + 2.0)
        seen, print_ = self.page.patch(*region), self.page.blank_patch(*region)
        found = self.print_found(seen, print_, self.paper_under(region, seen.shape))
        share = float(np.nanmean(found)) if np.isfinite(found).any() else 1.0
        if share >= thresholds.PRINT_IN_PLACE:
            return Alignment((0.0, 0.0), 0.0, share)
        return self.page.align_field(x, y, w, h)

    def print_share(self, x: float, y: float, w: float, h: float) -> float | None:
        """How much of the print of a region, mm, is there; None where there is hardly any."""
        seen, print_ = self.page.patch(x, y, w, h), self.page.blank_patch(x, y, w, h)
        found = self.print_found(seen, print_, self.paper_under((x, y, w, h), seen.shape))
        expected = np.isfinite(found)
        if expected.sum() * READING_MM_PER_PX**2 < thresholds.PRINT_TO_FIND_MM2:
            return None
        return round(float(found[expected].mean()), 3)

    def print_found(self, seen: Image, print_: Image, paper: Ink) -> Ink:
        """1 where the print of the blank is there, 0 where not, NaN where none is expected."""
        printed = (255 - print_) / np.float32(255)
        dark = 1.0 - cv2.erode(seen, _CROSS) / paper
        there = (dark >= 0.4 * self.gain * printed).astype(np.float32)
        there[printed < 0.3] = np.nan
        return np.asarray(there)

    def against(self, seen: Image, print_: Image, paper: Ink | float) -> Ink:
        """New ink of one patch, the blank patch under it, and the paper's brightness."""
        return darker(seen, self.expected(print_, paper))

    def expected_at(self, places: Points) -> Image:
        """How bright print and paper are expected to be at places in mm (N, 2), 0–255 (N)."""
        height, width = self.page.blank.shape
        scale = np.array([width / self.page.frame.width, height / self.page.frame.height])
        columns, rows = np.round(places * scale - 0.5).astype(np.intp).T
        print_ = self.page.blank[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        return np.asarray(np.clip(self._under(print_, self.paper_at(places)), 0, 255), np.uint8)

    def expected(self, print_: Image, paper: Ink | float) -> Ink:
        """The darkest that print alone may make each pixel, with some play of its place."""
        print_ = np.asarray(cv2.erode(print_, _CROSS, iterations=self._play), np.uint8)
        return self._under(print_, paper)

    def _under(self, print_: Image, paper: Ink | float) -> Ink:
        """How bright the blank's print came out on paper of some brightness."""
        return np.asarray(paper * (1.0 - self.gain * ((255 - print_) / np.float32(255))), np.float32)


def darker(seen: Image, expected: Ink) -> Ink:
    """By how much `seen` is darker than expected, as a share; 0 where print hides any pen."""
    known = np.maximum(expected, thresholds.LEAST_EXPECTED)
    share = (expected - seen) / known
    share[expected < thresholds.LEAST_EXPECTED] = 0.0
    return np.clip(share, 0.0, 1.0)


def smooth(ink: Ink) -> Ink:
    """Noise evened out over 3 × 3 px, about the width of a stroke."""
    return np.asarray(cv2.blur(ink, (3, 3)), np.float32)


def without_residue(
    mask: NDArray[np.bool_], print_: Image, most_px: float = thresholds.RESIDUE_PX, beside_px: int = 2
) -> NDArray[np.bool_]:
    """Ink without what is left of print: thin pieces, up to `most_px`, on it or within `beside_px`.

    Scanners set to black and white make steps of a grey line, here thicker and there gone.
    """
    near = cv2.dilate((print_ < thresholds.RULED_GREY).astype(np.uint8), _CROSS, iterations=beside_px) > 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    sides = stats[:, (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT)].min(1)
    on_print = np.bincount(labels[near], minlength=count) / stats[:, cv2.CC_STAT_AREA]
    kept = (sides > most_px) | (on_print < thresholds.RESIDUE_ON_PRINT)
    kept[0] = False
    return np.asarray(kept[labels])


def is_only_dots(mask: NDArray[np.bool_], mm_per_px: float) -> bool:
    """Whether a dot or two are all the ink there is: dirt. Of a mark that is nearly lost more are left; what
    lies close together may be one stroke that print parts."""
    near = round(thresholds.DOT_MM / 2 / mm_per_px)
    joined = cv2.dilate(mask.astype(np.uint8), np.ones((2 * near + 1,) * 2, np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    sides = stats[1:, (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT)] - 2 * near
    return count - 1 <= thresholds.MOST_DOTS and bool((sides * mm_per_px <= thresholds.DOT_MM).all())


def struck(labels: NDArray[Any], stats: NDArray[Any], mm_per_px: float) -> NDArray[np.bool_]:
    """Which strokes strike out, by label: long, and one line all the way, or two that cross.

    Of a stroke that comes in from the left or right only a part is seen, which may be shorter.
    """
    left, width = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_WIDTH]
    enters = (left == 0) | (left + width == labels.shape[1])
    least = np.where(enters, thresholds.STRIKE_ENTERS_MM, thresholds.STRIKE_MM) / mm_per_px
    found = np.zeros(len(stats), bool)
    for n in np.flatnonzero(width[1:] >= least[1:]) + 1:
        x, y, w, h = stats[n, :4]
        stroke = labels[y : y + h, x : x + w] == n
        columns, tops, bottoms = upright_runs(stroke)
        runs = np.bincount(columns, minlength=w)
        tallest = np.zeros(w, np.intp)
        np.maximum.at(tallest, columns, bottoms - tops)
        lines = 1 if w * mm_per_px < thresholds.STRIKE_CROSSED_MM else 2
        thick = stats[n, cv2.CC_STAT_AREA] / w * mm_per_px / lines
        found[n] = (runs <= lines).mean() >= thresholds.STRIKE_SINGLE and thick <= thresholds.STRIKE_THICK_MM
        # A crease that touches what is written, be it one character, is no line alone.
        found[n] &= np.sort(tallest)[-3] * mm_per_px <= 2 * thresholds.STRIKE_THICK_MM
    return found


def upright_runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Upright runs of ink: column, first row, and the row behind the last; by columns, then rows."""
    steps = np.diff(np.pad(mask, ((1, 1), (0, 0))).astype(np.int8), axis=0).T
    columns, tops = np.nonzero(steps > 0)
    return columns, tops, np.nonzero(steps < 0)[1]


def without_strikes(mask: NDArray[np.bool_], mm_per_px: float, least_mm2: float) -> NDArray[np.bool_]:
    """Nothing where long strokes are all there is: unused lines are struck out, which is no answer.

    What is struck out stays as it is: who reads it must see both. `least_mm2` of other ink is writing.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    strikes = struck(labels, stats, mm_per_px)
    if not strikes.any():
        return mask
    areas = stats[:, cv2.CC_STAT_AREA] * mm_per_px * mm_per_px
    others = ~strikes & (areas >= thresholds.TEXT_SPECK_MM2)
    others[0] = False
    return mask if areas[others].sum() >= least_mm2 else mask & ~strikes[labels]


def _paper(page: RegisteredPage) -> NDArray[np.float32]:
    return _whitest(page.patch(0.0, 0.0, page.frame.width, page.frame.height, 1.0))


def _whitest(coarse: Image) -> NDArray[np.float32]:
    """The whitest spot around each place, of a picture with a px a mm."""
    size = thresholds.PAPER_MM
    whitest = cv2.dilate(coarse, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return np.asarray(np.maximum(cv2.blur(whitest, (3, 3)), 1), np.float32)


def _squares(
    image: Pyramid, middle: Points, right: Points, down: Points, side: int, mm_per_px: float
) -> Image:
    """Squares around `middle` (px of the image); `right` and `down` are what a mm is there, in px."""
    density = float(np.hypot(*right[0])) * mm_per_px
    level, picture = image.level(density)
    found = np.empty((len(middle), side, side), np.uint8)
    half, flags = (side - 1) / 2, cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    to_level = shrunk(2.0**-level)
    scale, offset = to_level[0, 0], to_level[0, 2]
    ways = np.stack([right, down], 2) * (scale * mm_per_px)
    starts = middle * scale + offset - half * ways.sum(2)
    for n, matrix in enumerate(np.concatenate([ways, starts[:, :, None]], 2)):
        cv2.warpAffine(picture, matrix, (side, side), dst=found[n], flags=flags, borderValue=(255.0,))
    return found


def _gain(seen: Image, print_: Image, paper: NDArray[np.float32]) -> float:
    printed = print_ < thresholds.PRINTED_GREY
    if not printed.any():
        return 1.0
    dark = 1.0 - cv2.erode(seen, _CROSS)[printed] / np.broadcast_to(paper, seen.shape)[printed]
    return float(np.percentile(dark * 255.0 / (255 - print_[printed]), thresholds.PRINT_GAIN_PERCENTILE))


def _spread_px(seen: Image, print_: Image, paper: NDArray[np.float32], places: int) -> int:
    """Px beyond the usual play that print's broadened lines reach, seen around some places: dot gain, toner
    that ran, scanners set to black and white. A pen's ink is as dense farther out; print is not."""
    printed = (print_ < thresholds.PRINTED_GREY).astype(np.uint8)
    dark = (seen < (1 - thresholds.SPREAD_DARKNESS) * paper).reshape(places, -1)
    within = cv2.dilate(printed, _CROSS, iterations=thresholds.PRINT_PLAY_PX)
    shares = []
    for _ in range(thresholds.MOST_SPREAD_PX + 1):
        beyond = cv2.dilate(within, _CROSS)
        ring = (beyond > within).reshape(places, -1)
        shares.append(float(np.median((dark & ring).sum(1) / np.maximum(ring.sum(1), 1))))
        within = beyond
    *near, far = shares
    return [*(share - far >= thresholds.SPREAD_SHARE for share in near), False].index(False)


def _noise(plain: PageInk) -> float:
    """The median over small tiles of bare paper from all over the page: on some of them people have written,
    and stains have their edges."""
    frame, side = plain.page.frame, _TILE_PX
    across, down = (_spaced(length) for length in (frame.width, frame.height))
    centres = np.array([(x, y) for y in down for x in across])
    seen, print_ = plain.patches(centres, _SAMPLE_PX)
    paper = plain.paper_at(centres)[:, None, None]
    even = np.stack([cv2.blur(patch, (3, 3)) for patch in seen.astype(np.float32)]) / paper
    bare = np.stack([cv2.erode(patch, _CROSS, iterations=3) for patch in print_]) >= thresholds.BARE_GREY
    grid = (len(centres), _SAMPLE_PX // side, side, _SAMPLE_PX // side, side)
    tiles, all_bare = (values.reshape(grid).swapaxes(2, 3) for values in (even, bare))
    found = tiles.std((3, 4))[all_bare.all((3, 4))]
    return float(np.median(found)) if found.size else 0.0


def _spaced(length: float) -> NDArray[np.float64]:
    count = max(round(length / _NOISE_EVERY_MM), 1)
    return (np.arange(count) + 0.5) * length / count


def _spread(boxes: Sequence[Box]) -> Sequence[Box]:
    """Some boxes from all over the page."""
    return boxes[:: max(1, len(boxes) // _SAMPLES)]
