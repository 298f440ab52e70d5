"""A town that does not exist, complete enough for a campaign: its people, firms and who visits whom.

Sizes follow the plan: every leader has a village, three groups in it, and three key enterprises, small
enterprises and projects; every unit has one or two villages. Telephone numbers use prefixes that no
carrier has, so that none of them rings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xlsxwriter
from numpy.random import Generator
from stdnum.cn import uscc

from campaign.workbook import HOUSEHOLD_TAGS, SHEETS, CellKind
from samples import names

Cell = str | int | None
Row = Mapping[str, Cell]

TOWN = "槐川镇"
_REGION = "320411199"
"""新北区 and a town number that is not in use; villages add three digits."""
_IDLE_PREFIXES = ("154", "160", "163", "164", "168", "169", "179")
_PER_GROUP = 34
_PER_VILLAGE = 830
_VISITS_PER_CADRE = 30
_OFFICE_SHARE = 0.75
"""Share of the households that office cadres visit; the villages' own cadres visit the rest."""


@dataclass(frozen=True)
class Town:
    """`tables`: table name of `campaign.workbook` → rows, each a mapping of column key → cell."""

    name: str
    tables: Mapping[str, Sequence[Row]]

    def vocabularies(self) -> dict[str, tuple[str, ...]]:
        """The word lists that forms refer to."""
        return {"cadre_names": tuple(str(row["name"]) for row in self.tables["cadres"])}


def build_town(seed: int, households: int = 240) -> Town:
    """A town of so many households. The same seed makes the same town."""
    plan = _Plan(np.random.default_rng(seed), households)
    plan.settle()
    plan.staff()
    plan.house()
    plan.trade()
    plan.honour()
    plan.arrange()
    return Town(TOWN, {sheet.table: tuple(plan.rows[sheet.table]) for sheet in SHEETS})


def write_workbook(town: Town, path: Path) -> None:
    """The roster as an XLSX file with one sheet per table; codes and telephones are text.

    Raises OSError.
    """
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        bold = book.add_format({"bold": True, "bg_color": "#EEEEEE", "border": 1})
        text = book.add_format({"num_format": "@"})
        for spec in SHEETS:
            sheet = book.add_worksheet(spec.name)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(spec.columns) - 1, 16)
            for x, column in enumerate(spec.columns):
                sheet.write_string(0, x, column.heading, bold)
            for y, row in enumerate(town.tables[spec.table], 1):
                for x, column in enumerate(spec.columns):
                    cell = row[column.key]
                    if column.kind is CellKind.COUNT and isinstance(cell, int):
                        sheet.write_number(y, x, cell)
                    elif cell is not None:
                        sheet.write_string(y, x, str(cell), text)


# --- building ------------------------------------------------------------------------------------

_UNITS = (
    # name, type, the line that it leads
    ("经发局", "机关", "企业"),
    ("人社局", "机关", "群众"),
    ("农业局", "事业", "群众"),
    ("建设局", "机关", None),
    ("党政办", "机关", None),
    ("财政所", "事业", None),
    ("组织人事科", "机关", "干部"),
    ("宣统口", "机关", "名士"),
    ("督查组", "机关", None),
    ("环保站", "事业", None),
    ("安监站", "有关单位", None),
    ("派出所", "有关单位", None),
)
_LEADERS = (
    "党委书记", "镇长", "党委副书记", "纪委书记", "组织委员", "宣传委员", "副镇长", "副镇长", "人大主席",
    "人武部长", "党委委员", "副镇长",
)  # fmt: skip
_HEADS = {"局": "局长", "所": "所长", "站": "站长", "办": "主任", "组": "组长", "科": "科长", "口": "负责人"}
_LED_BY = {"党政办": 0, "督查组": 3, "组织人事科": 4, "宣统口": 5}
"""Units whose head is a leader; they have nobody of their own who owes visits."""
_INDUSTRIES = ("汽车零部件", "机械", "电子", "化工", "纺织", "农产品", "商贸服务", "其他")
_KINDS_OF_FIRM = ("汽车零部件", "精密机械", "电子科技", "化工材料", "纺织", "农业发展", "贸易", "建材")
_PROJECTS = names.words(
    "新能源汽车轻量化零部件生产线 智能装备产业园二期 镇区污水处理厂扩建 滆湖湿地生态修复 标准厂房三期 "
    "农贸市场改造 冷链物流中心 汽车电子研发楼 村级道路提升 安置小区四期 养老服务中心 光伏屋顶 "
    "高标准农田 制动系统技改 模具加工中心 小学迁建 热处理公共平台 生态茶园综合体"
)
_SECTORS = ("党外", "专家学者", "领军人才", "工商界", "海外社团", "海外友好", "中青年骨干")
_RESIDENCES = ("本镇", "市内", "国内", "港澳台", "海外")


