"""From measurements to readings: pure, so that new models and thresholds can judge old measurements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from forms.checks import parse
from forms.model import Field, Form, Kind, Value
from ingest import choices, confidence, mark_models, numbers, thresholds, writings
from ingest.confidence import Calibration
from ingest.model import Measurement, Reading

Vocabularies = Mapping[str, Sequence[str]]
_CHOICES = (Kind.SINGLE, Kind.MULTIPLE)
_NOTHING: tuple[Value, ...] = (None, [], False)


def decide(
    form: Form,
    measurements: Sequence[Measurement],
    vocabularies: Vocabularies,
    calibration: Calibration | None = None,
    days: numbers.Days | None = None,
) -> tuple[Reading, ...]:
    """A reading for each measurement, in their order. `measurements` are those of one page; `days` are
    the first and the last that a date may sensibly name."""
    calibration = calibration or confidence.shipped()
    fields = {field.key: field for field in form.asked()}
    habit = choices.habit(fields, measurements)
    pen = numbers.usual_darkness(fields, measurements)
    answered, struck = _answered(fields, measurements), _struck(fields, measurements)
    readings = []
    for seen in measurements:
        field = fields[seen.field]
        alone = _is_alone(field, fields.values(), answered)
        reading = _judge(field, seen, habit, alone, pen, vocabularies, calibration, days)
        reading = _unless_cancelled(field, seen, reading, answered, struck)
        readings.append(_if_in_place(field, seen, reading))
    readings = [_unless_alone(fields, reading, readings) for reading in readings]
    return _checked(form, _unless_soiled(fields, measurements, readings))


def _answered(
    fields: Mapping[str, Field], measurements: Sequence[Measurement]
) -> Mapping[str, frozenset[str]]:
    """Repeated block → its fields that seem to be answered."""
    found: dict[str, set[str]] = {}
    for seen in measurements:
        field = fields[seen.field]
        if field.block and _is_answered(field, seen):
            found.setdefault(field.block, set()).add(field.key)
    return {block: frozenset(keys) for block, keys in found.items()}


def _is_alone(field: Field, fields: Collection[Field], answered: Mapping[str, frozenset[str]]) -> bool:
    """Whether nothing else of its block is answered, which has several questions."""
    if not field.block:
        return False
    questions = [one for one in fields if one.block == field.block and one.kind in _CHOICES]
    return len(questions) >= thresholds.BLOCK_QUESTIONS and answered.get(field.block, frozenset()) <= {
        field.key
    }


def _is_answered(field: Field, seen: Measurement) -> bool:
    """Whether a field seems to be filled in, be it unclear how."""
    match field.kind:
        case Kind.SINGLE | Kind.MULTIPLE:
            return any(mark_models.marked(box) > thresholds.RATHER_MARKED for box in seen.boxes)
        case Kind.DIGITS | Kind.DATE:
            return bool(numbers.written_cells(seen))
        case Kind.SIGNATURE:
            return seen.ink >= thresholds.SIGNED_INK
        case _:
            return seen.ink > 0


def _judge(
    field: Field,
    seen: Measurement,
    habit: choices.Habit,
    alone: bool,
    pen: float,
    vocabularies: Vocabularies,
    calibration: Calibration,
    days: numbers.Days | None,
) -> Reading:
    match field.kind:
        case Kind.SINGLE | Kind.MULTIPLE:
            return choices.judge(field, seen, habit, calibration, alone)
        case Kind.DIGITS | Kind.DATE:
            return numbers.judge(field, seen, calibration, days, pen)
        case Kind.SIGNATURE:
            return writings.signature(field, seen, calibration)
        case _:
            return writings.judge(field, seen, vocabularies.get(field.vocabulary, ()), calibration)


def _if_in_place(field: Field, seen: Measurement, reading: Reading) -> Reading:
    """A field that is covered was not read, and one off its place may have been read beside it."""
    if seen.hidden:
        doubt = "这里看不到纸面，可能被遮盖、撕去或没有扫到"
        return replace(reading, confidence=min(reading.confidence, thresholds.HIDDEN), doubt=doubt)
    if seen.residual_mm <= thresholds.RESIDUAL_MM:
        return reading
    doubt = reading.doubt or f"版面对不准（差 {seen.residual_mm:.1f} 毫米），请核对"
    return replace(reading, confidence=min(reading.confidence, thresholds.HIDDEN), doubt=doubt)


def _struck(fields: Mapping[str, Field], measurements: Sequence[Measurement]) -> Mapping[str, float]:
    """Repeated block → length of the lines through its fields, mm."""
    found: dict[str, float] = {}
    for seen in measurements:
        block = fields[seen.field].block
        found[block] = found.get(block, 0.0) + seen.struck_mm
    return found


def _unless_cancelled(
    field: Field, seen: Measurement, reading: Reading, answered: Collection[str], struck: Mapping[str, float]
) -> Reading:
    """A line through a block in which nothing is written says that it is not needed; through one that is
    filled in, it may cancel what it runs through, or all of it."""
    crossed = seen.struck_mm >= thresholds.STRIKE_CROSSES_MM or struck[field.block] >= thresholds.STRUCK_MM
    if field.block not in answered or not crossed:
        return reading
    doubt = reading.doubt or "有一条长线划过，请确认是否作废"
    return replace(reading, confidence=min(reading.confidence, thresholds.UNEXPLAINED), doubt=doubt)


def _unless_alone(fields: Mapping[str, Field], reading: Reading, of_page: Sequence[Reading]) -> Reading:
    """A mark in a block of several questions where nothing else is surely answered may be none: where one
    stain or the other side's writing takes the shape of a mark, what is beside it is unclear, too."""
    field = fields[reading.field]
    if not field.block or field.kind not in _CHOICES or reading.value in _NOTHING:
        return reading
    block = [one for one in of_page if fields[one.field].block == field.block]
    questions = sum(fields[one.field].kind in _CHOICES for one in block)
    others = (one for one in block if one is not reading and one.value not in _NOTHING)
    if questions < thresholds.BLOCK_QUESTIONS or any(one.confidence >= thresholds.DOUBTFUL for one in others):
        return reading
    doubt = reading.doubt or "这一条别处没有清楚的内容，请确认这里是否选中"
    return replace(reading, confidence=min(reading.confidence, thresholds.UNEXPLAINED), doubt=doubt)


