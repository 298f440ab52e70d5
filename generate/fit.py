"""Words that must keep to a width: smaller, then on two lines, then refused; never cut off."""

from __future__ import annotations

from dataclasses import dataclass

from forms.errors import ClerkError
from generate.fonts import FontBook


class TooLongError(ClerkError, ValueError):
    """Words that are too long for their place, even small and on two lines."""


@dataclass(frozen=True)
class Fitted:
    """One or two lines and the size, in pt, at which they keep to the width."""

    lines: tuple[str, ...]
    size: float


def fit(
    fonts: FontBook, words: str, role: str, width: float, size: float, least: float, lines: int = 2
) -> Fitted:
    """`words` within `width` mm, at `size` pt if that does, never smaller than `least`.

    Raises TooLongError, MissingGlyphsError.
    """
    shrunk = min(size, size * width / max(fonts.width(words, role, size), 0.001))
    if shrunk >= least:
        return Fitted((words,), shrunk)
    halves = _halves(fonts, words, role, least) if lines == 2 else None
    if halves is None or halves[0] > width:
        raise TooLongError(f"“{words}”在 {width:.0f} 毫米宽的位置放不下，请缩短")
    return Fitted(halves[1], least)


def _halves(fonts: FontBook, words: str, role: str, size: float) -> tuple[float, tuple[str, str]] | None:
    """The two most even parts, with the length of the longer; None when there is nothing to part."""
    places = [
        n for n in range(1, len(words)) if words[n - 1] not in "（“" and words[n] not in "）”，、。；："
    ]
    parts = ((words[:n], words[n:]) for n in places)
    return min(((max(fonts.width(p, role, size) for p in pair), pair) for pair in parts), default=None)


def fit_block(fonts: FontBook, words: str, role: str, width: float, size: float, most: int) -> Fitted:
    """`words` broken into `most` lines of `width` mm at most.

    Raises TooLongError, MissingGlyphsError.
    """
    lines = [""]
    for character in words:
        longer = lines[-1] + character
        if lines[-1] and fonts.width(longer, role, size) > width and character not in "，。；：、）！？”":
            lines.append(character)
        else:
            lines[-1] = longer
    if len(lines) > most:
        raise TooLongError(f"“{words}”要 {len(lines)} 行，只有 {most} 行的位置，请缩短")
    return Fitted(tuple(lines), size)
