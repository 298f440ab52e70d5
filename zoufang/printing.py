"""Prints packets: plan and serials into the database first, then paper, then the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from campaign.printing import Packet, PlannedCard, PlannedSheet, plan_print
from forms import Form
from generate.blank import blank_pages
from generate.cards import CardPrint, CardSet
from generate.docx import write_docx
from generate.fonts import FontBook
from generate.manifest import Owner, manifest, to_json
from generate.pdf import PageEntry, write_pdf
from generate.sheets import SheetPrint
from layouts import Identity, Key, Layout, place
from store import Store, audit, printed
from zoufang.workspace import Workspace

MANIFEST = "manifest.json"
FORMATS = MappingProxyType({"pdf": write_pdf, "docx": write_docx})
CARD_BACK = 2  # the side of a card that carries the code


@dataclass(frozen=True)
class Printed:
    """What a print job wrote."""

    job: int
    files: tuple[Path, ...]
    packets: int
    sheets: int
    cards: int
    reprinted: int


def print_packets(
    workspace: Workspace,
    store: Store,
    cadres: Sequence[str],
    forms: Sequence[Form],
    out: Path,
    spare: int = 0,
    on_file: Callable[[int, int], None] = lambda done, total: None,
    file_format: str = "pdf",
) -> Printed:
    """Writes a file of sheets and one of cards per cadre, and `manifest.json`, to the folder `out`.

    File names carry the cadre's code, never a name. Raises PlacementError, MissingGlyphsError,
    TooLongError, OSError, and KeyError for an unknown cadre.
    """
    layouts = {form.id: place(form) for form in forms if form.kind == "sheet"}
    _keep_layouts(store, layouts.values())
    with store.write() as db:
        cards = [form for form in forms if form.kind == "card"]
        plan = plan_print(db, workspace.key, workspace.campaign, layouts, cards, cadres, spare)
        audit.note(db, workspace.who, "print", {"job": plan.job, "cadres": len(cadres), "spare": spare})

    out.mkdir(parents=True, exist_ok=True)
    fonts, write = FontBook(), FORMATS[file_format]
    files: dict[str, list[PageEntry]] = {}
    for done, packet in enumerate(plan.packets):
        on_file(done, len(plan.packets))
        code = packet.cadre["code"]
        if packet.sheets:
            name = f"packet-{code}.{file_format}"
            sheets = [_sheet(workspace.key, sheet) for sheet in packet.sheets]
            files[name] = write(out / name, sheets, fonts)
        if packet.cards:
            name = f"cards-{code}.{file_format}"
            files[name] = write(out / name, list(_card_sets(workspace.key, packet.cards)), fonts)
    if plan.anonymous:
        anonymous = [_sheet(workspace.key, sheet) for sheet in plan.anonymous]
        name = f"anonymous.{file_format}"
        files[name] = write(out / name, anonymous, fonts)
    content = manifest(str(plan.job), files, _owners(plan.packets))
    (out / MANIFEST).write_text(to_json(content), "utf-8")
    return Printed(
        job=plan.job,
        files=tuple(out / name for name in files),
        packets=len(plan.packets),
        sheets=sum(len(packet.sheets) for packet in plan.packets) + len(plan.anonymous),
        cards=sum(len(packet.cards) for packet in plan.packets),
        reprinted=sum(packet.reprinted for packet in plan.packets),
    )


def _keep_layouts(store: Store, layouts: Iterable[Layout]) -> None:
    """The reader must have what a sheet was printed by, and its blank pages, before there is a sheet."""
    for layout in layouts:
        with store.read() as db:
            known = printed.load_blanks(db, layout.digest)
        if not known:
            blanks = blank_pages(layout)
            with store.write() as db:
                printed.keep_layout(db, layout)
                printed.keep_blanks(db, layout.digest, blanks)


def _sheet(key: Key, sheet: PlannedSheet) -> SheetPrint:
    code = key.encode(Identity(sheet.serial, sheet.layout.form.id, sheet.page))
    return SheetPrint(sheet.layout, sheet.page, sheet.pages, sheet.serial, code, sheet.facts)


def _card_sets(key: Key, cards: Sequence[PlannedCard]) -> Iterable[CardSet]:
    for form in dict.fromkeys(card.form for card in cards):
        yield CardSet(
            form,
            tuple(
                CardPrint(card.serial, key.encode(Identity(card.serial, form.id, CARD_BACK)), card.facts)
                for card in cards
                if card.form == form
            ),
        )


def _owners(packets: Iterable[Packet]) -> dict[str, Owner]:
    """Whom each serial is about and who carries it."""
    owners: dict[str, Owner] = {}
    for packet in packets:
        for sheet in packet.sheets:
            subject = (sheet.subject.kind, sheet.subject.code) if sheet.subject else None
            owners[sheet.serial] = Owner(subject, sheet.cadre)
        for card in packet.cards:
            owners[card.serial] = Owner(None, packet.cadre["code"])
    return owners
