"""Prints packets: plan and serials into the database first, then paper, then the manifest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Connection

from campaign.breaches import is_revisit
from campaign.printing import Bundle, PlannedCard, PlannedSheet, PrintPlan, of_round, plan_print
from campaign.town import VILLAGE_UNIT
from forms import Form
from forms.errors import ClerkError
from forms.options import EXAMPLES, as_options, resolved
from generate.blank import blank_pages
from generate.cards import CardPrint, CardSet
from generate.docx import write_docx
from generate.fonts import FontBook
from generate.manifest import Owner, manifest, to_json
from generate.pdf import PageEntry, join_pdfs, write_pdf
from generate.proof import Proof
from generate.sheets import SheetPrint
from layouts import Identity, Key, Layout, place
from store import Store, audit, printed, roster
from workspace.folder import Workspace

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

    @property
    def remark(self) -> str:
        """On what was printed before, in words for clerks; empty when nothing was."""
        if not self.reprinted:
            return ""
        return f"其中 {self.reprinted} 面以前印过，用原编号重印；日记、备用表和匿名问卷是新编号的另一份"


class NothingToPrintError(ClerkError):
    """None of the forms is for those who were chosen."""

    def __init__(self) -> None:
        super().__init__(
            "没有要印的内容：所选干部的走访对象不用所选的表单，或者还没有安排走访对象。"
            "需要空白表，请选定表单并写明备用份数"
        )


class UnprintableError(ClerkError):
    """Facts that cannot be printed: a line for each, with whom it is about."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n  ".join(["有内容印不出来，没有印任何东西：", *faults]))
        self.faults = tuple(faults)


def usual_choice(workspace: Workspace, store: Store) -> tuple[list[Form], list[str]]:
    """What is printed for everybody: the round's forms, and the cadres; of a revisit round those who go."""
    with store.read() as db:
        duties = roster.load_duties(db, workspace.campaign.round)
        cadres = [row["code"] for row in roster.load(db, "cadres")["cadres"]]
    going = {duty.cadre for duty in duties} if is_revisit(duties) else set(cadres)
    return of_round(workspace.catalogue, duties), [cadre for cadre in cadres if cadre in going]


def print_packets(
    workspace: Workspace,
    store: Store,
    cadres: Sequence[str],
    forms: Sequence[Form],
    out: Path,
    spare: int = 0,
    on_file: Callable[[int, int], None] = lambda done, total: None,
    file_format: str = "pdf",
    asked: Collection[str] = (),
) -> Printed:
    """Writes to the folder `out`: a file of sheets and one of cards per cadre, the anonymous sheets, each
    unit's list and, as PDF, its bundle; and `manifest.json`.

    asked  forms that have spares even where nobody needs them (`campaign.printing.plan_print`)

    File names carry codes, never a name. Raises NothingToPrintError, UnprintableError, PlacementError,
    FontError, OSError, and KeyError for an unknown cadre; until it writes the first file nothing is issued.
    """
    fonts = FontBook(workspace.fonts)
    plan = _plan(workspace, store, cadres, forms, spare, asked, fonts)
    out.mkdir(parents=True, exist_ok=True)
    printer = _Printer(workspace.key, out, file_format, fonts)
    for done, packet in enumerate(plan.packets):
        on_file(done, len(plan.packets))
        printer.sheets(f"packet-{packet.cadre['code']}", packet.sheets)
        printer.cards(f"cards-{packet.cadre['code']}", packet.cards)
    printer.sheets("anonymous", plan.anonymous)
    for bundle in plan.bundles:
        printer.bundle(bundle)
    owners = _owners(plan)
    content = manifest(str(plan.job), printer.files, owners)
    content["bundles"] = [
        {"file": name, "unit": unit, "pages": manifest("", {name: entries}, owners)["pages"]}
        for name, (unit, entries) in printer.bundles.items()
    ]
    (out / MANIFEST).write_text(to_json(content), "utf-8")
    return Printed(
        job=plan.job,
        files=tuple(out / name for name in (*printer.files, *printer.bundles)),
        packets=len(plan.packets),
        sheets=sum(1 for _ in plan.sheets()),
        cards=sum(len(packet.cards) for packet in plan.packets),
        reprinted=sum(packet.reprinted for packet in plan.packets),
    )


def ready_forms(db: Connection, forms: Iterable[Form]) -> list[Form]:
    """The forms with the options that are lists of the town's. Without a roster, an example's."""
    tables = roster.load(db, "units", "villages")
    offices = ((row["code"], row["name"]) for row in tables["units"] if row["type"] != VILLAGE_UNIT)
    villages = ((row["code"], row["name"]) for row in tables["villages"])
    options = {"offices": as_options(offices), "villages": as_options(villages)}
    return [resolved(form, options if tables["units"] else EXAMPLES) for form in forms]


