"""Prints hand-over slips (交办单): the database knows each before it is on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from campaign.config import Handling
from campaign.facts import facts_for
from campaign.handlers import co_due, objection_due
from campaign.lists import Lister
from campaign.opinions import ISSUE, SLIP, Opinion
from campaign.weeks import day_words, full_day
from generate.docx import write_docx
from generate.fit import TooLongError
from generate.fonts import FontBook, MissingGlyphsError
from generate.manifest import Owner, manifest, to_json
from generate.pdf import write_pdf
from generate.sheets import SheetPrint, fitted
from layouts import Identity, Layout, place
from layouts.model import Box
from store import Store, Subject, Wanted, printed
from workspace.folder import Workspace
from workspace.printing import keep_layouts

_MORE = "……（全文见清单）"


def print_slips(
    workspace: Workspace, store: Store, opinions: Sequence[Opinion], lister: Lister, folder: Path, stem: str
) -> list[Path]:
    """A slip for each as PDF and Word, and `manifest-….json`. A slip printed before keeps its serial.

    Raises FormError, PlacementError, FontError, OSError.
    """
    if not opinions:
        return []
    fonts = FontBook(workspace.fonts)
    layout = place(workspace.catalogue[SLIP])
    keep_layouts(store, [layout], fonts)
    wanted = [
        Wanted(
            layout.digest,
            SLIP,
            layout.form.version,
            tuple(range(1, layout.pages + 1)),
            opinion.round,
            Subject(ISSUE, opinion.slip_code),
        )
        for opinion in opinions
    ]
    with store.write() as db:
        job = printed.start_job(db, {"slips": len(wanted)})
        issued = printed.issue(db, wanted, workspace.key.new_serial, job)
    sheets, owners = [], {}
    for opinion, one in zip(opinions, issued, strict=True):
        facts = facts_for(layout.form.fields(), _facts(opinion, lister, workspace.campaign.handling))
        shown = {key: _fitting(fonts, layout, key, words) for key, words in facts.items()}
        for page, serial in sorted(one.serials.items()):
            code = workspace.key.encode(Identity(serial, SLIP, page))
            sheets.append(SheetPrint(layout, page, layout.pages, serial, code, shown))
            owners[serial] = Owner((ISSUE, opinion.slip_code), None)
    pdf, docx, listing = (folder / f"{stem}.{end}" for end in ("pdf", "docx", "json"))
    entries = write_pdf(pdf, sheets, fonts)
    write_docx(docx, sheets, fonts)
    listing.write_text(to_json(manifest(str(job), {pdf.name: entries}, owners)), "utf-8")
    return [pdf, docx, listing]


def _facts(opinion: Opinion, lister: Lister, rules: Handling) -> dict[str, str]:
    row = lister.row(opinion)
    where = "，".join(word for word in (row["place"], row["who"]) if word)
    same = f"；另有 {len(opinion.merged)} 件相同意见，请一并答复" if opinion.merged else ""
    due = _day(opinion.due)
    return {
        "issue.number": opinion.number,
        "issue.issued_date": _day(opinion.assigned_on),
        "issue.due_date": due,
        "issue.handler": opinion.handler_name,
        "issue.co_handlers": "、".join(opinion.co_handlers),
        "issue.text": opinion.text,
        "issue.demand": f"请于{due}前办结并答复反映人（{where}）{same}，填写回执后送镇活动办。"
        + _terms(opinion, rules),
    }


def _terms(opinion: Opinion, rules: Handling) -> str:
    """When to object, and when who helps is to tell the lead."""
    if opinion.assigned_on is None:
        return ""
    helps = f"协办单位于{day_words(co_due(opinion.assigned_on, rules))}前向承办单位提出意见。"
    back = f"不属本单位职责的，于{day_words(objection_due(opinion.assigned_on, rules))}前写明理由退回。"
    return (helps if opinion.co_handlers else "") + back


def _day(day: date | None) -> str:
    return full_day(day) if day else ""


def _fitting(fonts: FontBook, layout: Layout, key: str, words: str) -> str:
    """The words as far as there is room and glyphs for them: the whole is in the list."""
    boxes = [box for box in layout.boxes if box.field == key]
    return _cut(fonts, boxes[0], words) if boxes else words


def _cut(fonts: FontBook, box: Box, words: str) -> str:
    whole, kept = words, len(words)
    while kept:
        shown = whole if kept == len(whole) else whole[:kept] + (_MORE if box.lines else "")
        try:
            fitted(fonts, box, shown)
        except MissingGlyphsError as error:
            whole = whole.translate({ord(c): "〓" for c in error.characters})
        except TooLongError:
            kept -= 1
        else:
            return shown
    return ""
