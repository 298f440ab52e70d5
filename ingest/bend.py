"""How paper that is not flat departs from a flat page: a smooth field of shifts."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.geometry import Points
from layouts.model import PageFrame

NODE_MM = 5.0
_MOST_AT_ONCE = 30_000
"""OpenCV's pictures have at most 32,766 rows."""
_PACKED_MM = 0.01
"""Step in which shifts are kept: a third of what an anchor's own place is uncertain by."""


@dataclass(frozen=True, eq=False)
class Bend:
    """Shifts in mm at the nodes of a grid over the page, `NODE_MM` apart: (rows, columns, 2)."""

    nodes: NDArray[np.float32]

    def at(self, points: Points) -> Points:
        """Shifts at places in mm (N, 2) or (rows, columns, 2); beyond the page as at its edge."""
        if points.ndim == 2 and len(points) > _MOST_AT_ONCE:
            parts = np.array_split(points, len(points) // _MOST_AT_ONCE + 1)
            return np.concatenate([self.at(part) for part in parts])
        grid = (points / NODE_MM).astype(np.float32)
        across, down = (grid[..., n].reshape(len(grid), -1) for n in (0, 1))
        shifts = cv2.remap(self.nodes, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(shifts, np.float64).reshape(points.shape)

    def packed(self) -> str:
        """As text of some kilobytes: `rows,columns,` and the base64 of the deflated shifts."""
        rows, columns, _ = self.nodes.shape
        steps = np.round(self.nodes / _PACKED_MM)
        along = np.diff(steps, axis=1, prepend=0).astype("<i2")  # neighbours are alike: deflates to half
        return f"{rows},{columns},{base64.b64encode(zlib.compress(along.tobytes())).decode()}"

    @staticmethod
    def unpacked(text: str) -> Bend:
        """Raises ValueError for what `packed` did not make."""
        rows, columns, data = text.split(",")
        try:
            along = np.frombuffer(zlib.decompress(base64.b64decode(data)), "<i2")
        except zlib.error as error:
            raise ValueError("not a bend") from error
        steps = along.reshape(int(rows), int(columns), 2).cumsum(axis=1, dtype=np.int32)
        return Bend((steps * _PACKED_MM).astype(np.float32))


def bend_through(places: Points, shifts: Points, frame: PageFrame) -> Bend:
    """The smoothest bend near these shifts (both mm, (N, 2))."""
    spline = _ThinPlate.through(places, shifts)
    columns, rows = (int(np.ceil(side / NODE_MM)) + 1 for side in (frame.width, frame.height))
    x, y = np.meshgrid(np.arange(columns) * NODE_MM, np.arange(rows) * NODE_MM)
    nodes = spline.at(np.column_stack((x.ravel(), y.ravel()))).reshape(rows, columns, 2)
    return Bend(nodes.astype(np.float32))


def guesses(places: Points, known: Points, shifts: Points) -> NDArray[np.float64]:
    """Where the paper near each place (N, 2) may be, by planes through the nearest known shifts.

    (N, 3, 3): each takes places on the page to where they are expected on it.
    """
    planes = _planes(_distances(places, known), places, known, shifts)
    carried = np.tile(np.eye(3), (len(places), 1, 1))
    slopes = planes[:, :2].transpose(0, 2, 1)
    carried[:, :2, :2] += slopes
    carried[:, :2, 2] = planes[:, 2] - np.einsum("nij,nj->ni", slopes, places)
    return carried


def disagreement(places: Points, shifts: Points) -> NDArray[np.float64]:
    """How far each shift is from what all its neighbours suggest without it, mm."""
    distances = _distances(places, places)
    np.fill_diagonal(distances, np.inf)
    expected = _planes(distances, places, places, shifts)[:, 2]
    return np.asarray(np.linalg.norm(expected - shifts, axis=1), np.float64)


def joined_to(trusted: NDArray[np.bool_], places: Points, shifts: Points) -> NDArray[np.bool_]:
    """The places that can be reached from `trusted` ones by steps that paper could bend through.

    A part of the page that was followed along the wrong rows fits in itself and jumps at its edge.
    """
    distances = _distances(places, places)
    np.fill_diagonal(distances, np.inf)
    near = distances <= np.maximum(thresholds.TOGETHER_MM, distances.min(1, keepdims=True))
    steep = (
        _distances(shifts, shifts) > thresholds.STEEPEST_BEND * distances + thresholds.NEIGHBOUR_OUTLIER_MM
    )
    joined = (near | near.T) & ~steep
    reached = trusted
    while (spread := reached | joined[reached].any(0)).sum() > reached.sum():
        reached = spread
    return reached


def _distances(places: Points, known: Points) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(places[:, None] - known[None], axis=2), np.float64)


def _planes(
    distances: NDArray[np.float64], places: Points, known: Points, shifts: Points
) -> NDArray[np.float64]:
    """Shift as a plane around each place: slope across, slope down, height (N, 3, 2).

    Nearer neighbours count for more; those that stray from the plane through the rest for little.
    """
    count = min(thresholds.NEIGHBOURS, len(known) - int(np.isinf(distances).any()))
    nearest = np.argsort(distances, axis=1)[:, :count]
    far = np.take_along_axis(distances, nearest, 1)
    moved = shifts[nearest]
    rows = np.concatenate((known[nearest] - places[:, None], np.ones((*far.shape, 1))), axis=2)
    nearness = 1.0 / (1.0 + (far / thresholds.NEIGHBOUR_MM) ** 2) ** 2
    nearness /= nearness.max(1, keepdims=True)
    # A weak pull towards level keeps the plane from tipping where the neighbours lie on a line.
    level = np.diag((thresholds.PLANE_DAMPING**2, thresholds.PLANE_DAMPING**2, 1e-9))
    trust = np.ones_like(far)
    for _ in range(3):
        weights = nearness * trust
        system = np.einsum("nki,nk,nkj->nij", rows, weights, rows) + level
        planes = np.linalg.solve(system, np.einsum("nki,nk,nkj->nij", rows, weights, moved))
        strayed = np.linalg.norm(moved - rows @ planes, axis=2)
        trust = 1.0 / (1.0 + (strayed / thresholds.NEIGHBOUR_STRAY_MM) ** 2) ** 2
    return np.asarray(planes, np.float64)


@dataclass(frozen=True, eq=False)
class _ThinPlate:
    """Smoothed thin-plate spline; lengths in decimetres to keep the system well scaled."""

    centres: Points
    weights: NDArray[np.float64]

    @staticmethod
    def through(places: Points, values: Points) -> _ThinPlate:
        n, scaled = len(places), places / 100.0
        affine = np.column_stack((np.ones(n), scaled))
        system = np.zeros((n + 3, n + 3))
        system[:n, :n] = _kernel(scaled, scaled) + thresholds.BEND_SMOOTHING * np.eye(n)
        system[:n, n:], system[n:, :n] = affine, affine.T
        weights = np.linalg.solve(system, np.vstack((values, np.zeros((3, 2)))))
        return _ThinPlate(scaled, np.asarray(weights, np.float64))

    def at(self, places: Points) -> Points:
        scaled = places / 100.0
        rows = np.column_stack((_kernel(scaled, self.centres), np.ones(len(scaled)), scaled))
        return np.asarray(rows @ self.weights, np.float64)


def _kernel(points: Points, centres: Points) -> NDArray[np.float64]:
    squares = ((points[:, None] - centres[None]) ** 2).sum(-1)
    return np.asarray(0.5 * squares * np.log(squares + 1e-12), np.float64)
