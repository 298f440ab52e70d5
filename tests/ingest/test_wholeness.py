"""Half a file is told from a whole one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ingest.wholeness import looks_whole

FORMATS = {
    "a.pdf": {"save_all": True},
    "a.jpg": {"quality": 90},
    "a.png": {},
    "strips.tif": {"save_all": True, "compression": "tiff_lzw"},
    "fax.tif": {"save_all": True, "compression": "group4"},
    "a.heic": {"quality": 80},
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_is_whole_when_all_of_it_is_there(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (400, 300), dtype=np.uint8)
    mode = "1" if name == "fax.tif" else "L" if name != "a.heic" else "RGB"
    pages = [Pillow.fromarray(noise).convert(mode), Pillow.fromarray(noise.T.copy()).convert(mode)]
    more = {"append_images": pages[1:]} if "save_all" in FORMATS[name] else {}
    pages[0].save(tmp_path / name, **FORMATS[name], **more)
    content = (tmp_path / name).read_bytes()
    assert looks_whole(tmp_path / name)
    for share in (0.01, 0.3, 0.6, 0.9, 0.97):
        (tmp_path / name).write_bytes(content[: int(len(content) * share)])
        assert not looks_whole(tmp_path / name), share


def test_what_is_no_scan_is_never_whole(tmp_path: Path) -> None:
    for content in (b"", b"hello", b"%PDF-1.7", b"II*\0", b"\0\0\0\x18ftypheic", b"\0" * 5000):
        (tmp_path / "x").write_bytes(content)
        assert not looks_whole(tmp_path / "x")
    assert not looks_whole(tmp_path / "gone")
