from __future__ import annotations

import pytest
from returned import Office

from store import Store


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store).open()