@dataclass
class _Plan:
    """The town while it is being built; the steps are to be taken in the order of `build_town`."""

    rng: Generator
    households: int
    rows: dict[str, list[dict[str, Cell]]] = field(
        default_factory=lambda: {sheet.table: [] for sheet in SHEETS}
    )

    def settle(self) -> None:
        """Villages, communities and their groups."""
        count = max(6, round(self.households / _PER_VILLAGE))
        if count > len(names.VILLAGES):
            raise ValueError(f"at most {len(names.VILLAGES) * _PER_VILLAGE} households")
        communities = max(1, count // 10)
        for n in range(count):
            community = n >= count - communities
            number = n - (count - communities) + 1 if community else 200 + n
            name = names.COMMUNITIES[number - 1] + "社区" if community else names.VILLAGES[n] + "村"
            self._village(f"{_REGION}{number:03d}", name, "社区" if community else "村")
        for village, here in zip(self.rows["villages"], self._split(self.households, count), strict=True):
            village["households"] = here
            sizes = self._split(here, max(3, round(here / _PER_GROUP)))
            for n, size in enumerate(sizes, 1):
                code = f"{village['code']}{n:02d}"
                self._add("groups", code=code, village=village["code"], number=f"{n}组", households=size)

    def _village(self, code: str, name: str, kind: str) -> None:
        self._add("villages", code=code, name=name, type=kind, phone=self._landline())
        self._add(
            "units", code=f"V{code[-3:]}", name=f"{name}委会", type="村（社区）", phone=self._landline()
        )

    def staff(self) -> None:
        """Units with their cadres, leaders, and each village's own cadres."""
        for n, (name, kind, line) in enumerate(_UNITS, 1):
            self._add("units", code=f"D{n:02d}", name=name, type=kind, line=line, phone=self._landline())
        leaders = self._leaders()
        self.rows["villages"][0]["focus"] = "是"
        offices = [unit for unit in self.rows["units"] if unit["type"] in ("机关", "事业")]
        working = [unit for unit in offices if unit["name"] not in _LED_BY]
        needed = self._office_cadres(len(working))
        working = working[:needed]
        for n in range(needed):
            unit = working[n % len(working)]
            position = _HEADS[str(unit["name"])[-1]] if n < len(working) else "科员"
            self._cadre(unit, position, str(unit["type"]), liaison=n < len(working))
        for unit in self.rows["units"]:
            self._staff_rest(unit, leaders)
        for village in self.rows["villages"]:
            self._village_cadres(village)

    def _office_cadres(self, units: int) -> int:
        """How many cadres of 机关 and 事业 find enough households in the villages of their units."""
        per_village = int(self.households / len(self.rows["villages"]) * 0.94) // _VISITS_PER_CADRE
        wanted = int(self.households * _OFFICE_SHARE) // _VISITS_PER_CADRE
        return max(min(wanted, units * max(per_village, 1), 160), 3)

    def _leaders(self) -> list[dict[str, Cell]]:
        count = min(max(6, len(self.rows["villages"])), len(_LEADERS))
        office = next(unit for unit in self.rows["units"] if unit["name"] == "党政办")
        for n in range(count):
            leader = self._cadre(office, _LEADERS[n], "党政领导", rare=n in (1, 3))
            leader["stationed_village"] = self.rows["villages"][n % len(self.rows["villages"])]["code"]
        return list(self.rows["cadres"])

    def _staff_rest(self, unit: dict[str, Cell], leaders: Sequence[dict[str, Cell]]) -> None:
        """A liaison officer where there is none yet, a head, and the leader who is in charge."""
        mine = [cadre for cadre in self.rows["cadres"] if cadre["unit"] == unit["code"]]
        liaison = [cadre for cadre in mine if cadre["is_liaison_officer"] == "是"]
        if not liaison and unit["type"] != "村（社区）":
            liaison = [self._cadre(unit, "文员", "其他", liaison=True)]
        in_charge = leaders[_LED_BY.get(str(unit["name"]), int(self.rng.integers(len(leaders))))]
        unit["leader"] = in_charge["name"]
        if unit["type"] != "村（社区）":
            unit["head"] = in_charge["name"] if unit["name"] in _LED_BY else liaison[0]["name"]
            unit["liaison_officer"] = liaison[0]["name"]

    def _village_cadres(self, village: dict[str, Cell]) -> None:
        """Secretary, director and one more, who is the liaison officer."""
        unit = next(u for u in self.rows["units"] if u["code"] == f"V{str(village['code'])[-3:]}")
        secretary = self._cadre(unit, "书记", "村干部", rare=bool(self.rng.random() < 0.2))
        director = self._cadre(unit, "主任", "村干部")
        clerk = self._cadre(unit, "文书", "村干部", liaison=True)
        village["secretary"], village["director"] = secretary["name"], director["name"]
        unit["head"], unit["liaison_officer"] = secretary["name"], clerk["name"]

    def _cadre(
        self, unit: dict[str, Cell], position: str, kind: str, liaison: bool = False, rare: bool = False
    ) -> dict[str, Cell]:
        man = bool(self.rng.random() < 0.7)
        name = names.man(self.rng) if man else names.woman(self.rng)
        if rare:
            name = names.surname(self.rng) + names.pick(names.RARE[:-1], self.rng)
        title = str(unit["name"]).removesuffix("委会") + position if kind != "党政领导" else position
        return self._add(
            "cadres",
            code=f"G{len(self.rows['cadres']) + 1:04d}",
            name=name,
            sex="男" if man else "女",
            unit=unit["code"],
            position=title,
            type=kind,
            mobile=self._mobile(),
            is_liaison_officer="是" if liaison else "否",
        )

    def house(self) -> None:
        """Households in walking order: up one side of the lane and down the other."""
        for group in self.rows["groups"]:
            place = names.pick(names.SUBVILLAGES, self.rng)
            size = group["households"]
            assert isinstance(size, int)
            heads = self._heads(size)
            group["head"] = heads[0] if heads else names.man(self.rng)
            for n, (head, door) in enumerate(zip(heads, self._doors(size), strict=True), 1):
                self._household(group, n, head, f"{place}{door}号")
        for village in self.rows["villages"]:
            village["population"] = round(int(village["households"] or 0) * 3.4)
        self._spread_rare_names()

    def _heads(self, count: int) -> list[str]:
        """Names of householders; neighbours share names, as they do."""
        heads = [
            names.man(self.rng) if self.rng.random() < 0.8 else names.woman(self.rng) for _ in range(count)
        ]
        if count > 6:
            heads[-1] = heads[2]
        return heads

    def _doors(self, count: int) -> Iterator[int]:
        odd = (count + 1) // 2
        yield from range(1, 2 * odd, 2)
        yield from range(2 * (count - odd), 0, -2)

    def _household(self, group: dict[str, Cell], n: int, head: str, door: str) -> None:
        registered = int(self.rng.choice([1, 2, 3, 4, 5, 6, 7], p=[0.06, 0.16, 0.24, 0.22, 0.2, 0.08, 0.04]))
        tags = ["组干部"] if n == 1 else []
        tags += [tag for tag in HOUSEHOLD_TAGS[1:5] if self.rng.random() < 0.05]
        self._add(
            "households",
            code=f"{group['code']}{n:03d}",
            village=group["village"],
            group=group["code"],
            head=head,
            door=door,
            registered=registered,
            phone=self._mobile() if self.rng.random() < 0.6 else None,
            tags="、".join(tags or ["一般户"]),
            note="空关" if self.rng.random() < 0.03 else None,
        )

    def _spread_rare_names(self) -> None:
        """Every rare character in some householder's name, and one name twice in one group."""
        homes = self.rows["households"]
        for n, character in enumerate(names.RARE):
            home = homes[((n * len(homes)) // len(names.RARE) + 1) % len(homes)]
            home["head"] = names.surname(self.rng) + character
        for home in homes[2:4]:
            home["head"] = "王建国"

    def trade(self) -> None:
        """Enterprises and projects: three of each sort for every leader, and a few more."""
        leaders = sum(cadre["type"] == "党政领导" for cadre in self.rows["cadres"])
        words = self.rng.permutation(len(names.FIRM_WORDS))
        key = 3 * leaders
        total = max(2 * key + 4, round(self.households / 70))
        for n in range(total):
            kind = int(self.rng.integers(len(_INDUSTRIES)))
            word = names.FIRM_WORDS[int(words[n % len(words)])]
            self._enterprise(n, word, kind, key=n < key, series=n // len(words))
        for n in range(key):
            self._project(n)

    def _enterprise(self, n: int, word: str, kind: int, key: bool, series: int) -> None:
        region = "江苏" if key else "常州"
        branch = "" if series == 0 else f"（{'二三四五六七八九十'[series - 1]}厂）"
        self._add(
            "enterprises",
            code=f"Q{n + 1:04d}",
            name=f"{region}{word}{_KINDS_OF_FIRM[kind]}有限公司{branch}",
            credit_code=self._credit_code(),
            category="区镇重点企业" if key else "中小企业",
            village=self._somewhere(),
            legal_person=names.person(self.rng),
            contact=names.person(self.rng),
            phone=self._mobile() if self.rng.random() < 0.7 else self._landline(),
            industry=_INDUSTRIES[kind],
        )

    def _project(self, n: int) -> None:
        firm = self.rows["enterprises"][int(self.rng.integers(len(self.rows["enterprises"])))]
        series = n // len(_PROJECTS)
        self._add(
            "projects",
            code=f"X{n + 1:03d}",
            name=_PROJECTS[n % len(_PROJECTS)] + ("" if series == 0 else f"（{series + 1}期）") + "项目",
            builder=firm["name"],
            category=names.pick(("工业", "民生", "农业", "基础设施"), self.rng),
            phase=names.pick(("前期", "在建", "竣工"), self.rng),
            village=firm["village"],
            head=names.person(self.rng),
        )

    def honour(self) -> None:
        """名士: well-known people with ties to the town."""
        unit = next(unit for unit in self.rows["units"] if unit["name"] == "宣统口")
        for n in range(14):
            residence = names.pick(_RESIDENCES, self.rng)
            self._add(
                "notables",
                code=f"M{n + 1:03d}",
                name=names.person(self.rng),
                sector=_SECTORS[n % len(_SECTORS)],
                position=names.pick(
                    ("大学教授", "研究院研究员", "商会会长", "公司董事长", "社团理事", "医院主任医师"),
                    self.rng,
                ),
                residence=residence,
                unit=unit["code"],
                contact=self._mobile(),
            )

    def arrange(self) -> None:
        """Who visits whom, as far as the plan names it; the rest is for `zoufang assign` to propose."""
        leaders = [cadre for cadre in self.rows["cadres"] if cadre["type"] == "党政领导"]
        firms = self.rows["enterprises"]
        small = [firm for firm in firms if firm["category"] == "中小企业"]
        for n, leader in enumerate(leaders):
            three = slice(3 * n, 3 * n + 3)
            groups = [g for g in self.rows["groups"] if g["village"] == leader["stationed_village"]]
            self._assign(leader, "企业", [*firms[three], *small[three]])
            self._assign(leader, "项目", self.rows["projects"][three])
            self._assign(leader, "组", groups[:3])
        self._link_units()

    def _assign(self, cadre: dict[str, Cell], kind: str, subjects: Sequence[dict[str, Cell]]) -> None:
        for subject in subjects:
            self._add("assignments", cadre=cadre["code"], kind=kind, subject=subject["code"])

    def _link_units(self) -> None:
        """Units whose cadres owe visits share the villages out; the others get one village each."""
        villages = self.rows["villages"]
        owing = {cadre["unit"] for cadre in self.rows["cadres"] if cadre["type"] in ("机关", "事业")}
        offices = [unit for unit in self.rows["units"] if unit["type"] in ("机关", "事业")]
        offices.sort(key=lambda unit: unit["code"] not in owing)
        for n, unit in enumerate(offices):
            many = 2 if unit["code"] in owing and len(villages) > 2 * len(offices) else 1
            for village in (villages[(many * n + k) % len(villages)] for k in range(many)):
                self._add("unit_villages", unit=unit["code"], village=village["code"])

    # --- small things ------------------------------------------------------------------------

    def _add(self, table: str, **cells: Cell) -> dict[str, Cell]:
        spec = next(sheet for sheet in SHEETS if sheet.table == table)
        row: dict[str, Cell] = {column.key: cells.pop(column.key, None) for column in spec.columns}
        assert not cells, f"{table} has no columns {sorted(cells)}"
        self.rows[table].append(row)
        return row

    def _split(self, total: int, parts: int) -> list[int]:
        """`total` in uneven parts, none of them empty."""
        weights = self.rng.uniform(0.95, 1.05, parts)
        sizes = [int(share) for share in total * weights / weights.sum()]
        for n in range(total - sum(sizes)):
            sizes[n % parts] += 1
        return sizes

    def _somewhere(self) -> Cell:
        return self.rows["villages"][int(self.rng.integers(len(self.rows["villages"])))]["code"]

    def _mobile(self) -> str:
        return f"{names.pick(_IDLE_PREFIXES, self.rng)}{int(self.rng.integers(10**8)):08d}"

    def _landline(self) -> str:
        return f"0519-2{int(self.rng.integers(10**7)):07d}"

    def _credit_code(self) -> str:
        alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        body = "91320411MA" + "".join(alphabet[int(n)] for n in self.rng.integers(len(alphabet), size=7))
        return body + str(uscc.calc_check_digit(body))
