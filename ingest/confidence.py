"""Confidence as a probability: raw scores straightened on labelled data.

Each sort of judgement has its own curve, `p = 1 / (1 + exp(-(slope × logit(raw) + offset)))`. The
curves that ship come from simulated returns (`training/fit_confidence.py`); a campaign fits its own
to people's corrections.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from forms.model import Value


class Judgement(StrEnum):
    """What is judged: fields of one kind that fail in different ways have curves of their own."""

    CHOICE = "choice"  # marks, one or several
    NUMBER = "number"  # digits and dates
    TEXT = "text"  # free handwriting
    WORD = "word"  # handwriting matched against a word list
    BLANK = "blank"  # nothing written
    SIGNATURE = "signature"


@dataclass(frozen=True)
class Curve:
    """A straight line in log odds. `most` bounds what no amount of certainty may exceed."""

    slope: float = 1.0
    offset: float = 0.0
    most: float = 0.99999

    def __call__(self, raw: float) -> float:
        raw = min(max(raw, 1e-9), 1 - 1e-9)
        odds = self.slope * math.log(raw / (1 - raw)) + self.offset
        return min(1 / (1 + math.exp(-odds)), self.most) if odds > -700 else 0.0


WRONG_WEIGHS = 2.0
"""Thresholds fitted at 1 % wrong gave 2 % on fresh data (EVIDENCE): a wrong reading counts as two."""
LEAST_FITTED = 0.75
"""Raw score below which readings are not fitted: there rules speak (a date that is none, two marks), no
scores, and nothing is accepted anyway."""
PRIOR = 4.0
"""Strength of the belief, in fields, that a raw score is a probability already."""


def fit(
    judged: Sequence[tuple[float, bool]],
    weights: Sequence[float] | None = None,
    prior: Curve | None = None,
) -> Curve:
    """The curve for raw scores of which it is known whether they were right.

    Newton's method on the log loss; few fields, or fields that are all right, leave it near `prior`, which
    is the straight line. `weights`: how many fields each one stands for.
    """
    start = np.array([prior.slope, prior.offset]) if prior else np.array([1.0, 0.0])
    score, was_right = np.array(judged, float).reshape(-1, 2).T
    counted = score >= LEAST_FITTED
    raw, right = np.clip(score[counted], 1e-9, 1 - 1e-9), was_right[counted]
    x = np.stack([np.log(raw / (1 - raw)), np.ones(len(raw))], 1)
    weight = np.where(right > 0, 1.0, WRONG_WEIGHS)
    if weights is not None:
        weight = weight * np.array(weights, float)[counted]

    def loss(curve: NDArray[np.float64]) -> float:
        odds = x @ curve
        wrong = np.logaddexp(0, odds) - right * odds
        return float(weight @ wrong + PRIOR / 2 * ((curve - start) ** 2).sum())

    curve = start
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ curve, -40, 40)))
        gradient = x.T @ (weight * (p - right)) + PRIOR * (curve - start)
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + PRIOR * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # Newton's full step may overshoot where the curve is flat.
        while loss(curve - step) > loss(curve) and np.abs(step).max() > 1e-9:
            step = step / 2
        curve = curve - step
    return Curve(round(float(max(curve[0], LEAST_SLOPE)), 3), round(float(curve[1]), 3))


LEAST_SLOPE = 0.1
"""A higher score never means less confidence, whatever a few odd fields say."""


@dataclass(frozen=True)
class Calibration:
    """`version` is stored with each reading that was judged by it."""

    version: str
    curves: Mapping[Judgement, Curve]

    def __call__(self, judgement: Judgement, raw: float) -> float:
        return round(self.curves.get(judgement, Curve())(raw), 5)

    def to_json(self) -> str:
        curves = {str(judgement): asdict(curve) for judgement, curve in self.curves.items()}
        return json.dumps({"version": self.version, "curves": curves}, indent=1)

    @staticmethod
    def from_json(text: str) -> Calibration:
        """Raises ValueError, KeyError, TypeError when the text is not a calibration."""
        stored = json.loads(text)
        curves = {Judgement(name): Curve(**curve) for name, curve in stored["curves"].items()}
        return Calibration(stored["version"], curves)


def calibration_error(judged: Sequence[tuple[float, bool]], weights: Sequence[float] | None = None) -> float:
    """Expected calibration error: how far the share that is right lies from what was said, on average.

    `judged` has probabilities and whether they were right; in bins of equal log odds, since what matters
    happens near 1 (Naeini et al. 2015 use bins of equal width).
    """
    if not judged:
        return 0.0
    says, right = np.array(judged, float).T
    weight = np.ones(len(says)) if weights is None else np.array(weights, float)
    bins = np.digitize(says, (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999))
    mass = np.bincount(bins, weight)
    off = np.bincount(bins, weight * (says - right))
    return float(np.abs(off).sum() / max(mass.sum(), 1e-12))


def same_answer(one: Value, other: Value) -> bool:
    """Whether two values say the same on paper: nobody can tell spaces, or wide from narrow punctuation."""
    if isinstance(one, str) and isinstance(other, str):
        return _plain(one) == _plain(other)
    return (one or None) == (other or None)


def _plain(text: str) -> str:
    return "".join(text.split()).translate(_WIDE)


_WIDE = str.maketrans(",.;:()!?、", "，。；：（）！？，")


@cache
def shipped() -> Calibration:
    """The calibration that ships with zoufang."""
    return Calibration.from_json(files("ingest").joinpath("models/confidence.json").read_text("utf-8"))
