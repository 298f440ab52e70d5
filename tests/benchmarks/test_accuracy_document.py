"""A part of the document is replaced by itself, and nothing else is touched."""

from __future__ import annotations

from benchmarks.document import Part, Run, assembled, measured, parts_of, table

NAMES = ("first", "second")


def test_a_part_replaces_only_itself() -> None:
    whole = assembled("# Title", NAMES, {"second": "two\n\nlines", "first": "one"})
    assert parts_of(whole) == {"first": "one", "second": "two\n\nlines"}
    assert whole.index("one") < whole.index("two"), "in the order of the names"
    again = assembled("# Title", NAMES, parts_of(whole) | {"first": "1"})
    assert again == whole.replace("one", "1")


def test_a_part_that_is_no_longer_measured_goes() -> None:
    whole = assembled("# Title", NAMES, {"first": "one", "second": "two"})
    assert "two" not in assembled("# Title", ("first",), parts_of(whole))


def test_a_part_says_how_it_was_measured() -> None:
    text = measured(Part("first", "Heading", lambda run: f"{run.pages(10)} pages\n"), Run(7, 0.5))
    assert text.startswith("## Heading\n\n5 pages\n\n*")
    assert "seed 7, effort 0.5: `python -m benchmarks.accuracy first`*" in text


def test_tables() -> None:
    assert table(("what", "n"), [("a", 1), ("b", 2)]) == "| what | n |\n| :-- | --: |\n| a | 1 |\n| b | 2 |"
