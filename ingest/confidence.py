"""Confidence as a probability: raw scores straightened on labelled data.

Each sort of judgement has its own curve, `p = 1 / (1 + exp(-(slope × logit(raw) + offset)))`, with
another slope where nothing is accepted. The curves that ship come from simulated returns
(`training/fit_confidence.py`); a campaign fits its own to people's corrections.
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


LEAST_FITTED = 0.75
"""Raw score from which readings may be accepted. Below, rules speak (a date that is none, two marks) beside
scores: there the curve has a slope of its own, so that neither bends the other."""
_KNEE = math.log(LEAST_FITTED / (1 - LEAST_FITTED))


@dataclass(frozen=True)
class Curve:
    """A line in log odds: with `slope` and `offset` from `LEAST_FITTED` up, with the slope `below` from there
    down (None: the same). `most` bounds what no amount of certainty may exceed."""

    slope: float = 1.0
    offset: float = 0.0
    most: float = 0.99999
    below: float | None = None

    def __call__(self, raw: float) -> float:
        odds = self.odds(_log_odds(raw))
        return min(1 / (1 + math.exp(-odds)), self.most) if odds > -700 else 0.0

    def odds(self, raw: float) -> float:
        """Log odds from log odds."""
        steeper = 0.0 if self.below is None else (self.below - self.slope) * min(raw - _KNEE, 0.0)
        return self.slope * raw + self.offset + steeper


def _log_odds(raw: float) -> float:
    raw = min(max(raw, 1e-9), 1 - 1e-9)
    return math.log(raw / (1 - raw))


WRONG_WEIGHS = 2.0
"""Thresholds fitted at 1 % wrong gave 2 % on fresh data (EVIDENCE): of what may be accepted, a wrong reading
counts as two."""
PRIOR = 4.0
"""Strength of the belief, in fields, that a raw score is a probability already."""


def fit(
    judged: Sequence[tuple[float, bool]],
    weights: Sequence[float] | None = None,
    prior: Curve | None = None,
) -> Curve:
    """The curve for raw scores of which it is known whether they were right.

    Few fields, or fields that are all right, leave it near `prior`, which is the straight line. `weights`:
    how many fields each one stands for.
    """
    prior = prior or Curve()
    score, was_right = np.array(judged, float).reshape(-1, 2).T
    weight = np.ones(len(score)) if weights is None else np.array(weights, float)
    raw = np.array([_log_odds(one) for one in score])
    high = score >= LEAST_FITTED
    doubled = np.where(was_right[high] > 0, 1.0, WRONG_WEIGHS)
    slope, offset = _logistic(
        np.stack([raw[high], np.ones(high.sum())], 1),
        np.zeros(high.sum()),
        was_right[high],
        weight[high] * doubled,
        np.array([prior.slope, prior.offset]),
    )
    slope, offset = round(float(max(slope, LEAST_SLOPE)), 3), round(float(offset), 3)
    at_knee = np.full((~high).sum(), slope * _KNEE + offset)
    start = np.array([prior.slope if prior.below is None else prior.below])
    below = _logistic((raw[~high] - _KNEE)[:, None], at_knee, was_right[~high], weight[~high], start)
    return Curve(slope, offset, below=round(float(max(below[0], LEAST_SLOPE)), 3))


def _logistic(
    x: NDArray[np.float64],
    known: NDArray[np.float64],
    right: NDArray[np.float64],
    weight: NDArray[np.float64],
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The least log loss of `right` at log odds `known + x @ found`, near `start`: Newton's method."""

    def loss(found: NDArray[np.float64]) -> float:
        odds = known + x @ found
        wrong = np.logaddexp(0, odds) - right * odds
        return float(weight @ wrong + PRIOR / 2 * ((found - start) ** 2).sum())

    found = start
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(known + x @ found, -40, 40)))
        gradient = x.T @ (weight * (p - right)) + PRIOR * (found - start)
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + PRIOR * np.eye(len(start))
        step = np.linalg.solve(hessian, gradient)
        # Newton's full step may overshoot where the curve is flat.
        while loss(found - step) > loss(found) and np.abs(step).max() > 1e-9:
            step = step / 2
        found = found - step
    return found


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
