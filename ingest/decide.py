"""From measurements to readings: pure, so that new models and thresholds can judge old measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from statistics import median

from forms.checks import parse
from forms.model import Field, Form, Kind
from ingest import blocks, choices, confidence, mark_models, numbers, thresholds, writings
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
    marks = _marks(fields, measurements)
    habit = choices.habit(marks.values())
    pen = numbers.usual_darkness(fields, measurements)
    # No mark seen, and digits that a copier has nearly lost: marks may be lost as well.
    pale = habit.dark == 0 < pen < thresholds.FADING
    fading = habit.fading or pale or numbers.are_lost(fields, measurements)
    habit = replace(habit, pen=max(habit.dark, pen), fading=fading)
    lost, rules = _may_be_lost(measurements, habit), _rules_found(measurements)
    by_name = blocks.blocks(fields, measurements, marks)
    readings = []
    for seen in measurements:
        field = fields[seen.field]
        block = by_name[field.block]
        if field.kind in blocks.QUESTIONS:
            alone = block.leaves_alone(field)
            reading = choices.judge(field, seen, marks[field.key], habit, calibration, alone)
        else:
            reading = _written(field, seen, pen, vocabularies, calibration, days)
        reading = _unless_lost(field, seen, blocks.unless_cancelled(block, seen, reading), lost, rules)
        reading = _unless_faint(field, seen, reading, habit.pen)
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


def _may_be_lost(measurements: Sequence[Measurement], habit: choices.Habit) -> bool:
    """Whether writing may have been lost all over a page: its ink is hardly darker than what counts as ink,
    or thin grey print is broken, as copiers and scans to black and white do, and no dark pen shows that it
    is stronger than print."""
    frames = [share for seen in measurements if seen.print_share is None for share in _print_shares(seen)]
    # Where there are boxes, they tell it: ruled lines are paler and are lost before any pen is.
    found = frames or [share for seen in measurements for share in _print_shares(seen)]
    whole = not found or sum(found) >= thresholds.PRINT_WHOLE * len(found)
    return habit.fading or not (whole or habit.pen >= thresholds.STRONGER_THAN_PRINT)


def _print_shares(seen: Measurement) -> list[float]:
    """How much of its print was found, where nothing is written that hides it: box by box, or of a field."""
    if seen.boxes and seen.boxes[0].option is not None:
        return [box.features["print"] for box in seen.boxes if "fill" not in box.features]
    return [] if seen.print_share is None else [seen.print_share]


def _unless_lost(field: Field, seen: Measurement, reading: Reading, lost: bool, rules: float) -> Reading:
    """Where print is lost, so may be what was written: nobody knows that a field is blank, or that no other
    option was chosen. `rules`: `_rules_found`."""
    if field.kind is not Kind.MULTIPLE and reading.value not in blocks.NOTHING:
        return reading
    found = min(_print_shares(seen), default=1.0)
    if seen.print_share is not None and rules < thresholds.PRINT_BROKEN:
        found = 1.0  # nothing follows from one that is lost where all are
    if found < thresholds.PRINT_MISSING:
        return reading.doubted(thresholds.HIDDEN, "看不到这里印好的线条，可能被遮盖、撕去或没有扫到")
    if lost or found < thresholds.PRINT_BROKEN:
        return reading.doubted(thresholds.UNEXPLAINED, "这里扫描得残缺或很淡，笔迹可能也有缺失，请对照原件")
    return reading


def _unless_faint(field: Field, seen: Measurement, reading: Reading, pen: float) -> Reading:
    """Where strokes show that are too faint to be read, a place is not blank, unless the page's `pen` is
    darker: then the back shines through. People sign with pens of their own."""
    known = field.kind is not Kind.SIGNATURE and pen >= thresholds.FAINT_PEN
    if reading.value not in blocks.NOTHING or seen.faint_mm2 < thresholds.FAINT_MM2 or known:
        return reading
    return reading.doubted(thresholds.UNEXPLAINED, "这里好像有很淡的笔迹，请确认是否填写")


def _rules_found(measurements: Sequence[Measurement]) -> float:
    """How much of the printed lines of a blank field is found on this page, in the middle."""
    shares = [seen.print_share for seen in measurements if seen.print_share is not None]
    return median(shares) if shares else 1.0


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
