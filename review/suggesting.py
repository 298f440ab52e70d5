"""Words that a handwritten answer is likely to be: from the roster, and from what was typed before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any

from forms.model import Field, Kind
from review.office import Office
from store import roster, work
from store.work import Task

MOST = 6
TYPED_BEFORE = 200
_KEEP = 60.0
"""Seconds for which the roster's words are kept: loading them takes longer than a keystroke."""


def suggest(office: Office, db: Any, task: Task, field: Field, typed: str) -> list[str]:
    """The best few words for what was typed so far; for nothing typed, what others answered most."""
    if field.kind not in (Kind.TEXT, Kind.LINES):
        return []
    before = work.typed_before(db, task.form, task.field, TYPED_BEFORE)
    known = vocabulary(office, db, field.vocabulary)
    return best(typed.strip(), before, known)


def best(typed: str, before: Sequence[str], known: Sequence[str]) -> list[str]:
    words = list(dict.fromkeys([*before, *known]))
    if not typed:
        return before[:MOST] if isinstance(before, list) else list(before)[:MOST]
    begins = [word for word in words if word.startswith(typed) and word != typed]
    holds = [word for word in words if typed in word and not word.startswith(typed)]
    return list(dict.fromkeys([*begins, *holds, *_near(typed, words)]))[:MOST]


def _near(typed: str, words: Iterable[str]) -> list[str]:
    """Words that differ in a few characters: a name of which one was misread."""
    letters = set(typed)
    candidates = [word for word in words if letters & set(word) and word != typed]
    scored = [(SequenceMatcher(None, typed, word).ratio(), word) for word in candidates]
    return [word for score, word in sorted(scored, reverse=True) if score >= 0.5][:MOST]


def vocabulary(office: Office, db: Any, name: str) -> tuple[str, ...]:
    """A word list of the roster, at most a minute old."""
    if not name:
        return ()
    return office.recent.get("vocabularies", _KEEP, lambda: roster.vocabularies(db)).get(name, ())
