"""Frozen values with slots: they behave as dataclasses do, but cost an import almost nothing.

`dataclasses` compiles the methods of each class, which takes half a millisecond, and imports all of `inspect`. Values
share their methods, which look up the fields when called. Functions such as `dataclasses.fields` get a real dataclass
with the same fields, made when first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar, cast

if TYPE_CHECKING:
    from typing import dataclass_transform

T = TypeVar("T")

_MISSING: Final[Any] = object()
# Values after which a class gets an `__init__` of its own. Compiling it takes as long as it then saves in so many.
_MANY: Final = 100


class _Field(dict[str, Any]):
    """The arguments of `field`."""


def field(
    *,
    default: T = _MISSING,
    default_factory: Callable[[], T] = _MISSING,
    init: bool = True,
    repr: bool = True,  # noqa: A002  # as dataclasses call it
    compare: bool = True,
    hash: bool | None = None,  # noqa: A002
    kw_only: bool = False,
    wire: str | None = None,
    read: Callable[[Mapping[str, object], str], T] | None = None,
) -> T:
    """Describe a field, with the arguments of `dataclasses.field`.

    wire: the name of its member in the service's JSON. read: reads the member of this name.
    """
    spec = _Field(init=init, repr=repr, compare=compare, hash=hash, kw_only=kw_only, wire=wire, read=read)
    spec |= {"default": default, "default_factory": default_factory}
    return cast("T", spec)


class _FieldTable:
    """The fields of one class of values, with their defaults or `_Field`, sorted when the first value is made."""

    owner: Any
    made = 0  # values so far

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found

    def __getattr__(self, name: str) -> Any:
        """Sort the fields at the first access."""
        fields = {name: one if isinstance(one, _Field) else field(default=one) for name, one in self.found.items()}
        taken = [(name, spec) for name, spec in fields.items() if spec["init"]]
        taken.sort(key=lambda one: one[1]["kw_only"])
        hashed = {name: spec["compare"] if spec["hash"] is None else spec["hash"] for name, spec in fields.items()}
        self.positional = [name for name, spec in taken if not spec["kw_only"]]
        self.taken = [name for name, _ in taken]
        self.shown = [name for name, spec in fields.items() if spec["repr"]]
        self.compared = [name for name, spec in fields.items() if spec["compare"]]
        self.hashed = [name for name, is_hashed in hashed.items() if is_hashed]
        slots = vars(self.owner)
        self.setters = [(slots[name].__set__, name, spec["default"], spec["default_factory"]) for name, spec in taken]
        self.fields = fields
        return object.__getattribute__(self, name)


def _compiled_init(table: _FieldTable) -> Any:
    """Return an `__init__` that takes a third of the time, once many values are worth its compilation."""
    scope: dict[str, Any] = {"_MISSING": _MISSING}
    heads, body = [], []
    for put, name, default, factory in table.setters:
        scope |= {f"put_{name}": put, f"default_{name}": default, f"make_{name}": factory}
        heads.append(name if default is factory is _MISSING else f"{name}=default_{name}")
        made = f"make_{name}() if {name} is _MISSING else {name}"
        body.append(f"put_{name}(self, {name if factory is _MISSING else made})")
    if len(table.positional) < len(heads):
        heads.insert(len(table.positional), "*")
    body.append("self.__post_init__()")
    exec(f"def __init__(self, {', '.join(heads)}): {'; '.join(body)}", scope)  # noqa: S102  # names of fields alone
    init = scope["__init__"]
    init.__qualname__ = f"{table.owner.__qualname__}.__init__"
    return init


@cache
def _as_dataclass(table: _FieldTable) -> Any:
    import dataclasses

    fields = []
    for name, spec in table.fields.items():
        given = {key: spec[key] for key in spec.keys() - {"wire", "read"} if spec[key] is not _MISSING}
        fields.append((name, table.owner.__annotations__[name], dataclasses.field(**given)))
    return dataclasses.make_dataclass(table.owner.__name__, fields, frozen=True)


class _FromDataclass:
    """An attribute that is read from the dataclass."""

    def __init__(self, ask: Callable[[Any], object]) -> None:
        self._ask = ask

    def __get__(self, instance: object, owner: type[_Value]) -> object:
        return self._ask(_as_dataclass(owner._field_table))


def _signature(as_dataclass: Any) -> object:
    import inspect

    return inspect.signature(as_dataclass)


class _Value:
    """The methods of every value."""

    __slots__ = ()
    if TYPE_CHECKING:  # else every value would have it among its annotations
        _field_table: _FieldTable
    __dataclass_fields__ = _FromDataclass(lambda as_dataclass: as_dataclass.__dataclass_fields__)
    __dataclass_params__ = _FromDataclass(lambda as_dataclass: as_dataclass.__dataclass_params__)
    __signature__ = _FromDataclass(_signature)

    def __init__(self, /, *given: object, **named: object) -> None:
        table, left = self._field_table, len(named)
        table.made += 1
        if table.made >= _MANY:  # a thread may have passed it
            table.owner.__init__ = _compiled_init(table)
        for (put, _, _, _), one in zip(table.setters, given, strict=False):
            put(self, one)
        for put, name, default, factory in table.setters[len(given) :]:
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
        if left or len(given) > len(table.positional):
            _as_dataclass(table).__init__(self, *given, **named)  # raises Python's own error
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields when all of them have their values."""

    @recursive_repr()
    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self._field_table.shown]
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Value) and other.__class__ is self.__class__:
            return self._values_of(self._field_table.compared) == other._values_of(self._field_table.compared)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._values_of(self._field_table.hashed))

    def _values_of(self, names: list[str]) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in names])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self) -> object:
        return super().__getstate__()  # without it, the oldest pickle protocols refuse classes with slots

    def __setstate__(self, state: tuple[Mapping[str, object] | None, ...]) -> None:
        for part in state:
            for name, one in (part or {}).items():
                object.__setattr__(self, name, one)

    def __replace__(self, /, **changes: object) -> _Value:
        kept = {name: getattr(self, name) for name in self._field_table.taken}
        return self.__class__(**(kept | changes))


