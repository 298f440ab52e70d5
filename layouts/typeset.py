"""How much room words take, without opening a font: an upper bound that holds for all our faces."""

import unicodedata

MM_PER_PT = 25.4 / 72
BASELINE = 0.36
"""How far below the middle of a line of words its baseline lies, in heights of its characters."""
_NARROW_EM = 0.58
"""Widest average of digits and Latin letters in the faces of `generate.fonts` (Zen Hei: 0.56)."""


def width_mm(text: str, size: float) -> float:
    """Length of `text` set at `size` pt: full-width characters are one em wide."""
    ems = sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else _NARROW_EM for c in text)
    return ems * size * MM_PER_PT


def wrap(text: str, size: float, width: float) -> list[str]:
    """`text` broken into lines of at most `width` mm; no line begins with closing punctuation."""
    lines = [""]
    for character in text:
        fits = width_mm(lines[-1] + character, size) <= width
        if fits or (character in "，。；：、）！？" and lines[-1]):
            lines[-1] += character
        else:
            lines.append(character)
    return lines
