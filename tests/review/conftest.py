"""A live server and a real headless Chromium."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import uvicorn
from opinion_town import OpinionTown
from paper_office import Town
from playwright.sync_api import Browser, Page, sync_playwright

from review import Office, create_app
from review.accounts import save_account
from review.sifting import sift

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "correct horse"
STAFF = {"zhang": "keyer", "li": "keyer", "wang": "supervisor", "root": "administrator", "du": "inspection"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM if CHROMIUM.exists() else None, args=FLAGS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def town(tmp_path: Path) -> OpinionTown:
    """Whose forms came back with opinions on them."""
    town = OpinionTown(tmp_path / "town")
    town.bring_back()
    return town


@pytest.fixture
def office(town: OpinionTown) -> Office:
    return town.office


@dataclass
class Site:
    """A served office, and clerks who sign in to it."""

    town: Town
    url: str
    browser: Browser

    def sign_in(self, name: str, to: str = "/key") -> Page:
        """A browser of their own."""
        context = self.browser.new_context(viewport={"width": 1366, "height": 768}, base_url=self.url)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.goto(f"/login?next={quote(to)}")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(self.url + to)
        return page


Serve = Callable[[Town], Site]


@pytest.fixture
def serve(browser: Browser) -> Iterator[Serve]:
    """Serve a town after finding what needs a person there."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(town: Town) -> Site:
        for name, role in STAFF.items():
            _account(town, name, role)
        sift(town.office)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = uvicorn.Config(create_app(town.office, sifting=False), port=port, log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        running.append((server, thread))
        return Site(town, f"http://127.0.0.1:{port}", browser)

    yield start
    for context in browser.contexts:
        context.close()
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


def _account(town: Town, name: str, role: str) -> None:
    with _quick_hashes():
        save_account(town.store, "test", name, role, PASSWORD)


@contextmanager
def _quick_hashes() -> Iterator[None]:
    """Argon2 takes its time on purpose; accounts of tests need not."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    from review import accounts

    slow = accounts._HASH
    accounts._HASH = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    try:
        yield
    finally:
        accounts._HASH = slow
