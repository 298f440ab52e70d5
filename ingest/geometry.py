"""Plane transforms as 3×3 matrices, fitted to points. Points are arrays (N, 2)."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]


def apply(matrix: Matrix, points: Points) -> Points:
    """Every point carried by `matrix`."""
    carried = np.column_stack((points, np.ones(len(points)))) @ matrix.T
    return np.asarray(carried[:, :2] / carried[:, 2:], np.float64)


def inverse(matrix: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def scale_at(matrix: Matrix, x: float, y: float) -> float:
    """How much longer things become around a point: the root of how much areas grow."""
    u, v, w = matrix @ (x, y, 1.0)
    jacobian = (matrix[:2, :2] - np.outer((u / w, v / w), matrix[2, :2])) / w
    return float(np.sqrt(abs(np.linalg.det(jacobian))))


def shrunk(factor: float) -> Matrix:
    """Pixel coordinates of an image → those of the same image scaled by `factor`."""
    offset = (factor - 1) / 2
    return np.array([[factor, 0.0, offset], [0.0, factor, offset], [0.0, 0.0, 1.0]])


def fit_similarity(source: Points, target: Points) -> Matrix:
    """Turn, scale and shift, by least squares; 2 points suffice."""
    x, y = source.T
    one, zero = np.ones(len(source)), np.zeros(len(source))
    rows = np.vstack((np.column_stack((x, -y, one, zero)), np.column_stack((y, x, zero, one))))
    a, b, c, d = np.linalg.lstsq(rows, np.concatenate((target[:, 0], target[:, 1])), rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d], [0.0, 0.0, 1.0]])


def fit_affine(source: Points, target: Points) -> Matrix:
    """By least squares; 3 points suffice."""
    rows = np.column_stack((source, np.ones(len(source))))
    solved = np.linalg.lstsq(rows, target, rcond=None)[0]
    return np.vstack((solved.T, (0.0, 0.0, 1.0)))


def fit_homography(source: Points, target: Points) -> Matrix:
    """By least squares; 4 points suffice. Raises ValueError when they lie on a line."""
    matrix, _ = cv2.findHomography(source, target, 0)
    if matrix is None:
        raise ValueError("the points lie on a line")
    return np.asarray(matrix, np.float64)


Fit = Callable[[Points, Points], Matrix]


def fit_without_outliers(
    fit: Fit, source: Points, target: Points, tolerance: float
) -> tuple[Matrix, NDArray[np.bool_]]:
    """A transform and which points agree with it within `tolerance` (in units of `target`).

    Homographies by RANSAC; then, and for simpler transforms from the start, by leaving out the worst
    points and fitting again until the choice settles.
    """
    inliers = np.ones(len(source), np.bool_)
    if fit is fit_homography and len(source) > 4:
        found, mask = cv2.findHomography(source, target, cv2.RANSAC, tolerance, maxIters=2000)
        if found is not None and mask.sum() >= 4:
            inliers = mask.ravel().astype(np.bool_)
    matrix = fit(source[inliers], target[inliers])
    for _ in range(5):
        errors = np.linalg.norm(apply(matrix, source) - target, axis=1)
        agreed = errors <= max(tolerance, float(np.median(errors)))
        if (agreed == inliers).all():
            break
        inliers = agreed
        matrix = fit(source[inliers], target[inliers])
    return matrix, inliers
