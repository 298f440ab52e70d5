"""What the ink of a box is: empty, marked, filled solid, or stray.

Two small networks judge it side by side: one by the stroke's `ingest.strokes.FEATURES`, one by the look of
the patch. What the second says is measured with the page and stored with the features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import strokes, thresholds
from ingest.engines import session
from ingest.ink import Ink
from ingest.model import BoxSeen, Image

CLASSES = ("empty", "marked", "filled", "stray")
"""`filled`: solid black. A mark by itself, a correction when another option of the question is marked."""

QUICK = ("inside", "ring", "print")
CLOSE = (*strokes.FEATURES, "noise", "gain", "scale")
BY_LOOK = tuple(f"looks_{name}" for name in CLASSES)
"""Features with what the second network says of each class."""

MOST_SIGMAS = 6.0
"""Standard deviations to which a feature counts: beyond, the model has seen nothing."""
LOOK_PX = strokes.CLOSE_PX // 2
"""Side of the second network's input: 0.25 mm a pixel."""


@dataclass(frozen=True)
class FeatureModel:
    """A small neural network over some of `QUICK` and `CLOSE`; its outputs are the `CLASSES`."""

    version: str
    features: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    layers: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    empty: tuple[float, ...]
    """Class probabilities of a box that showed nothing at the quick look."""

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, features) → (N, classes)."""
        values = np.clip((features - self.mean) / self.scale, -MOST_SIGMAS, MOST_SIGMAS)
        for weights, bias in self.layers[:-1]:
            values = np.tanh(values @ weights + bias)
        weights, bias = self.layers[-1]
        scores = values @ weights + bias
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True))


@cache
def model() -> FeatureModel:
    """The one that ships with zoufang."""
    stored = json.loads(files("ingest").joinpath("models/marks.json").read_text("utf-8"))
    layers = tuple((np.array(layer["weights"]), np.array(layer["bias"])) for layer in stored["layers"])
    return FeatureModel(
        stored["version"],
        tuple(stored["features"]),
        np.array(stored["mean"]),
        np.array(stored["scale"]),
        layers,
        tuple(stored["empty"]),
    )


@dataclass(frozen=True)
class Mark:
    """What the ink of one box is: a probability for each of the `CLASSES`."""

    seen: BoxSeen
    empty: float
    marked: float
    filled: float
    stray: float

    @property
    def option(self) -> str:
        return self.seen.option or ""

    @property
    def on(self) -> float:
        """Probability that it is marked, be it solid."""
        return self.marked + self.filled

    @property
    def off(self) -> float:
        return self.empty + self.stray

    @property
    def fill(self) -> float:
        """Ink as a share of its inside; that of a ring is 0, whose ink is around the box."""
        return self.seen.features.get("fill", 0.0)

    @property
    def dark(self) -> float:
        return self.seen.features.get("dark", 0.0)

    @property
    def reach(self) -> float:
        """Length of the stroke, in boxes."""
        return self.seen.features.get("reach", 1.0)

    @property
    def faint(self) -> float:
        """Share of its inside with strokes that are too faint to count."""
        return self.seen.features.get("faint", 0.0)

    @property
    def is_faint(self) -> bool:
        """Whether in a box that would be called empty there are faint strokes, and no shade all over."""
        low, high = thresholds.FAINT_FILL
        return self.off > 0.5 and low <= self.faint <= high

    @property
    def is_heavy(self) -> bool:
        return self.fill > thresholds.HEAVY_FILL

    @property
    def is_ring(self) -> bool:
        """Whether the ink is around the box: how dark it is inside says nothing."""
        return self.seen.features.get("sides", 0.0) >= thresholds.RING_SIDES

    @property
    def is_blot(self) -> bool:
        """Much ink that is no mark."""
        return self.fill > thresholds.BLOT_FILL and self.stray > 0.5


def classify(boxes: Sequence[BoxSeen]) -> tuple[Mark, ...]:
    """What both networks say of each box, weighed as log probabilities."""
    found = np.tile(np.array(model().empty), (len(boxes), 1))
    inked = [n for n, seen in enumerate(boxes) if "fill" in seen.features]
    if inked:
        features = np.array([vector(boxes[n].features, model().features) for n in inked])
        found[inked] = model().probabilities(features)
    looked = [n for n in inked if BY_LOOK[0] in boxes[n].features]
    if looked:
        looks = np.array([vector(boxes[n].features, BY_LOOK) for n in looked])
        share = thresholds.LOOK_TRUST
        both = np.maximum(found[looked], _LEAST) ** (1 - share) * np.maximum(looks, _LEAST) ** share
        found[looked] = both / both.sum(1, keepdims=True)
    return tuple(Mark(seen, *map(float, row)) for seen, row in zip(boxes, found, strict=True))


_LEAST = 1e-6
"""Probability that either network leaves to every class."""


def vector(features: Mapping[str, float], names: Sequence[str] = (*QUICK, *CLOSE)) -> NDArray[np.float64]:
    """The features in the order of `names`; measurements from before a feature was known have 0 there."""
    return np.array([features.get(name, 0.0) for name in names])


# --- by its look ----------------------------------------------------------------------------------


def pictures(new: Ink, print_: Image) -> NDArray[np.float32]:
    """The second network's input: (N, 2, LOOK_PX, LOOK_PX), new ink and the print under it, 0 to 1.
    `new` and `print_` (0 is black): (N, CLOSE_PX, CLOSE_PX)."""
    both = np.stack([new, (255 - print_) / np.float32(255)], 1)
    pairs = both.reshape(len(both), 2, LOOK_PX, 2, LOOK_PX, 2)
    return np.asarray(pairs.mean((3, 5)), np.float32)


def looks(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2, LOOK_PX, LOOK_PX) → (N, classes)."""
    (found,) = _network().run(None, {"patch": pictures})
    return np.asarray(found, np.float32)


@cache
def _network() -> Any:
    with as_file(files("ingest").joinpath("models/marks.onnx")) as path:
        return session(path)
