"""The library below an HTTP client: httpx, or httpx2, which has the same names.

A client brings its library along. Our own connections use one, imported with the first of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    import httpx
    import httpx2

    SyncClient: TypeAlias = httpx.Client | httpx2.Client
    AsyncClient: TypeAlias = httpx.AsyncClient | httpx2.AsyncClient
else:  # either library may be missing
    SyncClient = AsyncClient = Any
LibraryName: TypeAlias = Literal["httpx", "httpx2"]
Library: TypeAlias = Any
"""The module httpx or httpx2."""

_NAMES: Final[tuple[LibraryName, ...]] = get_args(LibraryName)


def loaded() -> list[Library]:
    """Return the libraries that this process has imported."""
    return [sys.modules[name] for name in _NAMES if name in sys.modules]


def checked_name(name: LibraryName) -> LibraryName:
    """Return the name of a library. `ValueError` for any other."""
    if name in _NAMES:
        return name
    raise ValueError(f'library {name!r}: must be "httpx" or "httpx2"')


def load(name: LibraryName) -> Library:
    """Import a library. In place of httpx, import httpx2 if only that is installed."""
    for one in _NAMES[_NAMES.index(name) :]:
        try:
            return import_module(one)
        except ModuleNotFoundError as error:
            if error.name != one:
                raise
    extra = "" if name == "httpx" else "[httpx2]"
    raise ImportError(f"{name} is not installed: pip install 'cognito-raw{extra}'")


def library_of(client: object, kind: Literal["Client", "AsyncClient"]) -> Library:
    """Return the library of a client of the caller's own, if there is one. `ValueError` for anything else."""
    if client is None:
        return None
    for library in loaded():
        if isinstance(client, getattr(library, kind, ())):  # without it while another thread imports the library
            return library
    given = f"{type(client).__module__}.{type(client).__name__}"
    raise ValueError(f"client must be an httpx.{kind} or an httpx2.{kind}, not {given}")
