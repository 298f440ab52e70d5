"""Pictures of regions, cut out of the originals as they lie there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from ingest.bend import Bend
from review.crops import Pictures
from store import PageInfo

PX_PER_MM = 4.0


def sagging() -> Bend:
    """The middle of the page lies 5 mm lower than its sides."""
    down = 5 * np.sin(np.linspace(0, np.pi, 43))
    return Bend(np.stack([np.zeros((61, 43)), np.tile(down, (61, 1))], -1).astype(np.float32))


def page(folder: Path, bend: Bend | None) -> PageInfo:
    """A scan of paper that sags, with a line across it at 100 mm."""
    pixels = np.full((1188, 840), 255, np.uint8)
    x = np.arange(840.0)
    shifts = sagging().at(np.column_stack((x / PX_PER_MM, np.full(840, 100.0))))[:, 1]
    line = np.column_stack((x, (100 + shifts) * PX_PER_MM)).round().astype(np.int32)
    cv2.polylines(pixels, [line], False, (0,), 3)
    Pillow.fromarray(pixels).save(folder / "abc", "PNG")
    registration: dict[str, object] = {
        "homography": [PX_PER_MM, 0, -0.5, 0, PX_PER_MM, -0.5, 0, 0, 1],
        "bend": bend.packed() if bend else None,
    }
    return PageInfo(1, "abc", 1, 1, "read", None, None, None, 0, registration, datetime.now(UTC))


def darkest_rows(jpeg: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return picture.argmin(0)


def test_a_crop_follows_the_curl(tmp_path: Path) -> None:
    region = (5.0, 90.0, 200.0, 20.0)
    rows = darkest_rows(Pictures(tmp_path).crop(page(tmp_path, sagging()), region, 4.0))
    assert abs(rows.astype(int) - 40).max() <= 2, "straight, where the page has it"


def test_without_a_bend_it_is_cut_flat(tmp_path: Path) -> None:
    region = (5.0, 90.0, 200.0, 20.0)
    rows = darkest_rows(Pictures(tmp_path).crop(page(tmp_path, None), region, 4.0))
    assert rows.max() - rows.min() >= 0.8 * 5 * PX_PER_MM
