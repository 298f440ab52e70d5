"""Serving over TLS, and the commands."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from clients import Desk
from fastapi.testclient import TestClient

from review import Office
from review.server import ServerError, is_loopback, own_certificate, serve
from store import work
from zoufang.cli import cli


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_only_loopback_may_do_without_tls() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("office.example")
    with pytest.raises(ServerError):
        serve(None, "0.0.0.0", free_port(), None)  # type: ignore[arg-type]


def test_a_self_made_certificate_names_its_host_and_is_kept(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "tls", "127.0.0.1")
    before = certificate.chain.read_bytes()
    assert certificate.key.stat().st_mode & 0o077 == 0
    assert own_certificate(tmp_path / "tls", "127.0.0.1").chain.read_bytes() == before
    other = own_certificate(tmp_path / "tls", "192.0.2.7")
    assert other.chain.read_bytes() != before
    ssl.create_default_context(cafile=str(other.chain))


def test_what_nobody_foresaw_is_said_in_chinese(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = Desk(office, "keyer")
    monkeypatch.setattr(work, "count_alike", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # for the log
        clerk.get("/grid")
    client = TestClient(clerk.client.app, raise_server_exceptions=False, cookies=clerk.client.cookies)
    page = client.get("/grid", headers={"Accept": "text/html"})
    assert page.status_code == 500
    assert "程序出错了" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "程序出错了" in client.get("/grid", headers={"Accept": "application/json"}).json()["message"]


def test_the_first_account_and_the_page_by_command(tmp_path: Path) -> None:
    runner, folder = CliRunner(), str(tmp_path / "town")
    assert runner.invoke(cli, ["init", folder]).exit_code == 0
    short = runner.invoke(
        cli, ["user", "add", "王主管", "--role", "supervisor", "-w", folder], input="short\nshort\n"
    )
    assert "至少 8 个字符" in short.output
    added = runner.invoke(
        cli,
        ["user", "add", "王主管", "--role", "supervisor", "-w", folder],
        input="long enough\nlong enough\n",
    )
    assert "已建立账号 王主管（主管）" in added.output

    port = free_port()
    certificate = own_certificate(tmp_path / "own", "127.0.0.1")
    command = [sys.executable, "-c", "from zoufang.cli import main; main()", "review", "--port", str(port)]
    command += ["--cert", str(certificate.chain), "--cert-key", str(certificate.key), "-w", folder]
    server = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        trust = ssl.create_default_context(cafile=str(certificate.chain))
        url = f"https://127.0.0.1:{port}"
        with httpx.Client(base_url=url, verify=trust, headers={"Origin": url}) as client:
            answer = _when_up(client)
            assert "登录" in answer.text
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            login = client.post("/login", data={"name": "王主管", "password": "long enough"})
            assert login.status_code == 303
            assert "__Host-zoufang=" in login.headers["set-cookie"]
            assert "Secure" in login.headers["set-cookie"]
            assert client.get("/").status_code == 200
            assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    finally:
        server.terminate()
        server.wait(10)


def _when_up(client: httpx.Client) -> httpx.Response:
    for _ in range(300):
        try:
            return client.get("/login", headers={"Accept": "text/html"})
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server never came up")
