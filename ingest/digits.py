"""Numbers in combs: every cell by a small model of our own, and the strip as a whole by the engine.

The two readers err differently: one sees a digit without its neighbours, the other a line without
cells. What they say is stored side by side; `ingest.decide` judges them together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import ctc, thresholds
from ingest.engines import Engine, EngineError, TracingEngine, session
from ingest.ink import Ink, PageInk, smooth, without_residue, without_strikes
from ingest.model import BoxSeen, Character, Image, TextSeen
from ingest.page_strokes import PageStrokes
from ingest.register import READING_MM_PER_PX, Shift
from ingest.strokes import sharpness, slope
from layouts.model import Box, bounds

CLASSES = 11
NO_DIGIT = 10
"""The class of what is no digit: blots, struck-out digits, dashes, letters, two digits in one cell."""
SIDE = 32
"""Px of the model's input; a digit's longer side takes `BODY` of them."""
BODY = 22
NAMES = (*(f"d{digit}" for digit in range(10)), "none")
"""Features of a cell: probabilities of the digits and of none of them; beside them `ink` in mm², how `dark`
it is, how sharp its `edge`, and how much of it comes `from_beyond`, mm²; of ink that is no cell's own, how
much is `above` and how much `between` the cells, mm², and whether a streak `runs_on`; how far `aside` of its
cell's middle it is, in cells; and how much belongs to strokes that go through a checkbox, `ticks`, mm²."""

_MARGIN_MM = 1.5
"""Around the cells: digits run out of them, up to half the way to the next line."""
_SCALE = READING_MM_PER_PX
_PX_AREA = _SCALE * _SCALE


@dataclass(frozen=True)
class CombSeen:
    """One number, as seen by both readers. `residual_mm` as in `Alignment`."""

    boxes: tuple[BoxSeen, ...]
    texts: tuple[TextSeen, ...] = ()
    shift_mm: Shift = (0.0, 0.0)
    residual_mm: float = 0.0
    ink: float = 0.0


def measure(
    ink: PageInk, cells: Sequence[Box], engine: Engine, strokes: PageStrokes | None = None
) -> CombSeen:
    """`cells` of one field, from left to right. Of `strokes` those of other fields are left out."""
    comb = _Comb(tuple(cells))
    new = smooth(ink.in_region(*comb.region))
    others = (
        strokes.of_others(cells[0].field, comb.inside, comb.region, new.shape)
        if strokes
        else np.zeros(new.shape, bool)
    )
    new[others] = 0.0
    if not _is_written(comb, new, ink.floor):
        return CombSeen(tuple(_cell_seen(cell, 0.0) for cell in cells))
    alignment = ink.lies(*comb.place)
    sharp = ink.in_region(*comb.region, shift=alignment.shift_mm)
    sharp[others] = 0.0
    print_ = ink.page.blank_patch(*comb.region)
    mask = without_residue(smooth(sharp) > ink.floor, print_) & ~others
    sharp, mask = _bridged(sharp, mask, print_, comb.ends)
    mask = without_strikes(mask, _SCALE, thresholds.DIGIT_LEAST_MM2)
    own = _own_ink(comb, mask)
    beside = {
        "from_beyond": _from_beyond(ink, comb, alignment.shift_mm, own),
        "runs_on": [_runs_on(mask, one) for one in own],
        "above": _above(comb, mask, own),
        "between": _between(comb, mask, own),
        "aside": [_aside(cell, one) for cell, one in zip(comb.columns, own, strict=True)],
        "ticks": _ticks(strokes, comb, own),
    }
    boxes = _read_cells(cells, sharp, own, beside)
    written = [n for n, box in enumerate(boxes) if box.features["ink"] >= thresholds.DIGIT_LEAST_MM2]
    texts = _read_strip(comb, sharp, mask, written, engine) if written else ()
    share = round(float(mask[comb.rows].mean()), 4)
    return CombSeen(boxes, texts, alignment.shift_mm, round(alignment.residual_mm, 3), share)


