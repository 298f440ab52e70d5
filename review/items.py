"""A task as the keying page shows it: question, answer so far, crop. Plain data for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from campaign.judge import TWO_SCANS
from forms.model import Field, Form, Kind, Required, Value
from layouts.identity import readable
from review import crops
from review.office import Office
from store import StoredReading, scanned, work
from store.work import THIRD, Task

ALTERNATIVES = 5


def item(
    office: Office, db: Connection, task: Task, *, draft: Value = None, undone: bool = False
) -> dict[str, Any]:
    """`draft` is what the person said before taking it back (`undone`)."""
    layout, page = office.place(db, task.serial)
    field = layout.form.field(task.field)
    blind = task.kind in work.BLIND
    view = crops.field_view(layout, page, field.key)
    whole = crops.page_view(layout, page, field.key)
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
        "question": field_spec(field),
        "doubt": "" if blind else task.doubt,
        "undone": undone,
        "value": draft if undone else (None if blind else task.value),
        "proposed": not blind,
        **_hints(office, db, task, field, blind),
        "crop": {"url": f"image/task/{task.id}", **picture(view, crops.fitted(view.region, crops.STAGE_PX))},
        "whole": {"url": f"image/task/{task.id}/page", **picture(whole, crops.PAGE_PX_PER_MM)},
        "held_until": task.held_until.timestamp() if task.held_until else None,
    }


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


def _hints(office: Office, db: Connection, task: Task, field: Field, blind: bool) -> dict[str, Any]:
    """What else the reader, or people before, thought; nothing in a blind keying."""
    if blind:
        return {"alternatives": [], "characters": []}
    found = _reading(db, task)
    values = [value for value, _ in found.alternatives] if found else []
    if task.doubt == TWO_SCANS:
        values = [*_on_other_images(db, task), *values]
    if task.kind == THIRD:
        values = [step.value for step in work.answers(db, task.serial, task.field)] + values
    return {
        "alternatives": _distinct(values, task.value)[:ALTERNATIVES],
        "characters": _characters(db, task),
    }


def _reading(db: Connection, task: Task) -> StoredReading | None:
    readings = scanned.load_readings(db, task.page_image)
    return next((reading for reading in readings if reading.field == task.field), None)


def _on_other_images(db: Connection, task: Task) -> list[Value]:
    """What was read of the field on the other images of its sheet."""
    others = scanned.pages(db, serial=task.serial, states=(scanned.READ, scanned.DUPLICATE))
    read = (one for page in others for one in scanned.load_readings(db, page.id))
    return [one.value for one in read if one.field == task.field]


def _distinct(values: Sequence[Value], apart_from: Value) -> list[Value]:
    found: list[Value] = []
    for value in values:
        if value != apart_from and value not in found:
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
