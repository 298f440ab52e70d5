"""Which options a question's boxes say, judged together.

A box is empty, marked, filled solid or touched by stray ink, each with a probability. A solid fill is a
mark by itself, but a correction where another option is marked; what it means also depends on how
the same person marks elsewhere on the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from forms.model import Field, Kind, Value
from ingest import fading, mark_models, thresholds
from ingest.blocks import Block
from ingest.confidence import Calibration, Judgement
from ingest.habit import Habit
from ingest.mark_models import Mark
from ingest.model import Measurement, Reading


@dataclass(frozen=True)
class _Question:
    field: Field
    seen: Measurement
    boxes: Sequence[Mark]
    habit: Habit
    writing: fading.Writing
    block: Block

    @property
    def alone(self) -> bool:
        """Whether it is one of a block in which nothing else is answered."""
        return self.block.leaves_alone(self.field)

    def labels(self, boxes: Iterable[Mark]) -> str:
        return "、".join(self.field.option(box.option).label for box in boxes)

    def chosen(self, value: Value) -> list[Mark]:
        keys = value if isinstance(value, list) else [value]
        return [box for box in self.boxes if box.option in keys]


def judge(
    field: Field,
    seen: Measurement,
    boxes: Sequence[Mark],
    habit: Habit,
    writing: fading.Writing,
    calibration: Calibration,
    block: Block,
) -> Reading:
    """`boxes` are those of `seen`; `habit` and `writing` tell how the page is marked and how that came out;
    `block` is the one that the field belongs to."""
    question = _Question(field, seen, boxes, habit, writing, block)
    value, raw, alternatives, doubt = _single(question) if field.kind is Kind.SINGLE else _multiple(question)
    for check in _CHECKS:
        if found := check(question, value):
            most, words = found
            raw, doubt = min(raw, most), doubt or words
    value, alternatives = _beside_the_boxes(question, value, alternatives)
    confidence = calibration(Judgement.CHOICE, raw)
    if confidence < thresholds.DOUBTFUL and not doubt:
        doubt = _unclear(question)
    engine = mark_models.model().version
    return Reading(field.key, value, confidence, alternatives, engine, doubt, Judgement.CHOICE, round(raw, 6))


_Alternatives = tuple[tuple[Value, float], ...]
_Found = tuple[Value, float, _Alternatives, str]
"""Value, probability, alternatives, doubt."""


# --- one of several -------------------------------------------------------------------------------


def _single(question: _Question) -> _Found:
    """Every explanation of the boxes weighed: none, one option, or more than one."""
    boxes, habit = question.boxes, question.habit
    q, c = habit.lone_fill_is_mark(), habit.fill_cancels()
    ways: dict[str | None, float] = {None: math.prod(box.off for box in boxes)}
    for box in boxes:
        others = [other for other in boxes if other is not box]
        alone = math.prod(other.off for other in others)
        corrected = math.prod(other.off + c * other.filled for other in others)
        ways[box.option] = box.marked * corrected + q * box.filled * alone
        ways[None] += (1 - q) * box.filled * alone
    ranked = sorted(ways.items(), key=lambda way: -way[1])
    value, raw = ranked[0]
    several = 1 - sum(ways.values())
    doubt = ""
    if several > raw:
        value = max(boxes, key=lambda box: (box.marked, box.filled)).option
        raw = min(ways[value], thresholds.CONTRADICTED)
        doubt = f"有多处标记：{question.labels(box for box in boxes if box.on > 0.5)}"
    elif _is_lone_fill(boxes) and not habit.fills:
        doubt = "只有涂黑的框，请确认是选择还是涂改"
    alternatives = tuple((key, round(p, 4)) for key, p in ranked if key != value and p > 1e-3)[:3]
    return value, raw, alternatives, doubt


def _is_lone_fill(boxes: Sequence[Mark]) -> bool:
    return sum(box.filled > 0.5 for box in boxes) == 1 and all(box.marked < 0.5 for box in boxes)


# --- any number of them ---------------------------------------------------------------------------


def _multiple(question: _Question) -> _Found:
    """Option by option; solid boxes beside other marks are deletions, but beside marks as solid as they are
    of someone who fills all boxes: with a broad pen, crosses are nearly so, and deletions still more."""
    boxes, habit = question.boxes, question.habit
    ticked = max((box.marked for box in boxes if not habit.is_fill(box)), default=0.0)
    cancels = ticked * habit.fill_cancels() + (1 - ticked) * (1 - habit.lone_fill_is_mark())
    on = {box.option: box.marked + box.filled * (1 - cancels) for box in boxes}
    value = sorted(key for key, p in on.items() if p > 0.5)
    raw = math.prod(max(p, 1 - p) for p in on.values())
    doubt = _contradiction(question.field, value)
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


_Doubt = tuple[float, str] | None
"""The most confidence that is left in the value, and why; None when there is nothing to say."""


def _is_hidden(question: _Question, value: Value) -> _Doubt:
    missing = (b for b in question.boxes if b.seen.features["print"] < thresholds.PRINT_MISSING)
    hidden = [box for box in missing if not _has_ink(box, question)]
    if not hidden:
        return None
    return thresholds.HIDDEN, f"看不到印好的框（{question.labels(hidden)}），可能被遮盖、撕去或没有对准"


def _has_strayed(question: _Question, value: Value) -> _Doubt:
    """Ink in an empty box of a question that is not answered, or of a page whose pencil is all but lost."""
    answered = value not in (None, [])
    if answered and not (question.writing.fading and isinstance(value, list)):
        return None
    stray = [box for box in question.boxes if _has_ink(box, question) and box.off > 0.5]
    if not stray:
        return None
    words = "框内的墨迹很淡" if answered else "框内有不像标记的墨迹"
    return thresholds.UNEXPLAINED, f"{question.labels(stray[:1])}：{words}"


def _is_faint(question: _Question, value: Value) -> _Doubt:
    """In a box that would be called empty there are strokes, paler than what counts as ink, and the page's
    pen is no darker one."""
    answered = value not in (None, [])
    if question.writing.dark >= thresholds.FAINT_PEN or (answered and not isinstance(value, list)):
        return None
    faint, of_block = [box for box in question.boxes if box.is_faint], question.block.faint
    if not faint:
        beside = "这一条别处好像有很淡的笔迹，请确认这里是否填写"
        return (thresholds.UNEXPLAINED, beside) if of_block >= thresholds.FAINT_BLOCK else None
    # Nobody answers one question alone of a block; but a block, or a page, may be written as faintly.
    many = of_block >= thresholds.FAINT_QUESTIONS or question.writing.faint_boxes >= thresholds.FAINT_BOXES
    if question.alone and not many:
        return None
    words = f"“{question.labels([max(faint, key=lambda box: box.faint)])}”的框里好像有很淡的笔迹，请确认"
    return thresholds.UNEXPLAINED, words


def _has_strokes_beside(question: _Question, value: Value) -> _Doubt:
    """A stroke beside boxes that goes through no marked one may be a tick that missed; but nobody gives just
    one answer of a block."""
    answered = question.field.kind is Kind.SINGLE and value is not None
    if answered or question.alone:
        return None
    near = [box for box in question.boxes if box.off > 0.5 and _beside(box)]
    if not near:
        return None
    nearest = max(near, key=_beside)
    return thresholds.UNEXPLAINED, f"“{question.labels([nearest])}”的框旁边有笔迹，请确认是否选中"


def _may_be_ringed(question: _Question, value: Value) -> _Doubt:
    """A ring of pencil around a box, of which a scan in black and white has left dots."""
    sides, likely = thresholds.RING_MAY_BE
    ringed = [b for b in question.boxes if b.on >= likely and b.seen.features.get("sides", 0.0) >= sides]
    if not ringed or value not in (None, []):
        return None
    return thresholds.UNEXPLAINED, f"{question.labels(ringed[:1])}：框外像是画了圈"


def _has_ink_on_words(question: _Question, value: Value) -> _Doubt:
    answered = value not in (None, [])
    much, marked = thresholds.AROUND_MM2, thresholds.WORDS_MAY_BE_MARKED
    if question.alone:
        much, marked = thresholds.AROUND_ALONE_MM2, thresholds.WORDS_MARKED
    if answered and not isinstance(value, list):
        much, marked = math.inf, thresholds.WORDS_MARKED
    if question.seen.around < much and max(map(_words_marked, question.boxes)) < marked:
        return None
    words = "有的选项没有打√，但文字上有笔迹" if answered else "没有打√，但选项文字上有笔迹"
    return thresholds.UNEXPLAINED, words


def _is_scribbled(question: _Question, value: Value) -> _Doubt:
    """Who ticks elsewhere and scribbles here may have scribbled it out."""
    habit = question.habit
    scribbled = [box for box in question.chosen(value) if habit.ticks and _sprawls(box, habit.fill)]
    if not scribbled:
        return None
    return thresholds.UNEXPLAINED, f"“{question.labels(scribbled[:1])}”像是划掉的，请确认"


def _may_be_a_speck(question: _Question, value: Value) -> _Doubt:
    """On a page with many specks as large as a mark, one may have fallen into a box."""
    like = [box for box in question.chosen(value) if _is_like_specks(box)]
    if not like:
        return None
    return thresholds.UNEXPLAINED, f"页上有不少污点，“{question.labels(like[:1])}”的标记可能也是，请确认"


def _is_unlike_others(question: _Question, value: Value) -> _Doubt:
    """A dot or a drop where the page's other marks are ticks or crosses."""
    if question.habit.reach < thresholds.TICKS_REACH:
        return None
    unlike = [box for box in question.chosen(value) if _is_dot(box)]
    if not unlike:
        return None
    words = f"“{question.labels(unlike[:1])}”只有一个点，与本页别的标记不同，请确认是否选中"
    return thresholds.UNEXPLAINED, words


