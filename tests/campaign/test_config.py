"""What a town sets, read strictly."""

from __future__ import annotations

import tomllib

import pytest

from campaign import Campaign, ConfigError, parse_campaign
from forms.model import Kind


def test_nothing_set_is_the_plan() -> None:
    campaign = parse_campaign({})
    assert campaign == Campaign()
    assert (campaign.quotas.households_per_cadre, campaign.hotline) == (30, "12345")


def test_what_is_set_is_kept() -> None:
    text = """
    town = "孟河镇"
    start = 2017-03-01
    [quotas]
    households_per_cadre = 20
    [acceptance]
    single = 0.95
    lines = 1
    """
    campaign = parse_campaign(tomllib.loads(text))
    assert campaign.quotas.households_per_cadre == 20
    assert campaign.acceptance.threshold(Kind.SINGLE) == 0.95
    assert campaign.acceptance.threshold(Kind.LINES) == 1.0
    assert campaign.acceptance.threshold(Kind.SIGNATURE) == 0.9


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"yaer": 2017}, "yaer"),
        ({"year": "2017"}, "year"),
        ({"round": 0}, "round"),
        ({"acceptance": {"single": 1.5}}, "acceptance.single"),
        ({"quotas": {"households_per_cadre": -1}}, "quotas.households_per_cadre"),
        ({"start": "2017-03-01"}, "start"),
    ],
)
def test_what_is_wrong_is_named(settings: dict[str, object], place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_campaign(settings)
    assert [error.split("：")[0] for error in caught.value.errors] == [place]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"yaer": 2017}, "没有这种项目，可能拼错了"),
        ({"acceptance": {"single": 1.5}}, "不能大于 1.0"),
        ({"review": {"hold_minutes": 0}}, "应大于 0.0"),
        ({"start": "2017-03-01"}, "应是日期，写成 2017-03-01 的样子，不加引号"),
        ({"hotline": 12345}, "应是文字；是数字的，请加引号"),
        ({"summary_due": 6}, "应是方括号里的列表，如 [6, 1]"),
        ({"quotas": 3}, "应是一段设置，前面写方括号里的名称"),
        ({"phases": [{"name": "摸底"}]}, "缺少这一项"),
        (
            {"retention": {"images": "365"}},
            "应是活动结束后的天数，如 365；或日期，写成 2018-06-30 的样子，不加引号",
        ),
    ],
)
def test_what_is_wrong_is_said_in_chinese(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_campaign(settings)
    assert caught.value.errors[0].split("：", 1)[1] == words


def test_all_errors_come_at_once_and_dates_in_order() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_campaign({"yaer": 1, "round": 0})
    assert len(caught.value.errors) == 2
    with pytest.raises(ConfigError, match="晚于"):
        parse_campaign(tomllib.loads("start = 2017-05-01\nend = 2017-04-01"))
