"""A small whole town whose workspace has files of every kind, for what copies and erases them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from whole_town import SCAN, WholeTown, whole_town

from store import erasures, scanned
from workspace.folder import Workspace

SCANS = (b"%PDF-1.7 first scan", b"\xff\xd8\xff second scan", b"third scan" * 5000)


def kept_town(root: Path, households: int = 12) -> WholeTown:
    """`whole_town`, with three scans kept, one file rejected, a form of the office's own and a font."""
    town = whole_town(root, households)
    workspace = town.workspace
    with town.store.write() as db:
        erasures.note(db, SCAN, None)  # no file ever was there
    for n, content in enumerate(SCANS, 1):
        keep_scan(town, workspace / "inbox" / f"王小明家{n}.pdf", content)
    bad = workspace / "inbox" / "空.pdf"
    bad.write_bytes(b"no scan")
    workspace.reject(bad, "b" * 64, "打不开")
    bad.unlink()
    (workspace / "forms" / "note.txt").write_text("本镇自编", "utf-8")
    (workspace / "字体").mkdir()
    (workspace / "字体" / "小标宋.ttf").write_bytes(b"font")
    with (workspace / "zoufang.toml").open("a", encoding="utf-8") as config:
        config.write('\n[fonts]\ntitle = "字体/小标宋.ttf"\n')
    return WholeTown(Workspace.find(root), town.store, town.duties, town.breaches, town.answers)


def keep_scan(town: WholeTown, path: Path, content: bytes) -> str:
    path.write_bytes(content)
    digest = town.workspace.keep_original(path)
    with town.store.write() as db:
        scanned.add_scan(db, scanned.start_batch(db, "1 files", "li"), digest, path.name, len(content))
        scanned.complete_scan(db, digest, 1)
    return digest


DEADLY = """
import os, signal

def deadly(owner, name, calls=0):
    real, left = getattr(owner, name), [calls]

    def call(*args, **more):
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return real(*args, **more)

    setattr(owner, name, call)
"""
"""For code that `run_python` runs: a function that, once called so often, kills the process."""


def run_python(code: str, *args: object) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which it may kill."""
    command = [sys.executable, "-c", code, *map(str, args)]
    environment = {**os.environ, "ZOUFANG_WORKSPACE": ""}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
