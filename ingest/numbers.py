"""Which number a comb says: two readers of the digits, and the rule that the number must obey.

The cell reader gives each digit and 'no digit' a probability, the strip reader each digit. The most
probable strings are weighed against each other; those that break the field's rule count little.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from statistics import median

import numpy as np
from numpy.typing import NDArray

from forms.model import Field, Kind
from forms.rules import complaint
from ingest import thresholds
from ingest.confidence import Calibration, Judgement
from ingest.digits import NAMES, NO_DIGIT, version
from ingest.model import BoxSeen, Measurement, Reading, TextSeen

Places = NDArray[np.float64]
"""Probabilities (places, 11): ten digits and 'no digit'."""


Days = tuple[date, date]


def usual_darkness(fields: Mapping[str, Field], measurements: Sequence[Measurement]) -> float:
    """How dark the digits of a page are in the middle; 0 when there are too few to say."""
    combs = [seen for seen in measurements if fields[seen.field].kind in (Kind.DIGITS, Kind.DATE)]
    shades = [box.features.get("dark", 0.0) for seen in combs for box in written_cells(seen)]
    return median(shades) if len(shades) >= thresholds.MARKS_FOR_SHADE else 0.0


def are_lost(fields: Mapping[str, Field], measurements: Sequence[Measurement]) -> bool:
    """Whether many cells of a page have ink, and hardly any a digit: pencil of which a copy has left dots."""
    combs = [seen for seen in measurements if fields[seen.field].kind in (Kind.DIGITS, Kind.DATE)]
    inked = [b for seen in combs for b in seen.boxes if b.features["ink"] >= thresholds.DIGIT_DUST_MM2]
    read = sum(float(_cell(box)[:NO_DIGIT].max()) >= thresholds.DIGIT_READ for box in inked)
    return len(inked) >= thresholds.CELLS_TO_FADE and read < thresholds.DIGITS_LOST * len(inked)


def judge(
    field: Field,
    seen: Measurement,
    calibration: Calibration,
    days: Days | None = None,
    pen: float = 0.0,
) -> Reading:
    """`days`: the first and the last that a date may sensibly name; `pen`: `usual_darkness` of the page."""
    written = written_cells(seen)
    if not written:
        return _blank(field, seen, calibration)
    text = next((text for text in seen.texts if len(text.characters) == len(written)), None)
    cells, strip = np.stack([_cell(box) for box in written]), _strip(text) if text else None
    if len(written) > 1 and (_fused(cells, strip)[:, NO_DIGIT] > 0.5).all():
        return _dashed(field)
    numbers, zeros = _with_zeros(field, seen, [box.cell or 0 for box in written])
    cells, strip = _put_in(cells, zeros), None if strip is None else _put_in(strip, zeros)
    places = _fused(cells, strip)
    ranked = _ranked(field, places, days)
    best, raw = ranked[0]
    raw = min(raw, _agreement(field, cells, strip, best, days))
    raw, doubt = _doubts(field, seen, written, numbers, places, best, raw, days)
    raw, doubt = _unless_pale(written, pen, raw, doubt)
    alternatives = tuple((_value(field, digits), round(p, 4)) for digits, p in ranked[1:4] if p > 1e-3)
    engine = " + ".join([version(), *([text.engine] if text else [])])
    confidence = calibration(Judgement.NUMBER, raw)
    value = _value(field, best)
    return Reading(field.key, value, confidence, alternatives, engine, doubt, Judgement.NUMBER, round(raw, 6))


def written_cells(seen: Measurement) -> list[BoxSeen]:
    """The cells with more ink than a speck."""
    return [box for box in seen.boxes if box.features["ink"] >= thresholds.DIGIT_LEAST_MM2]


def _blank(field: Field, seen: Measurement, calibration: Calibration) -> Reading:
    specks = any(box.features["ink"] >= thresholds.DIGIT_DUST_MM2 for box in seen.boxes)
    # A digit so wide that it belongs to no cell is ink all the same.
    specks |= seen.ink >= thresholds.COMB_INK
    specks |= _is_corrected_above(seen) or _has_ink_between(seen)
    raw = thresholds.SPECKS if specks else 1 - thresholds.BLANK_ERROR
    doubt = "格内有墨迹，请确认是否填写" if specks else ""
    confidence = calibration(Judgement.BLANK, raw)
    return Reading(field.key, None, confidence, doubt=doubt, judgement=Judgement.BLANK, raw=raw)


def _dashed(field: Field) -> Reading:
    doubt = "格内画了线，没有写数字"
    raw = thresholds.UNEXPLAINED
    return Reading(field.key, None, raw, doubt=doubt, judgement=Judgement.BLANK, raw=raw)


def _value(field: Field, digits: str) -> str:
    """A date that is none is given as written."""
    if field.kind is Kind.DATE and not complaint(field, digits):
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return digits


_MONTH_DAY = "MMDD"


def _with_zeros(field: Field, seen: Measurement, written: Sequence[int]) -> tuple[list[int], list[int]]:
    """The cells that count as written in, and at which places among them a zero is understood: of a month or
    a day with one digit many people leave the other cell blank, be it before or after."""
    zeros: dict[int, int] = {}
    for tens, units in _pairs(field):
        there = [cell for cell in (tens, units) if cell in written]
        other = units if there == [tens] else tens
        if len(there) != 1 or seen.boxes[other].features["ink"] >= thresholds.DIGIT_DUST_MM2:
            continue
        if seen.boxes[there[0]].features.get("aside", 0.0) < thresholds.DIGIT_ASIDE:
            zeros[there[0]] = tens
    # A zero stands before the digit, in whichever of the two cells that is.
    numbers: list[int] = []
    places: list[int] = []
    for cell in written:
        if cell in zeros:
            places.append(len(numbers))
            numbers += [zeros[cell], zeros[cell] + 1]
        else:
            numbers.append(cell)
    return numbers, places


def _pairs(field: Field) -> Sequence[tuple[int, int]]:
    """Cells of the month and of the day."""
    form = _DATE if field.kind is Kind.DATE else _MONTH_DAY if field.rule == "month_day" else ""
    return [(form.index(part), form.index(part) + 1) for part in ("MM", "DD") if part in form]


def _put_in(places: Places, zeros: Sequence[int]) -> Places:
    """Zeros that are certain, at these places of the result."""
    found = list(places)
    for place in zeros:
        found.insert(place, np.eye(len(NAMES))[0])
    return np.stack(found)


# --- the two readers ------------------------------------------------------------------------------


def _cell(box: BoxSeen) -> NDArray[np.float64]:
    return np.array([box.features.get(name, 0.0) for name in NAMES])


def _fused(cells: Places, strip: Places | None) -> Places:
    """Both readers as independent witnesses, each trusted less than it trusts itself."""
    places = (cells + thresholds.READER_FLOOR) ** thresholds.CELL_TRUST
    if strip is not None:
        places *= (strip + thresholds.READER_FLOOR) ** thresholds.STRIP_TRUST
    return np.asarray(places / places.sum(1, keepdims=True))


def _agreement(field: Field, cells: Places, strip: Places | None, digits: str, days: Days | None) -> float:
    """How far both readers say `digits` by themselves, at the place where they are least of one mind.

    Witnesses who err together make each other look certain; what each says alone does not. Of a date
    each says what it may: the digits that every day of the campaign has need no witness.
    """
    own = _told(field, cells, digits, days)
    if strip is None:
        return float(np.sqrt((own * thresholds.ONE_READER).min()))
    return float(np.sqrt((own * _told(field, strip, digits, days)).min()))


def _told(field: Field, places: Places, digits: str, days: Days | None) -> NDArray[np.float64]:
    """How probable one reader finds each of `digits`, given which dates there are."""
    said = places[np.arange(len(digits)), [int(digit) for digit in digits]]
    if field.kind is not Kind.DATE or days is None or len(digits) != len(_DATE):
        return said
    lawful = _days_between(*days)
    weights = np.prod(places[np.arange(len(digits)), lawful], axis=1)
    same = (lawful == np.array([int(digit) for digit in digits])).astype(float)
    # What is written may be no such date after all: all other strings, with little weight each.
    free = places.sum(1).clip(1e-12)
    others, u = float(free.prod()), thresholds.UNLAWFUL
    with_digit = (1 - u) * (weights @ same) + u * others * said / free
    return np.asarray(with_digit / ((1 - u) * weights.sum() + u * others))


_DATE = "YYYYMMDD"


@cache
def _days_between(first: date, last: date) -> NDArray[np.intp]:
    """(days, 8): the digits of each."""
    count = (last - first).days + 1
    written = ((first + timedelta(n)).strftime("%Y%m%d") for n in range(count))
    return np.array([[int(digit) for digit in day] for day in written])


def _strip(text: TextSeen) -> Places:
    """The strip reader knows no 'no digit': it says digits whatever is there."""
    places = np.zeros((len(text.characters), 11))
    for place, character in zip(places, text.characters, strict=True):
        for digit, score in ((character.text, character.score), *character.alternatives):
            if digit.isascii() and digit.isdigit():
                place[int(digit)] = score
        place[NO_DIGIT] = thresholds.STRIP_NO_DIGIT
    return places


# --- the strings ----------------------------------------------------------------------------------


def _ranked(field: Field, places: Places, days: Days | None) -> list[tuple[str, float]]:
    """The likeliest strings with their probabilities, those that obey the field's rule favoured."""
    weighed, mass = [], 0.0
    for digits, p in _likeliest(places):
        mass += p
        lawful = 1.0 if not _wrong(field, digits, days) else thresholds.UNLAWFUL
        weighed.append((digits, p * lawful))
    # Strings beyond the list, and places where no digit is written, count as lawful competitors.
    total = sum(weight for _, weight in weighed) + max(0.0, 1 - mass)
    ranked = sorted(weighed, key=lambda pair: -pair[1])
    return [(digits, weight / total) for digits, weight in ranked]


