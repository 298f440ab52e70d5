from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "name",
    [
        "zoufang",
        "review",
        "samples",
        "workspace",
        "generate",
        "ingest",
        "campaign",
        "store",
        "layouts",
        "forms",
    ],
)
def test_each_package_is_the_one_of_this_checkout(name):
    """The packages have common names: another `forms` on the path must not be taken for ours."""
    file = import_module(name).__file__
    assert file is not None
    assert Path(file).resolve() == ROOT / name / "__init__.py"
