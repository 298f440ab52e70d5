"""Revisits (回访): whom to visit again, why, and by whom (domain.md §1, row 29).

    wanted_again   after a round: who said something that is not answered, was not met, never came back, …
    duties_again   the next round's duties: these subjects alone, each with the cadre who knows them

A round whose duties all come from here only goes back to some: coverage and checks ask for no others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from campaign.assign import propose
from campaign.breaches import OWNED_KINDS, REVISIT
from campaign.config import Campaign, Quotas
from campaign.facts import Facts
from campaign.ledger import Visit, visits_of
from campaign.masking import name_of
from campaign.opinions import Opinion, State
from campaign.roster import Roster
from campaign.town import KIND_WORDS, WHOM_COLUMNS
from store import Duty, Subject, gleanings, roster

REVISIT_COLUMNS = {
    **WHOM_COLUMNS,
    "why": "回访原因",
    "opinions": "意见编号",
    "said": "意见内容",
    "note": "备注",
}


class Why(StrEnum):
    """Why somebody is to be visited again, the most pressing first."""

    UNANSWERED = "unanswered"
    DISSATISFIED = "dissatisfied"
    MEASURE = "measure"
    NOT_MET = "not_met"
    NOT_RETURNED = "not_returned"


WHY_WORDS = {
    Why.UNANSWERED: "意见尚未答复",
    Why.DISSATISFIED: "对办理不满意",
    Why.MEASURE: "采纳或列入计划的事项待核实",
    Why.NOT_MET: "上次未见到人",
    Why.NOT_RETURNED: "尚未走访（表未交回）",
}
_NOT_MET = ("not_home", "vacant", "refused", "wrong_information")
"""Results after which somebody may yet be met; who moved away is for the roster."""
_ADOPTED = ("adopted", "partly")


@dataclass(frozen=True)
class Again:
    """A subject to be visited again. `declined`: the form says that no revisit is wanted: a call will do."""

    subject: Subject
    cadre: str
    why: tuple[Why, ...]
    opinions: tuple[Opinion, ...]
    declined: bool = False


def wanted_again(db: Connection, campaign: Campaign, opinions: Sequence[Opinion]) -> list[Again]:
    """After the campaign's round: whom its duties leave to be visited again, in the order of subjects.

    Bring the gleanings up to date first (`campaign.gleaning`).
    """
    visits = visits_of(db, campaign)
    declined = {
        one.about for one in gleanings.load(db, campaign.round) if one.answers.get("revisit_accepted") == "no"
    }
    said: dict[Subject | None, list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        if opinion.state is not State.WITHDRAWN:
            said[opinion.subject].append(opinion)
    found = []
    for duty in roster.load_duties(db, campaign.round):
        subject = duty.subject
        reasons = _reasons(visits.get(subject), said[subject]) if subject.kind in OWNED_KINDS else {}
        if reasons:
            behind = tuple(one for some in reasons.values() for one in some)
            found.append(Again(subject, duty.cadre, tuple(reasons), behind, subject in declined))
    return found


def _reasons(visit: Visit | None, said: Iterable[Opinion]) -> dict[Why, list[Opinion]]:
    """Reason → the opinions behind it."""
    found: dict[Why, list[Opinion]] = defaultdict(list)
    for opinion in said:
        if opinion.satisfaction == "dissatisfied":
            found[Why.DISSATISFIED].append(opinion)
        elif opinion.result == "planned" or opinion.adoption in _ADOPTED:
            found[Why.MEASURE].append(opinion)
        elif opinion.replied_on is None:
            found[Why.UNANSWERED].append(opinion)
    if visit is None:
        found[Why.NOT_RETURNED] = []
    elif visit.result in _NOT_MET:
        found[Why.NOT_MET] = []
    return {why: found[why] for why in Why if why in found}


def duties_again(
    people: Roster,
    wanted: Iterable[Subject],
    before: Sequence[Duty],
    existing: Sequence[Duty],
    quotas: Quotas,
) -> list[Duty]:
    """The duties of a revisit round: these subjects, and those that it has already. Each stays with the
    cadre who has it in this round, or had it in the round `before`; of whoever left the roster, others
    take over by the usual rules."""
    chosen = {*wanted, *(duty.subject for duty in existing)}
    everybody = propose(people, [*existing, *as_before(before)], quotas)
    return [replace(duty, source=REVISIT) for duty in everybody if duty.subject in chosen]


def as_before(duties: Iterable[Duty]) -> list[Duty]:
    """What a round begins with: the cadres of the one before, the workbook's orders for that included."""
    return [replace(duty, source="earlier") for duty in duties]


def revisit_rows(facts: Facts, found: Iterable[Again], unmasked: bool = False) -> list[dict[str, Any]]:
    """A row for each (`REVISIT_COLUMNS`), by cadre and on the way from door to door."""
    walks: dict[str, list[Again]] = defaultdict(list)
    for one in found:
        walks[one.cadre].append(one)
    return [
        _row(facts, one, n, unmasked)
        for _, walk in sorted(walks.items())
        for n, one in enumerate(sorted(walk, key=lambda one: facts.walking_key(one.subject)), 1)
    ]


def _row(facts: Facts, again: Again, number: int, unmasked: bool) -> dict[str, Any]:
    row = facts.row(again.subject) or {}
    return {
        "cadre": again.cadre,
        "cadre_name": facts.name(Subject("cadre", again.cadre)),
        "number": number,
        "kind": KIND_WORDS.get(again.subject.kind, again.subject.kind),
        "code": again.subject.code,
        "name": name_of(facts, again.subject, unmasked),
        "place": facts.place(again.subject),
        "door": row.get("door") or "",
        "why": "；".join(WHY_WORDS[why] for why in again.why),
        "opinions": "、".join(one.number for one in again.opinions),
        "said": "；".join(one.text.rstrip("。；") for one in again.opinions),
        "note": "不愿再受访，可电话答复" if again.declined else "",
    }
