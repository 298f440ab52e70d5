"""The talk register: dates as offices write them, and who may talk with whom."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from returned import CAMPAIGN

from campaign.facts import Facts
from campaign.roster import RosterError
from campaign.talks import parse_day, read_talks, without_talk
from store import Store, roster

CADRES = [
    ("L1", "陈国强", "党政领导", None, "镇长", None),
    ("L2", "吴敏", "党政领导", None, "副镇长", "V1"),
    ("U1", "蒋玉兰", "机关", "U", "经发局局长", None),
    ("U2", "刘平", "机关", "U", "副局长", None),
    ("S1", "何川", "其他", "U", "文员", None),
    ("W1", "谭村", "村干部", "VU", "孟河村书记", None),
    ("W2", "谭妹", "村干部", "VU", "孟河村文书", None),
    ("X1", "远方", "村干部", "VX", "齐梁村书记", None),
]


@pytest.fixture
def facts(store: Store) -> Facts:
    keys = ("code", "name", "type", "unit", "position", "stationed_village")
    with store.write() as db:
        roster.replace(
            db,
            {
                "units": [
                    {"code": "U", "name": "经发局"},
                    {"code": "VU", "name": "孟河村委会"},
                    {"code": "VX", "name": "齐梁村委会"},
                ],
                "villages": [{"code": "V1", "name": "孟河村"}],
                "cadres": [dict(zip(keys, row, strict=True)) for row in CADRES],
            },
        )
        return Facts.of(db, CAMPAIGN)


def register(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "谈话.csv"
    path.write_text("\n".join(["日期,谈话人,谈话对象,方式,内容", *lines]), "gb18030")
    return path


@pytest.mark.parametrize(
    ("pair", "remark"),
    [
        ("L1,L2", ""),
        ("陈国强,谭妹", ""),
        ("L2,W1", ""),
        ("L2,X1", "不是蹲点联系村"),
        ("L2,U1", ""),
        ("U1,U2", ""),
        ("W1,W2", ""),
        ("X1,W2", "不是同一单位"),
        ("L1,S1", "不是下谈一级：镇主要领导与工作人员"),
        ("U2,U1", "不是下谈一级：单位班子成员与单位主要负责人"),
        ("L1,L1", "谈话人与谈话对象是同一人"),
    ],
)
def test_one_talks_with_the_next_rank_down(facts: Facts, tmp_path: Path, pair: str, remark: str) -> None:
    (talk,) = read_talks(register(tmp_path, f"2017-04-05,{pair},谈话,思想"), facts, CAMPAIGN)
    assert talk.remark == remark
    assert bool(talk.rule) == (not remark.startswith(("不是下谈", "谈话人与")))


def test_every_line_that_cannot_be_read_is_named(facts: Facts, tmp_path: Path) -> None:
    with pytest.raises(RosterError) as caught:
        read_talks(register(tmp_path, "昨天,L1,L2,,", "2017-04-05,无名氏,L2,,"), facts, CAMPAIGN)
    assert [(issue.row, issue.heading) for issue in caught.value.errors] == [(2, "日期"), (3, "谈话人")]


def test_who_was_not_talked_with_is_listed(facts: Facts, tmp_path: Path) -> None:
    talks = read_talks(register(tmp_path, "4月5日,L1,L2,座谈,", "4月6日,L1,W1,函询,"), facts, CAMPAIGN)
    assert [talk.day for talk in talks] == [date(2017, 4, 5), date(2017, 4, 6)]
    assert list(without_talk(facts, talks)) == ["S1", "U1", "U2", "W2", "X1"]


@pytest.mark.parametrize(
    "cell",
    [
        date(2017, 4, 5),
        datetime(2017, 4, 5, 9, 30),
        42830.0,
        "2017-04-05",
        "2017/4/5",
        "2017.4.5",
        "２０１７年４月５日",
        "4月5日",
        "20170405",
        20170405.0,
    ],
)
def test_dates_in_every_shape(cell: object) -> None:
    assert parse_day(cell, 2017) == date(2017, 4, 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", ["", "昨天", "2017-13-01", "2月30日", True, 5.0])
def test_what_is_no_date_is_none(cell: object) -> None:
    assert parse_day(cell, 2017) is None  # type: ignore[arg-type]
