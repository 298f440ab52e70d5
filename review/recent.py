"""Values that may be a little old, because working them out takes longer than showing them."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

Value = TypeVar("Value")
_MOST = 500


class Recent:
    """Keeps what was worked out for some seconds. Safe to share between threads."""

    def __init__(self) -> None:
        self._values: dict[Hashable, tuple[float, Any]] = {}
        self._lock = Lock()

    def get(self, key: Hashable, seconds: float, make: Callable[[], Value]) -> Value:
        """The value of `key`, at most `seconds` old."""
        kept = self._values.get(key)
        if kept is not None and kept[0] > time.monotonic():
            value: Value = kept[1]
            return value
        made = make()
        with self._lock:
            if len(self._values) >= _MOST:
                self._values.clear()
            self._values[key] = (time.monotonic() + seconds, made)
        return made

    def forget(self, *keys: Hashable) -> None:
        """These have changed: work them out anew when they are next asked for."""
        with self._lock:
            for key in keys:
                self._values.pop(key, None)
