"""Reads what arrives in a folder (`zoufang watch`), as `workspace.scanning` reads what it is told to.

It looks every few seconds: shares on a network tell nobody what arrives. A file has arrived when two looks
find it the same, it can be opened and it ends as it should; any other gets a minute, because scanners are
slow, and is then read, or turned away with its reason. Files stay where they are. Which of them were read is
known by their content, after a new start too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import OperationalError

from forms.errors import file_trouble
from ingest.wholeness import looks_whole
from store import Store, erasures, scanned
from workspace.copying import digest_of
from workspace.folder import Workspace
from workspace.locking import WATCH, alone
from workspace.pool import Pool
from workspace.scanning import SENT, FileRead, OnFile, find_files, scan

PATIENCE_SECONDS = 60.0
"""So long a file that does not look whole may still be on its way."""
UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".!ut")
"""Endings of files that somebody is still writing."""
BUSY = "已有一个 zoufang watch 在看守这个工作区（或正在清除个人信息），一次只能有一个"


class Watch:
    """The watch over a folder.

    on_file  told of each file once it is done with
    on_note  told, in words for the clerk, of what went wrong or was passed over
    pause    waits for the next look
    """

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        folder: Path,
        pool: Pool,
        on_file: OnFile,
        on_note: Callable[[str], None],
        pause: Callable[[], None],
    ) -> None:
        self.workspace, self.store, self.folder, self.pool = workspace, store, folder, pool
        self.on_file, self.on_note, self.pause = on_file, on_note, pause
        self.arrivals = Arrivals(folder)
        self._troubles: tuple[set[str], set[str]] = set(), set()  # of the last look and of this one

    def forever(self) -> None:
        """Until it is interrupted: then nothing is lost that was read. Raises LockedError."""
        with alone(self.workspace / WATCH, BUSY):
            while True:
                self._look()
                self.pause()

    def once(self) -> list[Path]:
        """Read what is there, and return what could not be, or has not arrived whole. Raises LockedError."""
        with alone(self.workspace / WATCH, BUSY):
            self._look()
            self.pause()
            self._look()
            return self.arrivals.waiting()

    @property
    def troubled(self) -> bool:
        """Whether something went wrong at the last look."""
        return bool(self._troubles[1])

    def _look(self) -> None:
        """Read what has arrived since the last look. Whatever goes wrong is tried again by the next."""
        self._troubles = self._troubles[1], set()
        with self._surviving():
            known, new = self._sorted(self.arrivals.ready())
            self._pass_over(known)
            self._read(new)

    def _sorted(self, ready: Iterable[Path]) -> tuple[list[Path], list[Path]]:
        """Files whose content was read, or turned away, before; and those to read."""
        known: list[Path] = []
        new: list[Path] = []
        for path in ready:
            with self._surviving():
                (known if self._is_known(path) else new).append(path)
        return known, new

    def _is_known(self, path: Path) -> bool:
        digest = digest_of(path)
        with self.store.read() as db:
            info = scanned.scan(db, digest)
            return info is not None and (info.outcome is not None or erasures.is_gone(db, digest))

    def _pass_over(self, known: Iterable[Path]) -> None:
        """What lies here from before is not worth a line each."""
        old = 0
        for path in known:
            self.arrivals.is_done(path)
            if self.arrivals.is_new(path):
                self.on_file(FileRead(path, known=True))
            else:
                old += 1
        if old:
            self.on_note(f"文件夹里有 {old} 个文件以前已读过")

    def _read(self, new: Sequence[Path]) -> None:
        """Together, which is quickest; one by one, when one of them stands in the way of the others."""
        try:
            self._scan(new)
        except OSError:
            for path in new:
                if path in self.arrivals.waiting():
                    with self._surviving():
                        self._scan([path])

    def _scan(self, paths: Sequence[Path]) -> None:
        def done(file: FileRead) -> None:
            self.arrivals.is_done(file.path)
            self.on_file(file)

        if paths:
            scan(self.workspace, self.store, paths, self.pool, self.workspace.who, on_file=done)

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """A file that went away, a disk or a share that fails: said once, and the watch goes on."""
        try:
            yield
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                self._trouble(file_trouble(error))
        except OSError as error:
            self._trouble(file_trouble(error))
        except OperationalError as error:
            self._trouble(f"数据库读写不了（{error.orig}），可能磁盘已满或出错")

    def _trouble(self, words: str) -> None:
        before, now = self._troubles
        if words not in before | now:
            self.on_note(f"{words}。过一会儿再试")
        now.add(words)


@dataclass
class _Seen:
    """A file as it was found: its size and time, since when (our clock), and whether it is done with."""

    look: tuple[int, int]
    since: float
    looks: int = 1
    done: bool = False


@dataclass
class Arrivals:
    """The files of a folder, and which of them have arrived."""

    folder: Path
    clock: Callable[[], float] = time.monotonic
    _seen: dict[Path, _Seen] = field(default_factory=dict)
    _first: frozenset[Path] | None = None

    def ready(self) -> list[Path]:
        """Look: the files that have arrived and are not done with. Raises OSError."""
        found = dict(self._files())
        for gone in set(self._seen) - set(found):
            del self._seen[gone]
        for path, look in found.items():
            seen = self._seen.get(path)
            if seen is None or seen.look != look:
                self._seen[path] = _Seen(look, self.clock())
            else:
                seen.looks += 1
        if self._first is None:
            self._first = frozenset(found)
        return [path for path, seen in self._seen.items() if self._has_arrived(path, seen)]

    def _files(self) -> Iterator[tuple[Path, tuple[int, int]]]:
        next(self.folder.iterdir(), None)  # a folder that cannot be read is no empty folder
        for path in find_files([self.folder]):
            if not self._passed_over(path):
                try:
                    status = path.stat()
                except OSError:  # it went away
                    continue
                yield path, (status.st_size, status.st_mtime_ns)

    def _passed_over(self, path: Path) -> bool:
        name, inside = path.name.lower(), path.relative_to(self.folder)
        unfinished = name.endswith((*UNFINISHED, "~")) or name.startswith("~")
        return unfinished or (len(inside.parts) > 1 and inside.parts[0].startswith(SENT))

    def _has_arrived(self, path: Path, seen: _Seen) -> bool:
        if seen.done or seen.looks < 2:
            return False
        return looks_whole(path) or self._age(seen) >= PATIENCE_SECONDS

    def _age(self, seen: _Seen) -> float:
        """Seconds since it last changed, by our clock or, of files that were there before, by its own."""
        return max(self.clock() - seen.since, time.time() - seen.look[1] / 1e9)

    def is_new(self, path: Path) -> bool:
        """Whether it came while we looked."""
        return path not in (self._first or ())

    def is_done(self, path: Path) -> None:
        """Until it changes, it is not ready again."""
        if path in self._seen:
            self._seen[path].done = True

    def waiting(self) -> list[Path]:
        """Files that have not arrived whole."""
        return sorted(path for path, seen in self._seen.items() if not seen.done)
