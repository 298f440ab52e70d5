"""Where each field sits on paper, in mm, and the identity of a printed sheet.

Printing and reading share nothing but this package: boxes, marker and QR geometry, and the code
that a sheet carries.
"""

from layouts.identity import CodeError, Identity, Key, SerialError
from layouts.model import Box, BoxKind, Layout, PageFrame, Rule, Text
from layouts.pieces import PlacementError
from layouts.place import place

__all__ = [
    "Box",
    "BoxKind",
    "CodeError",
    "Identity",
    "Key",
    "Layout",
    "PageFrame",
    "PlacementError",
    "Rule",
    "SerialError",
    "Text",
    "place",
]
