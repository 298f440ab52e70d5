"""How fast the review page serves, and how soon after Enter the next crop is on the screen.

    python -m benchmarks.review WORKSPACE [CLERKS]

Works on a copy of a workspace whose scans were read (e.g. of `zoufang demo`), with the server in a process
of its own. Clerks key as fast as they are served, each fetching every crop; then one keys in a real
headless Chromium with a reader's pause, and as fast as the page lets them.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from review.accounts import save_account
from store import Store

PASSWORD = "for the benchmark"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-sync",
]
SERVED_FOR = 20.0  # seconds
KEYED = 60  # items in the browser
PAUSE_MS = 400  # a reader's look at a crop

_WATCH = """() => {
  window.times = [];
  let pressed = 0;
  const note = () => {
    if (pressed) times.push(performance.now() - pressed);
    pressed = 0;
  };
  document.addEventListener("keydown", (e) => { if (e.key === "Enter") pressed = e.timeStamp; }, true);
  new PerformanceObserver(() => pressed && requestAnimationFrame(note)).observe({ type: "mark" });
}"""


def main(workspace: Path, clerks: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = _copy(workspace, Path(folder) / "copy")
        store = Store.open(copy / "data.db")
        for n in range(clerks):
            save_account(store, "benchmark", f"clerk {n}", "keyer", PASSWORD)
        store.close()
        with _served(copy) as url:
            _wait_for_tasks(url)
            _report_browser(url)
            _report_served(url, clerks)


def _copy(workspace: Path, copy: Path) -> Path:
    copy.mkdir()
    for name in ("data.db", "secret.key", "zoufang.toml"):
        shutil.copy(workspace / name, copy / name)
    (copy / "originals").symlink_to(workspace.resolve() / "originals")
    (copy / "forms").mkdir()
    return copy


@contextmanager
def _served(workspace: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from zoufang.cli import main; main()"]
    command += ["review", "--port", str(port), "-w", str(workspace)]
    server = subprocess.Popen(command)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for_tasks(url: str) -> None:
    """Until the server is up and no new work turns up any more."""
    before = -1
    while True:
        time.sleep(3)
        try:
            left = _Clerk(url, 0).ask()
        except httpx.TransportError:
            continue
        if left == before:
            print(f"{left} items to key")
            return
        before = left


# --- as fast as they are served ----------------------------------------------------------------------


class _Clerk:
    """Keys what is proposed, or nothing where nothing is."""

    def __init__(self, url: str, number: int) -> None:
        self.client = httpx.Client(base_url=url, headers={"Origin": url, "Accept": "application/json"})
        login = {"name": f"clerk {number}", "password": PASSWORD}
        self.client.headers["X-CSRF-Token"] = self.client.post("/login/again", json=login).json()["csrf"]
        self.desk = f"benchmark-{number}"
        self.saves: list[float] = []
        self.crops: list[float] = []

    def ask(self) -> int:
        answer = self.client.post("/key/take", json={"desk": self.desk}).json()
        self.client.post("/key/leave", json={"desk": self.desk})
        return int(answer["left"])

    def work(self, until: float) -> None:
        queue = self.client.post("/key/take", json={"desk": self.desk}).json()["items"]
        self._fetch(queue)
        while queue and time.perf_counter() < until:
            item = queue.pop(0)
            step = {"desk": self.desk, "task": item["id"], "action": "save", "value": item["value"]}
            start = time.perf_counter()
            step["have"] = [one["id"] for one in queue]
            answer = self.client.post("/key/done", json=step)
            if answer.status_code == 422:  # what was read is no answer: a date that does not exist
                answer = self.client.post("/key/done", json=step | {"action": "unreadable"})
            answer.raise_for_status()
            self.saves.append(time.perf_counter() - start)
            new = answer.json()["items"]
            self._fetch(new)
            queue += new

    def _fetch(self, items: list[dict[str, dict[str, str]]]) -> None:
        for item in items:
            start = time.perf_counter()
            self.client.get("/" + item["looks"][0]["crop"]["url"]).raise_for_status()
            self.crops.append(time.perf_counter() - start)


def _report_served(url: str, clerks: int) -> None:
    staff = [_Clerk(url, n) for n in range(clerks)]
    start = time.perf_counter()
    threads = [threading.Thread(target=clerk.work, args=(start + SERVED_FOR,)) for clerk in staff]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    saves = [one for clerk in staff for one in clerk.saves]
    crops = [one for clerk in staff for one in clerk.crops]
    print(f"{clerks} clerks without pause: {len(saves) / seconds:.0f} items/s in {seconds:.0f} s")
    print(f"  a step saved and the next item handed out  {_times(saves)}")
    print(f"  a crop, cut from its original              {_times(crops)}")


# --- on the screen ---------------------------------------------------------------------------------


def _report_browser(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{url}/login?next=/key")
        page.fill("[name=name]", "clerk 0")
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#stage img")
        page.evaluate(_WATCH)
        paced = _key(page, PAUSE_MS)
        print(f"Enter to the next crop on the screen, {PAUSE_MS} ms a look  {_times(paced)}")
        start = time.perf_counter()
        rushed = _key(page, 0)
        rate = len(rushed) / (time.perf_counter() - start)
        print(f"  as fast as the page lets one ({rate:.1f} items/s)       {_times(rushed)}")
        browser.close()


def _key(page: Page, pause: int) -> list[float]:
    """Seconds from Enter to the frame with the next crop, for each of KEYED items."""
    page.evaluate("times.length = 0")
    for n in range(KEYED):
        page.wait_for_timeout(max(pause, 160))  # the page takes a sooner Enter for a bouncing key
        page.keyboard.press("Enter")
        if page.inner_text("#message"):
            page.keyboard.press("Enter")
        page.wait_for_function("n => times.length > n", arg=n)
    return [float(ms) / 1000 for ms in page.evaluate("times")]


def _times(seconds: list[float]) -> str:
    ms = sorted(1000 * one for one in seconds)
    return f"median {statistics.median(ms):5.1f} ms, 95 % within {ms[int(0.95 * len(ms))]:5.1f} ms"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4)
