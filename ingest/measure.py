"""Everything seen of a page's fields, before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from forms.model import Field, Kind
from ingest import digits, marks, text, thresholds
from ingest.engines import Engine, engine
from ingest.ink import PageInk, smooth, without_residue
from ingest.model import BoxSeen, Measurement, PrintedLayout
from ingest.register import READING_MM_PER_PX, RegisteredPage
from layouts.model import Box, BoxKind
from layouts.typeset import width_mm

Vocabularies = Mapping[str, Sequence[str]]


def measure_page(
    page: RegisteredPage,
    printed: PrintedLayout,
    page_number: int,
    vocabularies: Vocabularies,
    reader: Engine | None = None,
) -> tuple[Measurement, ...]:
    """The fields of one page that a person fills in, in printed order. Raises EngineError when no engine
    is installed; an engine that fails on a crop leaves the field without text."""
    boxes = [box for box in printed.layout.on_page(page_number) if box.kind is not BoxKind.PREFILL]
    ink = PageInk.of(page, boxes)
    ticked = marks.measure(ink, [box for box in boxes if box.kind is BoxKind.CHECKBOX])
    by_field: dict[str, list[Box]] = {}
    for box in boxes:
        by_field.setdefault(box.field, []).append(box)
    reader = reader or engine()
    fields = [f for f in printed.layout.fields_on_page(page_number) if f.kind is not Kind.PREFILL]
    seen = [_measure(field, by_field[field.key], ink, ticked, vocabularies, reader) for field in fields]
    return tuple(
        replace(one, residual_mm=max(one.residual_mm, round(page.unfollowed_mm(by_field[one.field]), 3)))
        for one in seen
    )


def _measure(
    field: Field,
    boxes: Sequence[Box],
    ink: PageInk,
    ticked: Mapping[str, marks.MarksSeen],
    vocabularies: Vocabularies,
    reader: Engine,
) -> Measurement:
    match field.kind:
        case Kind.SINGLE | Kind.MULTIPLE:
            return _marks(field, boxes, ink, ticked[field.key])
        case Kind.DIGITS | Kind.DATE:
            comb = digits.measure(ink, boxes, reader)
            return Measurement(field.key, comb.ink, comb.shift_mm, comb.residual_mm, comb.boxes, comb.texts)
        case Kind.SIGNATURE:
            return _signature(field, text.signature(ink, boxes[0]))
        case _:
            words = vocabularies.get(field.vocabulary, ()) if field.vocabulary else ()
            return _writing(field, text.measure(ink, boxes[0], reader, words))


def _marks(field: Field, boxes: Sequence[Box], ink: PageInk, seen: marks.MarksSeen) -> Measurement:
    inked = any(box.features.get("fill", 0.0) > 0 for box in seen.boxes)
    single = field.kind is Kind.SINGLE
    around = 0.0 if inked and single else _around(ink, field, boxes, seen)
    return Measurement(field.key, seen.ink, seen.shift_mm, seen.residual_mm, seen.boxes, around=around)


def _around(ink: PageInk, field: Field, boxes: Sequence[Box], seen: marks.MarksSeen) -> float:
    """Ink on the words behind the boxes, and in no box, mm²: people ring the words instead of ticking.

    What only reaches in from beyond, or runs through, is not about its words: another question's tick, a
    block struck out with one line.
    """
    margin, scale = thresholds.WORDS_MARGIN_MM, 2 * READING_MM_PER_PX
    x, y = min(box.x for box in boxes) - margin, min(box.y for box in boxes) - margin
    words = max(width_mm(option.label, thresholds.WORDS_PT) for option in field.options)
    right = max(box.x + box.w for box in boxes) + words + 2 * margin
    width = min(right, ink.page.frame.width - 8.0) - x
    height = max(box.y + box.h for box in boxes) + margin - y
    new = smooth(ink.in_region(x, y, width, height, scale, seen.shift_mm)) > ink.floor
    print_ = ink.page.blank_patch(x, y, width, height, scale)
    off_print = without_residue(new, print_, most_px=new.shape[0], beside_px=1)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(off_print.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA] * scale * scale
    cut_off = np.zeros(len(areas), bool)
    cut_off[np.union1d(labels[0], labels[-1])] = True
    # What reaches in from other lines must lie in the middle; what is whole may be a line under the words.
    beyond = np.where(cut_off, margin - 0.5, margin - thresholds.UNDERLINE_MM) / scale
    about = (centres[:, 1] > beyond) & (centres[:, 1] < new.shape[0] - beyond)
    about &= (areas >= thresholds.AROUND_SPECK_MM2) & (
        stats[:, cv2.CC_STAT_WIDTH] * scale < thresholds.STRUCK_MM
    )
    about[np.intersect1d(labels[0], labels[-1])] = False
    inset = thresholds.CELL_INSET_MM
    for box in boxes:
        left, top = round((box.x + inset - x) / scale), round((box.y + inset - y) / scale)
        right, bottom = round((box.x + box.w - inset - x) / scale), round((box.y + box.h - inset - y) / scale)
        about[labels[top:bottom, left:right]] = False
    about[0] = False
    return round(float(areas[about].sum()), 2)


def _writing(field: Field, seen: text.WritingSeen) -> Measurement:
    shift, residual = seen.alignment.shift_mm, round(seen.alignment.residual_mm, 3)
    return Measurement(field.key, seen.ink, shift, residual, texts=seen.texts)


def _signature(field: Field, seen: text.SignatureSeen) -> Measurement:
    shift, residual = seen.alignment.shift_mm, round(seen.alignment.residual_mm, 3)
    box = BoxSeen(None, None, {"reaching_in": seen.reaching_in})
    return Measurement(field.key, seen.ink, shift, residual, (box,))
