"""Trying a form out before it is printed: is it right, does it fit, what does it look like filled in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from campaign.config import Campaign
from campaign.facts import Facts, facts_for
from forms import Field, Form, FormError, Kind, Value, load_catalogue
from forms.catalogue import where
from forms.lists import lists
from forms.options import EXAMPLES, resolved
from generate.fit import TooLongError
from generate.fonts import FontBook, MissingGlyphsError
from generate.preview import write_preview
from generate.sheets import fitted
from layouts import BoxKind, Identity, Key, Layout, PlacementError, place
from layouts.faults import Fault, faults
from samples.town import build_town
from store import Subject
from store.model import TABLE_OF_KIND

VOCABULARIES = ("cadre_names",)
"""Word lists that the roster gives (`store.roster.vocabularies`)."""
_HAND_MM = 8.0
"""A handwritten character and the white beside it."""
_LEAST_CHARACTERS = 3
_LISTED = {"village": "village", "packet": "cadre", "key_project": "project"}
"""Kind of subject in a list; households in the walk, enterprises in a leader's."""
_COUNTED = {
    "copies": "34 份",
    "sides": "68 面",
    "cards": "34",
    "subjects": "34",
    "title": "附件2-5 群众入户调查表",
}
"""What is known of a packet, and of a row of its contents, once it is planned."""
_ISSUE = {
    "number": "〔2017〕12号",
    "issued_date": "2017年4月10日",
    "due_date": "2017年4月24日",
    "handler": "建设局",
    "co_handlers": "滆东村、财政所",
    "text": "村东头道路破损，雨天积水，老人和孩子出行不便，希望尽快修补并加装路灯。" * 2,
    "demand": "请于时限内实地查看，能修的马上修；一时不能解决的，向群众说明原因和打算。",
}


def check(override: Path, files: Sequence[Path]) -> list[str]:
    """What is wrong with the forms in the workspace's folder and in single `files`: file, line, reason.
    Empty when they can be printed."""
    try:
        catalogue = load_catalogue(override, files)
    except FormError as error:
        return list(error.errors)
    texts = {path.name: path.read_text("utf-8") for path in (*sorted(override.glob("*.yaml")), *files)}
    found = []
    for form in catalogue:
        file = next((name for name, text in texts.items() if _defines(text, form.id)), f"{form.id}.yaml")
        for message in _wrong(form):
            place_ = where(file, texts[file], message) if file in texts else f"{file}："
            found.append(place_ + message)
    return found


def _defines(text: str, form_id: str) -> bool:
    ids = (line.removeprefix("id:") for line in text.splitlines() if line.startswith("id:"))
    return form_id in (one.strip().strip("\"'") for one in ids)


def _wrong(form: Form) -> Iterator[str]:
    known = set(example_facts(form))
    for field in form.fields():
        if field.kind is Kind.PREFILL and field.source not in known:
            yield f"{field.key}：没有名为“{field.source}”的来源，名册和活动设置里没有这一项"
        if field.vocabulary and field.vocabulary not in VOCABULARIES:
            names = "、".join(VOCABULARIES)
            yield f"{field.key}：没有名为“{field.vocabulary}”的词表，可用：{names}"
    if form.kind == "card":
        return
    try:
        layout = place(resolved(form, EXAMPLES))
    except PlacementError as error:
        yield f"{error}" if not error.field else f"{error.field}：{error}"
        return
    for fault in every_fault(layout, FontBook()):
        yield f"第 {fault.page} 面：{fault.message}"


def every_fault(layout: Layout, fonts: FontBook) -> list[Fault]:
    """Things over each other, places too narrow for words, characters without a glyph."""
    found = list(faults(layout))
    facts = facts_for(layout.form.fields(), example_facts(layout.form))
    for box in layout.boxes:
        spot = box.x, box.y, box.w, box.h
        if box.kind is BoxKind.TEXT and box.w < _HAND_MM * _LEAST_CHARACTERS:
            short = _HAND_MM * _LEAST_CHARACTERS - box.w
            message = f"“{box.field}”太窄，写不下三个字，差 {short:.0f} 毫米"
            found.append(Fault(box.page, spot, message, box.field))
        if box.kind is BoxKind.PREFILL and facts.get(box.field):
            try:
                fitted(fonts, box, facts[box.field])
            except (TooLongError, MissingGlyphsError) as error:
                found.append(Fault(box.page, spot, f"“{box.field}”：{error}", box.field))
    for text in layout.texts:
        try:
            fonts.runs(text.text, text.font)
        except MissingGlyphsError as error:
            found.append(Fault(text.page, (text.x, text.y - 4, 4, 4), str(error)))
    return found


