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
    most: float = 0.9999

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


def fit(judged: Sequence[tuple[float, bool]]) -> Curve:
    """The curve for raw scores of which it is known whether they were right.

    Newton's method on the log loss; few fields, or fields that are all right, leave it near its prior.
    """
    judged = [(score, was_right) for score, was_right in judged if score >= LEAST_FITTED]
    raw = np.clip(np.array([score for score, _ in judged]), 1e-9, 1 - 1e-9)
    right = np.array([float(was_right) for _, was_right in judged])
    x = np.stack([np.log(raw / (1 - raw)), np.ones(len(raw))], 1)
    weight = np.where(right > 0, 1.0, WRONG_WEIGHS)
    prior = np.array([1.0, 0.0])

    def loss(curve: NDArray[np.float64]) -> float:
        odds = x @ curve
        wrong = np.logaddexp(0, odds) - right * odds
        return float(weight @ wrong + PRIOR / 2 * ((curve - prior) ** 2).sum())

    curve = prior
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ curve, -40, 40)))
        gradient = x.T @ (weight * (p - right)) + PRIOR * (curve - prior)
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


@cache
def shipped() -> Calibration:
    """The calibration that ships with zoufang."""
    return Calibration.from_json(files("ingest").joinpath("models/confidence.json").read_text("utf-8"))
