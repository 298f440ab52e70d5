"""What a number may look like: the rules that a DIGITS or DATE field names, and its bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from forms.model import Field, Kind

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(0\d{2,3})?[2-9]\d{6,7}")


def _month_day(digits: str) -> bool:
    # A leap year, so that 0229 is a day.
    return _is_date(f"2000{digits}")


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return len(digits) == 8


RULES: Mapping[str, tuple[Callable[[str], bool], str]] = MappingProxyType(
    {
        "mobile": (lambda digits: bool(_MOBILE.fullmatch(digits)), "不是 11 位手机号码"),
        "phone": (
            lambda digits: bool(_MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits)),
            "不是手机或固定电话号码",
        ),
        "month_day": (lambda digits: len(digits) == 4 and _month_day(digits), "不是四位的月和日"),
    }
)
"""Name → (test, what is wrong when it fails)."""


def complaint(field: Field, digits: str) -> str:
    """What is wrong with `digits`, as written, in this field; empty when nothing is."""
    if field.kind is Kind.DATE:
        return "" if _is_date(digits) else "不是有效的日期"
    if field.rule and not RULES[field.rule][0](digits):
        return RULES[field.rule][1]
    if field.low is not None and int(digits) < field.low:
        return f"小于 {field.low}"
    if field.high is not None and int(digits) > field.high:
        return f"大于 {field.high}"
    return ""