def _is_of_a_line(question: _Question, value: Value) -> _Doubt:
    """The rim of a seal, a crease or a line through several rows is far longer than any mark."""
    longer = [box for box in question.chosen(value) if _stroke_mm(box) >= thresholds.LONGER_THAN_MARK_MM]
    if not longer:
        return None
    words = f"“{question.labels(longer[:1])}”的笔迹很长，可能是印章、折痕或划线，请确认是否选中"
    return thresholds.UNEXPLAINED, words


def _is_pale(question: _Question, value: Value) -> _Doubt:
    """A mark much paler than the others of the page may shine through from the back."""
    pale = thresholds.PALE * question.habit.dark
    faint = [b for b in question.chosen(value) if b.fill > 0 and b.dark < pale and not b.is_ring]
    if not faint:
        return None
    return thresholds.UNEXPLAINED, f"“{question.labels(faint[:1])}”的标记很淡，可能是背面透过来的"


_CHECKS: tuple[Callable[[_Question, Value], _Doubt], ...] = (
    _is_hidden, _has_strayed, _is_faint, _has_strokes_beside, _may_be_ringed, _has_ink_on_words,
    _is_scribbled, _may_be_a_speck, _is_unlike_others, _is_of_a_line, _is_pale,
)  # fmt: skip
"""Reasons to distrust what the boxes say, the gravest first."""


