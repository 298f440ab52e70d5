"""What a person may answer to a field."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

from forms.model import Field, Kind, Value

LONGEST = 500


class AnswerError(ValueError):
    """Not an answer to this field; the message is for the clerk."""


def parse(field: Field, given: Any) -> Value:
    """The answer as it is stored (DESIGN §5); a blank one is None, or [] for multiple choice.

    Raises AnswerError.
    """
    match field.kind:
        case Kind.SINGLE:
            return _single(field, given)
        case Kind.MULTIPLE:
            return _multiple(field, given)
        case Kind.SIGNATURE:
            return bool(given)
        case _:
            return _written(field, _plain(given))


def _single(field: Field, given: Any) -> Value:
    if given is None:
        return None
    if given not in {option.key for option in field.options}:
        raise AnswerError("没有这个选项")
    return str(given)


def _multiple(field: Field, given: Any) -> Value:
    known = {option.key for option in field.options}
    if not isinstance(given, list | None) or not set(given or ()) <= known:
        raise AnswerError("没有这个选项")
    return sorted(set(given or ()))


def _plain(given: Any) -> str:
    if not isinstance(given, str | None):
        raise AnswerError("应为文字")
    return (given or "").strip()


def _written(field: Field, text: str) -> Value:
    if not text:
        return None
    if len(text) > LONGEST:
        raise AnswerError(f"最多 {LONGEST} 个字")
    if field.kind is Kind.DIGITS:
        return _digits(field, unicodedata.normalize("NFKC", text))
    if field.kind is Kind.DATE:
        return _date(unicodedata.normalize("NFKC", text))
    return text


def _digits(field: Field, text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise AnswerError("只能填数字")
    if len(text) > field.cells:
        raise AnswerError(f"最多 {field.cells} 位")
    return text


def _date(text: str) -> str:
    plain = text.replace("-", "")
    try:
        if len(plain) != 8:
            raise ValueError
        return date(int(plain[:4]), int(plain[4:6]), int(plain[6:])).isoformat()
    except ValueError:
        raise AnswerError("应为八位日期，如 20170406") from None
