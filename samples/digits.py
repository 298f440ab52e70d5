"""How people write digits: pen paths of several habits for each, to be bent by a hand.

Points are in a unit box, x to the right and y downwards; a path runs smoothly through them. Habits are
those of Chinese offices: an open or a closed 4, a 1 that is a bare stroke, a 7 with a serif, a 9 with a
straight leg.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(N, 2) points of a stroke."""
Habit = tuple[Points, ...]

_HABITS: Mapping[str, tuple[str, ...]] = {
    "0": (
        "55,2 12,30 15,80 50,100 88,70 85,20 50,2",
        "70,6 25,10 5,55 40,98 90,75 95,25 60,0",
        "40,5 10,50 35,97 80,85 92,40 65,5 30,12",
        "75,12 30,2 8,50 30,95 75,92 90,45 72,10",
    ),
    "1": (
        "52,0 50,50 48,100",
        "62,0 50,50 36,100",
        "30,24 56,0 / 56,0 54,50 52,100",
        "25,28 45,15 55,0 54,12 53,50 50,100",
        "56,2 55,30 53,70 53,98 48,100",
    ),
    "2": (
        "10,25 30,3 75,5 85,33 50,68 8,97 50,94 95,96",
        "12,20 50,0 85,20 65,60 25,93 8,95 15,80 45,88 95,98",
        "15,12 50,2 86,12 70,50 10,98 / 10,98 55,95 98,90",
        "20,28 35,5 70,8 72,40 40,75 10,98 60,100 90,85",
    ),
    "3": (
        "15,12 55,0 85,20 65,43 42,48 75,55 90,78 50,100 10,90",
        "12,5 50,3 85,4 62,25 42,42 80,50 88,78 50,99 12,92",
        "20,20 50,2 78,18 62,40 50,46 82,62 75,92 40,100 8,80",
    ),
    "4": (
        "42,2 25,35 5,65 50,64 98,62 / 72,30 70,65 66,100",
        "66,0 35,35 4,68 50,68 98,66 / 68,0 68,50 67,100",
        "30,5 20,30 16,52 50,55 88,50 / 82,6 76,50 70,100",
        "70,95 70,50 72,4 66,5 35,38 6,66 40,68 95,67",
    ),
    "5": (
        "25,4 20,25 16,46 50,38 86,60 72,93 40,100 8,90 / 24,4 55,3 90,0",
        "88,2 55,3 28,5 22,25 18,44 55,38 88,62 65,95 10,94",
        "30,8 22,45 60,42 82,70 50,98 12,92 / 30,8 60,10 98,4",
    ),
    "6": (
        "75,2 38,20 12,60 30,97 70,96 86,72 60,52 25,62 14,80",
        "55,0 25,40 12,75 40,100 82,88 70,60 35,62 15,82",
        "40,0 20,35 10,70 30,98 75,95 92,70 65,50 30,55 12,72",
    ),
    "7": (
        "6,6 50,5 92,3 / 92,3 62,45 42,100",
        "8,20 10,6 / 10,6 50,6 90,4 86,12 60,50 45,100",
        "5,10 50,4 94,2 88,10 66,35 55,70 52,100",
        "6,5 50,6 90,3 / 90,3 60,50 40,100 / 30,52 60,50 88,48",
    ),
    "8": (
        "80,14 48,0 18,20 50,48 86,76 50,100 12,78 50,50 80,22 74,10",
        "50,46 20,28 48,0 80,20 50,46 / 50,46 12,72 48,100 88,76 52,47",
        "86,6 45,2 20,22 55,50 80,80 40,99 14,76 48,46 92,2",
    ),
    "9": (
        "82,20 50,2 14,22 28,48 65,44 84,16 80,50 74,100",
        "85,12 40,2 12,30 45,52 82,30 84,12 80,60 50,98 18,92",
        "78,15 45,0 15,25 45,50 80,28 78,12 / 80,10 70,55 48,100",
    ),
}
"""Digit → habits; strokes are parted by `/`, points are x,y in hundredths."""


def _parse(habit: str) -> Habit:
    strokes = (stroke.split() for stroke in habit.split("/"))
    return tuple(np.array([point.split(",") for point in s], dtype=float) / 100 for s in strokes)


HABITS: Mapping[str, tuple[Habit, ...]] = MappingProxyType(
    {digit: tuple(_parse(habit) for habit in habits) for digit, habits in _HABITS.items()}
)
_STEPS = 7  # points of the curve between two given ones


def bent(habit: Habit, looseness: float, rng: Generator) -> list[Points]:
    """The strokes of `habit` in the unit box as one person wrote them once.

    `looseness` (about 0.02 to 0.06) is the standard deviation of each point; strokes also miss the
    place where they should meet.
    """
    return [smooth(stroke + rng.normal(0, looseness, stroke.shape)) for stroke in habit]


def smooth(points: Points) -> Points:
    """A centripetal-like Catmull–Rom curve through `points`."""
    if len(points) < 3:
        return np.linspace(points[0], points[-1], 2 + _STEPS)
    padded = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    t = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
    pieces = [_piece(padded[n : n + 4], t) for n in range(len(points) - 1)]
    return np.concatenate([*pieces, points[-1:]])


def _piece(p: Points, t: Points) -> Points:
    """From p[1] to p[2]."""
    tension = 0.5
    a = 2 * p[1]
    b = p[2] - p[0]
    c = 2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]
    d = -p[0] + 3 * p[1] - 3 * p[2] + p[3]
    return np.asarray(tension * (a + b * t + c * t**2 + d * t**3))


def placed(strokes: Sequence[Points], matrix: Points, origin: tuple[float, float]) -> list[Points]:
    """Strokes of the unit box, centred, taken to the page by a 2×2 matrix (mm) about `origin`."""
    return [(stroke - 0.5) @ matrix.T + origin for stroke in strokes]
