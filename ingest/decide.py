"""From measurements to readings: pure, so that new models and thresholds can judge old measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from forms.checks import parse
from forms.model import Field, Form, Kind
from ingest import choices, confidence, numbers, thresholds, writings
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
    readings = []
    for seen in measurements:
        field = fields[seen.field]
        reading = _judge(field, seen, habit, pen, vocabularies, calibration, days)
        readings.append(_if_in_place(field, seen, reading))
    return _checked(form, _unless_cancelled(fields, measurements, readings))


def _judge(
    field: Field,
    seen: Measurement,
    habit: choices.Habit,
    pen: float,
    vocabularies: Vocabularies,
    calibration: Calibration,
    days: numbers.Days | None,
) -> Reading:
    match field.kind:
        case Kind.SINGLE | Kind.MULTIPLE:
            return choices.judge(field, seen, habit, calibration)
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


def _unless_cancelled(
    fields: Mapping[str, Field], measurements: Sequence[Measurement], readings: Sequence[Reading]
) -> Sequence[Reading]:
    """A line through a block in which nothing is written says that it is not needed; through one that is
    filled in, it may cancel what it runs through."""
    used = {fields[one.field].block for one in readings if one.value not in (None, [], False)}
    return [
        replace(
            one,
            confidence=min(one.confidence, thresholds.UNEXPLAINED),
            doubt=one.doubt or "有一条长线划过，请确认是否作废",
        )
        if seen.struck_mm >= thresholds.STRIKE_CROSSES_MM and fields[one.field].block in used
        else one
        for seen, one in zip(measurements, readings, strict=True)
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
        replace(
            reading,
            confidence=min(reading.confidence, thresholds.CONTRADICTED),
            doubt=reading.doubt or doubts[reading.field],
        )
        if reading.field in doubts
        else reading
        for reading in readings
    )
