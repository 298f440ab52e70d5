"""Reads form definitions from YAML, strictly: every error at once, with file and line.

pages:
  - sections:
      - title: 走访情况
        rows:
          - use: visit                       # rows of visit.block.yaml
          - - {key: phone, label: 电话, kind: digits, cells: 11, rule: mobile}
          - matrix: {options: {good: 好, poor: 差}, fields: {roads: 道路, water: 供水}}
          - note: 一段只供阅读的文字。
          - numbers:                         # a table: what the roster says, □无误, cells for what is right
              - {key: households, label: 总户数, cells: 4, unit: 户, known: subject.households}
          - table:                           # one row per item of a list, prefilled with `row.…`
              list: walk
              rows: 14
              columns:
                - {key: name, label: 姓名, kind: prefill, source: row.name}
                - {key: date, label: 日期, kind: digits, cells: 4, rule: month_day}
      - {title: 意见建议, repeat: {block: opinion, prefix: opinion, count: 2}}
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files as resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic import Field as PydanticField
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from forms.checks import ROSTER, CheckError, parse
from forms.errors import ClerkError, what_is_wrong
from forms.model import Check, Field, Form, Kind, Option, Page, Required, Row, Section
from forms.rules import RULES

Model = TypeVar("Model", bound=BaseModel)
_BLOCK = ".block.yaml"
MOST_SIDES = 31
"""The number of a side is one character of its code (`layouts.identity`)."""
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class FormError(ClerkError):
    """A form definition that cannot be used. `errors` are lines for the person who wrote it."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class Catalogue:
    """The forms in force, by id, in the order of their appendix."""

    forms: Mapping[str, Form]

    def __getitem__(self, form_id: str) -> Form:
        return self.forms[form_id]

    def __contains__(self, form_id: object) -> bool:
        return form_id in self.forms

    def __iter__(self) -> Iterator[Form]:
        return iter(self.forms.values())


def load_catalogue(override: Path | None = None, files: Iterable[Path] = ()) -> Catalogue:
    """The forms that ship with zoufang, replaced or joined by those in the folder `override`, and by
    single `files`.

    Raises FormError with every error of every file, OSError.
    """
    blocks: dict[str, str] = {}
    sources: dict[str, str] = {}
    for path in (*(path for folder in _folders(override) for path in sorted(folder.glob("*.yaml"))), *files):
        (blocks if path.name.endswith(_BLOCK) else sources)[path.name] = path.read_text("utf-8")

    errors: list[str] = []
    parsed: dict[str, _Block] = {}
    for file, text in blocks.items():
        try:
            parsed[file.removesuffix(_BLOCK)] = _parse(_Block, text, file)
        except FormError as error:
            errors += error.errors
    found: list[Form] = []
    for file, text in sources.items():
        try:
            found.append(_parse(_Form, text, file).build(parsed))
        except FormError as error:
            errors += [e if e.startswith(file) else f"{where(file, text, e)}{e}" for e in error.errors]
    repeated = [form_id for form_id, n in Counter(form.id for form in found).items() if n > 1]
    errors += [f"表单编号 {form_id} 出现在多个文件中，请只保留一个" for form_id in repeated]
    if errors:
        raise FormError(errors)
    return Catalogue({form.id: form for form in sorted(found, key=lambda f: f.id)})


def where(file: str, text: str, message: str) -> str:
    """`2-5.yaml 第 12 行：`, the line being the first that has what the message puts between “ and ”, or
    a word of it that is a key there."""
    quoted = re.findall("“([^”]+)”", message)
    keys = re.findall(r"[a-z][a-z0-9_.]*", message)
    for wanted in (*quoted, *(rf"{key.rpartition('.')[2]}" for key in keys)):
        pattern = re.compile(rf"(?<![a-z0-9_]){re.escape(wanted)}(?![a-z0-9_])")
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                return f"{file} 第 {number} 行："
    return f"{file}："


def _folders(override: Path | None) -> list[Path]:
    shipped = Path(os.fspath(resources("forms")))  # type: ignore[call-overload]
    return [shipped, *([override] if override and override.is_dir() else [])]


