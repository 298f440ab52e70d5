import pytest
from on_paper import Packet

from forms import load_catalogue
from generate import FontBook, SheetPrint, write_pdf
from layouts import Identity, Key, place

KEY = Key(bytes(range(32)))
FACTS = {
    "2-5": {
        "household_code": "320411104203012034",
        "village": "塘口村",
        "group": "12组",
        "head": "欧阳喆",
        "door": "塘口村委西徐家塘36号",
        "visitor": "陆建明",
    },
    "2-2": {
        "name": "常州市孟河新能源汽车零部件股份有限公司",
        "credit_code": "91320411MA1NX8Q54K",
        "category": "区镇重点企业",
        "village": "小河社区",
        "legal_person": "张强",
        "visitor": "陆建明",
    },
}


@pytest.fixture(scope="session")
def key():
    return KEY


@pytest.fixture(scope="session")
def fonts():
    return FontBook()


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue()


@pytest.fixture(scope="session")
def layouts(catalogue):
    return {form.id: place(form) for form in catalogue if form.kind == "sheet"}


@pytest.fixture(scope="session")
def sheets(layouts):
    """form → its sides, each with a serial of its own; plausible facts where we know what is asked."""

    def side(layout, page):
        serial = KEY.new_serial()
        code = KEY.encode(Identity(serial, layout.form.id, page))
        return SheetPrint(layout, page, layout.pages, serial, code, FACTS.get(layout.form.id, {}))

    return {form: [side(lay, page) for page in range(1, lay.pages + 1)] for form, lay in layouts.items()}


@pytest.fixture(scope="session")
def printed(fonts, tmp_path_factory):
    """Prints sides of one form."""

    def write(sides):
        path = tmp_path_factory.mktemp("packet") / "packet.pdf"
        entries = write_pdf(path, sides, fonts)
        return Packet(path, {entry.form_page: entry.page for entry in entries if entry.form})

    return write


@pytest.fixture(scope="session")
def packets(sheets, printed):
    """form → its sides printed."""
    return {form: printed(sides) for form, sides in sheets.items()}
