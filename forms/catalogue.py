"""Reads form definitions from YAML, strictly: every error at once, with file and line.

pages:
  - sections:
      - title: 走访情况
        rows:
          - use: visit                       # rows of visit.block.yaml
          - - {key: phone, label: 电话, kind: digits, cells: 11, rule: mobile}
          - matrix: {options: {good: 好, poor: 差}, fields: {roads: 道路, water: 供水}}
      - {title: 意见建议, repeat: {block: opinion, prefix: opinion, count: 2}}
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from pydantic import Field as PydanticField
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from forms.model import Check, Field, Form, Kind, Option, Page, Required, Row, Section

Model = TypeVar("Model", bound=BaseModel)
_BLOCK = ".block.yaml"
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class FormError(Exception):
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


def load_catalogue(override: Path | None = None) -> Catalogue:
    """The forms that ship with zoufang, replaced or joined by those in the folder `override`.

    Raises FormError with every error of every file.
    """
    blocks: dict[str, str] = {}
    sources: dict[str, str] = {}
    for folder in _folders(override):
        for path in sorted(folder.glob("*.yaml")):
            (blocks if path.name.endswith(_BLOCK) else sources)[path.name] = path.read_text("utf-8")

    errors: list[str] = []
    rows: dict[str, list[_Row]] = {}
    for file, text in blocks.items():
        try:
            rows[file.removesuffix(_BLOCK)] = _parse(_Block, text, file).rows
        except FormError as error:
            errors += error.errors
    found: list[Form] = []
    for file, text in sources.items():
        try:
            found.append(_parse(_Form, text, file).build(rows))
        except FormError as error:
            errors += [e if e.startswith(file) else f"{file}：{e}" for e in error.errors]
    repeated = [form_id for form_id, n in Counter(form.id for form in found).items() if n > 1]
    errors += [f"表单编号 {form_id} 出现在多个文件中，请只保留一个" for form_id in repeated]
    if errors:
        raise FormError(errors)
    return Catalogue({form.id: form for form in sorted(found, key=lambda f: f.id)})


def _folders(override: Path | None) -> list[Path]:
    shipped = Path(os.fspath(files("forms")))  # type: ignore[call-overload]
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
    rule: Literal["", "mobile", "phone", "month_day"] = ""
    low: int | None = None
    high: int | None = None
    unit: str = ""
    vocabulary: str = ""
    critical: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs: dict[str, tuple[bool, str]] = {
            "single": (bool(self.options), "options（选项）"),
            "multiple": (bool(self.options), "options（选项）"),
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


_Row = list[_Field] | _MatrixRow | _Use


class _Block(_Strict):
    rows: list[_Row]


class _Repeat(_Strict):
    block: str
    prefix: Key
    count: int = PydanticField(ge=1, le=20)


class _Section(_Strict):
    title: str = ""
    rows: list[_Row] = []
    together: bool = False
    repeat: _Repeat | None = None

    def build(self, blocks: Mapping[str, list[_Row]]) -> Iterator[Section]:
        if self.repeat is None:
            yield Section(self.title, tuple(_rows(self.rows, blocks)), self.together)
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
    sides: int = PydanticField(default=1, ge=1, le=9)

    def build(self, blocks: Mapping[str, list[_Row]]) -> Page:
        sections = tuple(built for section in self.sections for built in section.build(blocks))
        return Page(sections, self.title, self.note, self.anonymous, self.sealed, self.sides)


class _Check(_Strict):
    rule: str
    message: str


class _Completed(_Strict):
    field: str
    option: str


class _Form(_Strict):
    id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z][0-9A-Z-]{0,5}$")]
    version: int = PydanticField(ge=1)
    title: str
    appendix: str = ""
    subject_kinds: list[
        Literal["household", "enterprise", "project", "village", "cadre", "notable", "unit"]
    ] = []
    kind: Literal["sheet", "card"] = "sheet"
    anonymous: bool = False
    landscape: bool = False
    instruction: str = ""
    completed: _Completed | None = None
    checks: list[_Check] = []
    pages: list[_Page]

    def build(self, blocks: Mapping[str, list[_Row]]) -> Form:
        form = Form(
            id=self.id,
            version=self.version,
            title=self.title,
            appendix=self.appendix,
            subject_kinds=tuple(self.subject_kinds),
            pages=tuple(page.build(blocks) for page in self.pages),
            checks=tuple(Check(check.rule, check.message) for check in self.checks),
            completed=(self.completed.field, self.completed.option) if self.completed else None,
            anonymous=self.anonymous,
            instruction=self.instruction,
            landscape=self.landscape,
            kind=self.kind,
        )
        keys = Counter(field.key for field in form.fields())
        errors = [f"字段 {key} 重复出现 {n} 次" for key, n in keys.items() if n > 1]
        if form.completed and form.completed[0] not in keys:
            errors.append(f"completed 指向的字段 {form.completed[0]} 不存在")
        if errors:
            raise FormError(errors)
        return form


def _rows(rows: list[_Row], blocks: Mapping[str, list[_Row]], prefix: str = "") -> Iterator[Row]:
    for row in rows:
        if isinstance(row, _Use):
            if row.use not in blocks:
                raise FormError([f"没有名为 {row.use} 的公用块（{row.use}.block.yaml）"])
            yield from _rows(blocks[row.use], blocks, prefix)
        elif isinstance(row, _MatrixRow):
            yield row.matrix.build(prefix)
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
        at = [(_line(data, e["loc"]), _where(e["loc"]), e["msg"]) for e in error.errors()]
        lines = [f"{file} 第 {line} 行：{where} {what}" for line, where, what in at]
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
