"""Names of a package that are imported at first use, since a cold start does not need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def lazy(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package.

    modules: by the name of each, relative to the package, its names with blanks between them.
    """

    def find(name: str) -> object:
        from importlib import import_module

        for module, names in modules.items():
            if name in names.split():
                return getattr(import_module(f".{module}", package), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
