"""The architecture: which module may import which, read from the sources themselves."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import cognito_raw

ROOT: Final = Path(cognito_raw.__file__).parent
PACKAGE: Final = ROOT.name
# A module or folder imports only from rows above its own.
ROWS: Final[tuple[tuple[str, ...], ...]] = (
    ("value",),
    ("endpoint", "modexp", "device"),
    ("reason", "config", "call", "srp", "members", "challenge", "locks"),
    ("result", "shapes", "classification"),
    ("challenges",),
    ("reply", "flow", "state", "lease"),
    ("flows", "transport", "retry"),
    ("face", "memory", "pages"),
    ("shell",),
    ("client", "session", "verify"),
    ("auth",),
    ("__init__", "testing", "__main__"),
)
LEVELS: Final = {unit: level for level, row in enumerate(ROWS) for unit in row}
SOURCES: Final = sorted(ROOT.rglob("*.py"))
# The few that may import what others wrote, and what.
THIRD_PARTIES: Final = {
    # httpx itself requires certifi.
    "transport": {"httpx", "certifi"},
    "auth": {"httpx"},
    "verify": {"jwt"},
    "testing": {"pytest"},
    "shapes": {"segno"},
}


def dotted(source: Path) -> tuple[str, ...]:
    """The path of a module within the package: ("flows", "tokens")."""
    return source.relative_to(ROOT).with_suffix("").parts


def name_of(source: Path) -> str:
    return ".".join(dotted(source))


def imports(source: Path) -> Iterator[tuple[str, ...]]:
    """Every module that the source imports, anywhere in it, also in functions and for type checkers only."""
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            outer = (PACKAGE, *dotted(source)[: -node.level]) if node.level else ()
            module = (*outer, *(node.module.split(".") if node.module else ()))
            # `from . import flows` names modules where `from .config import Config` names what is in one.
            yield from ((*module, alias.name) for alias in node.names)


def ours(source: Path) -> set[str]:
    """The modules and folders of the package that the source imports, other than its own."""
    units = {target[1] if target[1] in LEVELS else "__init__" for target in imports(source) if target[0] == PACKAGE}
    return units - {dotted(source)[0]}


def foreign(source: Path) -> set[str]:
    """What the source imports that neither we nor Python wrote."""
    return {target[0] for target in imports(source)} - {PACKAGE, *sys.stdlib_module_names}


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_a_module_imports_only_from_lower_levels(source: Path) -> None:
    """Data goes one way: no module imports from its own row of the table, nor from one below."""
    unit = dotted(source)[0]
    assert unit in LEVELS, "a new module needs its place in the table"
    assert {name for name in ours(source) if LEVELS[name] >= LEVELS[unit]} == set()


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_only_the_edges_import_what_others_wrote(source: Path) -> None:
    """httpx stands in the transport and in its authentication, pyjwt in the verifier; no AWS SDK stands anywhere."""
    assert foreign(source) <= THIRD_PARTIES.get(dotted(source)[0], set())


def test_flows_and_transports_do_not_know_each_other() -> None:
    """No flow imports a transport, and no transport a flow or its contract."""
    known = {unit: set().union(*(ours(s) for s in SOURCES if dotted(s)[0] == unit)) for unit in ("flows", "transport")}
    assert known["flows"] & {"transport", "face", "retry", "reply"} == set()
    assert known["transport"] <= {"call", "locks", "result", "value"}


def test_srp_imports_nothing_of_ours_but_its_power_and_its_form() -> None:
    """The arithmetic stands alone: what it adds to Python's own are a function and a form, which import nothing."""
    assert ours(ROOT / "srp.py") == {"modexp", "value"}
    assert ours(ROOT / "modexp.py") == ours(ROOT / "value.py") == set()


def test_this_test_sees_the_imports() -> None:
    """Imports of every form are seen: relative and absolute, in functions, and for type checkers only."""
    assert {"transport", "retry", "call"} <= ours(ROOT / "face.py")
    assert {"flows", "config"} <= ours(ROOT / "client.py")
    assert {"srp", "call", "members"} <= ours(ROOT / "flows" / "authentication.py")
    assert foreign(ROOT / "transport" / "blocking.py") == {"httpx"}
    assert ("secrets",) in set(imports(ROOT / "config.py"))
    assert (PACKAGE, "transport", "blocking", "HttpxTransport") in set(imports(ROOT / "__init__.py"))


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_a_module_says_what_it_owns_and_stays_small(source: Path) -> None:
    """Every module opens with a docstring, and none has 400 lines."""
    text = source.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) < 400
