"""Serving the page: loopback as it is, any other address over TLS only."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI

from forms.errors import ClerkError, file_trouble

_VALID = timedelta(days=397)
"""The longest that browsers accept."""
_RENEW = timedelta(days=14)
STOP_SECONDS = 2
"""Live streams never end by themselves."""


class ServerError(ClerkError):
    """The page cannot be served; the message is for the clerk."""


@dataclass(frozen=True)
class Certificate:
    chain: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 as browsers show it, for comparing on the first visit."""
        found = x509.load_pem_x509_certificate(self.chain.read_bytes())
        return found.fingerprint(hashes.SHA256()).hex(":").upper()


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(app: FastAPI, host: str, port: int, certificate: Certificate | None) -> None:
    """Serve until interrupted. Raises ServerError."""
    if certificate is None and not is_loopback(host):
        raise ServerError("对外提供服务必须使用 TLS")
    _check_free(host, port)
    uvicorn.run(
        app,
        host=host,
        port=port,
        ssl_certfile=str(certificate.chain) if certificate else None,
        ssl_keyfile=str(certificate.key) if certificate else None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ServerError(f"{host}:{port} 无法使用（{file_trouble(error)}），请换一个端口或地址") from error


def own_certificate(folder: Path, host: str) -> Certificate:
    """A self-made certificate for `host`, kept in `folder` until it is about to expire."""
    certificate = Certificate(folder / "certificate.pem", folder / "certificate.key")
    names = _names(host)
    if not _usable(certificate, names):
        folder.mkdir(mode=0o700, exist_ok=True)
        _make(certificate, names)
    return certificate


def _names(host: str) -> list[str]:
    """What the page may be called by: the address, or every one of this machine when it listens to all."""
    if host not in ("0.0.0.0", "::"):
        return [host]
    found = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    return [socket.gethostname(), "localhost", *sorted(str(name) for name in found)]


def _usable(certificate: Certificate, names: Sequence[str]) -> bool:
    if not (certificate.chain.is_file() and certificate.key.is_file()):
        return False
    found = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = {str(name.value) for name in extension}
    return set(names) <= known and found.not_valid_after_utc > datetime.now(UTC) + _RENEW


def _make(certificate: Certificate, names: Sequence[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zoufang")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.key.touch(mode=0o600)
    certificate.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
