"""A keyring for the stores that need one, and a user whose sessions share a store."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import keyring.backend
import pytest

from tests.store.shared import World
from tests.support.modes import Mode


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1  # pyright: ignore[reportAssignmentType]  # as its documentation does

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of a package that has no types
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    """The keyring of this process."""
    before, ring = keyring.get_keyring(), Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def world(mode: Mode) -> World:
    """A user who is signed in."""
    return World(mode, grace=30.0)
