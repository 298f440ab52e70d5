"""Tables, notes, numbers to confirm, and lists that grow."""

import pytest

from forms import FormError, Kind, load_catalogue
from forms.lists import grown, lists
from forms.options import EXAMPLES, resolved

TABLE = """\
id: "9-2"
version: 1
title: 测试表
subject_kinds: [cadre]
pages:
  - sections:
      - rows:
          - note: 请先阅读。
          - table:
              list: walk
              rows: 3
              columns:
                - {key: name, label: 姓名, kind: prefill, source: row.name}
                - {key: date, label: 日期, kind: digits, cells: 4, rule: month_day}
          - numbers:
              - {key: people, label: 人口, cells: 4, unit: 人, known: subject.population}
              - {key: land, label: 耕地, cells: 5, unit: 亩}
"""


@pytest.fixture
def form(tmp_path):
    (tmp_path / "9-2.yaml").write_text(TABLE, "utf-8")
    return load_catalogue(tmp_path)["9-2"]


def test_a_tables_rows_are_ordinary_fields_with_numbered_keys_and_sources(form):
    assert form.field("walk_2.date").cells == 4
    assert form.field("walk_2.name").source == "walk_2.name"
    assert form.field("walk_2.date").label == "2 日期"
    assert form.field("walk_2.date").column == "日期"


def test_a_known_number_is_printed_confirmed_or_corrected(form):
    assert form.field("people_known").source == "subject.population"
    assert [option.key for option in form.field("people_correct").options] == ["correct"]
    assert (form.field("people").kind, form.field("people").label) == (Kind.DIGITS, "人口")
    assert not any(field.key == "land_known" for field in form.fields())


def test_a_note_asks_nothing(form):
    note = next(row for row in form.rows() if row.words == "请先阅读。")
    assert note.fields == ()


def test_a_list_grows_in_steps_of_its_rows(form):
    assert lists(form) == {"walk": 3}
    assert grown(form, {"walk": 2}) is form
    longer = grown(form, {"walk": 7})
    assert lists(longer) == {"walk": 9}
    keys = [field.key for field in longer.fields() if field.key.startswith("walk_")]
    assert keys == [f"walk_{n}.{key}" for n in range(1, 10) for key in ("name", "date")]
    assert [row.words for row in longer.rows() if row.table][:9] == [str(n) for n in range(1, 10)]
    assert longer.field("walk_9.date").label == "9 日期"


def test_options_of_the_towns_come_before_the_forms_own():
    form = resolved(load_catalogue()["2-2"], EXAMPLES)
    options = [option.label for option in form.field("dissatisfied_units").options]
    assert options == [option.label for option in EXAMPLES["offices"]] + ["其他"]


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("rows: 3", "rows: many", 11, "整数"),
        ("note: 请先阅读。", "nota: 请先阅读。", 8, "一行应是"),
        ("cells: 5", "cells: 50", 17, "20"),
        ("rule: month_day", "rule: birthday", 14, "month_day"),
        ("key: land", "key: people", 16, "重复"),
        ("label: 日期", "lable: 日期", 14, "拼错"),
    ],
)
def test_errors_name_the_line_and_the_reason_in_chinese(tmp_path, old, new, line, word):
    (tmp_path / "9-2.yaml").write_text(TABLE.replace(old, new), "utf-8")
    with pytest.raises(FormError) as caught:
        load_catalogue(tmp_path)
    assert any(f"9-2.yaml 第 {line} 行" in e and word in e for e in caught.value.errors), caught.value.errors
