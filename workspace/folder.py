"""The workspace folder: one campaign of one town, and all that belongs to it.

zoufang.toml   configuration         secret.key    what makes our codes ours
data.db        what was printed, read, corrected
forms/         the office's own forms, over those that ship with zoufang
inbox/         the watched scan folder   originals/    every scan file, named by its SHA-256
rejected/      files that were no scans, each with its reason
models/    the office's own calibrations (`workspace.models`)
backup/    copies (`workspace.backup`)   out/  logs/
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from campaign.config import Campaign, ConfigError, Settings, Some, parse_campaign, parse_settings
from forms import Catalogue, load_catalogue
from forms.errors import ClerkError
from ingest.confidence import Calibration
from layouts import Key
from store import Store
from workspace import models
from workspace.copying import copy_to_disk

FOLDERS = ("forms", "inbox", "originals", "rejected", "out", "logs", "backup")
CONFIG = "zoufang.toml"


class ClusterSettings(Settings):
    """How this computer shows itself to a Dask cluster (`workspace.cluster`), and how pages get there.

    ca, cert, key  PEM files; relative paths are the workspace's
    shared         every computer of the cluster sees originals/ at the same path: pages are not sent
    """

    ca: str = ""
    cert: str = ""
    key: str = ""
    shared: bool = False

    @property
    def files(self) -> dict[str, str]:
        return {"ca": self.ca, "cert": self.cert, "key": self.key}


class WorkspaceError(ClerkError):
    """No usable workspace; the message says what to do next."""


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Where it is, which only the message tells."""
    found = re.search(r"line (\d+), column (\d+)", str(error))
    return f"第 {found[1]} 行第 {found[2]} 个字符起" if found else "末尾"


@dataclass(frozen=True)
class Workspace:
    """`person`: who signed in to the page; "" for whoever the operating system says works here."""

    root: Path
    person: str = ""

    @staticmethod
    def create(root: Path) -> Workspace:
        """A new workspace in `root`, which may exist but hold no workspace. Raises WorkspaceError."""
        if (root / CONFIG).exists():
            raise WorkspaceError(f"{root} 已经是工作区，没有改动")
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        Key.create(root / "secret.key")
        workspace = Workspace(root)
        workspace.open_store().close()
        # Written last: a folder with a configuration is a whole workspace.
        (root / CONFIG).write_text(files("workspace").joinpath("default.toml").read_text("utf-8"), "utf-8")
        return workspace

    @staticmethod
    def find(root: Path) -> Workspace:
        """The workspace in `root`. Raises WorkspaceError."""
        if not (root / CONFIG).is_file():
            raise WorkspaceError(
                f"{root} 不是工作区。请先用 zoufang init {root} 新建，或用 -w 指明工作区所在的文件夹"
            )
        return Workspace(root)

    def used_by(self, person: str) -> Workspace:
        """The same for a person who signed in."""
        return replace(self, person=person)

    def __truediv__(self, name: str) -> Path:
        return self.root / name

    @cached_property
    def key(self) -> Key:
        """Raises WorkspaceError."""
        try:
            return Key.load(self / "secret.key")
        except (OSError, ValueError) as error:
            raise WorkspaceError(f"密钥文件 secret.key 无法读取：{error}。请从备份中恢复") from error

    @cached_property
    def campaign(self) -> Campaign:
        """Raises WorkspaceError with every wrong entry."""
        return self._parsed(parse_campaign, "campaign")

    @cached_property
    def cluster(self) -> ClusterSettings:
        """Raises WorkspaceError with every wrong entry."""
        found = self._parsed(partial(parse_settings, ClusterSettings), "cluster")
        files = {name: str(self.root / file) for name, file in found.files.items() if file}
        return found.model_copy(update=files)

    def _parsed(self, parse: Callable[[Mapping[str, Any]], Some], table: str) -> Some:
        try:
            return parse(self._settings.get(table, {}))
        except ConfigError as error:
            raise WorkspaceError("\n  ".join([f"{self / CONFIG} 有误：", *error.errors])) from error

    @cached_property
    def _settings(self) -> dict[str, Any]:
        """Everything in the configuration, as it stands there. Raises WorkspaceError."""
        path = self / CONFIG
        try:
            return tomllib.loads(path.read_text("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise WorkspaceError(f"{path} 不是 UTF-8 编码的文本，请在编辑器里另存为 UTF-8") from error
        except tomllib.TOMLDecodeError as error:
            how = "每行写“名称 = 值”，值是数字、日期、true、false，或加英文引号的文字"
            raise WorkspaceError(f"{path} {_place(error)}写法不对：{how}") from error

    @cached_property
    def fonts(self) -> dict[str, Path]:
        """The office's own font files, by role; relative paths are the workspace's. Raises WorkspaceError."""
        path, named = self / CONFIG, self._settings.get("fonts", {})
        wrong = [role for role, file in named.items() if not isinstance(file, str)]
        if wrong:
            raise WorkspaceError(f"{path} 有误：[fonts] 中 {'、'.join(wrong)} 应写字体文件的路径")
        return {role: self.root / file for role, file in named.items()}

    @cached_property
    def catalogue(self) -> Catalogue:
        """Raises FormError."""
        return load_catalogue(self / "forms")

    @cached_property
    def calibration(self) -> Calibration:
        """The one that counts here. Raises ModelError."""
        return models.current(self.root)

    def open_store(self) -> Store:
        return Store.open(self / "data.db")

    @property
    def who(self) -> str:
        """Who works here, for the audit trail."""
        if self.person:
            return self.person
        try:
            return getpass.getuser()
        except OSError:
            return "unknown"

    def keep_original(self, path: Path) -> str:
        """Copy `path` to originals/ for good; returns its SHA-256. Doing it again changes nothing.

        The copy is on disk before it gets its name, so that a named original is always whole.
        Raises OSError.
        """
        folder = self / "originals"
        partial = folder / f".{os.getpid()}.partial"
        with path.open("rb") as source, partial.open("wb") as copy:
            name = copy_to_disk(source, copy).sha256
        if (folder / name).exists():
            partial.unlink()
        else:
            partial.rename(folder / name)
        return name

    def original(self, digest: str) -> Path:
        return self / "originals" / digest

    def reject(self, path: Path, digest: str, reason: str) -> None:
        """Keep a file that is no scan, with its reason beside it."""
        target = self / "rejected" / f"{digest[:16]}{path.suffix.lower()}"
        if not target.exists():
            shutil.copyfile(path, target)
        target.with_suffix(target.suffix + ".txt").write_text(reason + "\n", "utf-8")
