"""How a person marks: what a filled box or a dot means hangs on how the same hand marks elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ingest import thresholds
from ingest.mark_models import Mark


@dataclass(frozen=True)
class Habit:
    """How the marks on a page look: questions answered with a thin mark, and with a filled box."""

    thin: int = 0
    heavy: int = 0
    dark: float = 0.0
    """How dark the marks of this page are in the middle; 0 when there are too few to say."""
    fill: float = 1.0
    """Which share of its box a mark of this page has in the middle."""
    reach: float = 0.0
    """How long its marks are in the middle, in boxes; 0 when there are too few to say."""
    lone_fills: int = 0
    """Questions that seem to be answered with a solid box."""
    solid: float = 0.0
    """How likely a mark of this page is a solid fill, in the middle: crosses may be as heavy."""

    @property
    def fills(self) -> bool:
        often = self.heavy >= 2 and self.heavy >= 3 * self.thin
        return often and self.solid >= thresholds.SOLID

    @property
    def ticks(self) -> bool:
        return self.thin >= 2 and self.thin >= 3 * self.heavy

    def is_fill(self, box: Mark) -> bool:
        """Whether a box is filled as this person fills all boxes, and not just crossed with a broad pen."""
        surely = self.solid > thresholds.SURELY_SOLID or box.filled > box.marked
        return self.fills and box.is_heavy and surely

    def lone_fill_is_mark(self) -> float:
        """Probability that a solid box, no other being marked, is an answer and no deletion."""
        if self.fills:
            return thresholds.LONE_FILL_OF_FILLER
        return thresholds.LONE_FILL_OF_TICKER if self.ticks else thresholds.LONE_FILL

    def fill_cancels(self) -> float:
        """Probability that a solid box beside a marked one was deleted: not known of who answers so, too."""
        answers_so = self.fills or self.lone_fills >= thresholds.LONE_FILLS_TO_DOUBT
        return thresholds.FILL_CANCELS_OF_FILLER if answers_so else thresholds.FILL_CANCELS


def habit_of(questions: Iterable[Sequence[Mark]]) -> Habit:
    """How a page is marked, from the boxes of each of its questions."""
    thin = heavy = lone_fills = 0
    marks: list[Mark] = []
    for boxes in questions:
        on = [box for box in boxes if box.on > 0.9]
        heavies = sum(box.is_heavy for box in on)
        heavy += bool(on) and heavies == len(on)
        thin += heavies < len(on)
        lone_fills += bool(on) and all(box.filled > box.marked for box in on)
        marks += on
    solid = median(box.filled for box in marks) if marks else 0.0
    found = Habit(thin, heavy, lone_fills=lone_fills, solid=solid)
    if len(marks) < thresholds.MARKS_FOR_SHADE:
        return found
    dark, fill, reach = (median(v) for v in zip(*((b.dark, b.fill, b.reach) for b in marks), strict=True))
    return replace(found, dark=dark, fill=fill, reach=reach)
