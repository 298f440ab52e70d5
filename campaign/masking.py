"""Hides what says who somebody is, for whoever does not need to know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaign.facts import Facts
from campaign.personal import PHONES, is_erased
from campaign.town import KIND_WORDS
from store import Subject

PRIVATE_KINDS = ("household", "notable")
"""Kinds of subjects whose names are a person's own; firms, villages and cadres go by their office."""
NAMES = frozenset({"host", "visited_name", "head"})
"""Fields of forms, by the last part of their key."""
WORDS = frozenset({"correction"})
"""Free words that are as a rule an address or a name."""


def mask_name(name: str) -> str:
    """王*明: the family name stays, so that two people can be told apart in talk."""
    if len(name) < 2:
        return "*" * len(name)
    last = name[-1] if len(name) > 2 else ""
    return name[0] + "*" * (len(name) - 1 - len(last)) + last


def mask_phone(number: str) -> str:
    """139****5678."""
    return number[:3] + "*" * max(len(number) - 7, 1) + number[-4:] if len(number) > 7 else "*" * len(number)


def mask_answer(key: str, value: Any) -> Any:
    """An answer of a form as others may see it."""
    part = key.rsplit(".", 1)[-1]
    if not isinstance(value, str) or not value or is_erased(value):
        return value
    if part in PHONES:
        return mask_phone(value)
    if part in NAMES:
        return mask_name(value)
    return "*" * len(value) if part in WORDS else value


def mask_row(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A row of a table: `names`: column → "name" or "phone"."""
    found = dict(row)
    for column, what in names.items():
        if isinstance(found.get(column), str):
            found[column] = (mask_phone if what == "phone" else mask_name)(found[column])
    return found


def name_of(facts: Facts, subject: Subject, unmasked: bool) -> str:
    """A subject's name, a person's own only when it may be seen."""
    name = facts.name(subject)
    hidden = not unmasked and subject.kind in PRIVATE_KINDS and name != subject.code
    return mask_name(name) if hidden else name


def who(facts: Facts, subject: Subject | None, unmasked: bool) -> str:
    """户 王*明（32041119920001001）; 干部问卷 when it is about nobody."""
    if subject is None:
        return "干部问卷"
    name = name_of(facts, subject, unmasked)
    code = "" if name == subject.code else f"（{subject.code}）"
    return f"{KIND_WORDS.get(subject.kind, '')} {name}{code}"
