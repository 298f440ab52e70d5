"""What the tests of the simulator print, and hand to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samples.simulate import Side


@dataclass(frozen=True)
class Printed:
    """A folder with a PDF and its manifest.json, and what its sheets are."""

    folder: Path
    sides: Mapping[str, Side]
