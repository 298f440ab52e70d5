"""Long work behind the page: printing, scanning, lists, reports.

One piece at a time, in a thread of the server, so that it goes on whatever happens to the browser. What
it wrote stays in the workspace; the list of jobs itself is forgotten when the server stops.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from forms.errors import ClerkError, file_trouble
from store.accounts import User
from store.schema import now

_KEPT = 30

log = logging.getLogger(__name__)


class BusyError(ClerkError):
    """Something else is under way; the message says what."""


class StoppedError(Exception):
    """A person stopped the job."""


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Outcome:
    """What came of a job: lines for the clerk, a folder of papers to download, and where to go on."""

    said: Sequence[str] = ()
    papers: str = ""
    files: Sequence[str] = ()
    onwards: str = ""


@dataclass
class Job:
    """A piece of long work, as everyone may look at it. `back`: the page that it was begun from."""

    number: int
    title: str
    who: str
    back: str
    may_see: Callable[[User], bool]
    began: datetime = field(default_factory=now)
    ended: datetime | None = None
    state: JobState = JobState.RUNNING
    doing: str = ""
    done: int = 0
    total: int = 0
    said: Sequence[str] = ()
    outcome: Outcome = Outcome()
    stopping: bool = False

    @property
    def running(self) -> bool:
        return self.state is JobState.RUNNING

    def step(self, done: int, total: int) -> None:
        """Called by the work as it goes on. Raises StoppedError once somebody asked it to stop."""
        self.done, self.total = done, total
        if self.stopping:
            raise StoppedError

    def doing_now(self, words: str) -> None:
        """Another part of the work begins."""
        self.doing = words
        self.step(0, 0)


Work = Callable[[Job], Outcome]


class Jobs:
    """The long work of one office."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[int, Job] = OrderedDict()
        self._begun = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, title: str, user: User, back: str, work: Work, may_see: Callable[[User], bool]) -> Job:
        """Begin, unless something is under way: then BusyError."""
        with self._lock:
            running = self.running
            if running is not None:
                raise BusyError(f"“{running.title}”正在进行（{running.who}），一次只能做一件。请等它结束再试")
            self._begun += 1
            job = Job(self._begun, title, user.name, back, may_see)
            self._jobs[job.number] = job
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
            self._thread = threading.Thread(target=_run, args=(job, work), daemon=True)
            self._thread.start()
        return job

    @property
    def running(self) -> Job | None:
        return next((job for job in reversed(self._jobs.values()) if job.running), None)

    def find(self, number: int, user: User) -> Job | None:
        """The job, if this person may see it."""
        job = self._jobs.get(number)
        return job if job and job.may_see(user) else None

    def latest(self, user: User) -> list[Job]:
        """Those that this person may see, the newest first."""
        return [job for job in reversed(self._jobs.values()) if job.may_see(user)]

    def stop(self) -> None:
        """Ask what is under way to stop: at the next step that it takes."""
        running = self.running
        if running is not None:
            running.stopping = True

    def wait(self, seconds: float) -> None:
        """Until what is under way has ended, at most so long."""
        if self._thread is not None:
            self._thread.join(seconds)


def _run(job: Job, work: Work) -> None:
    try:
        job.outcome = work(job)
        job.state = JobState.DONE
    except StoppedError:
        job.said, job.state = ("已按要求停下。已完成的部分都已保存",), JobState.STOPPED
    except ClerkError as error:
        job.said, job.state = str(error).splitlines(), JobState.FAILED
    except OSError as error:
        log.exception("%s failed", job.title)
        job.said, job.state = (f"文件读写出错：{file_trouble(error)}",), JobState.FAILED
    except Exception as error:  # a job that fails must end, and be seen to
        log.exception("%s failed", job.title)
        job.said, job.state = (f"程序出错（{type(error).__name__}），请把日志交给维护人员",), JobState.FAILED
    finally:
        job.ended = now()
