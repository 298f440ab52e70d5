"""Who a sheet is: the random serial, its readable form, and the code in its QR.

A serial is 10 random characters of Crockford's base 32 and 2 check characters. The check characters
are two Reed–Solomon parities over GF(32), so that any one or two wrong characters, and any swap of
two, are noticed; they are masked with the workspace's key, so that another town's serial is noticed
too (but for one in 1,024, which the database then does not know).

The QR code holds `Z1` serial page form mac: at most 29 upper-case alphanumeric characters, which is
what version 2 at level Q takes. The mac is the first 40 bits of an HMAC-SHA-256 by the workspace's
key: it cannot be forged, and a misread code is taken for another with probability 2⁻⁴⁰.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from forms.errors import ClerkError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_LOOKALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_DATA, _PARITY = 10, 2
SERIAL_LENGTH = _DATA + _PARITY
_PREFIX = "Z1"
_MAC = 8  # characters, 5 bits each
_KEY_BYTES = 32


class SerialError(ClerkError, ValueError):
    """Not a serial of this workspace: mistyped, misread, or from elsewhere."""


class CodeError(ClerkError, ValueError):
    """Not a QR code of this workspace. `foreign` codes were never ours; others were damaged or forged."""

    def __init__(self, message: str, *, foreign: bool) -> None:
        super().__init__(message)
        self.foreign = foreign


@dataclass(frozen=True)
class Identity:
    """What a sheet's QR code says."""

    serial: str
    form: str
    page: int


@dataclass(frozen=True)
class Key:
    """The workspace's secret; whoever has it can make valid codes."""

    secret: bytes

    @staticmethod
    def create(path: Path) -> Key:
        """Write a new random key, readable by its owner only. Raises FileExistsError."""
        path.touch(mode=0o600, exist_ok=False)
        key = Key(secrets.token_bytes(_KEY_BYTES))
        path.write_text(key.secret.hex() + "\n", "ascii")
        return key

    @staticmethod
    def load(path: Path) -> Key:
        """Raises OSError, and ValueError when the file holds no key."""
        secret = bytes.fromhex(path.read_text("ascii").strip())
        if len(secret) != _KEY_BYTES:
            raise ValueError(f"{path} holds {len(secret)} bytes, not {_KEY_BYTES}")
        return Key(secret)

    # --- serials -----------------------------------------------------------------------------

    def new_serial(self, below: Callable[[int], int] = secrets.randbelow) -> str:
        """`below`: a random number under its argument; tests that must repeat bring their own."""
        return self._spell([below(32) for _ in range(_DATA)])

    def check_serial(self, text: str) -> str:
        """The serial in `text`, whatever its spacing, dashes, width, case and look-alike letters.

        Raises SerialError.
        """
        upper = unicodedata.normalize("NFKC", text).upper()
        plain = "".join(c for c in upper if not (c.isspace() or _is_dash(c))).translate(_LOOKALIKE)
        if len(plain) != SERIAL_LENGTH or any(character not in _VALUE for character in plain):
            raise SerialError(f"编号应为 {SERIAL_LENGTH} 位字母和数字")
        if self._spell([_VALUE[character] for character in plain[:_DATA]]) != plain:
            raise SerialError("编号校验不符：可能抄错、认错，或不是本单位印制")
        return plain

    def _spell(self, data: list[int]) -> str:
        mask = hmac.digest(self.secret, b"serial", "sha256")
        parities = (p ^ (m & 31) for p, m in zip(_parities(data), mask, strict=False))
        return "".join(ALPHABET[value] for value in (*data, *parities))

    # --- QR codes ----------------------------------------------------------------------------

    def encode(self, identity: Identity) -> str:
        body = f"{_PREFIX}{identity.serial}{ALPHABET[identity.page]}{identity.form}"
        return body + self._mac(body)

    def decode(self, text: str) -> Identity:
        """Raises CodeError."""
        body, mac = text[:-_MAC], text[-_MAC:]
        start = len(_PREFIX) + SERIAL_LENGTH
        if not text.startswith(_PREFIX) or not start + 1 < len(body) <= start + 7:
            raise CodeError("不是走访表的二维码", foreign=True)
        if not hmac.compare_digest(self._mac(body).encode(), mac.encode()):
            raise CodeError("二维码校验不符：不是本单位印制，或已损坏、被改动", foreign=False)
        return Identity(serial=body[len(_PREFIX) : start], form=body[start + 1 :], page=_VALUE[body[start]])

    def _mac(self, body: str) -> str:
        digest = hmac.digest(self.secret, b"code" + body.encode(), "sha256")
        bits = int.from_bytes(digest[:5], "big")
        return "".join(ALPHABET[bits >> (5 * n) & 31] for n in range(_MAC))


def _is_dash(character: str) -> bool:
    return unicodedata.category(character) == "Pd"


def readable(serial: str) -> str:
    """The serial as it is printed: `7K3M-9QPX-W2AB`."""
    return "-".join(serial[n : n + 4] for n in range(0, len(serial), 4))


# --- GF(32) --------------------------------------------------------------------------------------


def _parities(data: list[int]) -> tuple[int, int]:
    """Two parities such that Σcᵢ = 0 and Σcᵢαⁱ = 0 over the whole word: distance 3."""
    s0 = s1 = 0
    for position, value in enumerate(data):
        s0 ^= value
        s1 ^= _times(value, _power(position))
    # Solve p0 + p1 = s0 and p0·αᵏ + p1·αᵏ⁺¹ = s1 for the two last places.
    low, high = _power(_DATA), _power(_DATA + 1)
    p1 = _times(s1 ^ _times(s0, low), _inverse(low ^ high))
    return s0 ^ p1, p1


def _times(a: int, b: int) -> int:
    """Product in GF(2⁵) modulo x⁵ + x² + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 32:
            a ^= 0b100101
        b >>= 1
    return product


def _power(exponent: int) -> int:
    result = 1
    for _ in range(exponent):
        result = _times(result, 2)
    return result


def _inverse(a: int) -> int:
    """a⁻¹ = a³⁰, because a³¹ = 1."""
    result = 1
    for _ in range(30):
        result = _times(result, a)
    return result