def preview(form: Form, path: Path, fonts: FontBook) -> list[Fault]:
    """Writes the form filled in with examples; returns its faults, which are marked there.

    Raises PlacementError, MissingGlyphsError, OSError.
    """
    layout = place(resolved(form, EXAMPLES))
    found = every_fault(layout, fonts)
    key = Key(secrets.token_bytes(32))
    serial = key.new_serial()
    answers = {field.key: example(field) for field in layout.form.asked()}
    facts = facts_for(form.fields(), example_facts(form))
    code = key.encode(Identity(serial, form.id, 1))
    texts = (text for text in layout.texts if _has_glyphs(fonts, text.text, text.font))
    drawable = replace(layout, texts=tuple(texts))
    write_preview(path, drawable, facts, answers, found, fonts, serial, code)
    return found


def _has_glyphs(fonts: FontBook, words: str, role: str) -> bool:
    try:
        fonts.runs(words, role)
    except MissingGlyphsError:
        return False
    return True


def example(field: Field) -> Value:
    """A value of the field's kind that takes the room that answers take."""
    keys = [option.key for option in field.options]
    if field.kind is Kind.MULTIPLE:
        return [key for key in keys[: field.max_choices or 2] if not field.option(key).exclusive]
    digits = {"mobile": "16012345678", "phone": "16012345678", "month_day": "0412"}
    values: Mapping[Kind, Value] = {
        Kind.SINGLE: keys[0] if keys else None,
        Kind.DIGITS: digits.get(field.rule, "320411199200010012345"[: field.cells]),
        Kind.DATE: "2017-04-12",
        Kind.TEXT: "欧阳建国",
        Kind.LINES: "村东头道路破损，雨天积水，出行不便，希望修补并加装路灯",
        Kind.SIGNATURE: "王建国",
    }
    return values[field.kind]


def example_facts(form: Form) -> dict[str, str]:
    """Facts of a town that does not exist, by source: what the roster can tell a form of this kind."""
    facts, tables = _example_town()
    cadre = tables["cadres"][0]["code"]
    found = {f"issue.{key}": words for key, words in _ISSUE.items()} if "issue" in form.subject_kinds else {}
    for kind in form.subject_kinds:
        if kind in TABLE_OF_KIND:
            found |= facts.about(Subject(kind, _richest(tables[TABLE_OF_KIND[kind]])["code"]), cadre)
    found |= facts.about(None, cadre)
    for name, room in lists(form).items():
        kind = _LISTED.get(name, "enterprise" if name.endswith("enterprise") else "household")
        rows = tables[TABLE_OF_KIND[kind]]
        found |= facts.of_rows(name, (Subject(kind, rows[n % len(rows)]["code"]) for n in range(room)))
        for n in range(1, room + 1):
            found = {**{f"{name}_{n}.{key}": words for key, words in _COUNTED.items()}, **found}
    return found


def _richest(rows: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """The row with the longest words: what is hardest to find room for."""
    return max(rows, key=lambda row: max(len(str(cell)) for cell in row.values()))


@cache
def _example_town() -> tuple[Facts, Mapping[str, Sequence[Mapping[str, str]]]]:
    town = build_town(2017, 60)
    tables = {name: [dict(row) for row in rows] for name, rows in town.tables.items()}
    campaign = Campaign(town=town.name, office_phone="0519-83500100", supervision_phone="0519-83500119")
    return Facts({name: tables[name] for name in TABLE_OF_KIND.values()}, campaign), tables  # type: ignore[return-value]
