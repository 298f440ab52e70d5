"""Values that may be a little old, because working them out takes longer than showing them."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

Value = TypeVar("Value")
_MOST = 500
_TIMES = 10
"""What takes a second to work out may be ten seconds old: small towns always see the latest."""


class Recent:
    """Keeps what was worked out for some seconds. Safe to share between threads: who asks for what
    another is working out waits for that."""

    def __init__(self) -> None:
        self._values: dict[Hashable, tuple[float, Any]] = {}
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, key: Hashable, seconds: float, make: Callable[[], Value]) -> Value:
        """The value of `key`, at most `seconds` old."""
        return self._get(key, make, lambda _took: seconds)

    def figures(self, key: Hashable, most: float, make: Callable[[], Value]) -> Value:
        """The value of `key`, no older than ten times what it takes to work out, nor than `most` seconds."""
        return self._get(key, make, lambda took: min(most, _TIMES * took))

    def _get(self, key: Hashable, make: Callable[[], Value], keep: Callable[[float], float]) -> Value:
        """`keep`: seconds that working it out took → seconds to keep it."""
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            kept = self._values.get(key)
            if kept is not None and kept[0] > time.monotonic():
                value: Value = kept[1]
                return value
            begun = time.monotonic()
            made = make()
            now = time.monotonic()
            with self._lock:
                if len(self._values) >= _MOST:
                    self._values.clear()
                self._values[key] = (now + keep(now - begun), made)
            return made

    def forget(self, *keys: Hashable) -> None:
        """These have changed: work them out anew when they are next asked for."""
        with self._lock:
            for key in keys:
                self._values.pop(key, None)
