"""`zoufang forms check` and `preview`: what an office sees before it prints a form of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pdfplumber
import pypdfium2
import pytest
from click.testing import CliRunner, Result

from forms import Field, Form, Kind, load_catalogue
from generate.fonts import FontBook
from generate.preview import write_preview
from generate.proof import Proof
from layouts import place
from layouts.faults import Fault
from workspace.folder import Workspace
from zoufang import trying
from zoufang.cli import cli

HOUSEHOLD = (Path(__file__).parents[2] / "forms" / "2-5.yaml").read_text("utf-8")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def run(workspace: Workspace, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "-w", str(workspace.root)], standalone_mode=False)


def own_form(workspace: Workspace, old: str, new: str, name: str = "2-5.yaml") -> Path:
    assert old in HOUSEHOLD
    path = workspace / "forms" / name
    path.write_text(HOUSEHOLD.replace(old, new), "utf-8")
    return path


def test_the_shipped_forms_can_all_be_printed(workspace: Workspace) -> None:
    result = run(workspace, "forms", "check")
    assert (result.return_value, result.output.strip()) == (0, "全部表单都可以印")


def test_a_copied_and_changed_form_is_checked_and_shown(workspace: Workspace, tmp_path: Path) -> None:
    own_form(workspace, "label: 住房\n", "label: 住房情况\n")
    assert run(workspace, "forms", "check").return_value == 0
    path = tmp_path / "look.pdf"
    assert run(workspace, "forms", "preview", "2-5", "-o", str(path)).return_value == 0
    with pdfplumber.open(path) as document:
        words = document.pages[0].extract_text()
    assert "住房情况" in words
    assert "2017" in words.replace(" ", ""), "the date is filled in"


TOO_LONG = "self_built: " + "自己建造的房屋" * 8 + ","


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("kind: text, width: 40", "kind: txt, width: 40", "kind: txt", "只能是"),
        ('rule: "elderly <= max', 'rule: "aged <= max', "aged", "aged 不存在"),
        ("source: subject.door", "source: subject.gate", "gate", "没有名为“subject.gate”的来源"),
        (
            "cells: 2, unit: 人, required",
            "cells: 2, rule: mobil, required",
            "mobil,",
            "没有名为 mobil 的 rule",
        ),
        ("self_built: 自建,", TOO_LONG, "label: 住房", "比版心宽 37 毫米"),
        ("label: 家庭类别（可多选）", "label: 家庭\U000f1234", "", "U+F1234"),
    ],
)
def test_errors_have_file_line_and_reason(
    workspace: Workspace, old: str, new: str, at: str, reason: str
) -> None:
    lines = own_form(workspace, old, new).read_text("utf-8").splitlines()
    result = run(workspace, "forms", "check")
    assert result.return_value == 1
    found = [text for text in result.output.splitlines() if reason in text]
    assert found, result.output
    if at:
        number = next(n for n, line in enumerate(lines, 1) if at in line)
        assert found[0].startswith(f"2-5.yaml 第 {number} 行"), found[0]


def test_a_file_anywhere_can_be_checked(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "9-9.yaml"
    path.write_text(HOUSEHOLD.replace('id: "2-5"', 'id: "9-9"').replace("cells: 2,", "cells: 99,"), "utf-8")
    result = run(workspace, "forms", "check", str(path))
    assert result.return_value == 1
    assert "9-9.yaml 第" in result.output


def test_a_place_too_small_for_its_words_is_named_with_millimetres() -> None:
    layout = place(load_catalogue()["2-5"])
    narrow = {"head": 4.0, "companions": 10.0}
    squeezed = tuple(replace(box, w=narrow.get(box.field, box.w)) for box in layout.boxes)
    found = trying.every_fault(replace(layout, boxes=squeezed), FontBook())
    assert {fault.field for fault in found} == set(narrow)
    assert all("毫米" in fault.message for fault in found)


def test_faults_are_marked_in_red(tmp_path: Path) -> None:
    fault = Fault(1, (100.0, 100.0, 20.0, 8.0), "太窄，差 3 毫米", "companions")
    layout = place(load_catalogue()["2-5"])
    code = "Z1" + "0" * 24
    write_preview(tmp_path / "a.pdf", layout, {}, {}, [fault], FontBook(), "0" * 12, code)
    picture = pypdfium2.PdfDocument(tmp_path / "a.pdf")[0].render(scale=2, rev_byteorder=True).to_numpy()
    red = (picture[..., 0].astype(int) - picture[..., 2]) > 100
    scale = picture.shape[1] / 210
    assert np.count_nonzero(red[int(99 * scale) : int(109 * scale), int(99 * scale) : int(121 * scale)]) > 100
    with pdfplumber.open(tmp_path / "a.pdf") as document:
        assert "太窄，差 3 毫米" in document.pages[0].extract_text()


PERSON = "阿卜杜热合曼"
FIRM = "常州市孟河新能源汽车零部件智能制造产业股份有限公司第二分公司（滆湖厂区）"
LONGEST = {"code": "320411199200010012", "credit_code": "91320411MA1NX8Q54K", "head": PERSON, "title": PERSON}


def longest(field: Field, form: Form) -> str:
    name = field.source.rpartition(".")[2]
    if name == "name":
        firms = "enterprise" in (*form.subject_kinds, field.source.rpartition("_")[0].rpartition("_")[2])
        return FIRM if firms and not field.source.startswith("cadre.") else PERSON
    return LONGEST.get(name, "")


@pytest.mark.parametrize("form", [f for f in load_catalogue() if f.kind == "sheet"], ids=lambda form: form.id)
def test_the_longest_legal_words_stay_in_their_places(form: Form) -> None:
    """Names of six characters, a firm's of 36, codes of eighteen digits."""
    facts = {f.key: longest(f, form) for f in form.fields() if f.kind is Kind.PREFILL}
    layout, proof = place(form), Proof(FontBook())
    wrong = [fault for page in range(1, layout.pages + 1) for fault in proof.sheet(layout, page, facts)]
    assert wrong == []


def test_a_preview_shows_ink_in_every_box_kind(tmp_path: Path) -> None:
    """Blue where the example is written: combs, lines, ticks, signatures."""
    form = load_catalogue()["2-7"]
    trying.preview(form, tmp_path / "a.pdf", FontBook())
    picture = pypdfium2.PdfDocument(tmp_path / "a.pdf")[1].render(scale=2, rev_byteorder=True).to_numpy()
    blue = (picture[..., 2].astype(int) - picture[..., 0]) > 60
    layout = place(form)
    scale = picture.shape[1] / layout.frame.width
    for box in layout.on_page(2):
        if box.option in (None, "yes"):
            y0, y1, x0, x1 = (int(v * scale) for v in (box.y, box.y + box.h, box.x, box.x + box.w))
            assert np.count_nonzero(blue[y0:y1, x0:x1]) > 10, box