# --- the YAML schema -----------------------------------------------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Field(_Strict):
    key: Key
    label: str
    kind: Literal["single", "multiple", "digits", "date", "text", "lines", "signature", "prefill"]
    options: dict[Key, str] = {}
    exclusive: list[str] = []
    required: Literal["no", "always", "if_completed"] = "no"
    source: str = ""
    cells: int = PydanticField(default=0, ge=0, le=20)
    lines: int = PydanticField(default=0, ge=0, le=20)
    max_choices: int = PydanticField(default=0, ge=0)
    width: float = PydanticField(default=0.0, ge=0, le=180)
    height: float = PydanticField(default=0.0, ge=0, le=100)
    rule: str = ""
    low: int | None = None
    high: int | None = None
    unit: str = ""
    vocabulary: str = ""
    critical: bool = False
    options_from: Literal["", "offices", "villages"] = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        choices = bool(self.options or self.options_from)
        needs: dict[str, tuple[bool, str]] = {
            "single": (choices, "options（选项）"),
            "multiple": (choices, "options（选项）"),
            "digits": (self.cells > 0, "cells（格数）"),
            "lines": (self.lines > 0, "lines（行数）"),
            "prefill": (bool(self.source), "source（名册中的来源）"),
        }
        present, what = needs.get(self.kind, (True, ""))
        if not present:
            raise ValueError(f"{self.key}：kind 为 {self.kind} 时必须写明 {what}")
        unknown = [key for key in self.exclusive if key not in self.options]
        if unknown:
            raise ValueError(f"{self.key}：exclusive 中的 {'、'.join(unknown)} 不在 options 里")
        if self.rule and self.rule not in RULES:
            raise ValueError(f"{self.key}：没有名为 {self.rule} 的 rule，可用：{'、'.join(RULES)}")
        return self

    def build(self, prefix: str = "") -> Field:
        values = self.model_dump(exclude={"options", "exclusive", "kind", "required", "key"})
        return Field(
            key=f"{prefix}.{self.key}" if prefix else self.key,
            kind=Kind(self.kind),
            options=tuple(Option(k, label, k in self.exclusive) for k, label in self.options.items()),
            required=Required(self.required),
            **{**values, "cells": 8 if self.kind == "date" else self.cells},
        )


class _Matrix(_Strict):
    options: dict[Key, str]
    fields: dict[Key, str]
    exclusive: list[str] = []
    required: Literal["no", "always", "if_completed"] = "no"

    def build(self, prefix: str) -> Row:
        fields = (
            _Field(
                key=key,
                label=label,
                kind="single",
                options=self.options,
                exclusive=self.exclusive,
                required=self.required,
            )
            for key, label in self.fields.items()
        )
        return Row(tuple(field.build(prefix) for field in fields), matrix=True)


class _Use(_Strict):
    use: str


class _MatrixRow(_Strict):
    matrix: _Matrix


class _Note(_Strict):
    note: str

    def build(self) -> Row:
        return Row((), words=self.note)


class _Table(_Strict):
    """Rows of a list: keys and sources are numbered, `row.name` in row 3 of `walk` is `walk_3.name`."""

    name: Key = PydanticField(alias="list")
    rows: int = PydanticField(ge=1, le=60)
    columns: list[_Field]
    label: str = ""

    def build(self, prefix: str) -> Iterator[Row]:
        for n in range(1, self.rows + 1):
            item = f"{prefix}.{self.name}_{n}" if prefix else f"{self.name}_{n}"
            fields = tuple(self._field(column, item, n) for column in self.columns)
            yield Row(fields, table=True, words=self.label or str(n))

    def _field(self, column: _Field, item: str, n: int) -> Field:
        own, dot, fact = column.source.partition(".")
        source = f"{item}.{fact}" if own == "row" and dot else column.source
        built = replace(column.build(item), column=column.label, source=source)
        return replace(built, label=f"{self.label}{n} {column.label}")


class _TableRow(_Strict):
    table: _Table


class _Number(_Strict):
    """A number that the roster may know: printed, to be confirmed by □无误, or else written anew."""

    key: Key
    label: str
    cells: int = PydanticField(ge=1, le=20)
    unit: str = ""
    known: str = ""
    required: Literal["no", "always", "if_completed"] = "no"
    low: int | None = None
    high: int | None = None

    def build(self, prefix: str) -> Row:
        given = self.model_dump(exclude={"known"})
        fields = [replace(_Field(kind="digits", **given).build(prefix), column="实际数")]
        if self.known:
            known = _Field(
                key=f"{self.key}_known",
                label=f"{self.label}（名册）",
                kind="prefill",
                source=self.known,
                width=13,
            )
            correct = _Field(
                key=f"{self.key}_correct",
                label=f"{self.label}无误",
                kind="single",
                options={"correct": "无误"},
            )
            told = (known.build(prefix), "名册数"), (correct.build(prefix), "无误")
            fields = [*(replace(field, column=column) for field, column in told), *fields]
        return Row(tuple(fields), table=True, words=self.label)


