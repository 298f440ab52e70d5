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


def classify(seen: BoxSeen) -> Mapping[str, float]:
    """Class → probability: what both networks say, weighed as log probabilities."""
    if "fill" not in seen.features:
        return dict(zip(CLASSES, model().empty, strict=True))
    found = model().probabilities(vector(seen.features, model().features)[None])[0]
    if BY_LOOK[0] in seen.features:
        looks = vector(seen.features, BY_LOOK)
        share = thresholds.LOOK_TRUST
        found = np.maximum(found, _LEAST) ** (1 - share) * np.maximum(looks, _LEAST) ** share
        found = found / found.sum()
    return dict(zip(CLASSES, map(float, found), strict=True))


def marked(seen: BoxSeen) -> float:
    """Probability that it is marked, be it solid."""
    classes = classify(seen)
    return classes["marked"] + classes["filled"]


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