def _has_ink(box: Mark, question: _Question) -> bool:
    """Ink inside that should not be overlooked; what is surely dirt, or passes through from beyond the
    neighbouring boxes, is not about this one; but what covers a box may cover a mark. Nobody answers one
    question alone of a block: there, specks are less of a reason."""
    if box.fill >= thresholds.COVERED_FILL:
        return True
    sure = thresholds.STRAY_ALONE if question.alone else thresholds.SURELY_STRAY
    features = box.seen.features
    passes = features.get("leaves", 0.0) > 0 and features.get("reach", 0.0) > thresholds.PASSING_REACH
    return box.fill > thresholds.STRAY_FILL and not passes and box.off < sure


def _sprawls(box: Mark, usual: float) -> bool:
    """Marked with far more ink than a tick or a cross has, and than is `usual`, but not filled solid: in
    the box, or in it and around it."""
    around = box.seen.features.get("ring", 0.0)
    dense = box.fill > max(thresholds.HEAVY_FILL, thresholds.SCRIBBLED * usual)
    wide = box.fill > max(thresholds.SPRAWLING_FILL, thresholds.SPRAWLING * usual)
    return box.marked > box.filled and (dense or (wide and around > thresholds.SPRAWLING_RING))


def _is_like_specks(box: Mark) -> bool:
    """Whether a mark is short, and the page has many specks that are about as large."""
    many = box.seen.features.get("specks", 0.0) >= thresholds.SPECKS_TO_DOUBT
    return box.fill > 0 and _is_short(box) and many


def _is_short(box: Mark) -> bool:
    return box.reach <= thresholds.SPECK_REACH


def _is_dot(box: Mark) -> bool:
    """Whether a mark is short, about as broad as it is long, and solid."""
    hollow, slender = (box.seen.features.get(name, 1.0) for name in ("hollow", "slender"))
    round_ = hollow <= thresholds.DOT_HOLLOW and slender <= thresholds.DOT_SLENDER
    alone = _stroke_mm(box) <= thresholds.SPECK_MM
    return _is_short(box) and round_ and alone and not box.is_ring


def _beside(box: Mark) -> float:
    """Ink beside a box of strokes that go through no marked one, mm²."""
    return box.seen.features.get("beside", 0.0)


def _stroke_mm(box: Mark) -> float:
    """Length of the stroke that a mark is part of, mm."""
    return box.seen.features.get("stroke_mm", 0.0)


def _words_marked(box: Mark) -> float:
    """Probability that an option's words are marked instead of its box."""
    return box.seen.features.get("words_marked", 0.0)


def _beside_the_boxes(
    question: _Question, value: Value, alternatives: _Alternatives
) -> tuple[Value, _Alternatives]:
    """Where options are ringed, underlined or ticked on their words or beside their boxes, people are asked
    about these options."""
    on = {box.option: _words_marked(box) for box in question.boxes if box.off > 0.5}
    meant = [key for key, p in on.items() if p >= thresholds.WORDS_MARKED]
    if not meant and value in (None, []) and not question.alone:
        meant = _only_one_beside(question)
    if not meant or (question.field.kind is Kind.SINGLE and value is not None):
        return value, alternatives
    if isinstance(value, list):
        return sorted({*value, *meant}), ((value, 0.0), *alternatives)
    return max(meant, key=lambda key: on[key]), ((value, 0.0), *alternatives)


def _only_one_beside(question: _Question) -> list[str]:
    """The option beside whose box there is a stroke, unless there is one beside several."""
    near = [box.option for box in question.boxes if box.off > 0.5 and _beside(box)]
    return near if len(near) == 1 else []


def _unclear(question: _Question) -> str:
    box = max(question.boxes, key=lambda box: 1 - max(box.off, box.marked, box.filled))
    return f"“{question.labels([box])}”是否选中不清楚"
