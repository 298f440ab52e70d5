"""From measurements to readings: pure, so that new models and thresholds can judge old measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise

from forms.checks import parse
from forms.model import Field, Form, Kind
from ingest import blocks, choices, confidence, fading, mark_models, numbers, thresholds, writings
from ingest.confidence import Calibration
from ingest.habit import habit_of
from ingest.model import Measurement, Reading

Vocabularies = Mapping[str, Sequence[str]]


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
    marks = _marks(fields, measurements)
    habit = habit_of(marks.values())
    writing = fading.writing_of(fields, measurements, marks, habit.dark)
    by_name = blocks.blocks(fields, measurements, marks)
    readings = []
    for seen in measurements:
        field = fields[seen.field]
        block = by_name[field.block]
        if field.kind in blocks.QUESTIONS:
            boxes = marks[field.key]
            reading = choices.judge(field, seen, boxes, habit, writing, calibration, block)
        else:
            reading = _written(field, seen, writing.digits, vocabularies, calibration, days)
        reading = blocks.unless_cancelled(block, seen, reading)
        reading = fading.unless_lost(field, seen, reading, writing)
        reading = fading.unless_faint(field, seen, reading, writing)
        readings.append(_if_in_place(field, seen, reading))
    readings = [blocks.unless_alone(fields, by_name, reading, readings) for reading in readings]
    return _checked(form, _unless_soiled(marks, readings))


def _marks(fields: Mapping[str, Field], measurements: Sequence[Measurement]) -> blocks.Marks:
    """What each checkbox of the page is, question by question, in their order."""
    asked = [seen for seen in measurements if fields[seen.field].kind in blocks.QUESTIONS]
    found = iter(mark_models.classify([box for seen in asked for box in seen.boxes]))
    return {seen.field: tuple(islice(found, len(seen.boxes))) for seen in asked}


def _written(
    field: Field,
    seen: Measurement,
    pen: float,
    vocabularies: Vocabularies,
    calibration: Calibration,
    days: numbers.Days | None,
) -> Reading:
    match field.kind:
        case Kind.DIGITS | Kind.DATE:
            return numbers.judge(field, seen, calibration, days, pen)
        case Kind.SIGNATURE:
            return writings.signature(field, seen, calibration)
        case _:
            return writings.judge(field, seen, vocabularies.get(field.vocabulary, ()), calibration)


def _if_in_place(field: Field, seen: Measurement, reading: Reading) -> Reading:
    """A field that is covered was not read, one off its place may have been read beside it, and of a page
    that is crossed out nothing counts."""
    if seen.hidden:
        return replace(reading, doubt="").doubted(
            thresholds.HIDDEN, "这里看不到纸面，可能被遮盖、撕去或没有扫到"
        )
    if seen.crossed_out:
        reading = reading.doubted(thresholds.UNEXPLAINED, "这一页好像整页划掉了，请确认是否作废")
    if seen.residual_mm <= thresholds.RESIDUAL_MM:
        return reading
    return reading.doubted(thresholds.HIDDEN, f"版面对不准（差 {seen.residual_mm:.1f} 毫米），请核对")


def _unless_soiled(marks: blocks.Marks, readings: Sequence[Reading]) -> list[Reading]:
    """Marks next to a question in whose boxes there is a blot or a piece of a seal may be others of its
    pieces. Next is what is printed before and after it."""
    blots = {key for key, boxes in marks.items() if any(box.is_blot for box in boxes)}
    beside = {key for pair in pairwise(marks) if blots & set(pair) for key in pair}
    words = "旁边有污渍或印章，请确认这里是否选中"
    return [
        reading.doubted(thresholds.UNEXPLAINED, words)
        if reading.field in beside and reading.value not in blocks.NOTHING
        else reading
        for reading in readings
    ]


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
        reading.doubted(thresholds.CONTRADICTED, doubts[reading.field])
        if reading.field in doubts
        else reading
        for reading in readings
    )