class _Comb:
    """Where the cells lie in the patch that is looked at."""

    def __init__(self, cells: tuple[Box, ...]) -> None:
        self.cells = cells
        self.place = bounds([cell.area for cell in cells])
        x, y, _, _ = self.place
        margin, inset = _MARGIN_MM, thresholds.CELL_INSET_MM
        self.inside = (x + inset, y + inset, self.place[2] - 2 * inset, self.place[3] - 2 * inset)
        self.region = (x - margin, y - margin, self.place[2] + 2 * margin, self.place[3] + 2 * margin)
        self.columns = [self._span(c.x - self.region[0], c.w) for c in cells]
        self.rows = self._span(margin, self.place[3])
        self.pitch = cells[0].w / _SCALE  # px
        starts, stops = ({span.start for span in self.columns}, {span.stop for span in self.columns})
        self.ends = sorted(starts ^ stops)
        """Columns of the lines beyond which there is no other cell."""

    @staticmethod
    def _span(start: float, length: float) -> slice:
        return slice(round(start / _SCALE), round((start + length) / _SCALE))


def _is_written(comb: _Comb, new: Ink, floor: float) -> bool:
    """Any cell with more ink inside than dust makes."""
    inset = round(thresholds.CELL_INSET_MM / _SCALE)
    rows = slice(comb.rows.start + inset, comb.rows.stop - inset)
    insides = (new[rows, span.start + inset : span.stop - inset] > floor for span in comb.columns)
    return any(inside.sum() * _PX_AREA >= thresholds.DIGIT_DUST_MM2 for inside in insides)


def _cell_seen(
    cell: Box,
    area: float,
    probabilities: NDArray[np.float32] | None = None,
    drawn: Mapping[str, float] | None = None,
) -> BoxSeen:
    features = {"ink": round(area, 2)}
    features |= {name: round(value, 3) for name, value in (drawn or {}).items()}
    if probabilities is not None:
        features |= {name: round(float(p), 5) for name, p in zip(NAMES, probabilities, strict=True)}
    return BoxSeen(None, cell.cell, features)


# --- whose ink is it ------------------------------------------------------------------------------


def _own_ink(comb: _Comb, mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The ink of each cell: a stroke belongs to the cell that holds most of it, wherever it runs; where
    digits touch, they are parted near the line between their cells."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    held = np.stack([np.bincount(labels[:, span].ravel(), minlength=len(stats)) for span in comb.columns])
    kept = _is_of_comb(comb, labels, stats) & held.any(0)
    touching = kept & _holds_two_digits(comb, held, stats)
    owner = held.argmax(0)
    parts = _parted(comb, touching[labels]) if touching.any() else np.full(mask.shape, -1)
    return [
        (kept & ~touching & (owner == n))[labels] | (touching[labels] & (parts == n))
        for n in range(len(comb.columns))
    ]


def _is_of_comb(comb: _Comb, labels: NDArray[Any], stats: NDArray[Any]) -> NDArray[np.bool_]:
    """Which strokes may be digits: no specks, nothing that lies mostly above, below or beside the cells,
    nothing that reaches from above to below them, as a scanner's streak does."""
    areas = stats[:, cv2.CC_STAT_AREA]
    level = np.bincount(labels[comb.rows].ravel(), minlength=len(stats))
    columns = slice(comb.columns[0].start, comb.columns[-1].stop)
    among = np.bincount(labels[:, columns].ravel(), minlength=len(stats))
    # Of what comes in from beyond the picture, the tail of a tick beside the cells, more lies outside.
    comes_in = np.isin(np.arange(len(stats)), np.union1d(labels[:, 0], labels[:, -1]))
    least = np.where(comes_in, thresholds.STROKE_COMES_IN, thresholds.STROKE_IS_LEVEL)
    found = (areas * _PX_AREA >= thresholds.DIGIT_SPECK_MM2) & (level >= thresholds.STROKE_IS_LEVEL * areas)
    found &= among >= least * areas
    found[np.intersect1d(labels[0], labels[-1])] = False
    found[0] = False
    return np.asarray(found)


def _holds_two_digits(comb: _Comb, held: NDArray[np.int64], stats: NDArray[Any]) -> NDArray[np.bool_]:
    """Strokes as wide as two digits side by side of which two cells hold a good part each."""
    if len(held) < 2:
        return np.zeros(len(stats), bool)
    wide = stats[:, cv2.CC_STAT_WIDTH] >= thresholds.TOUCHING_CELLS * comb.pitch
    second = np.partition(held, -2, axis=0)[-2]
    return np.asarray(wide & (second >= thresholds.TOUCHING_SHARE * stats[:, cv2.CC_STAT_AREA]))


def _bridged(
    sharp: Ink, mask: NDArray[np.bool_], print_: Image, ends: Sequence[int]
) -> tuple[Ink, NDArray[np.bool_]]:
    """With the strokes whole that cross a printed line, which hides a part of them: the cells' upper and
    lower lines, and those at the columns `ends`, beyond which there is no other cell."""
    length, reach = (round(mm / _SCALE) for mm in (thresholds.RULE_LENGTH_MM, thresholds.RULE_GAP_MM))
    level = cv2.morphologyEx(
        (print_ < thresholds.RULED_GREY).astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, length))
    )
    upright = np.zeros_like(level)
    for column in ends:
        upright[:, max(column, 0)] = 1
    for lines, across in (
        (level, np.ones((2 * reach + 1, 1), np.uint8)),
        (upright, np.ones((1, 2 * reach + 1), np.uint8)),
    ):
        near = cv2.dilate(lines, across) > 0
        gaps = (cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, across) > 0) & near & ~mask
        if gaps.any():
            sharp = np.where(gaps, cv2.morphologyEx(sharp, cv2.MORPH_CLOSE, across), sharp)
            mask = mask | gaps
    return sharp, mask