class _NumbersRow(_Strict):
    numbers: list[_Number]


def _sort_of_row(data: Any) -> str | None:
    if isinstance(data, list):
        return "_fields"
    known = ("matrix", "table", "numbers", "note", "use")
    return next((f"_{key}" for key in known if isinstance(data, Mapping) and key in data), None)


_AnyRow = Annotated[
    Annotated[list[_Field], Tag("_fields")]
    | Annotated[_MatrixRow, Tag("_matrix")]
    | Annotated[_TableRow, Tag("_table")]
    | Annotated[_NumbersRow, Tag("_numbers")]
    | Annotated[_Note, Tag("_note")]
    | Annotated[_Use, Tag("_use")],
    Discriminator(
        _sort_of_row,
        custom_error_type="row",
        custom_error_message="一行应是字段的列表，或 use、matrix、table、numbers、note 之一",
    ),
]
_Row = list[_Field] | _MatrixRow | _TableRow | _NumbersRow | _Note | _Use


class _Check(_Strict):
    rule: str
    message: str


class _Block(_Strict):
    """Rows that several forms share. In its checks `{row}` stands for the row's name, `opinion_2`."""

    rows: list[_AnyRow]
    checks: list[_Check] = []


class _Repeat(_Strict):
    block: str
    prefix: Key
    count: int = PydanticField(ge=1, le=20)


class _Section(_Strict):
    title: str = ""
    rows: list[_AnyRow] = []
    together: bool = False
    repeat: _Repeat | None = None
    columns: int = PydanticField(default=1, ge=1, le=3)
    running: bool = False

    def build(self, blocks: Mapping[str, _Block]) -> Iterator[Section]:
        if self.repeat is None:
            own = tuple(_rows(self.rows, blocks))
            yield Section(self.title, own, self.together, columns=self.columns, running=self.running)
            return
        for n in range(1, self.repeat.count + 1):
            rows = _rows([_Use(use=self.repeat.block)], blocks, f"{self.repeat.prefix}_{n}")
            title = self.title if n == 1 else ""
            yield Section(title, tuple(rows), together=True, number=chr(ord("①") + n - 1))


class _Page(_Strict):
    sections: list[_Section]
    title: str = ""
    note: str = ""
    anonymous: bool = False
    sealed: bool = False
    sides: int = PydanticField(default=1, ge=1, le=MOST_SIDES)

    def build(self, blocks: Mapping[str, _Block]) -> Page:
        sections = tuple(built for section in self.sections for built in section.build(blocks))
        return Page(sections, self.title, self.note, self.anonymous, self.sealed, self.sides)


class _Completed(_Strict):
    field: str
    option: str


class _Form(_Strict):
    id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z][0-9A-Z-]{0,5}$")]
    version: int = PydanticField(ge=1)
    title: str
    appendix: str = ""
    subject_kinds: list[
        Literal["household", "enterprise", "project", "village", "cadre", "notable", "unit", "issue"]
    ] = []
    kind: Literal["sheet", "card"] = "sheet"
    anonymous: bool = False
    landscape: bool = False
    instruction: str = ""
    completed: _Completed | None = None
    checks: list[_Check] = []
    per_cadre: int = PydanticField(default=0, ge=0, le=99)
    pages: list[_Page]

    def build(self, blocks: Mapping[str, _Block]) -> Form:
        form = Form(
            id=self.id,
            version=self.version,
            title=self.title,
            appendix=self.appendix,
            subject_kinds=tuple(self.subject_kinds),
            pages=tuple(page.build(blocks) for page in self.pages),
            checks=tuple(self._checks(blocks)),
            completed=(self.completed.field, self.completed.option) if self.completed else None,
            anonymous=self.anonymous,
            instruction=self.instruction,
            landscape=self.landscape,
            kind=self.kind,
            per_cadre=self.per_cadre,
        )
        errors = list(_contradictions(form))
        if errors:
            raise FormError(errors)
        return form

    def _checks(self, blocks: Mapping[str, _Block]) -> Iterator[Check]:
        yield from (Check(check.rule, check.message) for check in self.checks)
        sections = (section for page in self.pages for section in page.sections)
        for repeat in (section.repeat for section in sections if section.repeat):
            for n in range(1, repeat.count + 1):
                for check in blocks[repeat.block].checks:
                    yield Check(check.rule.replace("{row}", f"{repeat.prefix}_{n}"), check.message)


