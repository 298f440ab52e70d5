"""What to print: every cadre's packet, with serials that the database already knows.

    plan_print   duties of the cadres → forms → instances and sheets (new, or as issued before)
                 → packets in their order, contact cards, units' lists; anonymous sides apart

A packet begins with its cover, the rules and the ledger; then come the forms about the cadre and, for a
liaison officer, about the unit; then those about each subject on the walk; then diary pages and spares.

Anonymous sides (a form that is anonymous, or an anonymous page of a form) are forms of their own in the
database, linked to nobody, and come shuffled in `PrintPlan.anonymous`, never in a cadre's packet: from
where they lie in it one could tell whose they are. Print them to a file of their own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from campaign import spares
from campaign.breaches import is_revisit
from campaign.config import Campaign
from campaign.facts import VISITED, Facts, facts_for
from campaign.listing import CONTENT, PACKET, Listing
from forms.lists import grown, lists
from forms.model import Field, Form, Kind
from layouts import Layout, place
from layouts.identity import Key
from store import Duty, Issued, Subject, Wanted, printed, roster
from store.listed import Lists


@dataclass(frozen=True)
class PlannedSheet:
    """One side to print: `page` of the `pages` of `layout`. `facts`: PREFILL field key → words."""

    serial: str
    instance: str
    layout: Layout
    page: int
    subject: Subject | None
    cadre: str | None
    facts: Mapping[str, str] = field(default_factory=dict)
    spare: bool = False

    @property
    def pages(self) -> int:
        return self.layout.pages


@dataclass(frozen=True)
class PlannedCard:
    """One contact card to print. `facts`: PREFILL field key → words."""

    serial: str
    form: Form
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Packet:
    """All that a cadre gets, in the order of the walk; spares are the last of `sheets`.

    cadre, unit  rows of the roster
    subjects     whom the cadre has to visit, in walking order
    reprinted    how many of the sheets had been issued before
    """

    cadre: Mapping[str, Any]
    unit: Mapping[str, Any] | None
    subjects: tuple[Subject, ...]
    sheets: tuple[PlannedSheet, ...]
    cards: tuple[PlannedCard, ...]
    reprinted: int


@dataclass(frozen=True)
class Bundle:
    """A unit's packets, for its liaison officer: the list that comes first, and whose packets follow."""

    unit: Mapping[str, Any]
    sheets: tuple[PlannedSheet, ...]
    cadres: tuple[str, ...]


@dataclass(frozen=True)
class PrintPlan:
    """A print job: the packets asked for, by unit too, and the anonymous sheets that belong to none."""

    job: int
    packets: tuple[Packet, ...]
    bundles: tuple[Bundle, ...]
    anonymous: tuple[PlannedSheet, ...]

    def sheets(self) -> Iterator[PlannedSheet]:
        """Every sheet once."""
        for packet in self.packets:
            yield from packet.sheets
        for bundle in self.bundles:
            yield from bundle.sheets
        yield from self.anonymous

    @property
    def empty(self) -> bool:
        """Whether there is nothing to print."""
        return not any(self.sheets()) and not any(packet.cards for packet in self.packets)

    def layouts(self) -> dict[str, Layout]:
        """Digest → layout, of all sheets."""
        return {sheet.layout.digest: sheet.layout for sheet in self.sheets()}


FIRST = ("COVER", "2-9", "LEDGER")
"""What a packet begins with, ahead of the other forms about its cadre (domain.md §4)."""


def of_round(forms: Iterable[Form], duties: Sequence[Duty]) -> list[Form]:
    """The forms that a round prints: all; of a revisit round those of the visits and what goes with them,
    for arrangements, questionnaires and cards were the first round's."""
    if not is_revisit(duties):
        return list(forms)
    return [form for form in forms if form.id in FIRST or set(form.subject_kinds) & set(VISITED)]


