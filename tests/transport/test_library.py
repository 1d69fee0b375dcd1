"""The library below our transports: httpx, httpx2, or the one of the two that is installed."""

from __future__ import annotations

import ssl
import sys
from importlib import import_module
from typing import Any, Final, get_args

import certifi
import pytest

from cognito_raw import AsyncHttpxTransport, AsyncSession, Config, Err, HttpxTransport, Session
from cognito_raw.transport import shared, shared_async
from cognito_raw.transport.certificates import amazon_roots
from cognito_raw.transport.httpx_client import default_trust_store
from cognito_raw.transport.library import LibraryName, library_of, load
from tests.support.conversation import configured
from tests.support.hostile import refusing
from tests.support.modes import Mode
from tests.support.programs import run
from tests.support.samples import ISS
from tests.support.transports import surroundings

NAMES: Final[tuple[LibraryName, ...]] = get_args(LibraryName)
TRANSPORTS: Final[dict[str, Any]] = {"Client": HttpxTransport, "AsyncClient": AsyncHttpxTransport}


def hide(patch: pytest.MonkeyPatch, *names: str) -> None:
    """Have modules missing, as if they were not installed."""

    class Missing:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name in names:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name in names:
        patch.delitem(sys.modules, name, raising=False)
    patch.setattr(sys, "meta_path", [Missing, *sys.meta_path])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_client_brings_its_library(name: str, kind: Any) -> None:
    """One of a class of one's own has that of its base."""
    library = import_module(name)
    for client in (getattr(library, kind)(), type("Own", (getattr(library, kind),), {})()):
        assert library_of(client, kind) is library
        TRANSPORTS[kind](client)


@pytest.mark.parametrize("name", NAMES)
def test_a_client_is_no_transport(name: str) -> None:
    """The words say where it belongs."""
    client: Any = import_module(name).Client()
    with pytest.raises(ValueError, match="give the client to HttpxTransport"):
        Session(configured(), transport=client)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_chooses_the_library_of_our_connections(mode: Mode, name: LibraryName) -> None:
    """In sync and async programs. All of the process that name it share a transport."""
    with refusing() as url:
        answer = mode.session(Config(ISS, "client", endpoint=url), transport=name).login("ada", "An-Engine-1843")
    assert isinstance(answer, Err)
    assert answer.reason == "connection-failed"
    assert Session(configured(), transport=name)._sender() is shared(name)
    assert AsyncSession(configured(), transport=name)._transport == name
    assert shared(name) is not shared("standard")
    assert shared_async("httpx") is not shared_async("httpx2")


@pytest.mark.parametrize("transport", TRANSPORTS.values())
def test_an_unknown_library_is_the_callers_mistake(transport: Any) -> None:
    """The words name the two."""
    with pytest.raises(ValueError, match=r"^library 'requests': must be ") as caught:
        transport(library="requests")
    assert all(name in str(caught.value) for name in NAMES)


def test_without_httpx_it_is_httpx2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both are installed, httpx2 must be named."""
    assert load("httpx").__name__ == "httpx"
    hide(monkeypatch, "httpx")
    assert load("httpx").__name__ == "httpx2"


@pytest.mark.parametrize(("name", "wanted"), [("httpx", "cognito-raw"), ("httpx2", r"cognito-raw\[httpx2\]")])
def test_a_library_that_is_missing_is_named(name: Any, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    hide(monkeypatch, *NAMES)
    with pytest.raises(ImportError, match=f"^{name} is not installed: pip install '{wanted}'$"):
        load(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_library_that_cannot_load_says_why(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one is not taken in its place."""
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    hide(monkeypatch, f"{name}._client")
    with pytest.raises(ModuleNotFoundError, match=rf"{name}\._client"):
        load(name)


def test_each_library_keeps_its_certificates() -> None:
    """httpx those of certifi, of which Amazon's come first, and httpx2 the system's."""
    with surroundings({"SSL_CERT_FILE": None, "SSL_CERT_DIR": None}):
        first, system = (default_trust_store(import_module(name)).context for name in NAMES)
        expected = import_module("httpx2").create_ssl_context()
    assert first is not None
    assert system is not None
    assert first.get_ca_certs() == ssl.create_default_context(cadata=amazon_roots(certifi.where())).get_ca_certs()
    assert all(one in expected.get_ca_certs() for one in system.get_ca_certs())


def test_the_certificates_in_a_file_of_the_system_are_read_in_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon's first, as everywhere."""
    paths = ssl.get_default_verify_paths()._replace(cafile=certifi.where())
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    with surroundings({"SSL_CERT_FILE": None, "SSL_CERT_DIR": None}):
        context = default_trust_store(import_module("httpx2")).context
    assert context is not None
    assert context.get_ca_certs() == ssl.create_default_context(cadata=amazon_roots(certifi.where())).get_ca_certs()


def test_where_the_system_judges_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS and Windows keep their certificates themselves, and httpx2 asks them."""
    made = ssl.create_default_context()
    library = import_module("httpx2")
    monkeypatch.setattr(library, "create_ssl_context", lambda: made)
    monkeypatch.setattr(sys, "platform", "darwin")
    with surroundings({"SSL_CERT_FILE": None, "SSL_CERT_DIR": None}):
        assert default_trust_store(library).context is made


@pytest.mark.parametrize(("name", "other"), [NAMES, NAMES[::-1]], ids=NAMES)
def test_the_other_library_is_not_loaded(name: str, other: str) -> None:
    """Neither is loaded before it is needed."""
    program = f"""
import sys
from cognito_raw import Config, HttpxTransport, Session
from cognito_raw.auth import SessionAuth
name, other = sys.argv[1:]
HttpxTransport(library=name)
assert not {{name, other}} & set(sys.modules)
session = Session(Config("{ISS}", "client", endpoint="http://127.0.0.1:1"), transport=name)
print(session.login("ada", "An-Engine-1843").reason)
SessionAuth(session, origins="https://api.example.com")
assert name in sys.modules and other not in sys.modules
"""
    assert run(program, name, other) == "connection-failed"
