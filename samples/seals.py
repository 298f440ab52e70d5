"""The round red seal of a town office: 42 mm, a star in the middle, the name around it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from samples.glyphs import BASELINE, EM, SIDE, glyph, installed
from samples.pens import Paper, Pen

SEAL_MM = 42.0
_RED = Pen("seal", (214, 28, 36), 1.0, 0.88, 0.25)
_NAME = "槐川镇大走访活动办公室"


def stamp(
    paper: Paper,
    centre: tuple[float, float],
    rng: Generator,
    strength: float = 0.88,
    name: str = _NAME,
) -> None:
    """Presses the seal on the page about `centre` (mm), turned and inked as chance has it."""
    side = round((SEAL_MM + 3) * paper.scale)
    face = _turned(_face(name, side), float(rng.normal(0, 12)))
    patches = cv2.resize(rng.uniform(0.35, 1.15, (7, 7)), (side, side), interpolation=cv2.INTER_CUBIC)
    coverage = np.clip(face * np.clip(patches, 0, 1), 0, 255).astype(np.uint8)
    left, top = (round(c * paper.scale - side / 2) for c in centre)
    paper.lay(coverage, left, top, _RED, strength / _RED.strength)


def _face(name: str, side: int) -> NDArray[np.uint8]:
    """What the seal prints when fully inked."""
    face = np.zeros((side, side), np.uint8)
    px = side / (SEAL_MM + 3)
    middle = side / 2
    ring = round((SEAL_MM / 2 - 0.6) * px)
    cv2.circle(face, (round(middle), round(middle)), ring, 255, max(round(1.2 * px), 1), cv2.LINE_AA)
    cv2.fillPoly(face, [np.round(_star(7.0 * px) + middle).astype(np.int32)], 255, cv2.LINE_AA)
    for n, character in enumerate(name):
        angle = (n - (len(name) - 1) / 2) * min(270 / max(len(name) - 1, 1), 30)
        _set_character(face, character, angle, (SEAL_MM / 2 - 5.0) * px, 5.2 * px)
    return face


def _star(radius: float) -> NDArray[np.float64]:
    angles = np.arange(10) * math.pi / 5 - math.pi / 2
    radii = np.where(np.arange(10) % 2, 0.382, 1.0) * radius
    return np.column_stack([np.cos(angles) * radii, np.sin(angles) * radii])


def _set_character(face: NDArray[np.uint8], character: str, angle: float, radius: float, size: float) -> None:
    """A character upright towards the rim, `angle` degrees clockwise from the top."""
    turn = math.radians(angle)
    scale = size / EM
    matrix = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    middle = np.array([SIDE / 2, BASELINE - 0.36 * EM])
    target = face.shape[0] / 2 + radius * np.array([math.sin(turn), -math.cos(turn)])
    placed = np.column_stack([matrix, target - matrix @ middle])
    distances = glyph(character, installed()).distances
    laid = cv2.warpAffine(distances, placed, face.shape[::-1], flags=cv2.INTER_LINEAR, borderValue=255)
    face[laid < 62] = 255


def _turned(face: NDArray[np.uint8], degrees: float) -> NDArray[np.float64]:
    middle = face.shape[0] / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), degrees, 1.0)
    return np.asarray(cv2.warpAffine(face, matrix, face.shape[::-1]), np.float64)
