"""Pages are read alike in processes of this computer and on a cluster: same results, in order, and a page
that kills its reader or hangs fails alone. A cluster that fails itself is no fault of any page."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import odd_readers
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from distributed import Client, KilledWorker, Security
from PIL import Image as Pillow

from benchmarks.prints import printed_pages
from ingest.model import PageResult, Shelf
from layouts import Key
from workspace import cluster as clusters
from workspace.cluster import Cluster, ClusterError, connect
from workspace.folder import CONFIG, ClusterSettings, Workspace, WorkspaceError
from workspace.pool import AHEAD, PageTask, Pool, Processes
from zoufang.cli import cli
from zoufang.console import Exit

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EMPTY = Shelf(Key(bytes(32)), {}, {})


# --- a cluster on this computer --------------------------------------------------------------------


def certificates(folder: Path) -> ClusterSettings:
    """A CA made for this, and one certificate of it, which serves everyone here."""
    folder.mkdir()
    now = datetime.now(UTC)

    def name(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    def certificate(subject: str, key: Any, signer: Any, ca: bool) -> bytes:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        usage = x509.KeyUsage(not ca, False, False, False, False, ca, False, False, False)  # sign, or certify
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("throw-away CA"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer, critical=False)
            .add_extension(usage, critical=True)
            .sign(signer, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    (folder / "ca.pem").write_bytes(certificate("throw-away CA", root, root, ca=True))
    (folder / "cert.pem").write_bytes(certificate("cluster", own, root, ca=False))
    (folder / "key.pem").write_bytes(
        own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return ClusterSettings(
        ca=str(folder / "ca.pem"), cert=str(folder / "cert.pem"), key=str(folder / "key.pem")
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@dataclass
class Town:
    """A scheduler and its workers, as an administrator starts them."""

    address: str
    settings: ClusterSettings
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def observer(self) -> Client:
        files = self.settings
        security = Security(tls_ca_file=files.ca, tls_client_cert=files.cert, tls_client_key=files.key)
        return Client(self.address, security=security if files.ca else None, set_as_default=False)

    def add_workers(self, number: int = 1, memory: str = "0") -> list[subprocess.Popen[bytes]]:
        command = ("worker", self.address, "--no-nanny", "--nthreads", "1", "--memory-limit", memory)
        added = [_dask(self.settings, *command) for _ in range(number)]
        self.workers += added
        alive = sum(worker.poll() is None for worker in self.workers)
        with self.observer() as client:
            client.wait_for_workers(alive, timeout=30)
        return added

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def _dask(settings: ClusterSettings, *words: str) -> subprocess.Popen[bytes]:
    files = ("--tls-ca-file", settings.ca, "--tls-cert", settings.cert, "--tls-key", settings.key)
    options = ("--dashboard-address", "127.0.0.1:0", *(files if settings.ca else ()))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(HERE)))}
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words, *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def started(settings: ClusterSettings, workers: int) -> Iterator[Town]:
    address = f"{'tls' if settings.ca else 'tcp'}://127.0.0.1:{free_port()}"
    host, _, port = address.rpartition(":")
    town = Town(address, settings, _dask(settings, "scheduler", "--host", host, "--port", port))
    try:
        _until(lambda: _answers(int(port)))
        town.add_workers(workers)
        yield town
    finally:
        town.stop()


def _answers(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


def _until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Over TLS, with two workers."""
    with started(certificates(tmp_path_factory.mktemp("tls") / "files"), 2) as running:
        yield running


# --- what both promise -----------------------------------------------------------------------------

Open = Callable[..., AbstractContextManager[Pool]]


@pytest.fixture(params=["processes", "cluster"])
def open_pool(request: pytest.FixtureRequest) -> Open:
    if request.param == "processes":
        return lambda read, seconds: nullcontext(Processes(2, read=read, seconds=seconds))
    town: Town = request.getfixturevalue("town")
    shared = town.settings.model_copy(update={"shared": True})
    return lambda read, seconds: connect(town.address, shared, read, seconds)


