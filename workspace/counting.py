"""How the answers of some sheets stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from campaign.judge import Status
from campaign.records import Record


def count_answers(records: Iterable[Record], serials: Collection[str] | None = None) -> dict[str, int]:
    """Fields that came back, on these sheets or all: `fields`, and of them `accepted` and `needs_review`.

    What a person corrected, and what is blank and may be, counts as accepted.
    """
    statuses = Counter(
        answer.status
        for record in records
        for answer in record.answers.values()
        if answer.status is not Status.MISSING and (serials is None or answer.serial in serials)
    )
    review = statuses[Status.NEEDS_REVIEW]
    return {"fields": statuses.total(), "accepted": statuses.total() - review, "needs_review": review}
