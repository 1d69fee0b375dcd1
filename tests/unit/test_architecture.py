"""The architecture: which file may import which, and how large it may grow, read from the sources themselves."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias, get_args

import cognito_raw
from cognito_raw import Reason
from tests.support.cases import each_case

ROOT: Final = Path(cognito_raw.__file__).parent
PACKAGE: Final = ROOT.name
SOURCES: Final = sorted(ROOT.rglob("*.py"))
Name: TypeAlias = tuple[str, ...]
Graph: TypeAlias = Mapping[Name, frozenset[Name]]

MOST_ENTRIES: Final = 20
LONGEST_CHAIN: Final = 14
LONGEST_CHAIN_OF_ENTRIES: Final = 9
LARGEST_FILE: Final = 350
MEDIAN_FUNCTION: Final = 7
REASONS: Final = frozenset(get_args(Reason))

# The few that may import what others wrote, and what.
THIRD_PARTIES: Final = {
    # httpx itself requires certifi, and both libraries anyio.
    "transport": {"httpx", "httpx2", "anyio", "certifi"},
    "auth": {"httpx", "httpx2"},
    "verify": {"jwt", "cryptography"},
    "testing": {"pytest", "pytest_cognito_raw", "jwt", "cryptography"},
    "models": {"segno"},
    # httpx itself requires anyio.
    "runner": {"anyio"},
    "store": {"filelock", "cryptography", "keyring"},
}
# The only entries of the package that each of these may import, beside itself.
ALLOWED: Final = {
    "models": set[str](),
    "srp": {"models"},
    "concurrency": {"models"},
    "transport": {"call", "result", "concurrency", "models"},
    "store": {"concurrency", "models"},
}
FORBIDDEN: Final = {
    "flows": {"session", "runner", "retry", "reply", "transport", "client", "auth", "verify", "testing"}
}
THREADS: Final = {"threading", "_thread", "concurrent", "queue", "multiprocessing"}
WITH_THREADS: Final = ("session.blocking", "concurrency", "runner", "transport", "store", "verify")
WITH_ASYNCIO: Final = ("session.asynchronous", "concurrency", "runner", "transport.httpx_async", "store")


def name_of(source: Path) -> Name:
    """The file's name within the package, as its importers write it: `("flows", "tokens")`."""
    parts = source.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def dotted(source: Path) -> str:
    return ".".join(name_of(source)) or "__init__"


FILES: Final = {name_of(source): source for source in SOURCES}


@cache
def nodes(source: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source.read_bytes())))


def imports(source: Path) -> Iterator[Name]:
    """Every name that the source imports, anywhere in it, also in functions and for type checkers only."""
    folder = source.parent.relative_to(ROOT).parts
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            outer = (PACKAGE, *folder[: len(folder) - node.level + 1]) if node.level else ()
            module = (*outer, *(node.module.split(".") if node.module else ()))
            # `from . import flows` names modules where `from .config import Config` names what is in one.
            yield from ((*module, alias.name) for alias in node.names)


def file_of(name: Name) -> Name:
    """The file that an imported name of the package is in."""
    while name not in FILES:
        name = name[:-1]
    return name


def ours(source: Path) -> frozenset[Name]:
    """The files of the package that the source imports."""
    return frozenset(file_of(name[1:]) for name in imports(source) if name[0] == PACKAGE) - {name_of(source)}


def foreign(source: Path) -> set[str]:
    """The packages that the source imports and neither we nor Python wrote."""
    return {name[0] for name in imports(source)} - {PACKAGE, *sys.stdlib_module_names}


@cache
def package() -> Graph:
    """What each file of the package imports of it."""
    return {name: ours(source) for name, source in FILES.items()}


def entries(graph: Graph) -> Graph:
    """The graph of the top level: modules and folders."""
    names = {name[:1] for name in graph}
    return {
        entry: frozenset(to[:1] for name, found in graph.items() if name[:1] == entry for to in found) - {entry}
        for entry in names
    }


def cycle(graph: Graph) -> tuple[Name, ...]:
    """Names that import each other in a circle; none if there is no such circle."""
    left = dict(graph)
    while leaves := [name for name, found in left.items() if not found & left.keys()]:
        for name in leaves:
            del left[name]
    return tuple(left)


def chain(graph: Graph) -> tuple[Name, ...]:
    """The longest chain of imports in a graph without cycles."""

    @cache
    def longest(name: Name) -> tuple[Name, ...]:
        return (name, *max((longest(found) for found in graph[name]), key=len, default=()))

    return max(map(longest, graph), key=len)


