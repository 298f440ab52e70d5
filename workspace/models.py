"""The office's own calibrations, in the workspace's folder `models`: each is kept, one of them counts.

models/confidence-2.json   curves, and the report of the day they were fitted
models/current             the version that counts; no such file: the calibration that ships
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forms.errors import ClerkError
from ingest.confidence import Calibration, shipped

FOLDER = "models"


class ModelError(ClerkError):
    """A calibration that cannot be read, or there is none to go back to."""


def current(root: Path) -> Calibration:
    """The calibration that counts in a workspace. Raises ModelError."""
    version = _current_version(root)
    return load(root, version) if version else shipped()


def load(root: Path, version: str) -> Calibration:
    """Raises ModelError."""
    path = root / FOLDER / f"{version}.json"
    try:
        return Calibration.from_json(path.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"校准文件 {path} 读不出来（{type(error).__name__}）。"
            "请从备份恢复，或用 zoufang calibrate --back 退回"
        ) from error


def keep(root: Path, calibration: Calibration, report: Mapping[str, Any]) -> None:
    """Store a calibration with its report; it counts from now on. Raises FileExistsError."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    facts = json.loads(calibration.to_json()) | {"before": _current_version(root), "report": report}
    with (folder / f"{calibration.version}.json").open("x", encoding="utf-8") as file:
        file.write(json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
    _make_current(root, calibration.version)


def back(root: Path) -> Calibration:
    """The calibration before the current one counts again; all stay. Raises ModelError."""
    version = _current_version(root)
    if version is None:
        raise ModelError("现在用的就是随软件附带的校准，没有可退回的")
    path = root / FOLDER / f"{version}.json"
    try:
        before = json.loads(path.read_text("utf-8")).get("before")
    except (OSError, ValueError):
        before = None  # a file that cannot be read is no reason to stay with it
    _make_current(root, before)
    return current(root)


def next_version(root: Path) -> str:
    """A name that no calibration of this workspace has had; those that ship have names of another kind."""
    return f"confidence-{max(map(_number, versions(root)), default=1) + 1}"


def versions(root: Path) -> list[str]:
    """The office's own, oldest first."""
    return sorted((path.stem for path in (root / FOLDER).glob("confidence-*.json")), key=_number)


def _number(version: str) -> int:
    return int(version.rsplit("-", 1)[1])


def _current_version(root: Path) -> str | None:
    try:
        return (root / FOLDER / "current").read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def _make_current(root: Path, version: str | None) -> None:
    pointer = root / FOLDER / "current"
    partial = pointer.with_suffix(".partial")
    partial.write_text((version or "") + "\n", "utf-8")
    partial.replace(pointer)
