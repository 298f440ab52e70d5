"""From measurements to readings: pure, so that new models and thresholds can judge old measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from forms.checks import parse
from forms.model import Field, Form, Kind
from ingest import blocks, choices, confidence, numbers, thresholds, writings
from ingest.confidence import Calibration
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
    habit = choices.habit(fields, measurements)
    pen = numbers.usual_darkness(fields, measurements)
    by_name = blocks.blocks(fields, measurements)
    readings = []
    for seen in measurements:
        field = fields[seen.field]
        block = by_name[field.block]
        reading = _judge(field, seen, habit, block.leaves_alone(field), pen, vocabularies, calibration, days)
        readings.append(_if_in_place(field, seen, blocks.unless_cancelled(block, seen, reading)))
    readings = [blocks.unless_alone(fields, by_name, reading, readings) for reading in readings]
    return _checked(form, _unless_soiled(fields, measurements, readings))


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
        return replace(reading, doubt="").doubted(
            thresholds.HIDDEN, "这里看不到纸面，可能被遮盖、撕去或没有扫到"
        )
    if seen.residual_mm <= thresholds.RESIDUAL_MM:
        return reading
    return reading.doubted(thresholds.HIDDEN, f"版面对不准（差 {seen.residual_mm:.1f} 毫米），请核对")


def _unless_soiled(
    fields: Mapping[str, Field], measurements: Sequence[Measurement], readings: Sequence[Reading]
) -> list[Reading]:
    """Marks next to a question in whose boxes there is a blot or a piece of a seal may be others of its
    pieces. Next is what is printed before and after it."""
    asked = [n for n, seen in enumerate(measurements) if fields[seen.field].kind in blocks.QUESTIONS]
    blots = {n for n in asked if any(choices.is_blot(box) for box in measurements[n].boxes)}
    pairs = [{before, after} for before, after in pairwise(asked) if {before, after} & blots]
    soiled = {n for pair in pairs for n in pair if readings[n].value not in blocks.NOTHING}
    words = "旁边有污渍或印章，请确认这里是否选中"
    return [
        reading.doubted(thresholds.UNEXPLAINED, words) if n in soiled else reading
        for n, reading in enumerate(readings)
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
