"""The sample town is a valid roster, and as awkward as a real one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from campaign.assign import propose
from campaign.breaches import check
from campaign.config import Quotas
from campaign.roster import load_workbook
from campaign.workbook import CADRE_TYPES, SHEETS
from samples.names import RARE
from samples.town import Town, build_town, write_workbook


@pytest.fixture(scope="module")
def town() -> Town:
    return build_town(1)


def codes(town: Town, table: str) -> list[str]:
    return [str(row["code"]) for row in town.tables[table]]


@pytest.mark.parametrize("households", [240, 1000])
def test_the_workbook_loads_without_a_remark_and_keeps_every_quota(tmp_path: Path, households: int) -> None:
    write_workbook(build_town(3, households), tmp_path / "roster.xlsx")
    roster = load_workbook(tmp_path / "roster.xlsx")
    assert roster.warnings == ()
    assert len(roster["households"]) == households
    quotas = Quotas()
    assert check(roster, propose(roster, [], quotas), quotas) == []


def test_every_sheet_has_rows(town: Town) -> None:
    assert {sheet.table for sheet in SHEETS} == {table for table, rows in town.tables.items() if rows}


def test_codes_are_unique_and_village_codes_have_twelve_digits(town: Town) -> None:
    for table in (
        "units",
        "villages",
        "cadres",
        "groups",
        "households",
        "enterprises",
        "projects",
        "notables",
    ):
        assert len(set(codes(town, table))) == len(codes(town, table))
    assert all(re.fullmatch(r"\d{12}", code) for code in codes(town, "villages"))
    assert all(code[:12] in codes(town, "villages") for code in codes(town, "households"))


def test_all_sorts_of_cadres_and_the_units_that_the_plan_names(town: Town) -> None:
    assert {row["type"] for row in town.tables["cadres"]} == set(CADRE_TYPES)
    assert sum(row["type"] == "党政领导" for row in town.tables["cadres"]) >= 6
    names = {row["name"] for row in town.tables["units"]}
    assert names >= {"经发局", "人社局", "农业局", "党政办", "组织人事科", "宣统口", "督查组", "建设局"}


def test_every_unit_has_one_liaison_officer(town: Town) -> None:
    officers = Counter(row["unit"] for row in town.tables["cadres"] if row["is_liaison_officer"] == "是")
    assert officers == Counter(codes(town, "units"))


def test_three_enterprises_of_each_sort_and_three_projects_for_every_leader(town: Town) -> None:
    given = Counter((row["cadre"], row["kind"]) for row in town.tables["assignments"])
    leaders = [row["code"] for row in town.tables["cadres"] if row["type"] == "党政领导"]
    assert all((given[code, "企业"], given[code, "项目"], given[code, "组"]) == (6, 3, 3) for code in leaders)


def test_rare_characters_and_householders_of_one_name(town: Town) -> None:
    heads = [str(row["head"]) for row in town.tables["households"]]
    assert all(any(character in head for head in heads) for character in RARE)
    same = Counter((row["group"], row["head"]) for row in town.tables["households"])
    assert max(same.values()) >= 2


def test_doors_go_up_one_side_of_the_lane_and_down_the_other(town: Town) -> None:
    group = town.tables["groups"][0]["code"]
    homes = [row for row in town.tables["households"] if row["group"] == group]
    doors = [int(re.sub(r"\D", "", str(row["door"]))) for row in homes]
    odd = [door for door in doors if door % 2]
    even = [door for door in doors if not door % 2]
    assert doors == sorted(odd) + sorted(even, reverse=True)


def test_no_telephone_that_could_ring(town: Town) -> None:
    mobiles = [str(row["mobile"]) for row in town.tables["cadres"]]
    assert all(re.fullmatch(r"1[3-9]\d{9}", number) for number in mobiles)
    assert all(number[:3] in ("154", "160", "163", "164", "168", "169", "179") for number in mobiles)


def test_the_seed_makes_the_town() -> None:
    assert build_town(4, 60) == build_town(4, 60)
    assert build_town(4, 60) != build_town(5, 60)


def test_a_whole_town() -> None:
    town = build_town(1, 25_000)
    assert len(set(codes(town, "households"))) == 25_000