def _plan(
    workspace: Workspace,
    store: Store,
    cadres: Sequence[str],
    forms: Sequence[Form],
    spare: int,
    asked: Collection[str],
    fonts: FontBook,
) -> PrintPlan:
    """What to print: proofed, and with all that the reader will need of it in the database."""
    with store.read() as db:
        ready = ready_forms(db, forms)
    layouts = {form.id: place(form) for form in ready if form.kind == "sheet"}
    keep_layouts(store, layouts.values(), fonts)
    cards = [form for form in ready if form.kind == "card"]
    with store.write() as db:
        plan = plan_print(db, workspace.key, workspace.campaign, layouts, cards, cadres, spare, asked)
        faults = list(dict.fromkeys(_faults(plan, Proof(fonts))))
        if plan.empty:
            raise NothingToPrintError  # rolls everything back
        if faults:
            raise UnprintableError(faults)  # so does this
        for layout in plan.layouts().values():  # those whose tables had to grow, and spares
            if not printed.load_blanks(db, layout.digest):
                printed.keep_blanks(db, layout.digest, blank_pages(layout, fonts))
        audit.note(db, workspace.who, "print", {"job": plan.job, "cadres": len(cadres), "spare": spare})
    return plan


def keep_layouts(store: Store, layouts: Iterable[Layout], fonts: FontBook) -> None:
    """The reader must have what a sheet is printed by, and its blank pages, before there is a sheet."""
    for layout in layouts:
        with store.read() as db:
            known = printed.load_blanks(db, layout.digest)
        if not known:
            blanks = blank_pages(layout, fonts)
            with store.write() as db:
                printed.keep_layout(db, layout)
                printed.keep_blanks(db, layout.digest, blanks)


def _faults(plan: PrintPlan, proof: Proof) -> Iterator[str]:
    """What cannot be printed, with the code of whom it is about."""
    for sheet in plan.sheets():
        about = sheet.subject.code if sheet.subject else sheet.cadre or ""
        for fault in proof.sheet(sheet.layout, sheet.page, sheet.facts):
            yield f"{sheet.layout.form.id}，编码 {about}：{fault}"
    for packet in plan.packets:
        for card in packet.cards[:1]:  # all of a cadre's are alike
            for fault in proof.card(card.form, card.facts):
                yield f"{card.form.id}，编码 {packet.cadre['code']}：{fault}"


class _Printer:
    """Writes files and notes what is on their pages."""

    def __init__(self, key: Key, out: Path, file_format: str, fonts: FontBook) -> None:
        self.files: dict[str, list[PageEntry]] = {}
        self.bundles: dict[str, tuple[str, list[PageEntry]]] = {}  # file → unit and pages
        self._key, self._out, self._format, self._fonts = key, out, file_format, fonts

    def sheets(self, stem: str, sheets: Sequence[PlannedSheet]) -> None:
        self._write(stem, [_sheet(self._key, sheet) for sheet in sheets])

    def cards(self, stem: str, cards: Sequence[PlannedCard]) -> None:
        self._write(stem, list(_card_sets(self._key, cards)))

    def _write(self, stem: str, items: Sequence[SheetPrint | CardSet]) -> None:
        if items:
            name = f"{stem}.{self._format}"
            self.files[name] = FORMATS[self._format](self._out / name, items, self._fonts)

    def bundle(self, bundle: Bundle) -> None:
        """A unit's list; and, as PDF, the list and the packets in one file for the liaison officer.

        The bundle repeats pages of other files, so it is listed apart: each sheet is printed once.
        """
        unit = bundle.unit["code"]
        self.sheets(f"list-{unit}", bundle.sheets)
        stems = [f"list-{unit}", *(f"packet-{cadre}" for cadre in bundle.cadres)]
        parts = [name for stem in stems if (name := f"{stem}.{self._format}") in self.files]
        if self._format != "pdf" or not parts:
            return
        name = f"units/packets-{unit}.pdf"
        (self._out / "units").mkdir(exist_ok=True)
        places = join_pdfs(self._out / name, [self._out / part for part in parts])
        entries = [
            replace(entry, page=entry.page + first)
            for part, first in zip(parts, places, strict=True)
            for entry in self.files[part]
        ]
        self.bundles[name] = unit, entries


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


def _owners(plan: PrintPlan) -> dict[str, Owner]:
    """Whom each serial is about and who carries it."""
    owners: dict[str, Owner] = {}
    for sheet in plan.sheets():
        subject = (sheet.subject.kind, sheet.subject.code) if sheet.subject else None
        if subject or sheet.cadre:
            owners[sheet.serial] = Owner(subject, sheet.cadre)
    for packet in plan.packets:
        for card in packet.cards:
            owners[card.serial] = Owner(None, packet.cadre["code"])
    return owners
