"""Frozen values with slots: they behave as dataclasses do, and cost an import next to nothing.

`dataclasses` writes the methods of each class as text and compiles them, half a millisecond for a class, and imports
all of `inspect` beforehand. Values share their methods, which look at the fields when they are called. What only a
dataclass can tell, as to `dataclasses.fields`, is asked of its twin: one with the same fields, made when first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast, dataclass_transform

T = TypeVar("T")

_MISSING: Final[Any] = object()


class _Field(dict[str, Any]):
    """What was said of a field, in the words of `dataclasses.field`."""


def field(
    *,
    default: T = _MISSING,
    default_factory: Callable[[], T] = _MISSING,
    init: bool = True,
    repr: bool = True,  # noqa: A002  # as dataclasses call it
    compare: bool = True,
    hash: bool | None = None,  # noqa: A002
    kw_only: bool = False,
) -> T:
    """Say of a field what `dataclasses.field` says with the same arguments."""
    said = _Field(init=init, repr=repr, compare=compare, hash=hash, kw_only=kw_only)
    said |= {"default": default, "default_factory": default_factory}
    return cast("T", said)


class _Shape:
    """The fields of one class of values, sorted when the first value is made.

    found: each field's default, or what `field` noted of it.
    """

    owner: type
    __slots__ = (
        "compared",
        "dataclasses",
        "fields",
        "found",
        "hashed",
        "owner",
        "positional",
        "setters",
        "shown",
        "taken",
    )

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found
        self.dataclasses: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        """Sort the fields: this attribute has no value yet."""
        fields = {name: one if isinstance(one, _Field) else field(default=one) for name, one in self.found.items()}
        taken = [(name, noted) for name, noted in fields.items() if noted["init"]]
        taken.sort(key=lambda one: one[1]["kw_only"])
        hashed = {name: noted["compare"] if noted["hash"] is None else noted["hash"] for name, noted in fields.items()}
        self.positional = [name for name, noted in taken if not noted["kw_only"]]
        self.taken = [name for name, _ in taken]
        self.shown = [name for name, noted in fields.items() if noted["repr"]]
        self.compared = [name for name, noted in fields.items() if noted["compare"]]
        self.hashed = [name for name, is_hashed in hashed.items() if is_hashed]
        slots = vars(self.owner)
        self.setters = [
            (slots[name].__set__, name, noted["default"], noted["default_factory"]) for name, noted in taken
        ]
        self.fields = fields
        return object.__getattribute__(self, name)

    def as_dataclass(self) -> Any:
        """The dataclass that has these fields."""
        if not self.dataclasses:
            import dataclasses

            said = {
                name: {word: what for word, what in said.items() if what is not _MISSING}
                for name, said in self.fields.items()
            }
            fields = [
                (name, self.owner.__annotations__[name], dataclasses.field(**words)) for name, words in said.items()
            ]
            self.dataclasses.append(dataclasses.make_dataclass(self.owner.__name__, fields, frozen=True))
        return self.dataclasses[0]


class _FromDataclass:
    """An attribute that is asked of the twin."""

    def __init__(self, ask: Callable[[Any], object]) -> None:
        self._ask = ask

    def __get__(self, instance: object, owner: type[_Value]) -> object:
        return self._ask(owner._shape.as_dataclass())


def _signature(as_dataclass: Any) -> object:
    import inspect

    return inspect.signature(as_dataclass)


class _Value:
    """What every value can do."""

    __slots__ = ()
    if TYPE_CHECKING:  # or it would be among the annotations of every value
        _shape: _Shape
    __dataclass_fields__ = _FromDataclass(lambda as_dataclass: as_dataclass.__dataclass_fields__)
    __dataclass_params__ = _FromDataclass(lambda as_dataclass: as_dataclass.__dataclass_params__)
    __signature__ = _FromDataclass(_signature)

    def __init__(self, /, *given: object, **named: object) -> None:
        shape, left = self._shape, len(named)
        for (put, _, _, _), one in zip(shape.setters, given, strict=False):
            put(self, one)
        for put, name, default, factory in shape.setters[len(given) :]:
            if name in named:
                put(self, named[name])
                left -= 1
            elif default is not _MISSING:
                put(self, default)
            elif factory is not _MISSING:
                put(self, factory())
            else:
                left = -1
                break
        if left or len(given) > len(shape.positional):
            shape.as_dataclass().__init__(self, *given, **named)  # which raises, in Python's own words
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields when all of them have their values."""

    @recursive_repr()
    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self._shape.shown]
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Value) and other.__class__ is self.__class__:
            return self._those(self._shape.compared) == other._those(self._shape.compared)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._those(self._shape.hashed))

    def _those(self, names: list[str]) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in names])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self) -> object:
        return super().__getstate__()  # said here, or the oldest protocols of pickle refuse what has slots

    def __setstate__(self, state: tuple[Mapping[str, object] | None, ...]) -> None:
        for part in state:
            for name, one in (part or {}).items():
                object.__setattr__(self, name, one)

    def __replace__(self, /, **changes: object) -> _Value:
        kept = {name: getattr(self, name) for name in self._shape.taken}
        return self.__class__(**(kept | changes))


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """The class with its annotated fields as a frozen value with slots. A value has no fields from another one."""
    namespace = {name: one for name, one in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
    found = {name: namespace.pop(name, _MISSING) for name in cls.__annotations__}
    positional = [
        name for name, one in found.items() if not isinstance(one, _Field) or (one["init"] and not one["kw_only"])
    ]
    shape = _Shape(found)
    namespace |= {"__qualname__": cls.__qualname__, "__slots__": (*found,), "_shape": shape}
    namespace["__match_args__"] = (*positional,)
    bases = [base for base in cls.__bases__ if base is not object]
    kind: Any = type(cls)
    made: type[T] = kind(cls.__name__, (*bases, _Value), namespace)
    shape.owner = made
    return made


def replace(old: T, /, **changes: object) -> T:
    """The value with some fields changed, made and checked anew."""
    return cast("T", cast("_Value", old).__replace__(**changes))
