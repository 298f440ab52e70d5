"""Confidence as a probability: raw scores straightened on labelled data.

Each sort of judgement has its own curve, `p = 1 / (1 + exp(-(slope × logit(raw) + offset)))`. The
curves that ship come from simulated returns (`training/fit_confidence.py`); a campaign fits its own
to people's corrections.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


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


@dataclass(frozen=True)
class Calibration:
    """`version` is stored with each reading that was judged by it."""

    version: str
    curves: Mapping[Judgement, Curve]

    def __call__(self, judgement: Judgement, raw: float) -> float:
        return round(self.curves.get(judgement, Curve())(raw), 5)

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
