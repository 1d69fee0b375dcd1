"""The HTTP libraries at hand: httpx, httpx2 or both."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, get_args

from cognito_raw.transport.library import LibraryName

if TYPE_CHECKING:
    import httpx as httpx
else:
    httpx = import_module("httpx" if find_spec("httpx") else "httpx2")

LIBRARIES: Final[tuple[LibraryName, ...]] = tuple(name for name in get_args(LibraryName) if find_spec(name))
"""Their names, the default first."""

MODULES: Final[tuple[Any, ...]] = tuple(map(import_module, LIBRARIES))

# Each imports it only when it first sends. Were that in one of pytester's runs inside this process, which forget what
# they imported, a second copy would raise errors that the library does not know.
for _name in LIBRARIES:
    import_module(_name.replace("httpx", "httpcore"))
