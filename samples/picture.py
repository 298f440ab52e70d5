"""Pictures as arrays, and OpenCV's answers as such."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""Grey (H, W) or colour (H, W, 3) in RGB order; 0 is black."""
GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def u8(result: NDArray[Any]) -> Image:
    """What OpenCV returned for an 8-bit image, which its type annotations leave open; no copy."""
    return np.asarray(result, np.uint8)
