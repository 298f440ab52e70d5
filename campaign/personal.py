"""What is personal: which answers, and which columns of the roster, say who somebody is or are in their hand.

Boxes that were ticked and numbers that were counted are not: of them the town's figures are made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from forms.model import Field, Kind, Value

PHONES = frozenset({"phone", "mobile", "contact"})
"""Fields of forms, by the last part of their key."""
_PHONE_RULES = frozenset({"phone", "mobile"})
_WRITTEN = (Kind.TEXT, Kind.LINES)

ERASED = "（已清除）"
"""Stands where something personal was."""
_ERASED = re.compile(r"（已清除\d*）")

NAME_COLUMNS: Mapping[str, str] = {"cadres": "name", "households": "head", "notables": "name"}
"""Table of the roster → the column with a person's name. A roster without names has codes there."""
PERSONAL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "units": ("head", "liaison_officer", "leader", "phone"),
    "villages": ("secretary", "director", "phone"),
    "cadres": ("sex", "mobile"),
    "groups": ("head",),
    "households": ("door", "phone", "tags", "note"),
    "enterprises": ("legal_person", "contact", "phone"),
    "projects": ("head",),
    "notables": ("position", "residence", "contact"),
}
"""Table of the roster → other columns about a person."""


def is_personal(field: Field) -> bool:
    """Whether an answer to this field is: handwriting, and telephone numbers."""
    phone = field.kind is Kind.DIGITS and (
        field.rule in _PHONE_RULES or field.key.rpartition(".")[2] in PHONES
    )
    return field.kind in _WRITTEN or phone


def is_erased(value: Value) -> bool:
    return isinstance(value, str) and bool(_ERASED.fullmatch(value))


class Tokens:
    """What stands in place of words that are erased: the same for the same words of a record's field, so that
    who agreed and who did not can still be told, and nothing else."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[str, str]] = {}

    def token(self, record: str, field: str, words: str) -> str:
        plain = " ".join(words.split())
        if not plain or is_erased(plain):
            return words
        known = self._known.setdefault((record, field), {})
        return known.setdefault(plain, f"（已清除{len(known) + 1}）" if known else ERASED)
