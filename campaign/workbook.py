"""The roster workbook: its sheets and columns, as town offices keep them (domain.md §3).

One table of facts, from which the template is written, the rows are checked and the sample town is
made. Codes refer to each other by the `refers` column: `户` names its village by 村编码.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class CellKind(StrEnum):
    TEXT = "text"
    CODE = "code"  # digits and letters, kept as text: never a rounded number
    COUNT = "count"  # whole number from 0
    PHONE = "phone"  # mobile or landline
    CREDIT_CODE = "credit_code"  # 统一社会信用代码: a wrong check character is a warning (domain.md §3)
    FLAG = "flag"  # 是 / 否
    TAGS = "tags"  # several of `choices`, separated by 、


@dataclass(frozen=True)
class Column:
    """A column: its heading, its name in code, and what its cells may hold."""

    heading: str
    key: str
    kind: CellKind = CellKind.TEXT
    required: bool = False
    refers: str = ""  # the table whose code this is
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SheetSpec:
    """A sheet: its tab's name, the table it fills, and its columns; the first column is the code."""

    name: str
    table: str
    columns: tuple[Column, ...]


CADRE_TYPES = ("党政领导", "机关", "事业", "村干部", "其他")
HOUSEHOLD_TAGS = ("组干部", "党员代表", "困难群众", "能人贤士", "创业户", "一般户")
ENTERPRISE_CATEGORIES = ("区镇重点企业", "中小企业")
LINES = ("企业", "群众", "干部", "名士")

C = CellKind
SHEETS: tuple[SheetSpec, ...] = (
    SheetSpec(
        "单位",
        "units",
        (
            Column("单位编码", "code", C.CODE, required=True),
            Column("名称", "name", required=True),
            Column("类型", "type"),
            Column("负责人", "head"),
            Column("联络员", "liaison_officer"),
            Column("分管领导", "leader"),
            Column("牵头线", "line", choices=LINES),
            Column("电话", "phone", C.PHONE),
        ),
    ),
    SheetSpec(
        "村（社区）",
        "villages",
        (
            Column("村编码", "code", C.CODE, required=True),
            Column("名称", "name", required=True),
            Column("类型", "type", choices=("村", "社区")),
            Column("书记", "secretary"),
            Column("主任", "director"),
            Column("电话", "phone", C.PHONE),
            Column("户数", "households", C.COUNT),
            Column("人口", "population", C.COUNT),
            Column("是否重点村", "focus", C.FLAG),
        ),
    ),
    SheetSpec(
        "干部名册",
        "cadres",
        (
            Column("工号", "code", C.CODE, required=True),
            Column("姓名", "name", required=True),
            Column("性别", "sex", choices=("男", "女")),
            Column("单位", "unit", C.CODE, refers="units"),
            Column("职务", "position"),
            Column("干部类型", "type", required=True, choices=CADRE_TYPES),
            Column("手机", "mobile", C.PHONE),
            Column("是否联络员", "is_liaison_officer", C.FLAG),
            Column("蹲点村", "stationed_village", C.CODE, refers="villages"),
        ),
    ),
    SheetSpec(
        "村民小组",
        "groups",
        (
            Column("组编码", "code", C.CODE, required=True),
            Column("村编码", "village", C.CODE, required=True, refers="villages"),
            Column("组号", "number", required=True),
            Column("组长", "head"),
            Column("户数", "households", C.COUNT),
        ),
    ),
    SheetSpec(
        "户",
        "households",
        (
            Column("户码", "code", C.CODE, required=True),
            Column("村", "village", C.CODE, required=True, refers="villages"),
            Column("组", "group", C.CODE, required=True, refers="groups"),
            Column("户主", "head", required=True),
            Column("门牌", "door"),
            Column("户籍人口", "registered", C.COUNT),
            Column("电话", "phone", C.PHONE),
            Column("类别", "tags", C.TAGS, choices=HOUSEHOLD_TAGS),
            Column("备注", "note"),
        ),
    ),
    SheetSpec(
        "企业",
        "enterprises",
        (
            Column("企业码", "code", C.CODE, required=True),
            Column("名称", "name", required=True),
            Column("统一社会信用代码", "credit_code", C.CREDIT_CODE),
            Column("类别", "category", required=True, choices=ENTERPRISE_CATEGORIES),
            Column("村", "village", C.CODE, refers="villages"),
            Column("法定代表人", "legal_person"),
            Column("联系人", "contact"),
            Column("电话", "phone", C.PHONE),
            Column("行业", "industry"),
        ),
    ),
    SheetSpec(
        "项目",
        "projects",
        (
            Column("项目码", "code", C.CODE, required=True),
            Column("名称", "name", required=True),
            Column("建设单位", "builder"),
            Column("类别", "category"),
            Column("阶段", "phase"),
            Column("村", "village", C.CODE, refers="villages"),
            Column("负责人", "head"),
        ),
    ),
    SheetSpec(
        "名士",
        "notables",
        (
            Column("名士码", "code", C.CODE, required=True),
            Column("姓名", "name", required=True),
            Column("界别", "sector"),
            Column("单位职务", "position"),
            Column("居住地", "residence"),
            Column("责任单位", "unit", C.CODE, refers="units"),
            Column("联系方式", "contact"),
        ),
    ),
    SheetSpec(
        "走访安排",
        "assignments",
        (
            Column("走访人工号", "cadre", C.CODE, required=True, refers="cadres"),
            Column("对象类型", "kind", required=True, choices=("企业", "项目", "村", "组", "户", "名士")),
            Column("对象编码", "subject", C.CODE, required=True),
        ),
    ),
    SheetSpec(
        "单位挂钩村",
        "unit_villages",
        (
            Column("单位编码", "unit", C.CODE, required=True, refers="units"),
            Column("村编码", "village", C.CODE, required=True, refers="villages"),
        ),
    ),
)
SHEET_OF_TABLE: Mapping[str, SheetSpec] = MappingProxyType({sheet.table: sheet for sheet in SHEETS})