ON_ROSTER = frozenset(("village", "enterprise", "project", "notable"))
"""Kinds of subjects whose forms may be held against the roster; of households it knows little for sure."""
ON_RECORD = ON_ROSTER | {"issue"}
"""With those of whom the register of opinions knows something: when an issue was handed over."""


def _contradictions(form: Form) -> Iterator[str]:
    """What is wrong with a form although each of its lines is right."""
    keys = Counter(field.key for field in form.fields())
    yield from (f"字段 {key} 重复出现 {n} 次" for key, n in keys.items() if n > 1)
    if form.completed and form.completed[0] not in keys:
        yield f"completed 指向的字段 {form.completed[0]} 不存在"
    for check in form.checks:
        try:
            rule = parse(check.expression)
        except CheckError as error:
            yield str(error)
            continue
        unknown = sorted(key for key in rule.keys - keys.keys() if not key.startswith(ROSTER))
        yield from (f"规则“{check.expression}”中的字段 {key} 不存在" for key in unknown)
        if rule.asks_record and not set(form.subject_kinds) <= ON_RECORD:
            yield f"规则“{check.expression}”用到名册，只能用于村（社区）、企业、项目、名士的表和交办单"


def _rows(rows: list[_Row], blocks: Mapping[str, _Block], prefix: str = "") -> Iterator[Row]:
    for row in rows:
        if isinstance(row, _Use):
            if row.use not in blocks:
                raise FormError([f"没有名为 {row.use} 的公用块（{row.use}.block.yaml）"])
            yield from _rows(blocks[row.use].rows, blocks, prefix)
        elif isinstance(row, _MatrixRow):
            yield row.matrix.build(prefix)
        elif isinstance(row, _TableRow):
            yield from row.table.build(prefix)
        elif isinstance(row, _NumbersRow):
            yield from (number.build(prefix) for number in row.numbers)
        elif isinstance(row, _Note):
            yield row.build()
        else:
            yield Row(tuple(field.build(prefix) for field in row))


# --- parsing with line numbers -------------------------------------------------------------------


def _parse(model: type[Model], text: str, file: str) -> Model:
    try:
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FormError([f"{file} 第 {line} 行：不是有效的 YAML（{error.problem}）"]) from None
    try:
        return model.model_validate(_plain(data))
    except ValidationError as error:
        found = error.errors()
        at = [(_line(data, e["loc"]), _where(e["loc"]), what_is_wrong(e, _YAML_WRONG)) for e in found]
        lines = [f"{file} 第 {line} 行：{place} {what}" for line, place, what in at]
        raise FormError(list(dict.fromkeys(lines))) from None


def _plain(node: Any) -> Any:
    """ruamel's commented containers and scalars as the built-in types that strict mode wants."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for builtin in (bool, int, float, str):
        if isinstance(node, builtin):
            return builtin(node)
    return node


def _line(node: Any, location: tuple[int | str, ...]) -> int:
    """The line (from 1) of the deepest part of `location` that the file has."""
    line = 1
    for part in location:
        if str(part).startswith("_"):
            continue  # the sort of a row
        if not isinstance(node, Mapping | list) or isinstance(part, int) != isinstance(node, list):
            continue  # pydantic also names the union's branch
        try:
            line = node.lc.item(part)[0] + 1 if isinstance(node, list) else node.lc.key(part)[0] + 1  # type: ignore[attr-defined]
            node = node[part]  # type: ignore[index]
        except (KeyError, IndexError):
            break
    return line


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if not str(part).startswith(("_", "list[")))


_YAML_WRONG: Mapping[str, str] = {
    "list_type": "应是列表（每项以“- ”开头）",
    "dict_type": "应是“名称: 内容”的形式",
    "model_type": "应是“名称: 内容”的形式",
}