class FromWire:
    """A value whose fields all have `read`."""

    __slots__ = ()

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Self:
        """Read the value from the service's JSON."""
        fields = cast("_Value", cls)._field_table.fields
        return cls(**{name: spec["read"](body, spec["wire"]) for name, spec in fields.items()})


class ToWire:
    """A value whose fields all have a name on the wire."""

    __slots__ = ()

    def to_wire(self) -> dict[str, object]:
        """Return the JSON object that is sent, without the fields that are None."""
        fields = cast("_Value", self)._field_table.fields
        members = {spec["wire"]: getattr(self, name) for name, spec in fields.items()}
        return {member: value for member, value in members.items() if value is not None}


class _Maker(type):
    """Makes each class once, since making a class costs an import the most. It is then a plain class."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, namespace)
        found = {one: namespace.pop(one, _MISSING) for one in namespace.get("__annotations__", ())}
        positional = [
            one for one, spec in found.items() if not isinstance(spec, _Field) or (spec["init"] and not spec["kw_only"])
        ]
        table = _FieldTable(found)
        namespace |= {"__slots__": (*found,), "_field_table": table, "__match_args__": (*positional,)}
        table.owner = made = type(name, tuple([_Value if base is Frozen else base for base in bases]), namespace)
        return made


if TYPE_CHECKING:

    @dataclass_transform(frozen_default=True, field_specifiers=(field,))
    class Frozen:
        """The base of a frozen value with slots, whose fields are annotated. It inherits no fields."""

else:
    Frozen = _Maker("Frozen", (), {})


def replace(old: T, /, **changes: object) -> T:
    """Return a copy with some fields changed, checked again."""
    return cast("T", cast("_Value", old).__replace__(**changes))
