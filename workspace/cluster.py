"""Reads pages on a Dask cluster: many computers, for a city or a province. Needs the extra `cluster`.

Each worker reads in processes of its own (`workspace.pool`), so that a page that kills its reader or
hangs costs the worker nothing. What the readers know of the campaign, and the files, are Dask's data of
this client: a worker has them in memory while pages of this batch need them, and drops them with the
last one, or when this client goes, however it goes. A worker whose programs differ from ours is left out.

What goes wrong with the cluster is a ClusterError, never a problem of a page: nothing is written down
that would not be read the next time.
"""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import socket
import ssl
import threading
import warnings
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from distributed import Client, KilledWorker, Security, get_worker
from distributed.versions import VersionMismatchWarning
from pebble import ProcessPool

from forms.errors import ClerkError, file_trouble
from ingest.model import PageResult, Shelf
from workspace.folder import ClusterSettings
from workspace.pool import (
    AHEAD,
    PAGE_SECONDS,
    PageTask,
    Read,
    in_order,
    keep_packed,
    killed,
    pack,
    read_page,
    sheets_of,
    start_processes,
)

CONNECT_SECONDS = 10
LOOK_SECONDS = 5
"""How often to look whether any worker is left, while a page is waited for."""
_PROGRAMS = ("forms", "layouts", "ingest", "workspace")
_PACKAGES = (
    *("numpy", "onnxruntime", "opencv-python", "pikepdf", "pillow", "pillow-heif"),
    *("pypdfium2", "rapidocr", "zxing-cpp", "pebble", "distributed"),
)
"""What readings depend on, beside our own programs; the last two carry pages and results."""


class ClusterError(ClerkError):
    """Pages cannot be read on the cluster now."""


# --- on a worker -----------------------------------------------------------------------------------


class Desk:
    """Where a worker reads the pages of one batch: in processes that know the shelf. They start with the
    first page and end when Dask lets go of the desk."""

    def __init__(self, shelf: bytes, read: Read, seconds: float) -> None:
        self._shelf, self._read, self._seconds = shelf, read, seconds
        self._pool: ProcessPool | None = None
        self._starting = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Desk, (self._shelf, self._read, self._seconds)

    def read(self, original: Path, number: int) -> list[PageResult]:
        with self._starting:
            if self._pool is None:
                self._pool = start_processes(get_worker().state.nthreads, keep_packed, self._shelf)
                weakref.finalize(self, _end, self._pool).atexit = False
        page = self._pool.schedule(self._read, args=(original, number), timeout=self._seconds)
        sheets = sheets_of(page, self._seconds)
        if not self._pool.active:
            raise RuntimeError("readers do not start")  # no fault of the page's
        return sheets


def _end(pool: ProcessPool) -> None:
    """Without waiting: Dask lets go of a desk in the thread that its worker lives in."""
    pool.stop()
    threading.Thread(target=pool.join, daemon=True).start()


def _read_there(desk: Desk, file: bytes | None, original: Path, number: int) -> list[PageResult]:
    """One page, of a file that was sent or, if None, of the original in the shared folder."""
    if file is None:
        original.stat()  # a folder that is not there is no fault of the page's
        return desk.read(original, number)
    with _in_memory(file) as path:
        return desk.read(path, number)


@contextmanager
def _in_memory(data: bytes) -> Iterator[Path]:
    """A file that no disk holds, for this process and those that it started."""
    with open(os.memfd_create("scan"), "wb", buffering=0) as file:
        file.write(data)
        yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")


def _condition(dask_worker: Any = None) -> dict[str, str]:
    """All that a worker's readings depend on, and how it was started; without a worker, what they should
    be."""
    found = {
        "走访程序的文件与本机不同，请装同一版本": _programs(),
        **{name: _version(name) for name in _PACKAGES},
    }
    spills = dask_worker is not None and type(dask_worker.data) is not dict
    nanny = dask_worker is not None and multiprocessing.current_process().daemon
    return {
        **found,
        "会把数据写到硬盘，启动时要加 --memory-limit 0": str(spills),
        "不能另起进程，启动时要加 --no-nanny": str(nanny),
    }


