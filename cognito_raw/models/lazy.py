"""Names that are imported at first use, since a cold start does not need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any


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


class LateClass:
    """Stands for a class in a list of methods until one of them is first used."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name
        self._loaded: Any = None

    def __call__(self, *given: object) -> Any:
        """Make an instance."""
        return self._load()(*given)

    def __getattr__(self, name: str) -> Callable[[], Any]:
        """Return the function that imports a method of the class."""
        return partial(self._member, name)

    def _load(self) -> Any:
        if self._loaded is None:
            from importlib import import_module

            self._loaded = getattr(import_module(self._module), self._name)
        return self._loaded

    def _member(self, name: str) -> Any:
        return getattr(self._load(), name)


class LateType:
    """Stands for a type of the package in unions of annotations, until `typing.get_type_hints` evaluates one."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __or__(self, other: object) -> object:
        from importlib import import_module

        union: object = getattr(import_module(self._module), self._name) | other
        return union
