"""Work that only one process may do at a time: a lock that the system lets go when its holder ends, however
it ends. On a network drive it holds between the computers only where the drive itself passes locks on.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forms.errors import ClerkError

UPKEEP = ".upkeep.lock"
"""Of a workspace: who copies its files, or erases some of them."""
BUSY = "这个工作区正在备份或清除，请等它结束再试"
WATCH = ".watch.lock"
"""Of a workspace: who reads what arrives."""


class LockedError(ClerkError):
    """Another process is at it; the message says which."""


@contextmanager
def alone(lock: Path, refusal: str) -> Iterator[None]:
    """Hold the lock file until the block ends. Raises LockedError with `refusal`, and who holds it."""
    with lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            raise LockedError(f"{refusal}（{holder}）" if holder else refusal) from None
        file.truncate(0)
        file.write(f"进程 {os.getpid()}，在 {socket.gethostname()} 上")
        file.flush()
        yield
        file.truncate(0)