def pages(folder: Path, number: int, text: str = "") -> list[PageTask]:
    """The pages of two files."""
    for name in "ab":
        (folder / name).write_text(text)
    return [
        PageTask(folder / "ab"[n > number // 2], "ab"[n > number // 2], "", n, 0)
        for n in range(1, number + 1)
    ]


def outcome(result: Sequence[PageResult]) -> int | str | None:
    (only,) = result
    return only.problems[0].kind if only.problems else only.page


def test_results_come_in_order_and_a_page_that_kills_its_reader_hangs_or_fails_fails_alone(
    open_pool: Open, tmp_path: Path
) -> None:
    asked = 0

    def tasks() -> Iterator[PageTask]:
        nonlocal asked
        for task in pages(tmp_path, 40):
            asked += 1
            yield task

    results = []
    with open_pool(odd_readers.troubled, 2.0) as pool:
        for _, result in pool.read_pages(tasks(), EMPTY):
            results.append(outcome(result))
            assert asked <= len(results) + 2 * AHEAD, "more are under way than memory may hold"
    ends = {
        odd_readers.KILLS: "worker_died",
        odd_readers.HANGS: "page_hangs",
        odd_readers.FAILS: "reader_failed",
    }
    assert results == [ends.get(number, number) for number in range(1, 41)]


def test_the_cluster_reads_what_the_processes_read(town: Town, tmp_path: Path) -> None:
    shelf, prints = printed_pages(Key(bytes(range(32))), 150.0, ["2-5"])
    front, back = (Pillow.fromarray(side.shot.image) for side in prints)
    front.save(tmp_path / "pages.tif", save_all=True, append_images=[back, Pillow.new("L", front.size, 255)])
    drawn = Pillow.new("RGB", (front.width, 2 * front.height), "white")
    drawn.paste(back.convert("RGB"), (0, 0))
    drawn.save(tmp_path / "picture.pdf", resolution=150)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")
    tasks = [
        PageTask(tmp_path / name, name, name, number, pages)
        for name, pages in (("pages.tif", 3), ("picture.pdf", 1), ("broken.pdf", 1))
        for number in range(1, pages + 1)
    ]
    here = list(Processes(1).read_pages(tasks, shelf))
    with connect(town.address, town.settings) as cluster:
        there = list(cluster.read_pages(tasks, shelf))
    assert [sheets[0].state for _, sheets in here] == ["read", "read", "blank", "read", "unreadable"]
    assert there == here


# --- what a cluster does besides -------------------------------------------------------------------


def test_a_worker_that_disappears_costs_nothing(town: Town, tmp_path: Path) -> None:
    town.add_workers()
    with connect(town.address, town.settings, odd_readers.takes_worker_once) as cluster:
        tasks = pages(tmp_path, 30, str(tmp_path / "taken"))
        results = [outcome(result) for _, result in cluster.read_pages(tasks, EMPTY)]
    assert results == list(range(1, 31))
    assert (tmp_path / "taken").is_dir()
    assert sum(worker.poll() is None for worker in town.workers) == 2


_GOES = """
import sys; from pathlib import Path; import odd_readers
from test_pools import EMPTY, pages
from workspace.cluster import connect; from workspace.folder import ClusterSettings
address, settings, folder = sys.argv[1:]
with connect(address, ClusterSettings.model_validate_json(settings), odd_readers.slow) as cluster:
    for _ in cluster.read_pages(pages(Path(folder), 200), EMPTY):
        print("one", flush=True)
"""


def test_nothing_stays_on_the_cluster_when_reading_is_broken_off(town: Town, tmp_path: Path) -> None:
    with town.observer() as client:

        def nothing_is_left() -> bool:
            return not client.run_on_scheduler(odd_readers.tasks) and not any(
                client.run(odd_readers.belongings).values()
            )

        with (
            contextlib.suppress(KeyboardInterrupt),
            connect(town.address, town.settings, odd_readers.slow) as cluster,
        ):
            for _ in cluster.read_pages(pages(tmp_path, 200), EMPTY):
                assert not nothing_is_left()
                raise KeyboardInterrupt
        _until(nothing_is_left)

        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(HERE)))}
        command = [sys.executable, "-c", _GOES, town.address, town.settings.model_dump_json(), str(tmp_path)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as reading:
            assert reading.stdout is not None
            assert reading.stdout.readline() == b"one\n"
            assert not nothing_is_left()
            reading.kill()
        _until(nothing_is_left)


def test_workers_that_might_read_otherwise_or_write_to_disk_are_left_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    (spilling,) = town.add_workers(memory="1GB")
    with connect(town.address, town.settings) as cluster:
        assert len(cluster.workers) == 2
        (why,) = cluster.left_out
        assert "--memory-limit 0" in why
    spilling.terminate()
    spilling.wait()
    monkeypatch.setattr(clusters, "_programs", lambda: "another version")
    with pytest.raises(ClusterError, match="请装同一版本"), connect(town.address, town.settings):
        pass


@contextmanager
def going(town: Town, tmp_path: Path, words: str) -> Iterator[None]:
    """Pages under way on a cluster that goes before they are read."""
    with connect(town.address, town.settings, odd_readers.slow) as cluster:
        results = cluster.read_pages(pages(tmp_path, 200), EMPTY)
        next(results)
        yield
        with pytest.raises(ClusterError, match=words):
            list(results)


def test_when_the_cluster_goes_no_page_is_to_blame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LOOK_SECONDS", 0.3)
    with started(ClusterSettings(), 1) as small:
        with small.observer() as client:
            (first,) = client.nthreads()
        with going(small, tmp_path, "可用的工作机都不见了"):
            small.add_workers()  # which nobody looked at: it gets what the other had, but no page
            with small.observer() as client:
                client.retire_workers([first])
        with going(small, tmp_path, "全部工作机不见了"):
            small.workers[1].kill()
        small.workers[1].wait()
        with pytest.raises(ClusterError, match="请先启动"), connect(small.address, small.settings):
            pass
        small.add_workers()
        with going(small, tmp_path, "调度程序"):
            small.scheduler.kill()


def test_a_page_that_takes_one_worker_after_the_other_fails_alone() -> None:
    page: Future[list[PageResult]] = Future()
    page.set_exception(KilledWorker("page", None, 3))
    assert outcome(Cluster(None, (), ())._sheets_of(page)) == "worker_died"


def test_readers_that_do_not_start_are_no_fault_of_the_page(town: Town, tmp_path: Path) -> None:
    with (
        pytest.raises(ClusterError, match="readers do not start"),
        connect(town.address, town.settings, odd_readers.slow) as cluster,
    ):
        list(cluster.read_pages(pages(tmp_path, 2), odd_readers.NoShelf()))


def test_pages_that_a_worker_does_not_see_are_not_unreadable(town: Town, tmp_path: Path) -> None:
    settings = town.settings.model_copy(update={"shared": True})
    with (
        pytest.raises(ClusterError, match="FileNotFoundError"),
        connect(town.address, settings) as cluster,
    ):
        list(cluster.read_pages([PageTask(tmp_path / "none", "none", "", 1, 1)], EMPTY))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://10.1.2.3:8786", "不加密"),
        ("tcp://example.org:8786", "不加密"),
        ("10.1.2.3:8786", "写成"),
        ("tls://10.1.2.3", "写成"),
        ("tls://10.1.2.3:many", "写成"),
        ("tls://10.1.2.3:8786", r"\[cluster\].*ca、cert、key"),
        ("tcp://127.0.0.1:1", "连不上"),
    ],
)
def test_an_address_that_will_not_do_is_named(address: str, words: str) -> None:
    with pytest.raises(ClusterError, match=words), connect(address, ClusterSettings()):
        pass


