"""Which options a question's boxes say, judged together.

A box is empty, marked, filled solid or touched by stray ink, each with a probability. A solid fill is a
mark by itself, but a correction where another option is marked; what it means also depends on how
the same person marks elsewhere on the page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from forms.model import Field, Kind, Option, Value
from ingest import mark_models, thresholds
from ingest.confidence import Calibration, Judgement
from ingest.model import BoxSeen, Measurement, Reading


@dataclass(frozen=True)
class Habit:
    """How the marks on a page look: questions answered with a thin mark, and with a filled box."""

    thin: int = 0
    heavy: int = 0
    dark: float = 0.0
    """How dark the marks of this page are in the middle; 0 when there are too few to say."""
    fill: float = 1.0
    """Which share of its box a mark of this page has in the middle."""
    fading: bool = False
    """Whether what ink there is in the boxes of this page is hardly darker than what counts as ink."""

    solid: float = 0.0
    """How likely a mark of this page is a solid fill, in the middle: crosses may be as heavy."""

    @property
    def fills(self) -> bool:
        often = self.heavy >= 2 and self.heavy >= 3 * self.thin
        return often and self.solid >= thresholds.SOLID

    @property
    def ticks(self) -> bool:
        return self.thin >= 2 and self.thin >= 3 * self.heavy

    def lone_fill_is_mark(self) -> float:
        """Probability that a solid box, no other being marked, is an answer and no deletion."""
        if self.fills:
            return thresholds.LONE_FILL_OF_FILLER
        return thresholds.LONE_FILL_OF_TICKER if self.ticks else thresholds.LONE_FILL

    def fill_cancels(self) -> float:
        """Probability that a solid box beside a marked one was deleted."""
        return thresholds.FILL_CANCELS_OF_FILLER if self.fills else thresholds.FILL_CANCELS


def habit(fields: Mapping[str, Field], measurements: Sequence[Measurement]) -> Habit:
    thin = heavy = 0
    marks: list[BoxSeen] = []
    inks: list[float] = []
    for measurement in measurements:
        if fields[measurement.field].kind not in (Kind.SINGLE, Kind.MULTIPLE):
            continue
        on_by = [(box, mark_models.marked(box)) for box in measurement.boxes]
        inks += [
            _dark(b) for b, p in on_by if p > thresholds.RATHER_MARKED and _fill(b) > 0 and not _is_ring(b)
        ]
        on = [box for box, p in on_by if p > 0.9]
        heavies = [box for box in on if _fill(box) > thresholds.HEAVY_FILL]
        heavy += bool(on) and len(heavies) == len(on)
        thin += len(heavies) < len(on)
        marks += on
    fading = len(inks) >= thresholds.MARKS_TO_FADE and sorted(inks)[len(inks) * 3 // 4] < thresholds.FADING
    solid = median([mark_models.classify(box)["filled"] for box in marks]) if marks else 0.0
    if len(marks) < thresholds.MARKS_FOR_SHADE:
        return Habit(thin, heavy, fading=fading, solid=solid)
    return Habit(thin, heavy, median(map(_dark, marks)), median(map(_fill, marks)), fading, solid)


def _dark(box: BoxSeen) -> float:
    return box.features.get("dark", 0.0)


def _fill(box: BoxSeen) -> float:
    """Share of its inside; that of a ring is 0, whose ink is around the box."""
    return box.features.get("fill", 0.0)


def _is_ring(box: BoxSeen) -> bool:
    """Whether the ink is around the box: how dark it is inside says nothing."""
    return box.features.get("sides", 0.0) >= thresholds.RING_SIDES


def is_blot(box: BoxSeen) -> bool:
    """Much ink that is no mark."""
    much = _fill(box) > thresholds.BLOT_FILL
    return much and mark_models.classify(box)["stray"] > 0.5


@dataclass(frozen=True)
class _Box:
    """One option with its class probabilities."""

    option: Option
    seen: BoxSeen
    empty: float
    marked: float
    filled: float
    stray: float

    @property
    def off(self) -> float:
        return self.empty + self.stray

    @property
    def heavy(self) -> bool:
        return _fill(self.seen) > thresholds.HEAVY_FILL

    def inked(self, sure: float) -> bool:
        """Ink inside that should not be overlooked; what is dirt with a probability of `sure`, or passes
        through from beyond the neighbouring boxes, is not about this one."""
        features = self.seen.features
        passes = features.get("leaves", 0.0) > 0 and features.get("reach", 0.0) > thresholds.PASSING_REACH
        return _fill(self.seen) > thresholds.STRAY_FILL and not passes and self.off < sure

    def scribbled(self, usual: float) -> bool:
        """Marked with far more ink than a tick or a cross has, and than is `usual`, but not filled solid: in
        the box, or in it and around it."""
        fill, around = _fill(self.seen), self.seen.features.get("ring", 0.0)
        dense = fill > max(thresholds.HEAVY_FILL, thresholds.SCRIBBLED * usual)
        wide = fill > max(thresholds.SPRAWLING_FILL, thresholds.SPRAWLING * usual)
        return self.marked > self.filled and (dense or (wide and around > thresholds.SPRAWLING_RING))


def judge(
    field: Field, seen: Measurement, of_page: Habit, calibration: Calibration, alone: bool = False
) -> Reading:
    """`alone`: the field is one of a block in which nothing else is answered."""
    boxes = [_box(field, box) for box in seen.boxes]
    found = _single(boxes, of_page) if field.kind is Kind.SINGLE else _multiple(field, boxes, of_page)
    value, raw, alternatives, doubt = found
    raw, doubt = _unless_missed(seen, boxes, of_page, alone, value, raw, doubt)
    value, alternatives = _on_the_words(field, boxes, value, alternatives)
    raw, doubt = _unless_scribbled(boxes, of_page, value, raw, doubt)
    raw, doubt = _unless_faint(boxes, of_page, value, raw, doubt)
    confidence = calibration(Judgement.CHOICE, raw)
    if confidence < thresholds.DOUBTFUL and not doubt:
        doubt = _unclear(boxes)
    engine = mark_models.model().version
    return Reading(field.key, value, confidence, alternatives, engine, doubt, Judgement.CHOICE, round(raw, 6))


def _box(field: Field, seen: BoxSeen) -> _Box:
    return _Box(field.option(seen.option or ""), seen, **mark_models.classify(seen))


_Found = tuple[Value, float, tuple[tuple[Value, float], ...], str]
"""Value, probability, alternatives, doubt."""


# --- one of several -------------------------------------------------------------------------------


def _single(boxes: Sequence[_Box], of_page: Habit) -> _Found:
    """Every explanation of the boxes weighed: none, one option, or more than one."""
    q, c = of_page.lone_fill_is_mark(), of_page.fill_cancels()
    ways: dict[str | None, float] = {None: math.prod(box.off for box in boxes)}
    for box in boxes:
        others = [other for other in boxes if other is not box]
        alone = math.prod(other.off for other in others)
        corrected = math.prod(other.off + c * other.filled for other in others)
        ways[box.option.key] = box.marked * corrected + q * box.filled * alone
        ways[None] += (1 - q) * box.filled * alone
    ranked = sorted(ways.items(), key=lambda way: -way[1])
    value, raw = ranked[0]
    several = 1 - sum(ways.values())
    doubt = ""
    if several > raw:
        value = max(boxes, key=lambda box: (box.marked, box.filled)).option.key
        raw = min(ways[value], thresholds.CONTRADICTED)
        doubt = _several(boxes)
    elif _is_lone_fill(boxes) and not of_page.fills:
        doubt = "只有涂黑的框，请确认是选择还是涂改"
    alternatives = tuple((key, round(p, 4)) for key, p in ranked if key != value and p > 1e-3)[:3]
    return value, raw, alternatives, doubt


def _is_lone_fill(boxes: Sequence[_Box]) -> bool:
    return sum(box.filled > 0.5 for box in boxes) == 1 and all(box.marked < 0.5 for box in boxes)


def _several(boxes: Sequence[_Box]) -> str:
    names = [box.option.label for box in boxes if box.marked + box.filled > 0.5]
    return f"有多处标记：{'、'.join(names)}"


# --- any number of them ---------------------------------------------------------------------------


def _multiple(field: Field, boxes: Sequence[_Box], of_page: Habit) -> _Found:
    """Option by option; solid boxes beside other marks are deletions, but beside marks as heavy as they are
    of someone who fills all boxes."""
    ticked = max((box.marked for box in boxes if not (of_page.fills and box.heavy)), default=0.0)
    cancels = ticked * of_page.fill_cancels() + (1 - ticked) * (1 - of_page.lone_fill_is_mark())
    on = {box.option.key: box.marked + box.filled * (1 - cancels) for box in boxes}
    value = sorted(key for key, p in on.items() if p > 0.5)
    raw = math.prod(max(p, 1 - p) for p in on.values())
    doubt = _contradiction(field, value)
    if doubt:
        raw = min(raw, thresholds.CONTRADICTED)
    wavering = min(on, key=lambda key: abs(on[key] - 0.5))
    other = sorted(set(value) ^ {wavering})
    p = min(on[wavering], 1 - on[wavering])
    return value, raw, ((other, round(p, 4)),) if p > 1e-3 else (), doubt


def _contradiction(field: Field, value: Sequence[str]) -> str:
    exclusive = [field.option(key).label for key in value if field.option(key).exclusive]
    if exclusive and len(value) > 1:
        return f"选了“{exclusive[0]}”，又选了其他项"
    if field.max_choices and len(value) > field.max_choices:
        return f"选了 {len(value)} 项，最多只能选 {field.max_choices} 项"
    return ""


# --- what may have been missed --------------------------------------------------------------------


def _unless_missed(
    seen: Measurement,
    boxes: Sequence[_Box],
    of_page: Habit,
    alone: bool,
    value: Value,
    raw: float,
    doubt: str,
) -> tuple[float, str]:
    """Reasons to distrust what the boxes say: hidden print, unexplained ink, ink on the words, pencil that a
    copy has all but lost. Nobody answers one question alone of a block: there, specks are no reason."""
    sure, around = thresholds.SURELY_STRAY, thresholds.AROUND_MM2
    if alone:
        sure, around = thresholds.STRAY_ALONE, thresholds.AROUND_ALONE_MM2
    hidden = [b for b in boxes if b.seen.features["print"] < thresholds.PRINT_MISSING and not b.inked(sure)]
    if hidden:
        names = "、".join(box.option.label for box in hidden)
        return min(raw, thresholds.HIDDEN), doubt or f"看不到印好的框（{names}），可能被遮盖、撕去或没有对准"
    on_words = seen.around >= around
    stray = [box for box in boxes if box.inked(sure) and box.off > 0.5]
    if value not in (None, []):
        if on_words and isinstance(value, list):
            return min(raw, thresholds.UNEXPLAINED), doubt or "有的选项没有打√，但文字上有笔迹"
        if stray and of_page.fading and isinstance(value, list):
            return min(raw, thresholds.UNEXPLAINED), doubt or f"{stray[0].option.label}：框内的墨迹很淡"
        return raw, doubt
    if stray:
        return min(raw, thresholds.UNEXPLAINED), doubt or f"{stray[0].option.label}：框内有不像标记的墨迹"
    if on_words:
        return min(raw, thresholds.UNEXPLAINED), doubt or "没有打√，但选项文字上有笔迹"
    if of_page.fading:
        return min(raw, thresholds.UNEXPLAINED), doubt or "这页的笔迹都很淡，有的可能看不见了"
    return raw, doubt


def _on_the_words(
    field: Field, boxes: Sequence[_Box], value: Value, alternatives: tuple[tuple[Value, float], ...]
) -> tuple[Value, tuple[tuple[Value, float], ...]]:
    """Where options are ringed, underlined or ticked on their words, people are asked about these options."""
    on = {b.option.key: b.seen.features.get("on_words", 0.0) for b in boxes if b.off > 0.5}
    meant = [key for key, mm2 in on.items() if mm2 >= thresholds.MEANT_MM2]
    if not meant or (field.kind is Kind.SINGLE and value is not None):
        return value, alternatives
    if isinstance(value, list):
        return sorted({*value, *meant}), ((value, 0.0), *alternatives)
    return max(meant, key=lambda key: on[key]), ((value, 0.0), *alternatives)


def _unless_scribbled(
    boxes: Sequence[_Box], of_page: Habit, value: Value, raw: float, doubt: str
) -> tuple[float, str]:
    """Who ticks elsewhere and scribbles here may have scribbled it out."""
    if not of_page.ticks:
        return raw, doubt
    chosen = value if isinstance(value, list) else [value]
    scribbled = [box for box in boxes if box.option.key in chosen and box.scribbled(of_page.fill)]
    if not scribbled:
        return raw, doubt
    return min(raw, thresholds.UNEXPLAINED), doubt or f"“{scribbled[0].option.label}”像是划掉的，请确认"


def _unless_faint(
    boxes: Sequence[_Box], of_page: Habit, value: Value, raw: float, doubt: str
) -> tuple[float, str]:
    """A mark much paler than the others of the page may shine through from the back."""
    chosen = value if isinstance(value, list) else [value]
    pale = thresholds.PALE * of_page.dark
    faint = [b for b in boxes if b.option.key in chosen and b.seen.features.get("dark", 1.0) < pale]
    faint = [box for box in faint if _fill(box.seen) > 0 and not _is_ring(box.seen)]
    if not faint:
        return raw, doubt
    return min(
        raw, thresholds.UNEXPLAINED
    ), doubt or f"“{faint[0].option.label}”的标记很淡，可能是背面透过来的"


def _unclear(boxes: Sequence[_Box]) -> str:
    box = max(boxes, key=lambda box: 1 - max(box.off, box.marked, box.filled))
    return f"“{box.option.label}”是否选中不清楚"