def _parted(comb: _Comb, mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The cell of every px: touching digits are parted along the way down between their cells that crosses
    the least ink."""
    cells = np.zeros(mask.shape, np.intp)
    reach = round(thresholds.PARTED_CELLS * comb.pitch)
    for left, right in pairwise(comb.columns):
        line = (left.stop + right.start) // 2
        start = max(line - reach, 0)
        way = start + _way_down(mask[:, start : line + reach + 1], line - start)
        cells += np.arange(mask.shape[1])[None] >= way[:, None]
    return cells


def _way_down(ink: NDArray[np.bool_], line: int) -> NDArray[np.intp]:
    """A column for each row, one step to the side a row at most, that crosses as little ink as may be and
    keeps near column `line` where that is the same."""
    away = np.abs(np.arange(ink.shape[1]) - line)
    cost = ink + 0.01 * away[None]
    total = np.empty(cost.shape)
    total[0] = cost[0]
    for row in range(1, len(cost)):
        before = np.pad(total[row - 1], 1, constant_values=np.inf)
        total[row] = cost[row] + np.minimum(np.minimum(before[:-2], before[2:]), before[1:-1])
    way = np.empty(len(cost), np.intp)
    way[-1] = total[-1].argmin()
    for row in range(len(cost) - 2, -1, -1):
        low = max(way[row + 1] - 1, 0)
        way[row] = low + total[row, low : way[row + 1] + 2].argmin()
    return way


def _from_beyond(ink: PageInk, comb: _Comb, shift: Shift, own: Sequence[NDArray[np.bool_]]) -> list[float]:
    """How much of each cell's ink, mm², belongs to strokes that lie mostly outside the cells: the tail of a
    tick on the line below. Only what leaves the picture is followed."""
    leaves = [bool(m[0].any() or m[-1].any() or m[:, 0].any() or m[:, -1].any()) for m in own]
    if not any(leaves):
        return [0.0] * len(own)
    more = round(thresholds.COMB_BEYOND_MM / _SCALE)
    x, y, w, h = comb.region
    beyond = more * _SCALE
    region = (x - beyond, y - beyond, w + 2 * beyond, h + 2 * beyond)
    new, print_ = smooth(ink.in_region(*region, shift=shift)), ink.page.blank_patch(*region)
    mask = without_residue(new > ink.floor, print_)
    _, mask = _bridged(new, mask, print_, [column + more for column in comb.ends])
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    rows = slice(comb.rows.start + more, comb.rows.stop + more)
    columns = slice(comb.columns[0].start + more, comb.columns[-1].stop + more)
    sizes = np.bincount(labels.ravel(), minlength=count)
    outside = np.bincount(labels[rows, columns].ravel(), minlength=count) < 0.5 * sizes
    outside[0] = False
    inner = labels[more : more + own[0].shape[0], more : more + own[0].shape[1]]
    return [
        float(outside[inner[m]].sum()) * _PX_AREA if out else 0.0 for m, out in zip(own, leaves, strict=True)
    ]


def _runs_on(mask: NDArray[np.bool_], own: NDArray[np.bool_]) -> float:
    """1 where a cell's ink runs on above and below, farther than digits do: a scanner's streak that is cut by
    the cells' lines looks like a one. 0 elsewhere."""
    columns = np.flatnonzero(own.any(0))
    if not len(columns):
        return 0.0
    play, edge = round(thresholds.STREAK_STRAYS_MM / _SCALE), round(_MARGIN_MM / 2 / _SCALE)
    near = slice(max(columns[0] - play, 0), columns[-1] + 1 + play)
    return float(mask[:edge, near].any() and mask[-edge:, near].any())


def _above(comb: _Comb, mask: NDArray[np.bool_], own: Sequence[NDArray[np.bool_]]) -> list[float]:
    """Ink close above each cell that is none of the cells' own, mm²: who corrects a digit writes it there."""
    others = (mask & ~np.any(own, 0))[: comb.rows.start]
    return [float(others[:, span].sum()) * _PX_AREA for span in comb.columns]


def _between(comb: _Comb, mask: NDArray[np.bool_], own: Sequence[NDArray[np.bool_]]) -> list[float]:
    """Ink in a cell, or between it and the next, that is none of the cells' own, mm²: digits that were
    written without regard to cells."""
    others = (mask & ~np.any(own, 0))[comb.rows]
    inset = round(thresholds.CELL_INSET_MM / _SCALE)
    edges = [*(cell.start for cell in comb.columns), comb.columns[-1].stop]
    return [float(others[inset:-inset, left:right].sum()) * _PX_AREA for left, right in pairwise(edges)]


def _ticks(strokes: PageStrokes | None, comb: _Comb, own: Sequence[NDArray[np.bool_]]) -> list[float]:
    """How much of each cell's ink, mm², is a tick's: of a stroke through a checkbox; and of one that
    comes up in line with one into the first or last cell with ink, for print and hard pencil leave dashes."""
    if strokes is None:
        return [0.0] * len(own)
    found = [strokes.ticks_in(cell.area) for cell in comb.cells]
    inked = [n for n, one in enumerate(own) if one.sum() * _PX_AREA >= thresholds.DIGIT_LEAST_MM2]
    for n in {*inked[:1], *inked[-1:]}:
        if not found[n] and _continues_a_tick(strokes, comb, own[n]):
            found[n] = float(own[n].sum()) * _PX_AREA
    return found


def _continues_a_tick(strokes: PageStrokes, comb: _Comb, own: NDArray[np.bool_]) -> bool:
    rows, columns = np.nonzero(own)
    middle, way, slender = _axis(np.column_stack((columns, rows)).astype(np.float64))
    comes_up = rows.max() >= comb.rows.stop - round(thresholds.TAIL_ENTERS_MM / _SCALE)
    if not comes_up or slender > thresholds.TAIL_SLENDER or way[1] < thresholds.TAIL_STEEP:
        return False
    low = middle + way * (rows.max() - middle[1]) / way[1]
    start = (comb.region[0] + low[0] * _SCALE, comb.region[1] + low[1] * _SCALE)
    return strokes.leads_to_tick(start, (float(way[0]), float(way[1])), thresholds.TAIL_BEYOND_MM)


def _axis(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """The middle of some points (N, 2), the way along which they lie, downwards, and how far they spread
    across it, as a share of how far along."""
    middle = points.mean(0)
    spread, ways = np.linalg.eigh(np.cov((points - middle).T))
    way = ways[:, 1] if ways[1, 1] >= 0 else -ways[:, 1]
    return middle, way, float(np.sqrt(max(spread[0], 0.0) / max(spread[1], 1e-9)))


def _aside(cell: slice, own: NDArray[np.bool_]) -> float:
    """How far the middle of a cell's ink is from its own, in cells: who writes without regard to cells hits
    them off their middle."""
    columns = np.flatnonzero(own.any(0))
    if not len(columns):
        return 0.0
    return float(abs(columns[0] + columns[-1] - cell.start - cell.stop) / 2 / (cell.stop - cell.start))


# --- cell by cell ---------------------------------------------------------------------------------


def _read_cells(
    cells: Sequence[Box],
    sharp: Ink,
    own: Sequence[NDArray[np.bool_]],
    beside: Mapping[str, Sequence[float]],
) -> tuple[BoxSeen, ...]:
    """`beside`: features of each cell that what lies beside it has."""
    areas = [float(mask.sum()) * _PX_AREA for mask in own]
    inked = [n for n, area in enumerate(areas) if area >= thresholds.DIGIT_DUST_MM2]
    read: dict[int, NDArray[np.float32]] = {}
    if inked:
        found = probabilities(np.stack([normalise(sharp, own[n]) for n in inked]))
        read = dict(zip(inked, found, strict=True))
    even = smooth(sharp)
    steep = slope(even)
    drawn: list[dict[str, float]] = [{name: v[n] for name, v in beside.items()} for n in range(len(cells))]
    for n in inked:
        drawn[n] |= {"dark": float(even[own[n]].mean()), "edge": sharpness(even, steep, own[n])}
    return tuple(_cell_seen(cell, areas[n], read.get(n), drawn[n]) for n, cell in enumerate(cells))


def normalise(ink: Ink, own: NDArray[np.bool_], px_per_mm: float = 1 / _SCALE) -> Ink:
    """The ink under `own`, centred in SIDE × SIDE, its longer side `BODY` px, full black at its darkest.

    Specks are not blown up: nothing is enlarged beyond the scale of a digit of `DIGIT_LEAST_MM`.
    """
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    grown = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8))
    body = (ink * grown)[window]
    darkest = float(np.percentile(body[own[window]], 90))
    scale = BODY / max(height, width, thresholds.DIGIT_LEAST_MM * px_per_mm)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    offset = (SIDE - 1) / 2 - middle * scale
    if scale < 1:
        body = np.asarray(cv2.GaussianBlur(body, (0, 0), 0.35 / scale))
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
    placed = cv2.warpAffine(body, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(np.clip(placed / max(darkest, 0.05), 0, 1), np.float32)


def probabilities(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, SIDE, SIDE) → (N, CLASSES), calibrated."""
    (found,) = _model().run(None, {"ink": pictures[:, None]})
    return np.asarray(found, np.float32)


@cache
def version() -> str:
    """Of the cell reader's model: it is stored with each reading."""
    facts = json.loads(files("ingest").joinpath("models/digits.json").read_text("utf-8"))
    return str(facts["version"])


@cache
def _model() -> Any:
    with as_file(files("ingest").joinpath("models/digits.onnx")) as path:
        return session(path)


# --- the strip as a whole -------------------------------------------------------------------------


def _read_strip(
    comb: _Comb, sharp: Ink, mask: NDArray[np.bool_], written: Sequence[int], engine: Engine
) -> tuple[TextSeen, ...]:
    """As many digits as cells are written in; and what the engine reads when not told how many."""
    if not isinstance(engine, TracingEngine):
        return ()
    line = _strip(comb, sharp, mask)
    try:
        trace = engine.trace(line)
    except EngineError:
        return ()
    texts = []
    places = ctc.digits(trace, len(written))
    if places is not None:
        characters = tuple(_character(place) for place in places)
        texts.append(TextSeen(engine.name, "".join(c.text for c in characters), characters))
    free = tuple(peak.character for peak in ctc.peaks(trace))
    texts.append(TextSeen(f"{engine.name} free", "".join(c.text for c in free), free))
    return tuple(texts)


def _character(place: NDArray[np.float64]) -> Character:
    order = np.argsort(-place)
    others = tuple((str(d), round(float(place[d]), 5)) for d in order[1:4] if place[d] > 1e-5)
    return Character(str(order[0]), round(float(place[order[0]]), 5), others)


def _strip(comb: _Comb, sharp: Ink, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The cells' ink dark on white, the printed gaps between groups closed, cropped to what is written."""
    keep = np.zeros(sharp.shape[1], bool)
    keep[: comb.columns[0].start] = keep[comb.columns[-1].stop :] = True
    for span in comb.columns:
        keep[span] = True
    ink, written = sharp[:, keep], mask[:, keep]
    rows, columns = np.flatnonzero(written.any(1)), np.flatnonzero(written.any(0))
    pad = round(thresholds.CROP_MARGIN_MM / _SCALE)
    top, bottom = max(rows[0] - pad, 0), rows[-1] + 1 + pad
    left, right = max(columns[0] - pad, 0), columns[-1] + 1 + pad
    return picture_of(ink[top:bottom, left:right], written[top:bottom, left:right])


def picture_of(ink: Ink, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Ink as an engine expects it: dark on white, faint pens made as dark as others."""
    darkest = float(np.percentile(ink[mask], 75)) if mask.any() else 1.0
    return np.asarray(255 - 235 * np.clip(ink / max(darkest, 0.15), 0, 1), np.uint8)