def _programs() -> str:
    digest = hashlib.sha256()
    for package in _PROGRAMS:
        root = Path(str(files(package)))
        for path in sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"):
            digest.update(f"{package}/{path.relative_to(root)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


# --- here ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cluster:
    """A cluster that is connected. Another `Pool`.

    workers   addresses of those that read as this computer does
    left_out  the others, in words: which, and why
    """

    client: Client
    workers: Sequence[str]
    left_out: Sequence[str]
    shared: bool = False
    read: Read = read_page
    seconds: float = PAGE_SECONDS

    def read_pages(
        self, tasks: Iterable[PageTask], shelf: Shelf
    ) -> Iterator[tuple[PageTask, list[PageResult]]]:
        with _clear_errors():
            threads = self.client.nthreads(list(self.workers))
            desk = self.client.scatter(
                Desk(pack(shelf), self.read, self.seconds),
                workers=list(self.workers),
                broadcast=True,
                hash=False,
            )
            executor = self.client.get_executor(pure=False, workers=list(self.workers))
            sent: tuple[str, Any] = "", None  # the file whose pages are under way, and where Dask has it

            def submit(task: PageTask) -> Future[list[PageResult]]:
                nonlocal sent
                if task.scan != sent[0]:
                    sent = task.scan, None if self.shared else self._send(task.original)
                page: Future[list[PageResult]] = executor.submit(
                    _read_there, desk, sent[1], task.original, task.number
                )
                return page

            try:
                for task, future in in_order(tasks, submit, AHEAD * sum(threads.values())):
                    yield task, self._sheets_of(future)
            finally:
                executor.shutdown(wait=False)  # interrupted: what is under way is read again next time

    def _send(self, original: Path) -> Any:
        """Where Dask has the file: with it, as with a result, the scheduler can replace a worker's copy."""
        return self.client.submit(bytes, original.read_bytes(), pure=False, workers=list(self.workers))

    def _sheets_of(self, future: Future[list[PageResult]]) -> list[PageResult]:
        while not wait([future], LOOK_SECONDS).done:
            if not any(self.client.nthreads(list(self.workers)).values()):
                raise ClusterError(f"集群里可用的工作机都不见了。{_GO_ON}")
        try:
            return future.result()
        except KilledWorker:  # several, one after the other
            return killed()


_GO_ON = "已读入的内容都已保存，修好后重新运行同一命令即可继续"


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except (ClerkError, GeneratorExit):
        raise
    except CancelledError as error:
        raise ClusterError(f"集群的调度程序或全部工作机不见了。{_GO_ON}") from error
    except Exception as error:
        raise ClusterError(f"集群出错（{type(error).__name__}：{error}）。{_GO_ON}") from error


@contextmanager
def connect(
    address: str, settings: ClusterSettings, read: Read = read_page, seconds: float = PAGE_SECONDS
) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`. Raises ClusterError.

    read, seconds  as of `workspace.pool.Processes`
    """
    security = _security(address, settings)
    _knock(address, security)
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong, we say
    warnings.simplefilter("ignore", VersionMismatchWarning)
    warnings.filterwarnings("ignore", "Sending large graph")  # a file
    with _clear_errors():
        client = Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
    try:
        with _clear_errors():
            workers, left_out = _sort(client.run(_condition, on_error="return"))
        if not workers:
            said = "：" if left_out else "，请先启动"
            raise ClusterError("\n  ".join([f"集群里没有可用的工作机（dask worker）{said}", *left_out]))
        yield Cluster(client, workers, left_out, settings.shared, read, seconds)
    finally:
        client.close()  # with it goes all that was under way


def _sort(found: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Workers that read as this computer does, and what is wrong with the others."""
    wanted = _condition()
    workers, left_out = [], []
    for worker, condition in sorted(found.items()):
        if isinstance(condition, Exception):
            left_out.append(
                f"{worker}：没有装走访软件，或装得不对（{type(condition).__name__}：{condition}）"
            )
            continue
        wrong = [
            f"{name} {condition[name]}（本机 {right}）" if name in _PACKAGES else name
            for name, right in wanted.items()
            if condition.get(name) != right
        ]
        if wrong:
            left_out.append(f"{worker}：{'；'.join(wrong)}")
        else:
            workers.append(worker)
    return workers, left_out


def _security(address: str, settings: ClusterSettings) -> Security:
    """Encrypted, and certified both ways; in the clear on this computer only."""
    url = urlsplit(address)
    try:
        port = url.port
    except ValueError:
        port = None
    if url.scheme not in ("tls", "tcp") or not url.hostname or not port:
        raise ClusterError(f"调度程序的地址应写成 tls://主机:8786 的样子，不能是 {address}")
    if url.scheme == "tcp":
        if not _is_here(url.hostname):
            raise ClusterError(
                f"{address} 不加密。不加密只准在本机试用（tcp://127.0.0.1:8786）；"
                "表上有个人信息，集群要用 tls://，证书写在 zoufang.toml 的 [cluster] 里"
            )
        return Security()
    missing = [name for name, file in settings.files.items() if not file]
    if missing:
        raise ClusterError(f"请在 zoufang.toml 的 [cluster] 里写明证书文件：{'、'.join(missing)}")
    for file in settings.files.values():
        Path(file).open().close()
    return Security(
        tls_ca_file=settings.ca,
        tls_client_cert=settings.cert,
        tls_client_key=settings.key,
        require_encryption=True,
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _knock(address: str, security: Security) -> None:
    """Whether there is a scheduler that we understand: Dask itself only says that it got no answer."""
    url = urlsplit(address)
    try:
        context = security.get_connection_args("client").get("ssl_context") if url.scheme == "tls" else None
    except ssl.SSLError as error:
        raise ClusterError(
            f"[cluster] 里的证书文件不能用（{error.reason or error}）：ca、cert、key 应是 PEM 文件，"
            "cert 和 key 应是一对"
        ) from error
    try:
        line = socket.create_connection((url.hostname or "", url.port or 0), CONNECT_SECONDS)
    except OSError as error:
        raise ClusterError(
            f"连不上集群的调度程序 {address}（{file_trouble(error)}）。请确认它已启动、地址和端口没有写错、"
            "防火墙没有拦住"
        ) from error
    try:
        with line:
            if context:
                with context.wrap_socket(line) as secure:
                    secure.recv(1)  # that our certificate was refused shows only now
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise ClusterError(
            f"{address} 没有建立起加密连接（{reason}）。请核对：调度程序是用 tls:// 启动的，"
            "两边的证书是同一个 CA 签发的，没有过期"
        ) from error
