"""Clients of the page without a browser: signed in, and meaning what they send."""

from __future__ import annotations

import re
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from review import Office, create_app
from review.accounts import save_account
from store.accounts import User, find_user
from store.audit import search

PASSWORD = "correct horse"
_CSRF = re.compile(r'name="csrf" content="([^"]+)"')


class Desk:
    """Somebody of a role at the page."""

    def __init__(self, office: Office, role: str, scope: str = "", name: str = "") -> None:
        self.office, self.name = office, name or role
        save_account(office.store, "test", self.name, role, PASSWORD, scope=scope)
        origin = "http://testserver"
        self.client = TestClient(
            create_app(office, sifting=False),
            headers={"Origin": origin, "Accept": "text/html"},
        )
        self.client.post("/login", data={"name": self.name, "password": PASSWORD})
        found = _CSRF.search(self.client.get("/coverage").text)
        assert found
        self.csrf = found[1]

    @property
    def user(self) -> User:
        with self.office.store.read() as db:
            found = find_user(db, self.name)
        assert found
        return found

    def get(self, path: str, status: int = 200) -> Response:
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[-600:])
        return answer

    def words(self, path: str) -> str:
        """What a page says, without tags and blanks."""
        return "".join(re.sub(r"<[^>]+>", " ", self.get(path).text).split())

    def post(self, path: str, status: int = 200, **data: Any) -> Response:
        """Send a form, following where it leads. `files`: as httpx takes them."""
        files = data.pop("files", None)
        answer = self.client.post(path, data={"csrf": self.csrf, **data}, files=files)
        assert answer.status_code == status, (path, answer.status_code, answer.text[-600:])
        return answer

    def audited(self, action: str) -> list[dict[str, Any]]:
        """What is noted of this person's doings, the newest first."""
        with self.office.store.read() as db:
            return [dict(one.detail) for one in search(db, action=action, who=self.name)]
