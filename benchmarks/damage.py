"""Damaged scans of printed pages, with the truth of where every millimetre went.

Quick and rough on purpose, and apart from the simulator in `samples`: what finds pages must not be
fitted to one idea of damage. Every function takes a random generator and a `Shot` and returns one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.geometry import apply
from layouts.model import MARKER_MM, Layout

Image = NDArray[np.uint8]
Points = NDArray[np.float64]
Generator = np.random.Generator


@dataclass(frozen=True)
class Shot:
    """A picture of a page. `where`: page mm (N, 2) → px; `dpi` about."""

    image: Image
    where: Callable[[Points], Points]
    dpi: float
    layout: Layout
    page: int


Damage = Callable[[Generator, Shot], Shot]


def straight(picture: Image, layout: Layout, page: int, dpi: float) -> Shot:
    """A rendered page as it is; `dpi` is that of the picture."""
    height, width = picture.shape[:2]
    scale = np.array((width / layout.frame.width, height / layout.frame.height))
    return Shot(picture, lambda mm: mm * scale - 0.5, dpi, layout, page)


# --- geometry ------------------------------------------------------------------------------------


def _through(shot: Shot, matrix: NDArray[np.float64], size: tuple[int, int], paper: int = 255) -> Shot:
    """Carried by a 3×3 matrix into a picture of `size` (w, h) whose background is `paper`."""
    shrink = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    image = shot.image
    if shrink < 0.8:
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / shrink)
    moved = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(paper,) * 3)
    return replace(shot, image=moved, where=lambda mm: apply(matrix, shot.where(mm)), dpi=shot.dpi * shrink)


def resolution(dpi: float) -> Damage:
    def scan(rng: Generator, shot: Shot) -> Shot:
        factor = dpi / shot.dpi
        matrix = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1.0]])
        height, width = shot.image.shape[:2]
        return _through(shot, matrix, (round(width * factor), round(height * factor)))

    return scan


def turned(low: float, high: float, grow: float = 1.0, paper: int = 255, flip: bool = True) -> Damage:
    """By an angle between `low` and `high` degrees, either way, on glass `grow` times as large."""

    def scan(rng: Generator, shot: Shot) -> Shot:
        angle = np.radians(rng.uniform(low, high) * (rng.choice((-1, 1)) if flip else 1))
        height, width = shot.image.shape[:2]
        cos, sin = np.cos(angle), np.sin(angle)
        across = width * abs(cos) + height * abs(sin) if grow > 1 or abs(sin) > 0.5 else width
        down = width * abs(sin) + height * abs(cos) if grow > 1 or abs(sin) > 0.5 else height
        size = (round(across * max(grow, 1.0)), round(down * max(grow, 1.0)))
        middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
        turn = np.array([[cos, -sin, size[0] / 2], [sin, cos, size[1] / 2], [0, 0, 1.0]])
        return _through(shot, turn @ middle, size, paper)

    return scan


def stretched(most: float) -> Damage:
    def scan(rng: Generator, shot: Shot) -> Shot:
        a, b = 1 + rng.uniform(-most, most, 2)
        height, width = shot.image.shape[:2]
        shear = rng.uniform(-0.005, 0.005)
        matrix = np.array([[a, shear, 0], [0, b, 0], [0, 0, 1.0]])
        return _through(shot, matrix, (round(width * a), round(height * b)))

    return scan


def phone(strength: float) -> Damage:
    """A photograph: perspective, a table around the page, light from one side."""

    def scan(rng: Generator, shot: Shot) -> Shot:
        height, width = shot.image.shape[:2]
        border = np.array((width, height)) * 0.08
        size = (round(width * 1.16), round(height * 1.16))
        corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float64)
        jitter = rng.uniform(-strength, strength, (4, 2)) * width
        target = (corners + border + np.clip(jitter, -border * 0.9, None)).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
        table = int(rng.integers(40, 140))
        moved = _through(shot, matrix.astype(np.float64), size, table)
        return shadow(rng, moved)

    return scan


def _displaced(shot: Shot, shift: Callable[[Points], Points]) -> Shot:
    """Every px of the result shows what lies `shift` (px) away in the source."""
    height, width = shot.image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    grid = np.column_stack((x.ravel(), y.ravel()))
    source = (grid + shift(grid)).astype(np.float32).reshape(height, width, 2)
    image = cv2.remap(shot.image, source, None, cv2.INTER_LINEAR, borderValue=(255,) * 3)

    def where(mm: Points) -> Points:
        target = shot.where(mm)
        at = target.copy()
        for _ in range(30):
            at = target - shift(at)
        return at

    return replace(shot, image=image, where=where)


def curled(most_mm: float) -> Damage:
    """Paper that rises off the glass: lines bow and draw together towards one side."""

    def scan(rng: Generator, shot: Shot) -> Shot:
        height, width = shot.image.shape[:2]
        mm = most_mm * shot.dpi / 25.4
        phase, side = rng.uniform(0, np.pi), rng.choice((-1, 1))

        def shift(at: Points) -> Points:
            u, v = at[:, 0] / width, at[:, 1] / height
            bow = side * mm * np.sin(np.pi * u + 0.2 * phase) * (v - 0.3)
            draw = 0.5 * mm * np.sin(np.pi * v + phase) * (u - 0.5)
            return np.column_stack((draw, bow))

        return _displaced(shot, shift)

    return scan


def wobbled(most_mm: float) -> Damage:
    """A feeder that slips: rows are drawn out and pushed together."""

    def scan(rng: Generator, shot: Shot) -> Shot:
        height = shot.image.shape[0]
        mm = most_mm * shot.dpi / 25.4
        waves = rng.uniform(0.5, 2.0, 2)
        phases = rng.uniform(0, 2 * np.pi, 2)

        def shift(at: Points) -> Points:
            v = 2 * np.pi * at[:, 1] / height
            y = mm * np.sin(waves[0] * v + phases[0])
            return np.column_stack((0.3 * mm * np.sin(waves[1] * v + phases[1]), y))

        return _displaced(shot, shift)

    return scan


def crumpled(most_mm: float) -> Damage:
    def scan(rng: Generator, shot: Shot) -> Shot:
        height, width = shot.image.shape[:2]
        mm = most_mm * shot.dpi / 25.4
        nodes = rng.normal(0, 0.5 * mm, (9, 7, 2)).astype(np.float32)
        field = cv2.resize(nodes, (width, height), interpolation=cv2.INTER_CUBIC)

        def shift(at: Points) -> Points:
            xy = at.astype(np.float32)
            found = cv2.remap(field, xy[None, :, 0], xy[None, :, 1], cv2.INTER_LINEAR, borderMode=1)[0]
            return found.astype(np.float64)

        step = 8
        coarse = field[::step, ::step]
        light = cv2.resize(coarse[..., 0] - coarse[..., 1], (width, height))
        bent = _chunked(shot, field, shift)
        return replace(bent, image=_shaded(bent.image, 1 + 0.15 * light / max(float(abs(light).max()), 1e-6)))

    return scan


def _chunked(shot: Shot, field: NDArray[np.float32], shift: Callable[[Points], Points]) -> Shot:
    height, width = shot.image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    image = cv2.remap(
        shot.image, x + field[..., 0], y + field[..., 1], cv2.INTER_LINEAR, borderValue=(255,) * 3
    )

    def where(mm: Points) -> Points:
        target = shot.where(mm)
        at = target.copy()
        for _ in range(30):
            rows = [shift(at[n : n + 30_000]) for n in range(0, len(at), 30_000)]
            at = target - np.vstack(rows)
        return at

    return replace(shot, image=image, where=where)


# --- ink and light -------------------------------------------------------------------------------


def _shaded(image: Image, factor: NDArray[np.float64]) -> Image:
    factor = factor[..., None] if image.ndim == 3 else factor
    return (image * factor).clip(0, 255).astype(np.uint8)


def shadow(rng: Generator, shot: Shot) -> Shot:
    height, width = shot.image.shape[:2]
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * x + np.sin(angle) * y
    return replace(shot, image=_shaded(shot.image, 0.78 + 0.2 * slope))


def dimmed(share: float) -> Damage:
    """Only `share` of the light."""

    def scan(rng: Generator, shot: Shot) -> Shot:
        return replace(shot, image=(shot.image * share).astype(np.uint8))

    return scan


def blurred(sigma_mm: float) -> Damage:
    def scan(rng: Generator, shot: Shot) -> Shot:
        return replace(shot, image=cv2.GaussianBlur(shot.image, (0, 0), sigma_mm * shot.dpi / 25.4))

    return scan


def noisy(sigma: float) -> Damage:
    def scan(rng: Generator, shot: Shot) -> Shot:
        noise = rng.normal(0, sigma, shot.image.shape)
        return replace(shot, image=(shot.image + noise).clip(0, 255).astype(np.uint8))

    return scan


def jpeg(quality: int) -> Damage:
    def scan(rng: Generator, shot: Shot) -> Shot:
        _, data = cv2.imencode(".jpg", shot.image, (cv2.IMWRITE_JPEG_QUALITY, quality))
        return replace(shot, image=cv2.imdecode(data, cv2.IMREAD_UNCHANGED))

    return scan


def one_bit(rng: Generator, shot: Shot) -> Shot:
    grey = shot.image if shot.image.ndim == 2 else shot.image[..., 0]
    return replace(shot, image=np.where(grey > rng.integers(150, 190), 255, 0).astype(np.uint8))


def photocopied(rng: Generator, shot: Shot) -> Shot:
    """Hard contrast, uneven toner, specks."""
    copied = ((shot.image.astype(np.float64) - 128) * 2.2 + 128 + rng.normal(0, 12, shot.image.shape)).clip(
        0, 255
    )
    specks = rng.random(shot.image.shape[:2]) < 4e-4
    copied[cv2.dilate(specks.astype(np.uint8), np.ones((2, 2))) > 0] = 20
    return replace(shot, image=cv2.GaussianBlur(copied.astype(np.uint8), (0, 0), 0.6))


def coloured(rng: Generator, shot: Shot) -> Shot:
    return shot if shot.image.ndim == 3 else replace(shot, image=cv2.cvtColor(shot.image, cv2.COLOR_GRAY2RGB))


# --- things on the page --------------------------------------------------------------------------


def _polygon(shot: Shot, mm: Points, value: tuple[int, ...]) -> Shot:
    image = shot.image.copy()
    colour = value if image.ndim == 3 else value[:1]
    cv2.fillPoly(image, [shot.where(mm).round().astype(np.int32)], colour)
    return replace(shot, image=image)


_SQUARE = np.array(((-1, -1), (1, -1), (1, 1), (-1, 1)))


def _disc(x: float, y: float, radius: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, 60)
    return np.column_stack((x + radius * np.cos(angles), y + radius * np.sin(angles)))


def without_markers(*lost: int) -> Damage:
    """Corners torn off, as far as a little beyond the marker."""

    def scan(rng: Generator, shot: Shot) -> Shot:
        frame = shot.layout.frame
        for marker in lost:
            centre = np.array(frame.markers()[marker]).mean(0)
            across, down = np.where(centre < np.array((frame.width, frame.height)) / 2, -20.0, 20.0)
            shot = _polygon(shot, centre + _SQUARE * MARKER_MM * 0.7, (235, 230, 220))
            shot = _polygon(
                shot, centre + np.array(((across, down), (across, 0), (0, down))), (200, 200, 200)
            )
        return shot

    return scan


def some_markers_lost(count: int) -> Damage:
    def scan(rng: Generator, shot: Shot) -> Shot:
        return without_markers(*rng.choice(4, count, replace=False))(rng, shot)

    return scan


def code_stained(share: float) -> Damage:
    """A blot over one corner of the QR code."""

    def scan(rng: Generator, shot: Shot) -> Shot:
        x, y, side = shot.layout.frame.qr
        corner = np.array(((x, y), (x + side, y), (x, y + side)))[rng.integers(3)]
        return _polygon(
            shot, _disc(*corner, side * share), (60, 50, 40) if rng.random() < 0.5 else (250, 250, 245)
        )

    return scan


def code_lost(rng: Generator, shot: Shot) -> Shot:
    x, y, side = shot.layout.frame.qr
    hole = np.array((x, y)) + side / 2 + _SQUARE * (side / 2 + 2)
    return _polygon(shot, hole, (240, 238, 230))


def sealed(place: str, opacity: float = 0.75) -> Damage:
    """A red seal of 42 mm: over the code, over a marker, or in the middle of the page."""

    def scan(rng: Generator, shot: Shot) -> Shot:
        shot = coloured(rng, shot)
        x, y, side = shot.layout.frame.qr
        places = {"code": (x + side / 2, y + side / 2), "marker": (20.0, 280.0), "middle": (120.0, 180.0)}
        centre = np.array(places[place]) + rng.uniform(-4, 4, 2)
        layer = np.full_like(shot.image, 255)
        red = (215, 40, 45)
        thick = max(1, round(1.2 * shot.dpi / 25.4))
        cv2.polylines(layer, [shot.where(_disc(*centre, 20.4)).round().astype(np.int32)], True, red, thick)
        for n in range(12):
            angle = np.pi * (0.15 + 1.7 * n / 12) + np.pi / 2
            at = centre + 15 * np.array((np.cos(angle), np.sin(angle)))
            for _ in range(4):
                line = at + rng.uniform(-2, 2, (3, 2))
                cv2.polylines(layer, [shot.where(line).round().astype(np.int32)], False, red, thick // 2 + 1)
        star = _disc(*centre, 6.0)[::6]
        star[1::2] = centre + (star[1::2] - centre) * 0.4
        cv2.fillPoly(layer, [shot.where(star).round().astype(np.int32)], red)
        covered = (layer < 250).any(2)[..., None]
        mixed = shot.image * (1 - opacity) + layer * opacity
        return replace(shot, image=np.where(covered, mixed, shot.image).astype(np.uint8))

    return scan


def scribbled(rng: Generator, shot: Shot) -> Shot:
    """Pen right through a marker."""
    centre = np.array(shot.layout.frame.markers()[int(rng.integers(4))]).mean(0)
    line = centre + rng.normal(0, 4.0, (14, 2))
    return _polyline(shot, line, 0.6, (20, 20, 40))


def _polyline(shot: Shot, mm: Points, width: float, colour: tuple[int, int, int]) -> Shot:
    image = shot.image.copy()
    ink = colour if image.ndim == 3 else (int(np.mean(colour)),)
    thick = max(1, round(width * shot.dpi / 25.4))
    points = (shot.where(mm) * 16).round().astype(np.int32)
    cv2.polylines(image, [points], False, ink, thick, cv2.LINE_AA, shift=4)
    return replace(shot, image=image)


def filled(rng: Generator, shot: Shot) -> Shot:
    """Everything written on: a scrawl in every box, generously over its edges."""
    pen = ((20, 20, 30), (30, 40, 140))[int(rng.integers(2))]
    image = shot.image.copy()
    ink = pen if image.ndim == 3 else (int(np.mean(pen)),)
    thick = max(1, round(0.45 * shot.dpi / 25.4))
    for box in shot.layout.on_page(shot.page):
        if rng.random() < 0.35:
            continue
        for left in np.arange(box.x, box.x + box.w - 1, 7.0):
            width = min(7.0, box.x + box.w - left)
            low, high = np.array((left - 0.5, box.y - 1.0)), np.array((left + width, box.y + box.h + 0.5))
            stroke = rng.uniform(low, high, (4 if box.w < 7 else 7, 2))
            points = (shot.where(stroke) * 16).round().astype(np.int32)
            cv2.polylines(image, [points], False, ink, thick, cv2.LINE_AA, shift=4)
    return replace(shot, image=image)


def folded(rng: Generator, shot: Shot) -> Shot:
    frame = shot.layout.frame
    y = rng.uniform(0.3, 0.7) * frame.height
    shot = _polyline(shot, np.array(((0, y), (frame.width, y + rng.uniform(-3, 3)))), 0.5, (150, 150, 150))
    x = rng.uniform(0.3, 0.7) * frame.width
    return _polyline(shot, np.array(((x, 0), (x, frame.height))), 0.7, (120, 120, 120))


def stained(rng: Generator, shot: Shot) -> Shot:
    frame = shot.layout.frame
    centre = rng.uniform((40, 60), (frame.width - 40, frame.height - 60))
    mask = np.zeros(shot.image.shape[:2], np.float32)
    cv2.fillPoly(mask, [shot.where(_disc(*centre, rng.uniform(20, 45))).round().astype(np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), 2 * shot.dpi / 25.4)
    return replace(shot, image=_shaded(shot.image, 1 - 0.45 * mask))


def punched(rng: Generator, shot: Shot) -> Shot:
    for y in (108.5, 188.5):
        shot = _polygon(shot, _disc(12.0, y, 3.0), (30, 30, 30))
    return _polyline(shot, np.array(((8, 8), (18, 14))), 0.8, (90, 90, 90))


def cut(rng: Generator, shot: Shot) -> Shot:
    """The last 25 mm of one side are not on the scan."""
    height, width = shot.image.shape[:2]
    gone = round(25 * shot.dpi / 25.4)
    side = int(rng.integers(4))
    left, top = (gone if side == 0 else 0), (gone if side == 1 else 0)
    right, bottom = (width - gone if side == 2 else width), (height - gone if side == 3 else height)
    image = np.ascontiguousarray(shot.image[top:bottom, left:right])
    return replace(shot, image=image, where=lambda mm: shot.where(mm) - (left, top))


def chain(*steps: Damage) -> Damage:
    def scan(rng: Generator, shot: Shot) -> Shot:
        for step in steps:
            shot = step(rng, shot)
        return shot

    return scan


CLASSES: dict[str, Damage] = {
    "clean 200 dpi": resolution(200),
    "clean 150 dpi": resolution(150),
    "clean 300 dpi": resolution(300),
    "110 dpi": resolution(110),
    "600 dpi, 1 bit": chain(resolution(600), one_bit),
    "fax 200 dpi, 1 bit": chain(resolution(200), turned(0, 2), one_bit),
    "written on": chain(filled, resolution(200), turned(0, 1.5)),
    "quarter turns": chain(filled, resolution(200), turned(88, 92)),
    "upside down": chain(filled, resolution(200), turned(178, 182)),
    "any angle, larger glass": chain(filled, resolution(200), turned(0, 180, 1.25)),
    "skew 3-5°": chain(filled, resolution(200), turned(3, 5)),
    "stretched 3 %": chain(filled, resolution(200), stretched(0.03)),
    "phone": chain(filled, coloured, resolution(180), phone(0.05), jpeg(70)),
    "phone, steep": chain(filled, coloured, resolution(200), phone(0.12), jpeg(60)),
    "phone, 130 dpi": chain(filled, coloured, resolution(130), phone(0.06), blurred(0.15), jpeg(50)),
    "curl 3 mm": chain(filled, resolution(200), curled(3.0)),
    "curl 8 mm": chain(filled, resolution(200), curled(8.0)),
    "feed wobble 1 mm": chain(filled, resolution(200), wobbled(1.0)),
    "crumpled 1 mm": chain(filled, resolution(200), crumpled(1.0)),
    "blur 0.3 mm": chain(filled, resolution(200), blurred(0.3)),
    "noise": chain(filled, resolution(200), noisy(40)),
    "JPEG 15": chain(filled, resolution(150), jpeg(15)),
    "photocopy": chain(filled, resolution(200), turned(0, 2), stretched(0.02), photocopied),
    "shadow": chain(filled, resolution(200), shadow),
    "dark, noisy": chain(filled, resolution(200), dimmed(0.35), noisy(6)),
    "folds": chain(filled, resolution(200), folded),
    "stain": chain(filled, resolution(200), stained),
    "holes, staple": chain(filled, resolution(200), punched),
    "cut off 25 mm": chain(filled, resolution(200), turned(0, 1), cut),
    "one marker lost": chain(filled, some_markers_lost(1), resolution(200), turned(0, 3)),
    "two markers lost": chain(filled, some_markers_lost(2), resolution(200), turned(0, 3)),
    "three markers lost": chain(filled, some_markers_lost(3), resolution(200), turned(0, 3)),
    "all markers lost": chain(filled, some_markers_lost(4), resolution(200), turned(0, 3)),
    "scribble on marker": chain(filled, scribbled, resolution(200), turned(0, 2)),
    "QR corner lost": chain(filled, code_stained(0.33), resolution(200), turned(0, 2)),
    "QR corner and marker lost": chain(
        filled, code_stained(0.3), some_markers_lost(1), resolution(200), turned(0, 2)
    ),
    "QR lost": chain(filled, code_lost, resolution(200), turned(0, 2)),
    "seal on QR": chain(filled, sealed("code"), resolution(200), turned(0, 2), jpeg(75)),
    "opaque seal on QR": chain(filled, sealed("code", 1.0), resolution(200), turned(0, 2), jpeg(75)),
    "seal on marker": chain(filled, sealed("marker"), resolution(200), turned(0, 2), jpeg(75)),
    "phone, curl, two markers lost": chain(
        filled, some_markers_lost(2), coloured, resolution(180), curled(2.0), phone(0.05), jpeg(70)
    ),
}
