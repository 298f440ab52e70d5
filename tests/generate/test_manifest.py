import json

from generate import CardPrint, CardSet, Owner, manifest, to_json, write_pdf
from layouts import Identity


def test_the_manifest_says_what_is_on_every_page(catalogue, sheets, key, fonts, tmp_path):
    household, enterprise = sheets["2-5"], sheets["2-2"][:1]
    serial = key.new_serial()
    card = CardPrint(serial, key.encode(Identity(serial, "2-8", 2)), {"name": "陆建明"})
    packet = write_pdf(tmp_path / "a.pdf", [*household, CardSet(catalogue["2-8"], (card,))], fonts)
    others = write_pdf(tmp_path / "b.pdf", enterprise, fonts)
    owners = {sheet.serial: Owner(("household", "320411104203012034"), "G001") for sheet in household}
    owners |= {serial: Owner(cadre="G001"), enterprise[0].serial: Owner(("enterprise", "Q1"), "G002")}

    made = json.loads(to_json(manifest("J1", {"a.pdf": packet, "b.pdf": others}, owners)))

    assert made["job"] == "J1"
    subject = {"kind": "household", "code": "320411104203012034"}
    fixed = {"form_version": 1, "cadre": "G001"}
    sheet = {**fixed, "file": "a.pdf", "form": "2-5", "subject": subject}
    side = {**fixed, "file": "a.pdf", "form": "2-8", "subject": None}
    assert made["pages"] == [
        {**sheet, "page": 1, "serial": household[0].serial, "form_page": 1},
        {**sheet, "page": 2, "serial": household[1].serial, "form_page": 2},
        {**side, "page": 3, "form_page": 1, "serial": None, "cadre": None},
        {**side, "page": 4, "form_page": 2, "serial": serial, "x_mm": 105.0, "y_mm": 13.5},
        {
            "file": "b.pdf",
            "page": 1,
            "serial": enterprise[0].serial,
            "form": "2-2",
            "form_version": 1,
            "form_page": 1,
            "subject": {"kind": "enterprise", "code": "Q1"},
            "cadre": "G002",
        },
    ]


def test_anonymous_sheets_and_empty_pages_have_no_owner(sheets, fonts, tmp_path):
    first = sheets["2-5"][0]
    entries = write_pdf(tmp_path / "a.pdf", [first, first], fonts)
    pages = manifest("J1", {"a.pdf": entries}, {})["pages"]
    assert [page["serial"] for page in pages] == [first.serial, None, first.serial]
    assert all(page["subject"] is None and page["cadre"] is None for page in pages)
