"""What to print: every cadre's packet, with serials that the database already knows.

    plan_print   duties of the cadres → forms → instances and sheets (new, or as issued before)
                 → packets in walking order, contact cards, spares; anonymous sides apart

Anonymous sides (a form that is anonymous, or an anonymous page of a form) are forms of their own in the
database, linked to nobody, and come shuffled in `PrintPlan.anonymous`, never in a cadre's packet: from
where they lie in it one could tell whose they are. Print them to a file of their own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from campaign.config import Campaign
from campaign.facts import Facts, facts_for
from campaign.walking import natural
from forms.model import Field, Form, Kind
from layouts.identity import Key
from layouts.model import Layout
from store import Issued, Subject, Wanted, printed, roster


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
class PrintPlan:
    """A print job: the packets asked for, and the anonymous sheets that belong to none of them."""

    job: int
    packets: tuple[Packet, ...]
    anonymous: tuple[PlannedSheet, ...]


def plan_print(
    db: Connection,
    key: Key,
    campaign: Campaign,
    layouts: Mapping[str, Layout],
    cards: Iterable[Form] = (),
    cadres: Sequence[str] = (),
    spare: int = 0,
) -> PrintPlan:
    """Plan, and write down, what these cadres get. Call it in a write transaction that ends before
    anything is printed: then every sheet on paper is in the database.

    layouts  form id → layout, of the forms to print, in the order of a packet; anonymous ones too
    cards    the card forms to print
    cadres   codes; unknown ones raise KeyError
    spare    empty sheets of each form in a packet, for whoever turns up in addition
    """
    for layout in layouts.values():
        printed.keep_layout(db, layout)
    facts = Facts.of(db, campaign)
    planned = _Plan(facts, campaign, layouts, spare)
    subjects: dict[str, list[Subject]] = defaultdict(list)
    for duty in roster.load_duties(db, campaign.round):
        subjects[duty.cadre].append(duty.subject)
    for cadre in cadres:
        planned.add(cadre, subjects[cadre])
    job = printed.start_job(db, {"cadres": list(cadres), "forms": list(layouts), "spare": spare})
    issued = printed.issue(db, planned.wanted, key.new_serial, job)
    anonymous = printed.issue(db, planned.anonymous, key.new_serial, job)
    counts = planned.card_counts()
    cut = {
        form: printed.issue_cards(db, counts, form.id, campaign.round, key.new_serial, job) for form in cards
    }
    return PrintPlan(job, tuple(planned.packets(issued, cut)), planned.shuffled(anonymous))


@dataclass
class _Plan:
    """What the packets will hold, gathered before anything is issued."""

    facts: Facts
    campaign: Campaign
    layouts: Mapping[str, Layout]
    spare: int
    subjects: dict[str, tuple[Subject, ...]] = field(default_factory=dict)  # cadre → whom to visit
    wanted: list[Wanted] = field(default_factory=list)
    anonymous: list[Wanted] = field(default_factory=list)

    @cached_property
    def prefilled(self) -> Mapping[tuple[str, int], tuple[Field, ...]]:
        """(form, page) → its PREFILL fields."""
        return {
            (form, page): tuple(f for f in layout.fields_on_page(page) if f.kind is Kind.PREFILL)
            for form, layout in self.layouts.items()
            for page in range(1, layout.pages + 1)
        }

    def add(self, cadre: str, subjects: Iterable[Subject]) -> None:
        """Note what one cadre gets: own forms, then the walk, then spares."""
        if self.facts.row(Subject("cadre", cadre)) is None:
            raise KeyError(cadre)
        walk = tuple(sorted(subjects, key=self._walking_key))
        self.subjects[cadre] = walk
        own = [Subject("cadre", cadre), *self._unit_of_liaison_officer(cadre)]
        mine = [one for subject in (*own, *walk) for one in self._forms_about(subject, cadre)]
        used = dict.fromkeys(one.form for one in mine)
        spares = [one for form in used for one in self._spares(self.layouts[form], cadre)]
        self.wanted += [*mine, *spares]
        for one in mine:
            self._add_anonymous_pages(self.layouts[one.form])
        for layout in self.layouts.values():
            if layout.form.anonymous:  # a questionnaire for every cadre
                self._add_anonymous_pages(layout)

    def _unit_of_liaison_officer(self, cadre: str) -> list[Subject]:
        row = self.facts.row(Subject("cadre", cadre))
        return [Subject("unit", row["unit"])] if row and row["is_liaison_officer"] and row["unit"] else []

    def _forms_about(self, subject: Subject, cadre: str) -> Iterator[Wanted]:
        for layout in self.layouts.values():
            if subject.kind in layout.form.subject_kinds and named_pages(layout):
                yield self._wanted(layout, named_pages(layout), subject=subject, cadre=cadre)

    def _spares(self, layout: Layout, cadre: str) -> Iterator[Wanted]:
        for _ in range(self.spare):
            yield self._wanted(layout, named_pages(layout), cadre=cadre, spare=True)
            self._add_anonymous_pages(layout)

    def _add_anonymous_pages(self, layout: Layout) -> None:
        pages = anonymous_pages(layout)
        if pages:
            self.anonymous.append(self._wanted(layout, pages, anonymous=True))

    def _wanted(self, layout: Layout, pages: tuple[int, ...], **more: Any) -> Wanted:
        form = layout.form
        return Wanted(layout.digest, form.id, form.version, pages, self.campaign.round, **more)

    def _walking_key(self, subject: Subject) -> tuple[Any, ...]:
        """Village by village; in each its own form, its firms, then from door to door."""
        row = self.facts.row(subject) or {}
        group = self.facts.row(Subject("group", row.get("group", ""))) or {}
        ranks = ("village", "enterprise", "project", "household")
        return (
            self.facts.village(subject) or "~",
            ranks.index(subject.kind) if subject.kind in ranks else len(ranks),
            natural(group.get("number")),
            row.get("group", ""),
            natural(row.get("door")),
            subject.code,
        )

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
            yield Packet(
                cadre=row,
                unit=self.facts.row(Subject("unit", row["unit"])) if row["unit"] else None,
                subjects=walk,
                sheets=tuple(sheet for one in mine[cadre] for sheet in self._sheets(one)),
                cards=tuple(
                    PlannedCard(serial, form, facts_for(form.fields(), about))
                    for form, serials in cards.items()
                    for serial in serials[cadre]
                ),
                reprinted=sum(len(one.serials) for one in mine[cadre] if one.reprint),
            )

    def _sheets(self, issued: Issued) -> Iterator[PlannedSheet]:
        wanted = issued.wanted
        layout = self.layouts[wanted.form]
        about = {} if wanted.anonymous else self.facts.about(wanted.subject, wanted.cadre)
        for page, serial in sorted(issued.serials.items()):
            yield PlannedSheet(
                serial=serial,
                instance=issued.instance,
                layout=layout,
                page=page,
                subject=wanted.subject,
                cadre=wanted.cadre,
                facts=facts_for(self.prefilled[wanted.form, page], about),
                spare=wanted.spare,
            )

    def shuffled(self, issued: Iterable[Issued]) -> tuple[PlannedSheet, ...]:
        """In the order of their random numbers; the sides of one form stay together."""
        found = sorted(issued, key=lambda one: (one.wanted.form, one.instance))
        return tuple(sheet for one in found for sheet in self._sheets(one))


def anonymous_pages(layout: Layout) -> tuple[int, ...]:
    """The sides that no person may be linked to: all of an anonymous form, or its anonymous pages."""
    return tuple(range(1, layout.pages + 1)) if layout.form.anonymous else layout.anonymous_pages


def named_pages(layout: Layout) -> tuple[int, ...]:
    """The sides that are about their subject."""
    apart = anonymous_pages(layout)
    return tuple(page for page in range(1, layout.pages + 1) if page not in apart)


def count_sheets(plan: PrintPlan) -> Counter[str]:
    """Form id → sides to print, anonymous ones included."""
    sheets = [sheet for packet in plan.packets for sheet in packet.sheets]
    return Counter(sheet.layout.form.id for sheet in (*sheets, *plan.anonymous))
