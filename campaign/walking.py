"""The order in which a visitor walks: village, group, door, as people count and not as text sorts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_PARTS = re.compile(r"\d+|[零〇一二三四五六七八九十百]+|[^\d零〇一二三四五六七八九十百]+")

Natural = tuple[tuple[int, int, str], ...]


def natural(text: str | None) -> Natural:
    """A sort key: 2号 before 10号, 二组 before 十组, and nothing before something."""
    parts = _PARTS.findall(unicodedata.normalize("NFKC", text or ""))
    return tuple(_part(part) for part in parts)


def _part(part: str) -> tuple[int, int, str]:
    if part.isdecimal():
        return 0, int(part), ""
    number = _han_number(part)
    return (1, 0, part) if number is None else (0, number, "")


def _han_number(part: str) -> int | None:
    """The number that 二十三 or 一百零五 writes (below 1,000), None for any other word."""
    total = digit = 0
    for character in part:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            return None
    return total + digit


def household_key(household: Mapping[str, Any], group: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """The place of a household on the walk through its town."""
    number = natural(group["number"] if group else household["group"])
    return household["village"], number, household["group"], natural(household["door"]), household["code"]