def plan_print(
    db: Connection,
    key: Key,
    campaign: Campaign,
    layouts: Mapping[str, Layout],
    cards: Iterable[Form] = (),
    cadres: Sequence[str] = (),
    spare: int = 0,
    asked: Collection[str] = (),
) -> PrintPlan:
    """Plan, and write down, what these cadres get. Call it in a write transaction that ends before
    anything is printed: then every sheet on paper is in the database.

    layouts  form id → layout, of the forms to print; anonymous ones too. Those whose tables need more
             rows are placed anew
    cards    the card forms to print
    cadres   codes; unknown ones raise KeyError
    spare    empty sheets of each form of the walk, for whoever turns up in addition
    asked    forms that have spares even where nobody on the walk needs them

    Raises PlacementError when a table or a spare's code does not fit its form.
    """
    facts = Facts.of(db, campaign)
    kept = Lists(db, campaign.round)
    cards = tuple(cards)
    listing = Listing(facts.tables, roster.load(db, "unit_villages")["unit_villages"], kept)
    planned = _Plan(facts, campaign, layouts, spare, asked, listing, cards)
    subjects: dict[str, list[Subject]] = defaultdict(list)
    for duty in roster.load_duties(db, campaign.round):
        subjects[duty.cadre].append(duty.subject)
    for cadre in cadres:
        planned.add(cadre, subjects[cadre])
    planned.add_units()
    kept.keep(db)
    for layout in planned.used.values():
        printed.keep_layout(db, layout)
    job = printed.start_job(db, planned.order(cadres))
    issued = printed.issue(db, planned.wanted, key.new_serial, job)
    anonymous = printed.issue(db, planned.anonymous, key.new_serial, job)
    counts = planned.card_counts()
    cut = {
        form: printed.issue_cards(db, counts, form.id, campaign.round, key.new_serial, job) for form in cards
    }
    packets = tuple(planned.packets(issued, cut))
    return PrintPlan(job, packets, tuple(planned.bundles(issued, packets)), planned.shuffled(anonymous))


