"""A small packet of printed forms, as `zoufang print` would leave it."""

from __future__ import annotations

import json

import pytest
from returned_packet import Printed

from forms import load_catalogue
from generate.pdf import write_pdf
from generate.sheets import SheetPrint
from layouts import Identity, Key, Layout, place
from samples.simulate import Side

KEY = Key(bytes(range(32)))


@pytest.fixture(scope="session")
def household() -> Layout:
    return place(load_catalogue()["2-5"])


@pytest.fixture(scope="session")
def enterprise() -> Layout:
    return place(load_catalogue()["2-2"])


@pytest.fixture(scope="session")
def packet(tmp_path_factory: pytest.TempPathFactory, household: Layout, enterprise: Layout) -> Printed:
    """Four households and two enterprises of two cadres: 12 sides."""
    folder = tmp_path_factory.mktemp("packet")
    sides: dict[str, Side] = {}
    items: list[SheetPrint] = []
    owners: dict[str | None, str] = {}
    for n, layout in enumerate([household] * 4 + [enterprise] * 2):
        for page in range(1, layout.pages + 1):
            serial = KEY._spell([n, page, 7, 1, 2, 3, 4, 5, 6, n])
            code = KEY.encode(Identity(serial, layout.form.id, page))
            items.append(SheetPrint(layout, page, layout.pages, serial, code))
            sides[serial] = Side(f"i{n}", layout, page)
            owners[serial] = f"G{n % 2}"
    entries = write_pdf(folder / "packet.pdf", items)
    pages = [
        {
            "file": "packet.pdf",
            "page": e.page,
            "serial": e.serial,
            "form": e.form,
            "cadre": owners.get(e.serial),
        }
        for e in entries
    ]
    (folder / "manifest.json").write_text(json.dumps({"job": "1", "pages": pages}), "utf-8")
    return Printed(folder, sides)
