"""Whether writing may be lost on a page: hard pencil, and what copiers and scans to black and white leave of
it. Where it may be, nothing is called blank without a person.

Signs of it are how dark the page's own pen is, digits of which only dots are left, thin grey print that
is broken, and strokes that are too faint to be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from forms.model import Field, Kind
from ingest import blocks, numbers, thresholds
from ingest.mark_models import Mark
from ingest.model import Measurement, Reading


@dataclass(frozen=True)
class Writing:
    """How the writing of a page came out.

    dark         how dark its marks or its digits are in the middle, whichever are darker; 0: not known
    digits       how dark its digits are in the middle; 0: not known
    fading       its ink is hardly darker than what counts as ink, or hardly any of its digits can be read
    lost         writing may have been lost all over the page
    rules        how much of the printed lines of its blank fields was found, in the middle
    faint_boxes  boxes with strokes that are too faint to count
    """

    dark: float = 0.0
    digits: float = 0.0
    fading: bool = False
    lost: bool = False
    rules: float = 1.0
    faint_boxes: int = 0


def writing_of(
    fields: Mapping[str, Field], measurements: Sequence[Measurement], marks: blocks.Marks, usual_mark: float
) -> Writing:
    """`usual_mark`: how dark the page's marks are in the middle; 0 when there are too few to say."""
    digits = numbers.usual_darkness(fields, measurements)
    # No mark seen, digits that a copier has nearly lost, and traces in boxes: marks may be lost as well.
    pale = usual_mark == 0 < digits < thresholds.FADING and _traces(marks) >= thresholds.TRACES
    fading = _marks_fade(marks) or pale or numbers.are_lost(fields, measurements)
    dark = max(usual_mark, digits)
    broken = _print_is_broken(measurements) and dark < thresholds.STRONGER_THAN_PRINT
    faint = sum(box.is_faint for boxes in marks.values() for box in boxes)
    return Writing(
        dark, digits, fading, lost=fading or broken, rules=_rules_found(measurements), faint_boxes=faint
    )


def unless_lost(field: Field, seen: Measurement, reading: Reading, writing: Writing) -> Reading:
    """Where print is lost, so may be what was written: nobody knows that a field is blank, or that no other
    option was chosen."""
    if field.kind is not Kind.MULTIPLE and reading.value not in blocks.NOTHING:
        return reading
    found = min(_print_shares(seen), default=1.0)
    if seen.print_share is not None and writing.rules < thresholds.PRINT_BROKEN:
        found = 1.0  # nothing follows from one that is lost where all are
    if found < thresholds.PRINT_MISSING:
        return reading.doubted(thresholds.HIDDEN, "看不到这里印好的线条，可能被遮盖、撕去或没有扫到")
    if writing.lost or found < thresholds.PRINT_BROKEN:
        return reading.doubted(thresholds.UNEXPLAINED, "这里扫描得残缺或很淡，笔迹可能也有缺失，请对照原件")
    return reading


def unless_faint(field: Field, seen: Measurement, reading: Reading, writing: Writing) -> Reading:
    """Where strokes show that are too faint to be read, a place is not blank, unless the page's pen is
    darker: then the back shines through. People sign with pens of their own."""
    known = field.kind is not Kind.SIGNATURE and writing.dark >= thresholds.FAINT_PEN
    if reading.value not in blocks.NOTHING or seen.faint_mm2 < thresholds.FAINT_MM2 or known:
        return reading
    return reading.doubted(thresholds.UNEXPLAINED, "这里好像有很淡的笔迹，请确认是否填写")


def _marks_fade(marks: blocks.Marks) -> bool:
    inks = [box.dark for boxes in marks.values() for box in boxes if _has_shade(box)]
    enough = len(inks) >= thresholds.MARKS_TO_FADE
    return enough and sorted(inks)[len(inks) * 3 // 4] < thresholds.FADING


def _traces(marks: blocks.Marks) -> int:
    """In how many boxes that would be called empty there is the least of faint ink."""
    return sum(b.off > 0.5 and b.faint >= thresholds.TRACE_FILL for boxes in marks.values() for b in boxes)


def _has_shade(box: Mark) -> bool:
    return box.on > thresholds.RATHER_MARKED and box.fill > 0 and not box.is_ring


def _print_is_broken(measurements: Sequence[Measurement]) -> bool:
    """Whether thin grey print is broken, as by copiers and scans to black and white."""
    frames = [share for seen in measurements if seen.print_share is None for share in _print_shares(seen)]
    # Where there are boxes, they tell it: ruled lines are paler and are lost before any pen is.
    found = frames or [share for seen in measurements for share in _print_shares(seen)]
    return sum(found) < thresholds.PRINT_WHOLE * len(found)


def _print_shares(seen: Measurement) -> list[float]:
    """How much of its print was found, where nothing is written that hides it: box by box, or of a field."""
    if seen.boxes and seen.boxes[0].option is not None:
        return [box.features["print"] for box in seen.boxes if "fill" not in box.features]
    return [] if seen.print_share is None else [seen.print_share]


def _rules_found(measurements: Sequence[Measurement]) -> float:
    shares = [seen.print_share for seen in measurements if seen.print_share is not None]
    return median(shares) if shares else 1.0
