"""The import: what `import cognito_raw` loads, and the names that it gives."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Final

import pytest

import cognito_raw
from cognito_raw import flows
from tests.support.cases import each_case
from tests.support.programs import PACKAGES, modules_after


def test_the_import_loads_nothing_that_is_needed_later() -> None:
    """The library is imported without its dependencies, and without the slow parts of Python's own library."""
    loaded = modules_after("import cognito_raw", PACKAGES)
    assert "cognito_raw.session" in loaded
    late = {"httpx", "jwt", "cryptography", "asyncio", "ssl", "secrets", "http", "email", "logging", "random"}
    late |= {"urllib.parse", "threading", "dataclasses", "inspect", "copy", "hashlib", "cognito_raw.session.login"}
    assert loaded & late == set()


def test_the_import_compiles_nothing() -> None:
    """What Python compiles at run time, as for a named tuple, costs milliseconds the first time. Ours needs none of it.

    `urllib.parse`, of Python's own library, makes named tuples: it is imported before.
    """
    code = """
import urllib.parse, threading
compiled = []
sys.addaudithook(lambda event, details: compiled.append(details) if event == "compile" else None)
import cognito_raw
written = [name for _, name in compiled if not str(name).endswith(".py")]
assert not written, compiled
compile("1", "seen", "eval")
assert compiled[-1][1] == "seen"
"""
    assert "cognito_raw.session" in modules_after(code, PACKAGES)


def test_a_session_loads_nothing_that_only_a_client_needs() -> None:
    """The operations that no session has, and their values, wait until a client is asked for."""
    client = {f"cognito_raw.{name}" for name in ("client", "pages", "flows.account", "flows.factors", "models.account")}
    assert modules_after("from cognito_raw import Session, flows; flows.sign_in", PACKAGES) & client == set()
    assert modules_after("from cognito_raw import Client", PACKAGES) >= client


def test_a_session_without_a_store_loads_no_store() -> None:
    """Nor what its sharing needs, also once it is made."""
    iss = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a"
    made = f'from cognito_raw import Config, Session; Session(Config("{iss}", "c"))'
    loaded = modules_after(made, PACKAGES)
    assert [name for name in loaded if "store" in name or name.endswith(".shared")] == []
    with_store = "from cognito_raw.store import FileStore, KeyringStore, MemoryStore, Sealed; MemoryStore()"
    assert modules_after(with_store, PACKAGES) & {"filelock", "keyring", "cryptography", "asyncio"} == set()


ALIASES: Final = {"Flow", "Kind", "Reason", "Result"}


@each_case("name", cognito_raw.__all__)
def test_every_public_name_is_there_and_explained(name: str) -> None:
    """What is exported exists, and says what it is unless it is a mere alias of types."""
    value = getattr(cognito_raw, name)
    # A dataclass without a docstring gets one that only repeats its arguments.
    assert name in ALIASES or (value.__doc__ and not value.__doc__.startswith(f"{name}("))


@pytest.mark.parametrize(
    "cls", ["Session", "AsyncSession", "Client", "AsyncClient", "TokenVerifier", "AsyncTokenVerifier"]
)
def test_every_method_of_a_class_is_explained(cls: str) -> None:
    """`help` has a text for each public method and property."""
    members = {name: getattr(getattr(cognito_raw, cls), name) for name in dir(getattr(cognito_raw, cls))}
    assert [name for name, member in members.items() if not name.startswith("_") and not member.__doc__] == []


@pytest.mark.parametrize("cls", [cognito_raw.Session, cognito_raw.AsyncSession])
def test_the_help_of_a_session_begins_with_an_index(cls: type) -> None:
    """It names each public member once."""
    index = (cls.__doc__ or "").partition("Registering: ")[2].partition("\n\n")[0]
    members = {name for name in dir(cls) if not name.startswith("_")}
    assert sorted(re.findall(r"`(\w+)`", index)) == sorted(members)


def test_the_public_names_are_sorted_and_can_be_imported_at_once() -> None:
    """`from cognito_raw import *` gives all of them and nothing else."""
    names: dict[str, object] = {}
    exec("from cognito_raw import *", names)
    assert [name for name in names if name != "__builtins__"] == sorted(cognito_raw.__all__)


@pytest.mark.parametrize("name", ["Sesion", "httpxtransport", "testing_"])
def test_a_name_that_is_not_there_is_an_attribute_error(name: str) -> None:
    """The late imports do not hide a misspelt name."""
    for module in (cognito_raw, flows):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(module, name)


def test_the_verifiers_are_there_when_they_are_asked_for() -> None:
    """Their names need neither pyjwt nor cryptography; making one does."""
    loaded = modules_after("from cognito_raw import AsyncTokenVerifier, Claims, TokenVerifier", PACKAGES)
    assert "cognito_raw.verify.verifier" in loaded
    assert loaded & {"httpx", "jwt", "cryptography", "asyncio", "ssl"} == set()


def test_the_transports_are_there_when_they_are_asked_for() -> None:
    """Their names, which are imported late, are the classes of the transport folder."""
    from cognito_raw.transport.httpx_async import AsyncHttpxTransport
    from cognito_raw.transport.httpx_blocking import HttpxTransport
    from cognito_raw.transport.standard import StandardTransport

    assert cognito_raw.StandardTransport is StandardTransport
    assert cognito_raw.HttpxTransport is HttpxTransport
    assert cognito_raw.AsyncHttpxTransport is AsyncHttpxTransport
    with closing(cognito_raw.HttpxTransport()):
        pass
