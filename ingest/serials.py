"""Reads the serial printed in a sheet's foot, for sheets whose code is lost."""

from __future__ import annotations

from ingest.engines import engine
from ingest.model import Image


def read_serial(line: Image) -> str:
    """The characters of one printed line. Raises EngineError when no engine can be had."""
    return "".join(character.text for character in engine().read(line))
