"""A task as the keying page shows it: question, answer so far, crop. Plain data for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from campaign.judge import UNREADABLE
from campaign.records import can_be_amiss
from forms.model import Field, Form, Kind, Required, Value
from layouts.identity import readable
from layouts.model import Layout
from review import crops
from review.office import Office
from store import PageInfo, StoredReading, scanned, work
from store.work import SAVE, THIRD, Step, Task

ALTERNATIVES = 5
SMALLEST_WRITING = 2.0
"""mm per character: nobody writes smaller."""


def item(office: Office, db: Connection, task: Task, undone: Step | None = None) -> dict[str, Any]:
    """`undone` is the step that the person took back: what they answered in it is there again.

    Nothing is proposed in a blind keying, nor where several images say different things: which of them is
    right is for the person to say.
    """
    layout, page = office.place(db, task.serial)
    field = layout.form.field(task.field)
    blind = task.kind in work.BLIND
    answered = undone is not None and undone.action == SAVE
    proposed = answered or not (blind or task.beside)
    value = undone.value if undone and answered else task.value
    return {
        "id": task.id,
        "kind": task.kind,
        "blind": blind,
        "state": task.state,
        "reason": task.reason,
        "serial": readable(task.serial),
        "form": f"{layout.form.id} {layout.form.title}",
        "page": page,
        "section": section_of(layout.form, field.key),
        "field": field.key,
        "question": field_spec(field) | {"room": _room(layout, field)},
        "checked": can_be_amiss(layout.form, field),
        "doubt": "" if blind else task.doubt,
        "undone": undone is not None,
        "value": value if proposed else None,
        "proposed": proposed,
        "said": _said(db, task, field) if task.kind == THIRD else [],
        **_hints(db, task, blind, proposed),
        "looks": [_look(office, db, task, n, blind) for n in range(len(task.images))],
        "held_until": task.held_until.timestamp() if task.held_until else None,
    }


def _said(db: Connection, task: Task, field: Field) -> list[tuple[str, str]]:
    """Who said what before a third look: people, and the reader."""
    keyed = [
        (step.who, words(field, step.value) if step.action == SAVE else UNREADABLE)
        for step in work.answers(db, task.serial, task.field)
    ]
    return [*keyed, ("识读", words(field, task.value))]


def _look(office: Office, db: Connection, task: Task, n: int, blind: bool) -> dict[str, Any]:
    """The field on one of the images that are asked about, and what that says if they differ."""
    image = sorted(task.images)[n]
    page, layout = looked_at(office, db, image)
    view = crops.field_view(layout, page.page or 1, task.field)
    whole = crops.page_view(layout, page.page or 1, task.field)
    read = _reading(db, task, image)
    said = "" if blind or not read else f"：{words(layout.form.field(task.field), read.value)}"
    scale = crops.on_stage(view.region, len(task.images))
    return {
        "title": f"第 {n + 1} 次扫描{said}" if task.beside else "",
        "crop": {"url": f"image/task/{task.id}?image={image}", **picture(view, scale)},
        "whole": {"url": f"image/task/{task.id}/page?image={image}", **picture(whole, crops.PAGE_PX_PER_MM)},
    }


def looked_at(office: Office, db: Connection, image: int) -> tuple[PageInfo, Layout]:
    """An image of a sheet, and the layout that the sheet was printed by."""
    page = scanned.page(db, image)
    assert page is not None
    return page, office.place(db, page.serial or "")[0]


def words(field: Field, value: Value) -> str:
    """An answer as a clerk would say it."""
    if value in (None, [], False, ""):
        return "空白"
    if value is True:
        return "有"
    labels = {option.key: option.label for option in field.options}
    chosen = value if isinstance(value, list) else [str(value)]
    return "、".join(labels.get(key, key) for key in chosen)


def _room(layout: Layout, field: Field) -> int:
    """How many characters fit in a field's lines."""
    return int(sum(box.w for box in layout.of_field(field.key)) * max(1, field.lines) / SMALLEST_WRITING)


def field_spec(field: Field) -> dict[str, Any]:
    return {
        "key": field.key,
        "label": field.label,
        "kind": field.kind.value,
        "options": [{"key": o.key, "label": o.label, "exclusive": o.exclusive} for o in field.options],
        "cells": field.cells,
        "lines": field.lines,
        "unit": field.unit,
        "rule": field.rule,
        "low": field.low,
        "high": field.high,
        "most": field.max_choices,
        "required": field.required is not Required.NO,
    }


def label_of(form: Form, field: Field) -> str:
    """A field's label, with the number of the block that it repeats in: `② 内容`."""
    numbers = (
        section.number
        for page in form.pages
        for section in page.sections
        if any(field.key == one.key for row in section.rows for one in row.fields)
    )
    return " ".join(word for word in (next(numbers, ""), field.label or "勾选") if word)


def field_name(office: Office, db: Connection, serial: str, key: str) -> str:
    """What a field is called on a sheet; its key when there is no such sheet or field."""
    try:
        form = office.place(db, serial)[0].form
        return label_of(form, form.field(key))
    except KeyError:
        return key


def section_of(form: Form, key: str) -> str:
    """The printed heading above a field; parts of a repeated block have one between them."""
    heading = ""
    for page in form.pages:
        for section in page.sections:
            heading = section.title or heading
            if any(field.key == key for row in section.rows for field in row.fields):
                return heading + section.number
    return heading


def picture(view: crops.View, px_per_mm: float) -> dict[str, Any]:
    return {
        "width": round(view.region[2] * px_per_mm),
        "height": round(view.region[3] * px_per_mm),
        "boxes": [
            {"option": box.option, "cell": box.cell, "at": [round(share, 5) for share in at]}
            for box, at in view.boxes
        ],
    }


def _hints(db: Connection, task: Task, blind: bool, proposed: bool) -> dict[str, Any]:
    """What else the reader, or people before, thought; nothing in a blind keying."""
    if blind:
        return {"alternatives": [], "characters": []}
    found = [reading for image in task.images if (reading := _reading(db, task, image))]
    values = [one.value for one in found]
    if task.kind == THIRD:
        keyed = (step for step in work.answers(db, task.serial, task.field) if step.action == SAVE)
        values = [step.value for step in keyed] + values
    values += [value for one in found for value, _ in one.alternatives]
    others = [value for value in values if value != task.value or not proposed]
    return {
        "alternatives": _distinct(others)[:ALTERNATIVES],
        "characters": _characters(db, task) if proposed else [],
    }


def _reading(db: Connection, task: Task, image: int) -> StoredReading | None:
    readings = scanned.load_readings(db, image)
    return next((reading for reading in readings if reading.field == task.field), None)


def _distinct(values: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _characters(db: Connection, task: Task) -> list[tuple[str, float]]:
    """The characters of the proposed value with their probabilities, when the reader told them apart."""
    if task.answer not in (Kind.DIGITS, Kind.DATE, Kind.TEXT, Kind.LINES) or not task.value:
        return []
    plain = str(task.value).replace("-", "") if task.answer == Kind.DATE else str(task.value)
    for seen in scanned.load_measurements(db, task.page_image):
        if seen["field"] == task.field:
            for text in seen["texts"]:
                if text["text"] == plain:
                    return [(character["text"], character["score"]) for character in text["characters"]]
    return []