def _unless_soiled(
    fields: Mapping[str, Field], measurements: Sequence[Measurement], readings: Sequence[Reading]
) -> list[Reading]:
    """Marks next to a question in whose boxes there is a blot or a piece of a seal may be others of its
    pieces. Next is what is printed before and after it."""
    asked = [n for n, seen in enumerate(measurements) if fields[seen.field].kind in _CHOICES]
    blots = {n for n in asked if any(choices.is_blot(box) for box in measurements[n].boxes)}
    soiled = {
        beside for before, after in pairwise(asked) for beside in (before, after) if {before, after} & blots
    }
    doubted = list(readings)
    for n in soiled:
        if readings[n].value not in _NOTHING:
            confidence = min(readings[n].confidence, thresholds.UNEXPLAINED)
            doubt = readings[n].doubt or "旁边有污渍或印章，请确认这里是否选中"
            doubted[n] = replace(readings[n], confidence=confidence, doubt=doubt)
    return doubted


def doubted_by_hand(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Readings of a page whose corners a person marked: none is accepted unseen."""
    return tuple(replace(one, doubt=one.doubt or "版面由人工标角，请核对") for one in readings)


def _checked(form: Form, readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Fields of this page that contradict each other by the form's rules are doubted together."""
    values = {reading.field: reading.value for reading in readings}
    doubts: dict[str, str] = {}
    for check in form.checks:
        rule = parse(check.expression)
        if rule.keys <= values.keys() and rule.holds(values) is False:
            doubts |= dict.fromkeys(rule.keys, check.message)
    return tuple(
        replace(
            reading,
            confidence=min(reading.confidence, thresholds.CONTRADICTED),
            doubt=reading.doubt or doubts[reading.field],
        )
        if reading.field in doubts
        else reading
        for reading in readings
    )
