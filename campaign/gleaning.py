"""Goes through what came back since last time, once, for opinions and for figures.

    standings that changed → their records → new and changed opinions (`campaign.opinions`)
                                           → what figures need of each (`store.gleanings`)

Running it again changes nothing. All of it is written in one transaction, so that stopping half-way
loses nothing but time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign import opinions
from campaign.config import Campaign
from campaign.judge import Status
from campaign.personal import is_personal
from campaign.records import Record, record_name, records
from campaign.standing import refresh
from forms.model import Kind
from store import Store, audit, gleanings
from store import opinions as kept
from store.gleanings import Gleaning
from store.standing import load_standings, load_traces

VISIT_DATE = "visit_date"
_SETTLED = (Status.ACCEPTED, Status.CORRECTED)
_AT_ONCE = 1000


@dataclass(frozen=True)
class Gleaned:
    """What a run did: records looked at, opinions registered, changed by later corrections or answers."""

    records: int
    registered: int
    changed: int


def glean(
    store: Store,
    campaign: Campaign,
    who: str,
    today: date | None = None,
    on_records: Callable[[int, int], None] = lambda done, total: None,
) -> Gleaned:
    """Bring opinions and figures up to date.

    today       the day from which an opinion counts whose form bears no date
    on_records  told how many of how many records were looked at; of 0 while nobody knows how many
    """
    today = today or date.today()
    taken = _Taken(campaign, on_records)
    refresh(store, campaign, taken.take)
    stale, gone, bases = _stale(store)
    left = [name for name in stale if name not in taken.found]
    for names in _batches(left):
        with store.read() as db:
            for record in records(db, campaign, instances=[i for name in names for i in stale[name]]):
                taken.take(record, bases[record.record])
        on_records(len(taken.found), len(stale))
    found, said, answers = list(taken.found.values()), taken.said, taken.answers
    if not stale and not gone:
        return Gleaned(0, 0, 0)
    with store.write() as db:
        gleanings.drop(db, gone)
        gleanings.put(db, found)
        looked_at = {one.record for one in found} | gone
        new, events = opinions.compare(kept.load(db, looked_at), said, today)
        kept.add(db, campaign.year, new, who)
        changed = kept.add_events(db, events, who)
        changed += kept.add_events(db, opinions.answered(kept.load(db), answers), who) if answers else 0
        if new or changed:
            audit.note(db, who, "opinions.glean", {"registered": len(new), "changed": changed})
    return Gleaned(len(found), len(new), changed)


class _Taken:
    """What is taken from records, each as soon as it is derived: a town's would not fit the memory."""

    def __init__(self, campaign: Campaign, on_records: Callable[[int, int], None]) -> None:
        self._campaign, self._on_records = campaign, on_records
        self.found: dict[str, Gleaning] = {}
        self.said: list[opinions.Said] = []
        self.answers: list[opinions.SlipAnswer] = []

    def take(self, record: Record, basis: str) -> None:
        self.found[record.record] = _gleaning(record, basis, self._campaign)
        self.said += opinions.said_in(record, self._campaign)
        self.answers += opinions.slip_answers(record)
        if len(self.found) % 100 == 0:
            self._on_records(len(self.found), 0)


def _stale(store: Store) -> tuple[dict[str, list[str]], set[str], dict[str, str]]:
    """Records to derive, each with its forms handed out; those gone; and every record's basis."""
    with store.read() as db:
        bases = {one.record: one.basis for one in load_standings(db)}
        known = gleanings.bases(db)
        changed = {record for record, basis in bases.items() if known.get(record) != basis}
        traces = load_traces(db) if changed else []
    stale: dict[str, list[str]] = defaultdict(list)
    for trace in traces:
        name = record_name(trace.form, trace.round, trace.subject, trace.instance)
        if name in changed:
            stale[name].append(trace.instance)
    return dict(sorted(stale.items())), set(known) - set(bases), bases


def _batches(names: list[str]) -> Iterator[list[str]]:
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))


def _gleaning(record: Record, basis: str, campaign: Campaign) -> Gleaning:
    return Gleaning(
        record=record.record,
        form=record.form,
        round=record.round,
        subject_kind=record.subject.kind if record.subject else None,
        subject=record.subject.code if record.subject else None,
        cadre=record.cadre,
        day=opinions.visit_day(record, campaign),
        answers={key: value for key, value in _answers(record) if value not in (None, [], "")},
        basis=basis,
    )


_COUNTED = (Kind.SINGLE, Kind.MULTIPLE, Kind.DIGITS)


def _answers(record: Record) -> Iterator[tuple[str, Any]]:
    for key, answer in record.answers.items():
        field = record.fields[key]
        if answer.status in _SETTLED and field.kind in _COUNTED and not is_personal(field):
            yield key, answer.value
