"""How often accepted answers are wrong: what blind keying of a random sample of them found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from sqlalchemy import Connection

from forms.model import Kind
from store import Correction, scanned, work

CLASS_OF = {
    Kind.SINGLE: "checkbox",
    Kind.MULTIPLE: "checkbox",
    Kind.DIGITS: "digits",
    Kind.DATE: "digits",
    Kind.TEXT: "handwriting",
    Kind.LINES: "handwriting",
}
"""The classes of `campaign.config.TargetErrors`. Whether there is a signature is in none."""
CLASS_NAMES = {"checkbox": "勾选", "digits": "数字", "handwriting": "手写"}
_Z = 1.959964
"""Normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True)
class ErrorRate:
    """Of `checked` accepted fields `wrong` were wrong."""

    checked: int
    wrong: int

    @property
    def rate(self) -> float:
        return self.wrong / self.checked if self.checked else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the true share (Wilson's: it holds for few or no errors too)."""
        n, p, z2 = self.checked, self.rate, _Z * _Z
        if not n:
            return 0.0, 1.0
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        low = 0.0 if not self.wrong else middle - half  # what rounding leaves of zero is not a finding
        return low, 1.0 if self.wrong == n else middle + half


def error_rates(db: Connection) -> Mapping[str, ErrorRate]:
    """Estimates by class of field: checkbox, digits, handwriting. Classes without a sample are left out."""
    checked: dict[str, int] = {}
    wrong: dict[str, int] = {}
    for serial, field, answer, accepted in work.samples(db):
        name = CLASS_OF.get(Kind(answer))
        said = settled([one for one in scanned.load_corrections(db, serial) if one.field == field])
        if said is None or name is None:
            continue
        checked[name] = checked.get(name, 0) + 1
        if said.value != accepted:
            wrong[name] = wrong.get(name, 0) + 1
    return {name: ErrorRate(checked[name], wrong.get(name, 0)) for name in sorted(checked)}


def settled(said: Sequence[Correction]) -> Correction | None:
    """What people say in the end that a field's value is: who saw the evidence goes over who keyed blindly.
    None when nobody said anything, or nobody can read it: that proves no reading right or wrong."""
    seen = [one for one in said if not one.blind] or said
    return seen[-1] if seen and not seen[-1].unreadable else None
