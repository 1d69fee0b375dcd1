"""Type hints that tools evaluate, such as containers that inject what a constructor needs."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Final, get_type_hints

import pytest

from cognito_raw import AsyncClient, AsyncTransport, Client, Transport
from cognito_raw.testing import SigningKey, tokens
from cognito_raw.transport import AsyncTransportName, TransportName

ROOMS: Final = ("", ".auth", ".store", ".testing", ".transport", ".verify")
PUBLIC: Final = {
    f"{room}.{name}".strip("."): getattr(module, name)
    for room in ROOMS
    for module in (import_module(f"cognito_raw{room}"),)
    for name in getattr(module, "__all__", ())
}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_hints_of_what_is_called_can_be_evaluated(name: str) -> None:
    """Of each public constructor and function."""
    public = PUBLIC[name]
    called = public.__init__ if inspect.isclass(public) else public
    if inspect.isfunction(called):
        get_type_hints(called)


@pytest.mark.parametrize("name", [name for name, public in PUBLIC.items() if inspect.isclass(public)])
def test_the_hints_of_a_class_can_be_evaluated(name: str) -> None:
    """Of values that an API may return, of results, and of all other classes."""
    get_type_hints(PUBLIC[name])


def test_hints_are_the_types_themselves() -> None:
    """Also those that an import of the library does not load."""
    assert get_type_hints(Client.__init__)["transport"] == Transport | TransportName | None
    assert get_type_hints(AsyncClient.__init__)["transport"] == AsyncTransport | AsyncTransportName | None
    assert get_type_hints(tokens)["key"] == SigningKey | None
