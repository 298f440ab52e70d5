"""Rules across fields, e.g. `party_members <= max(registered, resident)`.

A rule is a Python expression of field keys, whole numbers, quoted option keys and dates, comparisons,
`+ - *`, `and or not`, `max` and `min`, and `blank(field)`. Numbers as written compare as numbers, dates
as dates. Where an operand was left blank, or is not a number where one is needed, the rule says nothing.

`subject.groups` and the like are what the roster knows of whom the form is about (`campaign.facts`);
`subject.issued_date` is when an issue was handed over.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from forms.model import Value

Operand = int | str | bool | None
"""None: unknown, because something was left blank."""
_Evaluate = Callable[[Mapping[str, Value]], Operand]

_COMPARISONS: dict[type[ast.cmpop], Callable[[int | str, int | str], bool]] = {
    ast.LtE: operator.le,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_EXTREMES: dict[str, Callable[[list[int]], int]] = {"max": max, "min": min}


ROSTER = "subject."
"""What keys of the roster's facts begin with."""


class CheckError(ValueError):
    """A rule that cannot be understood; the message names it."""


@dataclass(frozen=True)
class Rule:
    """A parsed rule: its text and the keys of the fields that it is about."""

    text: str
    keys: frozenset[str]
    _evaluate: _Evaluate

    @property
    def asks_record(self) -> bool:
        """Whether it asks for more than the form itself says."""
        return any(key.startswith(ROSTER) for key in self.keys)

    def holds(self, values: Mapping[str, Value]) -> bool | None:
        """Whether the rule holds; None when it does not apply. Keys without a value are blank."""
        found = self._evaluate(values)
        return None if found is None else bool(found)


@lru_cache(maxsize=1000)
def parse(text: str) -> Rule:
    """Raises CheckError."""
    keys: set[str] = set()
    try:
        tree = ast.parse(text.strip(), mode="eval")
        evaluate = _build(tree.body, keys)
    except SyntaxError as error:
        raise CheckError(f"规则“{text}”写法有误（第 {error.offset or 1} 个字符附近）") from None
    except CheckError as error:
        raise CheckError(f"规则“{text}”写法有误：{error}") from None
    return Rule(text, frozenset(keys), evaluate)


def _build(node: ast.expr, keys: set[str]) -> _Evaluate:
    for kind, build in _NODES.items():
        if isinstance(node, kind):
            return build(node, keys)
    raise CheckError(f"不能使用“{ast.unparse(node)}”")


def _key(node: ast.expr) -> str:
    """`resident` or `opinion_1.text`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_key(node.value)}.{node.attr}"
    raise CheckError(f"“{ast.unparse(node)}”不是字段")


def _field(node: ast.expr, keys: set[str]) -> _Evaluate:
    key = _key(node)
    keys.add(key)
    return lambda values: _operand(values.get(key))


def _operand(value: Value) -> Operand:
    if isinstance(value, str) and value.strip():
        return int(value) if value.isascii() and value.isdigit() else value
    return value or None if isinstance(value, bool) else None


def _constant(node: ast.expr, keys: set[str]) -> _Evaluate:
    assert isinstance(node, ast.Constant)
    value = node.value
    if not isinstance(value, int | str):
        raise CheckError(f"不能使用“{ast.unparse(node)}”")
    return lambda values: value


def _comparison(node: ast.expr, keys: set[str]) -> _Evaluate:
    assert isinstance(node, ast.Compare)
    operands = [_build(operand, keys) for operand in (node.left, *node.comparators)]
    unknown = [op for op in node.ops if type(op) not in _COMPARISONS]
    if unknown:
        raise CheckError(f"不能使用“{ast.unparse(node)}”")
    compare = [_COMPARISONS[type(op)] for op in node.ops]

    def evaluate(values: Mapping[str, Value]) -> Operand:
        found = [operand(values) for operand in operands]
        pairs = zip(compare, found, found[1:], strict=False)
        return _all(_compared(test, left, right) for test, left, right in pairs)

    return evaluate


def _compared(test: Callable[[int | str, int | str], bool], left: Operand, right: Operand) -> bool | None:
    if left is None or right is None or isinstance(left, str) != isinstance(right, str):
        return None
    return test(left, right)


def _arithmetic(node: ast.expr, keys: set[str]) -> _Evaluate:
    assert isinstance(node, ast.BinOp)
    if type(node.op) not in _ARITHMETIC:
        raise CheckError(f"不能使用“{ast.unparse(node)}”")
    compute = _ARITHMETIC[type(node.op)]
    left, right = _build(node.left, keys), _build(node.right, keys)

    def evaluate(values: Mapping[str, Value]) -> Operand:
        a, b = left(values), right(values)
        return compute(a, b) if isinstance(a, int) and isinstance(b, int) else None

    return evaluate


def _logic(node: ast.expr, keys: set[str]) -> _Evaluate:
    assert isinstance(node, ast.BoolOp)
    parts = [_build(part, keys) for part in node.values]
    if isinstance(node.op, ast.And):
        return lambda values: _all(part(values) for part in parts)
    return lambda values: _not(_all(_not(part(values)) for part in parts))


def _negation(node: ast.expr, keys: set[str]) -> _Evaluate:
    assert isinstance(node, ast.UnaryOp)
    if not isinstance(node.op, ast.Not):
        raise CheckError(f"不能使用“{ast.unparse(node)}”")
    part = _build(node.operand, keys)
    return lambda values: _not(part(values))


def _call(node: ast.expr, keys: set[str]) -> _Evaluate:
    assert isinstance(node, ast.Call)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if node.keywords or not node.args:
        raise CheckError(f"不能使用“{ast.unparse(node)}”")
    if name == "blank" and len(node.args) == 1:
        key = _key(node.args[0])
        keys.add(key)
        return lambda values: values.get(key) in (None, "", [], False)
    if name not in _EXTREMES:
        raise CheckError(f"没有名为“{ast.unparse(node.func)}”的函数，可用 max、min、blank")
    extreme, parts = _EXTREMES[name], [_build(argument, keys) for argument in node.args]

    def evaluate(values: Mapping[str, Value]) -> Operand:
        found = [part(values) for part in parts]
        numbers = [number for number in found if isinstance(number, int)]
        return extreme(numbers) if len(numbers) == len(found) else None

    return evaluate


def _all(found: object) -> bool | None:
    """Whether all hold: unknown ones matter only when none of the others fails."""
    known = list(found)  # type: ignore[call-overload]
    if any(one is not None and not one for one in known):
        return False
    return None if None in known else True


def _not(found: Operand) -> bool | None:
    return None if found is None else not found


_NODES: dict[type[ast.expr], Callable[[ast.expr, set[str]], _Evaluate]] = {
    ast.Name: _field,
    ast.Attribute: _field,
    ast.Constant: _constant,
    ast.Compare: _comparison,
    ast.BinOp: _arithmetic,
    ast.BoolOp: _logic,
    ast.UnaryOp: _negation,
    ast.Call: _call,
}