def _wrong(field: Field, digits: str, days: Days | None) -> str:
    """What is wrong with a number by its own rule, or with a date by the days of the campaign."""
    wrong = complaint(field, digits)
    if wrong or field.kind is not Kind.DATE or days is None:
        return wrong
    day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return "" if days[0] <= day <= days[1] else f"不在 {days[0]} 至 {days[1]} 之间"


def _likeliest(places: Places) -> Iterator[tuple[str, float]]:
    """Digit strings by falling probability (best first: one place moved to its next digit at a time)."""
    digits = places[:, :NO_DIGIT]
    order = np.argsort(-digits, axis=1)
    logs = np.log(np.take_along_axis(digits, order, 1) + 1e-300)
    start = (0,) * len(places)
    heap, known = [(-float(logs[:, 0].sum()), start)], {start}
    for _ in range(thresholds.STRINGS_WEIGHED):
        if not heap:
            return
        cost, ranks = heapq.heappop(heap)
        yield "".join(str(order[n, rank]) for n, rank in enumerate(ranks)), math.exp(-cost)
        for n, rank in enumerate(ranks):
            moved = (*ranks[:n], rank + 1, *ranks[n + 1 :])
            if rank < 9 and moved not in known:
                known.add(moved)
                heapq.heappush(heap, (cost + float(logs[n, rank] - logs[n, rank + 1]), moved))


