"""Keeps how every record stands, so that figures about a whole town need not derive all of it anew.

A standing names what it was derived from; only records of which something was read, said or taken back
since are derived again. Deleting all standings loses nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from campaign.bulk import uncollected
from campaign.config import Campaign
from campaign.facts import Facts
from campaign.records import Record, record_name, records
from forms.catalogue import ON_ROSTER
from store import Store
from store.standing import Standing, Traces, drop_standings, load_standings, load_traces, put_standings

_LOGIC = 3
"""Raise it when `campaign.judge` or `campaign.records` comes to decide differently."""
_AT_ONCE = 1000


def refresh(
    store: Store, campaign: Campaign, on_record: Callable[[Record, str], None] = lambda record, basis: None
) -> int:
    """Bring the standings up to date. Returns how many records were derived again.

    on_record  told of each of them, with what it was derived from, so that nobody need derive it twice
    """
    with store.read() as db:
        traces = load_traces(db)
        facts = Facts.without_households(db, campaign)
        kept = {standing.record: standing.basis for standing in load_standings(db)}
    by_record: dict[str, list[Traces]] = defaultdict(list)
    for trace in traces:
        by_record[record_name(trace.form, trace.round, trace.subject, trace.instance)].append(trace)
    bases = {record: _basis(campaign, facts, found) for record, found in by_record.items()}
    stale = {record for record, basis in bases.items() if kept.get(record) != basis}
    gone = set(kept) - set(bases)
    if gone:
        with store.write() as db:
            drop_standings(db, gone)
    for batch in _batches(sorted(stale), _AT_ONCE):
        instances = [trace.instance for record in batch for trace in by_record[record]]
        with store.read() as db, uncollected():
            derived = []
            for one in records(db, campaign, instances=instances):
                on_record(one, bases[one.record])
                derived.append(_standing(one, bases))
        with store.write() as db, uncollected():
            put_standings(db, derived)
    return len(stale)


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _basis(campaign: Campaign, facts: Facts, traces: Sequence[Traces]) -> str:
    """Everything that a record is derived from: the settings, what the roster has to say of whom it is
    about, and the latest that was read and said."""
    rules = _LOGIC, campaign.acceptance, campaign.window(traces[0].round)
    about = traces[0].subject
    known = facts.about(about, None) if about and about.kind in ON_ROSTER else {}
    text = repr((rules, known, sorted((trace.instance, str(trace.marks)) for trace in traces)))
    return hashlib.sha256(text.encode()).hexdigest()


def _standing(record: Record, bases: Mapping[str, str]) -> Standing:
    return Standing(
        record=record.record,
        form=record.form,
        round=record.round,
        subject_kind=record.subject.kind if record.subject else None,
        subject=record.subject.code if record.subject else None,
        status=record.status.value,
        to_review=len(record.to_review),
        missing_pages=len(record.missing_pages),
        completed=record.completed,
        basis=bases[record.record],
    )