@dataclass
class _Plan:
    """What the packets will hold, gathered before anything is issued."""

    facts: Facts
    campaign: Campaign
    layouts: Mapping[str, Layout]
    spare: int
    asked: Collection[str]
    listing: Listing
    cards: tuple[Form, ...]
    subjects: dict[str, tuple[Subject, ...]] = field(default_factory=dict)  # cadre → whom to visit
    wanted: list[Wanted] = field(default_factory=list)
    anonymous: list[Wanted] = field(default_factory=list)
    copies: dict[str, Counter[str]] = field(default_factory=dict)  # anonymous form → cadre → how many
    used: dict[str, Layout] = field(default_factory=dict)  # by digest
    rows: dict[tuple[str, Subject], dict[str, tuple[Subject, ...]]] = field(default_factory=dict)
    _grown: dict[tuple[str, tuple[tuple[str, int], ...]], Layout] = field(default_factory=dict)
    _prefilled: dict[tuple[str, int], tuple[Field, ...]] = field(default_factory=dict)

    def add(self, cadre: str, subjects: Iterable[Subject]) -> None:
        """Note what one cadre gets, in the packet's order."""
        me = Subject("cadre", cadre)
        if self.facts.row(me) is None:
            raise KeyError(cadre)
        walk = tuple(sorted(subjects, key=self.facts.walking_key))
        self.subjects[cadre] = walk
        visits = [one for subject in walk for one in self._forms_about(subject, cadre)]
        loose = list(self._loose(cadre))
        forms = dict.fromkeys([*(one.form for one in visits), *self.asked])
        spares = [one for form in forms for one in self._spares(form, cadre)]
        unit = self._unit_of_liaison_officer(cadre)
        titles = {_content_title(self.used[one.layout].form) for one in (*visits, *loose, *spares)}
        mine = {"cadre", "unit"} if unit else {"cadre"}
        about_me = [one for one in self.layouts.values() if mine & set(one.form.subject_kinds)]
        content = len(titles) + len(about_me) + len(self.cards)
        own = [one for subject in (me, *unit) for one in self._own_forms(subject, cadre, walk, content)]
        self.wanted += [*sorted(own, key=_rank), *visits, *loose, *spares]
        for one in visits:
            self._add_anonymous_pages(self.layouts[one.form], cadre)
        for layout in self.layouts.values():
            if layout.form.anonymous:  # a questionnaire for every cadre
                for _ in range(max(layout.form.per_cadre, 1)):
                    self._add_anonymous_pages(layout, cadre)

    def order(self, cadres: Sequence[str]) -> dict[str, Any]:
        """The print job, for the record."""
        return {
            "cadres": list(cadres),
            "forms": list(self.layouts),
            "spare": self.spare,
            "round": self.campaign.round,
            printed.ANONYMOUS: self.copies,
        }

    def add_units(self) -> None:
        """Note each unit's list of the packets of those cadres who get one."""
        of_unit: dict[str, list[Subject]] = defaultdict(list)
        for cadre in self.subjects:
            me = Subject("cadre", cadre)
            row = self.facts.row(me)
            if row and row["unit"]:
                of_unit[row["unit"]].append(me)
        for unit, cadres in of_unit.items():
            for layout in self.layouts.values():
                if PACKET in lists(layout.form) and "unit" in layout.form.subject_kinds:
                    self.wanted += self._about(layout, Subject("unit", unit), None, cadres)

    def _unit_of_liaison_officer(self, cadre: str) -> list[Subject]:
        row = self.facts.row(Subject("cadre", cadre))
        return [Subject("unit", row["unit"])] if row and row["is_liaison_officer"] and row["unit"] else []

    def _own_forms(
        self, subject: Subject, cadre: str, walk: Sequence[Subject], content: int
    ) -> Iterator[Wanted]:
        """The forms about a cadre or a unit that go into the cadre's packet. `content`: rows to list it."""
        for layout in self.layouts.values():
            if subject.kind in layout.form.subject_kinds and PACKET not in lists(layout.form):
                yield from self._about(layout, subject, cadre, walk, content)

    def _about(
        self, layout: Layout, subject: Subject, cadre: str | None, walk: Sequence[Subject], content: int = 0
    ) -> Iterator[Wanted]:
        """A form with tables, in the length that they need; none when there is nothing to list."""
        names = [*lists(layout.form)]
        rows = self.listing.of(layout.form.id, subject, names, walk)
        counts = {name: len(found) for name, found in rows.items()}
        if names and not any(counts.values()) and CONTENT not in names:
            return
        self.rows[layout.form.id, subject] = rows
        sides = self._long_enough(layout, counts | {CONTENT: content})
        yield self._wanted(sides, named_pages(sides), subject=subject, cadre=cadre)

    def _long_enough(self, layout: Layout, counts: Mapping[str, int]) -> Layout:
        form = grown(layout.form, counts)
        if form is layout.form:
            return layout
        key = form.id, tuple(lists(form).items())
        if key not in self._grown:
            self._grown[key] = place(form, layout.frame)
        return self._grown[key]

    def _forms_about(self, subject: Subject, cadre: str) -> Iterator[Wanted]:
        for layout in self.layouts.values():
            if subject.kind in layout.form.subject_kinds and named_pages(layout):
                yield self._wanted(layout, named_pages(layout), subject=subject, cadre=cadre)

    def _loose(self, cadre: str) -> Iterator[Wanted]:
        """Pages of the diary: a cadre's own, about whomever they turn out to be about."""
        for layout in self.layouts.values():
            if not layout.form.anonymous:
                for _ in range(layout.form.per_cadre):
                    yield self._wanted(layout, named_pages(layout), cadre=cadre, spare=True)

    def _spares(self, form: str, cadre: str) -> Iterator[Wanted]:
        if not self.spare or form not in self._spare_layouts:
            return
        layout = self._spare_layouts[form]
        for _ in range(self.spare):
            yield self._wanted(layout, named_pages(layout), cadre=cadre, spare=True)
            self._add_anonymous_pages(self.layouts[form], cadre)

    @cached_property
    def _spare_layouts(self) -> Mapping[str, Layout]:
        """Form → its spare's layout, of the forms about those who are visited."""
        codes = {kind: self.facts.codes(kind) for kind in VISITED}
        return {
            form: spares.spare(layout, codes)
            for form, layout in self.layouts.items()
            if set(layout.form.subject_kinds) & set(VISITED)
        }

    def _add_anonymous_pages(self, layout: Layout, cadre: str) -> None:
        """That a cadre gets copies is on record; which ones is not."""
        pages = anonymous_pages(layout)
        if pages:
            self.copies.setdefault(layout.form.id, Counter())[cadre] += 1
            self.anonymous.append(self._wanted(layout, pages, anonymous=True))

    def _wanted(self, layout: Layout, pages: tuple[int, ...], **more: Any) -> Wanted:
        form = layout.form
        self.used[layout.digest] = layout
        return Wanted(layout.digest, form.id, form.version, pages, self.campaign.round, **more)

    def card_counts(self) -> dict[str, int]:
        """One card for each household, and some in hand."""
        least = self.campaign.quotas.cards_per_cadre_least
        counted = {cadre: sum(s.kind == "household" for s in walk) for cadre, walk in self.subjects.items()}
        return {cadre: max(count, least) for cadre, count in counted.items()}

    def packets(
        self, issued: Sequence[Issued], cards: Mapping[Form, Mapping[str, Sequence[str]]]
    ) -> Iterator[Packet]:
        mine: dict[str | None, list[Issued]] = defaultdict(list)
        for one in issued:
            mine[one.wanted.cadre].append(one)
        for cadre, walk in self.subjects.items():
            row = self.facts.row(Subject("cadre", cadre)) or {}
            about = self.facts.about(None, cadre)
            cut = {form: serials[cadre] for form, serials in cards.items()}
            content = self._contents(mine[cadre], {form: len(serials) for form, serials in cut.items()})
            yield Packet(
                cadre=row,
                unit=self.facts.row(Subject("unit", row["unit"])) if row["unit"] else None,
                subjects=walk,
                sheets=tuple(sheet for one in mine[cadre] for sheet in self._sheets(one, content)),
                cards=tuple(
                    PlannedCard(serial, form, facts_for(form.fields(), about))
                    for form, serials in cut.items()
                    for serial in serials
                ),
                reprinted=sum(len(one.serials) for one in mine[cadre] if one.reprint),
            )

    def _contents(self, mine: Sequence[Issued], cards: Mapping[Form, int]) -> dict[str, str]:
        """The facts of a packet's table of contents: what is in it, how many of it, on how many sides."""
        counted: dict[str, list[int]] = {}
        for one in mine:
            layout = self.used[one.wanted.layout]
            counts = counted.setdefault(_content_title(layout.form), [0, 0])
            counts[0] += 1
            counts[1] += len(one.serials)
        rows = [(title, f"{copies} 份", f"{sides} 面") for title, (copies, sides) in counted.items()]
        rows += [(f"{form.title}（另附）", f"{count} 张", "") for form, count in cards.items() if count]
        return {
            f"{CONTENT}_{n}.{key}": words
            for n, row in enumerate(rows, 1)
            for key, words in zip(("title", "copies", "sides"), row, strict=True)
        }

    def bundles(self, issued: Sequence[Issued], packets: Sequence[Packet]) -> Iterator[Bundle]:
        """Each unit's list and whose packets follow it."""
        of_unit: dict[str, list[Packet]] = defaultdict(list)
        for packet in packets:
            if packet.unit:
                of_unit[packet.unit["code"]].append(packet)
        lists_of: dict[str, list[Issued]] = defaultdict(list)
        for one in issued:
            subject = one.wanted.subject
            if one.wanted.cadre is None and subject and subject.kind == "unit":
                lists_of[subject.code].append(one)
        for unit, some in of_unit.items():
            counts = {packet.cadre["code"]: _packet_counts(packet) for packet in some}
            sheets = (s for one in lists_of[unit] for s in self._sheets(one, self._packet_rows(one, counts)))
            assert some[0].unit is not None
            yield Bundle(some[0].unit, tuple(sheets), tuple(packet.cadre["code"] for packet in some))

    def _packet_rows(self, issued: Issued, counts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """What a unit's list says of each packet beyond whose it is."""
        subject = issued.wanted.subject
        assert subject is not None
        listed = self.rows[issued.wanted.form, subject].get(PACKET, ())
        return {
            f"{PACKET}_{n}.{key}": words
            for n, cadre in enumerate(listed, 1)
            for key, words in counts.get(cadre.code, {}).items()
        }

    def _sheets(
        self, issued: Issued, more: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[PlannedSheet]:
        """The sides of a form. `more`: facts beside those of the roster."""
        wanted = issued.wanted
        layout = self.used[wanted.layout]
        about = {} if wanted.anonymous else self.facts.about(wanted.subject, wanted.cadre)
        listed = self.rows.get((wanted.form, wanted.subject), {}) if wanted.subject else {}
        for name, subjects in listed.items():
            about = about | self.facts.of_rows(name, subjects)
        if listed or CONTENT in lists(layout.form):
            about = {**about, **more}
        for page, serial in sorted(issued.serials.items()):
            yield PlannedSheet(
                serial=serial,
                instance=issued.instance,
                layout=layout,
                page=page,
                subject=wanted.subject,
                cadre=wanted.cadre,
                facts=facts_for(self._fields(layout, page), about),
                spare=wanted.spare,
            )

    def _fields(self, layout: Layout, page: int) -> tuple[Field, ...]:
        """The PREFILL fields of a side."""
        key = layout.digest, page
        if key not in self._prefilled:
            fields = (f for f in layout.fields_on_page(page) if f.kind is Kind.PREFILL)
            self._prefilled[key] = tuple(fields)
        return self._prefilled[key]

    def shuffled(self, issued: Iterable[Issued]) -> tuple[PlannedSheet, ...]:
        """In the order of their random numbers; the sides of one form stay together."""
        found = sorted(issued, key=lambda one: (one.wanted.form, one.instance))
        return tuple(sheet for one in found for sheet in self._sheets(one))


def _rank(wanted: Wanted) -> int:
    return FIRST.index(wanted.form) if wanted.form in FIRST else len(FIRST)


def _content_title(form: Form) -> str:
    return f"{form.appendix} {form.title}".strip()


def _packet_counts(packet: Packet) -> dict[str, str]:
    return {
        "subjects": str(len(packet.subjects)),
        "sides": str(len(packet.sheets)),
        "cards": str(len(packet.cards)),
    }


def anonymous_pages(layout: Layout) -> tuple[int, ...]:
    """The sides that no person may be linked to: all of an anonymous form, or its anonymous pages."""
    return tuple(range(1, layout.pages + 1)) if layout.form.anonymous else layout.anonymous_pages


def named_pages(layout: Layout) -> tuple[int, ...]:
    """The sides that are about their subject."""
    apart = anonymous_pages(layout)
    return tuple(page for page in range(1, layout.pages + 1) if page not in apart)


def count_sheets(plan: PrintPlan) -> Counter[str]:
    """Form id → sides to print, anonymous ones included."""
    return Counter(sheet.layout.form.id for sheet in plan.sheets())