# --- what speaks against it -----------------------------------------------------------------------


def _doubts(
    field: Field,
    seen: Measurement,
    written: Sequence[BoxSeen],
    numbers: Sequence[int],
    places: Places,
    best: str,
    raw: float,
    days: Days | None,
) -> tuple[float, str]:
    no_digit = [n for n, place in zip(numbers, places, strict=True) if place[NO_DIGIT] > 0.5]
    if no_digit:
        where = "、".join(str(n + 1) for n in no_digit)
        return min(raw, thresholds.CONTRADICTED), f"第 {where} 格不像一个数字，可能涂改过"
    if numbers[-1] - numbers[0] + 1 != len(numbers):
        return min(raw, thresholds.CONTRADICTED), "数字中间有空格"
    wrong = _wrong(field, best, days)
    if wrong:
        return min(raw, thresholds.CONTRADICTED), f"{best} {wrong}"
    if max(box.features.get("from_beyond", 0.0) for box in written) >= thresholds.DIGIT_DUST_MM2:
        return min(raw, thresholds.UNEXPLAINED), "旁边的笔迹伸到了格内，请核对"
    if max(box.features.get("ticks", 0.0) for box in written) >= thresholds.DIGIT_DUST_MM2:
        return min(raw, thresholds.UNEXPLAINED), "有一处打√的笔画伸到了格内，请核对"
    if _is_corrected_above(seen):
        return min(raw, thresholds.UNEXPLAINED), "格子上方还有笔迹，可能改写在那里，请核对"
    if _has_ink_between(seen):
        return min(raw, thresholds.UNEXPLAINED), "格子之间还有笔迹，可能没有按格填写，请核对"
    if any(box.features.get("runs_on", 0.0) for box in written):
        return min(raw, thresholds.UNEXPLAINED), "有竖线穿过格子，可能是扫描的条纹，请核对"
    if min(box.features.get("edge", 1.0) for box in written) < thresholds.SOFT_EDGE:
        return min(raw, thresholds.UNEXPLAINED), "墨迹边缘模糊，可能是污渍或折痕的阴影"
    if _miscounted(seen, len(written)):
        raw = min(raw, thresholds.MISCOUNTED)
    weakest = int(places[:, :NO_DIGIT].max(1).argmin())
    if raw < thresholds.DOUBTFUL:
        return raw, f"第 {numbers[weakest] + 1} 格看不清"
    return raw, ""


def _unless_pale(written: Sequence[BoxSeen], pen: float, raw: float, doubt: str) -> tuple[float, str]:
    """A digit much paler than those beside it, or than those of the page when it stands alone, may be a
    shadow, or shine through from the back."""
    shades = [box.features.get("dark", 1.0) for box in written]
    usual = median(shades) if len(shades) > 1 else pen
    if min(shades) >= thresholds.PALE * usual:
        return raw, doubt
    return min(raw, thresholds.UNEXPLAINED), doubt or "有的数字很淡，可能是背面透过来的或污痕"


def _is_corrected_above(seen: Measurement) -> bool:
    return any(box.features.get("above", 0.0) >= thresholds.DIGIT_ABOVE_MM2 for box in seen.boxes)


def _has_ink_between(seen: Measurement) -> bool:
    return any(box.features.get("between", 0.0) >= thresholds.DIGIT_LEAST_MM2 for box in seen.boxes)


def _miscounted(seen: Measurement, count: int) -> bool:
    """Whether the engine, not told how many digits there are, read more than there are cells written in."""
    free = next((text for text in seen.texts if text.engine.endswith(" free")), None)
    return free is not None and len(free.text.replace(" ", "")) > count