def test_strangers_do_not_talk(town: Town, tmp_path: Path) -> None:
    other = certificates(tmp_path / "other")
    half = town.settings.model_copy(update={"cert": other.cert, "key": other.key})
    mixed = town.settings.model_copy(update={"key": other.key})
    for settings, words in ((other, "同一个 CA"), (half, "同一个 CA"), (mixed, "一对")):
        with pytest.raises(ClusterError, match=words), connect(town.address, settings):
            pass
    plain = town.address.replace("tls", "tcp")
    with pytest.raises(ClusterError), connect(plain, ClusterSettings()):
        pass


def test_the_command_reads_on_a_cluster(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    for name, file in town.settings.files.items():
        (workspace / f"{name}.pem").write_bytes(Path(file).read_bytes())
    with (workspace / CONFIG).open("a") as settings:
        settings.write('\n[cluster]\nca = "ca.pem"\ncert = "cert.pem"\nkey = "key.pem"\n')
    Pillow.new("L", (1240, 1754), 255).save(tmp_path / "back.png")

    def scan(*words: str) -> Any:
        return CliRunner().invoke(cli, ["scan", *words, "-w", str(workspace.root)], standalone_mode=False)

    there = ("--executor", "dask", "--scheduler", town.address)
    done = scan(str(tmp_path / "back.png"), *there, "--json")
    assert done.return_value == Exit.DONE, done
    assert '"blank": 1' in done.stdout
    assert scan("--redecide", "--images", *there).return_value == Exit.DONE
    for words in (there[:2], there[2:], (*there, "--jobs", "2"), (*there, "--debug-dir", str(tmp_path))):
        assert isinstance(scan(str(tmp_path), *words).exception, click.UsageError)
    monkeypatch.setattr("zoufang.commands.scan.find_spec", lambda name: None)
    assert "requirements/cluster.txt" in str(scan(str(tmp_path), *there).exception)


def test_settings_of_the_cluster_are_read_strictly(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    with (workspace / CONFIG).open("a") as settings:
        settings.write('\n[cluster]\ncertificate = "cert.pem"\nshared = "yes"\n')
    with pytest.raises(WorkspaceError, match=r"(?s)shared：.*certificate："):
        _ = workspace.cluster
