"""Photographed pen marks (`../shared/real-marks`, never trained on) as the reader's measures want them.

They are coarser than our scans, about 120 dpi, and the print around them has to be guessed.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.document import Run, table
from ingest import digits, mark_models, marks
from ingest.ink import PageInk
from ingest.model import Image, Registration
from ingest.register import RegisteredPage
from layouts.model import Box, BoxKind, PageFrame

REAL_MARKS = Path(__file__).resolve().parents[2] / "shared" / "real-marks"
_BOX_PX, _BOX_MM = 19.0, 4.0
"""The photographed boxes' side in the crops, and what it stands for."""


def report(run: Run) -> str:
    """What is made of them, as tables in Markdown."""
    if not REAL_MARKS.exists():
        return "*The photographed marks, which lie beside the repository, were not there.*"
    by_label = {
        label: [mark_probability(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) for path in paths]
        for label, paths in _by_label("checkboxes").items()
    }
    rows = [
        (label, len(found), sum(p > 0.5 for p in found), sum(p < 0.005 for p in found))
        for label, found in by_label.items()
    ]
    truth, found = photographed_digits()
    right, sure = found.argmax(1) == truth, found.max(1) >= 0.99
    return (
        "Marks that nobody drew with this project in mind. `surely nothing` counts marks that are held to be"
        " nothing with more than 99.5 %: only these would be wrong without a person.\n\n"
        + table(("how it was marked", "n", "seen as marked", "surely nothing"), rows)
        + f"\n\nDigits: {right.sum()} of {len(right)} right; of the {sure.sum()} that are said with 99 % and"
        f" more, {right[sure].sum()}."
    )


def _by_label(kind: str) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((REAL_MARKS / kind).glob("*.jpg")):
        found[path.name.split("-")[0]].append(path)
    return found


def mark_probability(crop: Image) -> float:
    """Probability that the box in the middle of a crop is marked."""
    # Crops end one box from the frame; strokes that leave them are taken to end there, not to run on.
    scan = cv2.copyMakeBorder(crop, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=float(np.median(crop)))
    px_per_mm = _BOX_PX / _BOX_MM
    side = scan.shape[0] / px_per_mm
    px = round(side / 25.4 * 200)
    blank = np.full((px, px), 255, np.uint8)
    low, high = (round((side / 2 + half) * px / side * 16) for half in (-_BOX_MM / 2, _BOX_MM / 2))
    cv2.rectangle(blank, (low, low), (high, high), 128, 3, cv2.LINE_AA, 4)
    left = side / 2 - _BOX_MM / 2
    box = Box("f", BoxKind.CHECKBOX, 1, left, left, _BOX_MM, _BOX_MM, option="o")
    homography = (px_per_mm, 0.0, -0.5, 0.0, px_per_mm, -0.5, 0.0, 0.0, 1.0)
    page = RegisteredPage(scan, blank, PageFrame(side, side), Registration(homography, 0.1, "crop"))
    (mark,) = mark_models.classify(marks.measure(PageInk.of(page, [box]), [box])["f"].boxes)
    return mark.on


def photographed_digits() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The digits, and what the cell reader says of each (N, 11)."""
    paths = sorted((REAL_MARKS / "digits").glob("*.jpg"))
    pictures = [_digit(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) for path in paths]
    return np.array([int(path.name[0]) for path in paths]), digits.probabilities(np.stack(pictures))


def _digit(crop: Image) -> NDArray[np.float32]:
    """The inside of the photographed frame, as a cell's ink."""
    dark = np.clip(1 - crop / np.percentile(crop, 90), 0, 1).astype(np.float32)
    inked = dark > 0.18
    across, down = inked.mean(0), inked.mean(1)
    left, right = _between(across > 0.45, 28, 32)
    top, bottom = _between(down > 0.35, 28, 45)
    inside = dark[top + 4 : bottom - 3, left + 4 : right - 3]
    inside = np.clip(cv2.resize(inside, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), 0, 1)
    mask = inside > 0.5 * np.percentile(inside, 98)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    kept = stats[:, cv2.CC_STAT_AREA] >= 40
    kept[0] = False
    return digits.normalise(inside, kept[labels], inside.shape[0] / 8.0)


def _between(line: NDArray[np.bool_], before: int, after: int) -> tuple[int, int]:
    """The frame's two lines: the last before and the first after, px."""
    at = np.flatnonzero(line)
    return int(at[at < before].min(initial=18)), int(at[at > after].max(initial=48))
