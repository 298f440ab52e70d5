import pytest

from forms import FormError, Kind, load_catalogue

SMALL = """\
id: "9-1"
version: 1
title: 测试表
subject_kinds: [household]
pages:
  - sections:
      - title: 一
        rows:
          - - {key: colour, label: 颜色, kind: single, options: {red: 红, none: 无}, exclusive: [none]}
"""


def write(folder, text, name="9-1.yaml"):
    (folder / name).write_text(text, "utf-8")
    return folder


def test_the_shipped_forms_have_the_fields_of_the_campaign_plan():
    catalogue = load_catalogue()
    household = catalogue["2-5"]
    assert household.field("visit_result").options[0].label == "完成"
    assert household.field("opinion_2.text").lines == 2
    assert household.field("concerns").max_choices == 3
    assert catalogue["2-2"].field("difficulties").option("none").exclusive
    assert sum(f.key.startswith("rate_") for f in catalogue["2-2"].fields()) == 10


def test_an_office_adds_a_form_of_its_own(tmp_path):
    form = load_catalogue(write(tmp_path, SMALL))["9-1"]
    assert form.field("colour").kind is Kind.SINGLE
    assert form.field("colour").option("none").exclusive


def test_an_office_replaces_a_shipped_form_by_one_of_the_same_file_name(tmp_path):
    write(tmp_path, SMALL.replace("9-1", "2-5"), "2-5.yaml")
    assert load_catalogue(tmp_path)["2-5"].title == "测试表"


@pytest.mark.parametrize(
    ("wrong", "line", "word"),
    [
        (SMALL.replace("kind: single", "kind: choice"), 9, "kind"),
        (SMALL.replace("title: 一", "titel: 一"), 7, "titel"),
        (SMALL.replace(", options: {red: 红, none: 无}, exclusive: [none]", ""), 9, "options"),
        (SMALL.replace("[none]", "[blue]"), 9, "blue"),
        (SMALL.replace("version: 1", "version: one"), 2, "version"),
    ],
)
def test_an_error_names_file_and_line(tmp_path, wrong, line, word):
    with pytest.raises(FormError) as caught:
        load_catalogue(write(tmp_path, wrong))
    assert any(f"9-1.yaml 第 {line} 行" in e and word in e for e in caught.value.errors), caught.value.errors


def test_all_errors_of_all_files_are_told_at_once(tmp_path):
    write(tmp_path, SMALL.replace("kind: single", "kind: choice").replace("version: 1", "version: one"))
    write(tmp_path, "id: [", "9-2.yaml")
    with pytest.raises(FormError) as caught:
        load_catalogue(tmp_path)
    assert len(caught.value.errors) >= 3


def test_a_key_used_twice_is_refused(tmp_path):
    twice = SMALL + "          - - {key: colour, label: 颜色, kind: text}\n"
    with pytest.raises(FormError, match="colour 重复"):
        load_catalogue(write(tmp_path, twice))
