"""Places to sign: whether there is ink of their own, and what it looks like.

A signature may be any scrawl, a seal or a thumbprint, of any colour. What else comes to lie there, a crease,
a streak, a blot, a stain's rim, a seal on the next line, print of the back or of another sheet, is told from
it by where its strokes run and what they look like; `ingest.writings` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.ink import PageInk, smooth, struck, without_residue
from ingest.model import Image
from ingest.page_strokes import PageStrokes
from ingest.register import IN_PLACE, READING_MM_PER_PX, Alignment
from ingest.strokes import sharpness_of_each
from ingest.text import covers, without_specks
from layouts.model import Box, grown

_SCALE = READING_MM_PER_PX


@dataclass(frozen=True)
class SignatureSeen:
    """ink          share of the place that is inked by strokes of its own
    reaching_in  by what lies mostly beside it, or runs through, or is too soft for a pen: a seal on the
                 next line, a streak, the rim of a stain
    drawn        what its own strokes look like: `mm2`, how much they ink, mm²; how `dark` they are; how broad
                 the largest is `across_mm`, how `solid`, and how sharp its `edge` (`ingest.strokes`); and
                 `around`, the share of the surroundings that is inked by what belongs to no field
    """

    ink: float
    reaching_in: float = 0.0
    alignment: Alignment = IN_PLACE
    drawn: Mapping[str, float] = field(default_factory=dict)


def measure(ink: PageInk, box: Box, strokes: PageStrokes | None = None) -> SignatureSeen:
    """`strokes` of the page that lie mostly elsewhere reach in; without them only the surroundings tell."""
    place = box.area
    if not covers(ink, place, any_colour=True):
        return SignatureSeen(0.0)
    alignment, beyond = ink.lies(*place), thresholds.SIGNATURE_BEYOND_MM
    near = grown(place, beyond)
    new = smooth(ink.in_region(*near, shift=alignment.shift_mm, any_colour=True))
    print_ = ink.page.blank_patch(*near)
    mask = without_specks(without_residue(new > ink.floor, print_), _SCALE)
    edge = round(beyond / _SCALE)
    inside = np.zeros_like(mask)
    inside[edge:-edge, edge:-edge] = True
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    within, areas = np.bincount(labels[inside], minlength=count), stats[:, cv2.CC_STAT_AREA]
    edges = sharpness_of_each(new, labels, count)
    own = within >= thresholds.STROKE_IS_INSIDE * areas
    own &= ~struck(labels, stats, _SCALE)
    own &= edges >= thresholds.SOFT_EDGE
    own[np.unique(labels[_runs_through(mask, print_)])] = False
    if strokes:
        elsewhere = strokes.of_another(box.field, near, mask.shape)
        own &= np.bincount(labels[elsewhere], minlength=count) < thresholds.STROKE_IS_INSIDE * areas
    own[0] = within[0] = 0
    area = float(inside.sum())
    ours, others = (round(float(within[chosen].sum()) / area, 4) for chosen in (own, ~own))
    if not own.any():
        return SignatureSeen(ours, others, alignment)
    largest = int(np.argmax(within * own))
    drawn = _drawn(labels == largest) | {
        "edge": float(edges[largest]),
        "mm2": float(within[own].sum()) * _SCALE**2,
        "dark": float(new[own[labels]].mean()),
    }
    if strokes:
        wide = grown(place, thresholds.SIGNATURE_AROUND_MM)
        drawn["around"] = strokes.loose_share(wide, ink.page.frame.content)
    return SignatureSeen(ours, others, alignment, {name: round(value, 3) for name, value in drawn.items()})


def _drawn(stroke: NDArray[np.bool_]) -> dict[str, float]:
    """across_mm: four standard deviations of a stroke's ink across its main direction, where the width of an
    evenly inked strip is 3.5 of them; solid: its share of its convex hull."""
    found = cv2.moments(stroke.astype(np.uint8), binaryImage=True)
    spread = np.array([[found["mu20"], found["mu11"]], [found["mu11"], found["mu02"]]]) / found["m00"]
    across = 4 * np.sqrt(max(np.linalg.eigvalsh(spread)[0], 0.0)) * _SCALE
    hull = cv2.convexHull(cv2.findNonZero(stroke.astype(np.uint8)))
    return {"across_mm": float(across), "solid": found["m00"] / max(cv2.contourArea(hull), found["m00"])}


def _runs_through(mask: NDArray[np.bool_], print_: Image) -> NDArray[np.bool_]:
    """Ink that leaves the picture on opposite sides, be it cut into pieces by the rules that it crosses: a
    streak, a seal's or a stain's rim."""
    across = np.ones((2 * round(thresholds.RULE_GAP_MM / _SCALE) + 1, 1), np.uint8)
    near_rules = cv2.dilate((print_ < thresholds.RULED_GREY).astype(np.uint8), across) > 0
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, across) > 0
    _, labels = cv2.connectedComponents((mask | (closed & near_rules)).astype(np.uint8), connectivity=8)
    sides = ((labels[0], labels[-1]), (labels[:, 0], labels[:, -1]))
    return mask & np.isin(labels, np.concatenate([np.intersect1d(*pair) for pair in sides]))