def test_no_files_import_each_other_in_a_circle() -> None:
    """Neither files nor entries of the top level do."""
    assert cycle(package()) == ()
    assert cycle(entries(package())) == ()


def test_chains_of_imports_are_short() -> None:
    """To follow one import to its end takes few files."""
    assert len(chain(package())) <= LONGEST_CHAIN, chain(package())
    assert len(chain(entries(package()))) <= LONGEST_CHAIN_OF_ENTRIES, chain(entries(package()))


def test_the_top_level_is_seen_at_a_glance() -> None:
    """The package has few modules and folders of its own."""
    assert len({name[0] for name in FILES if name}) <= MOST_ENTRIES


@each_case("source", SOURCES, ids=dotted)
def test_a_room_imports_only_what_it_may(source: Path) -> None:
    """Values and arithmetic stand alone, flows do no I/O, and transports know no flow."""
    room = (*name_of(source), "__init__")[0]
    found = {name[0] if name else "__init__" for name in ours(source)} - {room}
    assert found <= ALLOWED.get(room, found)
    assert found & FORBIDDEN.get(room, set()) == set()
    if room == "srp":
        assert {name for name in ours(source) if name[0] == "models"} <= {("models", "frozen")}


@each_case("source", SOURCES, ids=dotted)
def test_only_the_edges_import_what_others_wrote(source: Path) -> None:
    """httpx stands in the transport and in its authentication, pyjwt in the verifier; no AWS SDK stands anywhere."""
    assert foreign(source) <= THIRD_PARTIES.get((*name_of(source), "__init__")[0], set())


@each_case("source", SOURCES, ids=dotted)
def test_threads_and_event_loops_have_their_places(source: Path) -> None:
    """What is written once for sync and async knows neither threads nor asyncio."""
    name, used = dotted(source), {found[0] for found in imports(source)}
    if not name.startswith(WITH_THREADS):
        assert used & THREADS == set()
    if not name.startswith(WITH_ASYNCIO):
        assert "asyncio" not in used


def sets_of_reasons(source: Path) -> Iterator[int]:
    """The lines of displays that hold two reasons or more."""
    for node in nodes(source):
        if isinstance(node, (ast.Set, ast.Tuple, ast.List)):
            found = [item for item in node.elts if isinstance(item, ast.Constant) and item.value in REASONS]
            if len(found) > 1:
                yield node.lineno


@each_case("source", SOURCES, ids=dotted)
def test_sets_of_reasons_are_made_in_one_place(source: Path) -> None:
    """What reasons have in common is said once, in `reasons`."""
    assert dotted(source) == "reasons" or list(sets_of_reasons(source)) == []


@each_case("source", SOURCES, ids=dotted)
def test_a_module_says_what_it_owns_and_stays_small(source: Path) -> None:
    """Every module opens with a docstring, and none grows long."""
    [module] = [node for node in nodes(source) if isinstance(node, ast.Module)]
    assert ast.get_docstring(module)
    assert len(source.read_text(encoding="utf-8").splitlines()) <= LARGEST_FILE


def test_functions_are_short() -> None:
    """Half of them have few lines."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (node for source in SOURCES for node in nodes(source) if isinstance(node, functions))
    lengths = [(node.end_lineno or 0) - node.lineno + 1 for node in found]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION


def test_this_test_sees_the_imports() -> None:
    """Imports of every form are seen: relative and absolute, in functions, and for type checkers only."""
    assert {("transport",), ("retry",), ("call",)} <= ours(ROOT / "runner.py")
    assert {("flows",), ("config",)} <= ours(ROOT / "client.py")
    assert {("srp", "exchange"), ("models", "fields")} <= ours(ROOT / "flows" / "authentication.py")
    assert foreign(ROOT / "transport" / "library.py") == {"httpx", "httpx2"}
    assert ("base64",) in set(imports(ROOT / "config.py"))
    assert (PACKAGE, "transport", "httpx_blocking", "HttpxTransport") in set(imports(ROOT / "__init__.py"))
    assert list(sets_of_reasons(ROOT / "reasons.py"))


def test_this_test_sees_circles_and_chains() -> None:
    """A circle of two files is found, and the longest of several chains."""
    a, b, c = ("a",), ("b",), ("c", "d")
    assert set(cycle({a: frozenset((b,)), b: frozenset((a,)), c: frozenset((a,))})) == {a, b, c}
    line = {a: frozenset((b, c)), b: frozenset((c,)), c: frozenset[Name]()}
    assert cycle(line) == ()
    assert chain(line) == (a, b, c)
    assert entries({c: frozenset((a, ("c", "e"))), a: frozenset[Name]()}) == {("c",): {a}, a: frozenset()}
