"""Everything seen of a page's fields, before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from forms.model import Field, Kind
from ingest import beside, digits, faint, mark_models, marks, signatures, strikes, text, thresholds, words
from ingest.engines import Engine, engine
from ingest.ink import PageInk
from ingest.lines import without_lines
from ingest.model import BoxSeen, Measurement, PrintedLayout
from ingest.page_strokes import PageStrokes
from ingest.register import RegisteredPage
from layouts.model import Area, Box, BoxKind, Layout, bounds, grown

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
    page, layout = without_lines(page), printed.layout
    printed_in = [box for box in layout.on_page(page_number) if box.kind is BoxKind.PREFILL]
    boxes = [box for box in layout.on_page(page_number) if box.kind is not BoxKind.PREFILL]
    fields = [f for f in layout.fields_on_page(page_number) if f.kind is not Kind.PREFILL]
    by_field: dict[str, list[Box]] = {}
    for box in boxes:
        by_field.setdefault(box.field, []).append(box)
    ink = PageInk.of(page, boxes)
    in_blocks = {f.key: layout.area_of(by_field[f.key]) for f in fields if f.block}
    struck = strikes.find(ink, list(in_blocks.values()))
    ink = strikes.without(ink, struck)
    checkboxes = [box for box in boxes if box.kind is BoxKind.CHECKBOX]
    ticked = marks.measure(ink, checkboxes)
    page_strokes = PageStrokes.of(ink, _places(by_field, printed_in), [box.area for box in checkboxes])
    ticked = beside.measure(page_strokes, boxes, ticked)
    reader = reader or engine()
    seen = [
        _measure(field, by_field[field.key], layout, ink, page_strokes, ticked, struck, vocabularies, reader)
        for field in fields
    ]
    return tuple(
        replace(
            one,
            residual_mm=max(one.residual_mm, round(page.unfollowed_mm(by_field[one.field]), 3)),
            hidden=ink.is_hidden(by_field[one.field]),
            struck_mm=strikes.length_in(struck, in_blocks.get(one.field)),
            crossed_out=page_strokes.crossed,
            **_looks_of_blank(ink, by_field[one.field], one),
        )
        for one in seen
    )


def _looks_of_blank(ink: PageInk, boxes: Sequence[Box], seen: Measurement) -> Mapping[str, Any]:
    """What more there is to be seen of a field in which nothing is written; boxes tell it themselves."""
    if seen.ink > 0 or boxes[0].kind is BoxKind.CHECKBOX:
        return {}
    place = bounds([box.area for box in boxes])
    share = ink.print_share(*grown(place, thresholds.PRINT_AROUND_MM))
    return {"print_share": share, "faint_mm2": faint.strokes_mm2(ink, place)}


def _measure(
    field: Field,
    boxes: Sequence[Box],
    layout: Layout,
    ink: PageInk,
    page_strokes: PageStrokes,
    ticked: Mapping[str, marks.MarksSeen],
    struck: Sequence[strikes.Strike],
    vocabularies: Vocabularies,
    reader: Engine,
) -> Measurement:
    match field.kind:
        case Kind.SINGLE | Kind.MULTIPLE:
            return _marks(field, layout, boxes, ink, ticked[field.key], struck)
        case Kind.DIGITS | Kind.DATE:
            comb = digits.measure(ink, boxes, reader, page_strokes)
            return Measurement(field.key, comb.ink, comb.shift_mm, comb.residual_mm, comb.boxes, comb.texts)
        case Kind.SIGNATURE:
            return _signature(field, signatures.measure(ink, boxes[0], page_strokes))
        case _:
            known = vocabularies.get(field.vocabulary, ()) if field.vocabulary else ()
            return _writing(field, text.measure(ink, boxes[0], reader, known))


def _marks(
    field: Field,
    layout: Layout,
    boxes: Sequence[Box],
    ink: PageInk,
    seen: marks.MarksSeen,
    struck: Sequence[strikes.Strike],
) -> Measurement:
    unmarked = [
        box
        for box, look in zip(boxes, mark_models.classify(seen.boxes), strict=True)
        if look.on <= thresholds.RATHER_MARKED
    ]
    shift = seen.shift_mm
    on_words = words.measure(ink, layout, boxes, unmarked, shift)
    crossed = {box.option for box in boxes if strikes.reach(struck, layout.words_of(box))}
    looks = tuple(
        replace(look, features={**look.features, "words_marked": on_words.marked[look.option or ""]})
        if look.option in on_words.marked.keys() - crossed
        else look
        for look in seen.boxes
    )
    return Measurement(field.key, seen.ink, shift, seen.residual_mm, looks, around=on_words.around)


def _places(by_field: Mapping[str, Sequence[Box]], printed_in: Sequence[Box]) -> Mapping[str, Area]:
    """Where the fields that are written in are, with the room that writing takes above and below a line; and
    those that are printed sheet by sheet, which the blank page does not have."""
    places = {box.field: box.area for box in printed_in}
    for field, boxes in by_field.items():
        if boxes[0].kind is not BoxKind.CHECKBOX:
            x, y, w, h = bounds([box.area for box in boxes])
            lines = boxes[0].kind in (BoxKind.TEXT, BoxKind.LINES)
            above, below = (thresholds.TEXT_ABOVE_MM, thresholds.TEXT_BELOW_MM) if lines else (0.0, 0.0)
            places[field] = (x, y - above, w, h + above + below)
    return places


def _writing(field: Field, seen: text.WritingSeen) -> Measurement:
    shift, residual = seen.alignment.shift_mm, round(seen.alignment.residual_mm, 3)
    box = BoxSeen(None, None, {"level_mm": seen.level_mm})
    return Measurement(field.key, seen.ink, shift, residual, (box,), seen.texts)


def _signature(field: Field, seen: signatures.SignatureSeen) -> Measurement:
    shift, residual = seen.alignment.shift_mm, round(seen.alignment.residual_mm, 3)
    box = BoxSeen(None, None, {"reaching_in": seen.reaching_in, **seen.drawn})
    return Measurement(field.key, seen.ink, shift, residual, (box,))
