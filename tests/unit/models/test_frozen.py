"""`Frozen`: values that do what frozen dataclasses with slots do, each compared with such a dataclass."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Generic, TypeVar, cast, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw.models.frozen import Frozen, field, replace

T = TypeVar("T")


class Value(Frozen):
    """One with a field of every kind."""

    name: str
    secret: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    size: int = 3
    source: object = field(default=None, compare=False)
    fast: bool = field(default=False, kw_only=True)
    must: int = field(kw_only=True)
    long: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name is empty")
        object.__setattr__(self, "long", self.size > 10)

    @property
    def upper(self) -> str:
        """Something beside the fields."""
        return self.name.upper()


@dataclasses.dataclass(frozen=True, slots=True)
class Twin:
    """The same as a dataclass."""

    name: str
    secret: str = dataclasses.field(repr=False)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    size: int = 3
    source: object = dataclasses.field(default=None, compare=False)
    fast: bool = dataclasses.field(default=False, kw_only=True)
    must: int = dataclasses.field(kw_only=True)
    long: bool = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name is empty")
        object.__setattr__(self, "long", self.size > 10)

    @property
    def upper(self) -> str:
        """Something beside the fields."""
        return self.name.upper()


class Point(Frozen):
    """Two required fields."""

    x: int
    y: int


class Marked(Point):
    """A kind of point, without fields of its own."""

    __slots__ = ()


class Disguised(Point):
    """A kind that passes for a point."""

    __slots__ = ()
    __class__ = property(lambda _: Point)  # pyright: ignore[reportIncompatibleMethodOverride]  # a type is all it gives


class Box(Frozen, Generic[T]):
    """Whatever is in it, which has its own words for itself."""

    content: T

    def __repr__(self) -> str:
        return "Box(...)"


class Nothing(Frozen):
    """No fields at all."""


NAMES: Final = [one.name for one in dataclasses.fields(Twin)]
ARGUMENTS: Final[dict[str, tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "by position": (("a", "b", {"c": "d"}, 4, 5), {"must": 1}),
    "by position and name": (("a", "b"), {"size": 20, "must": 1, "fast": True}),
    "by name": ((), {"must": 0, "secret": "s", "name": "n"}),
    "with defaults": (("a", "b"), {"must": 1}),
    "nothing": ((), {}),
    "a required one missing": (("a",), {"must": 1}),
    "two required ones missing": ((), {"must": 1}),
    "a required keyword missing": (("a", "b"), {}),
    "one twice": (("a", "b"), {"name": "c", "must": 1}),
    "one too many": (("a", "b", {}, 4, 5, True), {"must": 1}),
    "far too many": (tuple("abcdefghijklm"), {"must": 1}),
    "an unknown one": (("a", "b"), {"must": 1, "mode": "red"}),
    "a derived one": (("a", "b"), {"must": 1, "long": True}),
    "what the check refuses": (("", "b"), {"must": 1}),
}


def outcome(cls: type[Any], given: tuple[Any, ...], named: Mapping[str, Any]) -> object:
    """The fields of what was made, or the exception, with the one class named like the other."""
    try:
        made = cls(*given, **named)
    except (TypeError, ValueError) as error:
        return type(error), str(error).replace("Twin.", "Value.")
    return {name: getattr(made, name) for name in NAMES}


@pytest.fixture(params=["its first values", "many values"])
def used(request: pytest.FixtureRequest) -> None:
    """`Value` as it is at first, or after it has made many values."""
    kind: Any = Value
    if "__init__" in vars(kind):
        del kind.__init__
    kind._field_table.made = 0
    if request.param == "many values":
        for _ in range(100):
            Value("a", "b", must=1)
    assert ("__init__" in vars(Value)) is (request.param == "many values")


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(("positional", "named"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_value_takes_its_arguments_as_a_dataclass_does(positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    """The same fields come out, or the same exception in the same words."""
    assert outcome(Value, positional, named) == outcome(Twin, positional, named)


ANY: Final = st.dictionaries(st.sampled_from([*NAMES, "self", "mode"]), st.integers(0, 2))


@given(st.lists(st.integers(0, 2), max_size=8), ANY)
def test_any_arguments_come_to_the_same(positional: list[int], named: dict[str, int]) -> None:
    """No mixture of positions and names is taken otherwise than a dataclass takes it."""
    assert outcome(Value, (*positional,), named) == outcome(Twin, (*positional,), named)


FIELDS: Final = st.fixed_dictionaries(
    {"name": st.sampled_from("ab"), "secret": st.sampled_from("ab"), "must": st.integers(0, 1)},
    optional={"headers": st.sampled_from([{}, {"a": "b"}]), "size": st.sampled_from([3, 20]), "source": st.booleans()},
)


@given(FIELDS, FIELDS)
def test_values_are_equal_when_dataclasses_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Equality, the hash and what is shown leave out the same fields."""
    first, second = Value(**one), Value(**other)
    assert (first == second) is (Twin(**one) == Twin(**other))
    assert (first != second) is (Twin(**one) != Twin(**other))
    assert hash(first) == hash(Twin(**one))
    assert repr(first) == repr(Twin(**one)).replace("Twin", "Value")


def test_a_value_equals_only_what_is_of_its_class() -> None:
    """Neither a kind of it, nor a tuple, nor the same fields elsewhere."""
    point, pair = Point(1, 2), cast("object", (1, 2))
    assert point == Point(1, 2)
    assert point != Marked(1, 2)
    assert point != pair
    assert Marked(1, 2) == Marked(1, 2)
    assert {Nothing() for _ in range(101)} == {Nothing()}


def test_what_passes_for_a_value_is_equal_to_it() -> None:
    """As with dataclasses, `__class__` decides, which an object may answer otherwise than `type`."""
    one: Any = Disguised(1, 2)
    assert type(one) is Disguised
    assert one == Point(1, 2) == one
    assert repr(one) == "Point(x=1, y=2)"
    assert type(replace(one, x=2)) is type(dataclasses.replace(one, x=2)) is Point


@pytest.mark.usefixtures("used")
def test_the_default_of_a_factory_is_made_anew() -> None:
    """Two values share no dictionary."""
    assert Value("a", "b", must=1).headers is not Value("a", "b", must=1).headers


@pytest.mark.parametrize("value", [Value("a", "b", must=1), Marked(1, 2), Box(1)], ids=["value", "kind", "generic"])
def test_a_value_cannot_be_changed(value: Any) -> None:
    """Assigning and deleting raise what they raise for a frozen dataclass, for any name."""
    for name in (*value.__match_args__, "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"^cannot assign to field '{name}'$"):
            setattr(value, name, 1)
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"^cannot delete field '{name}'$"):
            delattr(value, name)
    assert not hasattr(value, "__dict__")


def test_a_value_that_holds_itself_can_be_shown() -> None:
    """A dictionary among the fields may lead back to the value."""
    headers: dict[str, Any] = {}
    value = Value("a", "b", headers, must=1)
    headers["itself"] = value
    assert repr(value) == "Value(name='a', headers={'itself': ...}, size=3, source=None, fast=False, must=1)"


def test_a_value_is_matched_by_position_and_by_name() -> None:
    """Positions are those of the constructor, without what only goes by name."""
    assert Value.__match_args__ == Twin.__match_args__
    match Value("a", "b", must=1):
        case Value("a", secret, must=must):
            assert (secret, must) == ("b", 1)
        case _:
            pytest.fail("the pattern did not match")


def pickled(protocol: int, value: Any) -> Any:
    """The value after it was stored and loaded."""
    return pickle.loads(pickle.dumps(value, protocol))


TWINS: Final[dict[str, Callable[[Any], Any]]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": partial(pickled, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
    "dataclasses.replace": dataclasses.replace,
    "replace": replace,
}


@pytest.mark.parametrize("as_dataclass", TWINS.values(), ids=TWINS)
def test_a_value_is_copied_whole(as_dataclass: Callable[[Any], Any]) -> None:
    """Copies and pickles have every field, and are of the same kind."""
    value = Value("a", "b", {"c": "d"}, 20, must=1)
    assert {name: getattr(as_dataclass(value), name) for name in NAMES} == {
        name: getattr(value, name) for name in NAMES
    }
    assert as_dataclass(value) == value
    assert type(as_dataclass(Marked(1, 2))) is Marked


def test_a_kind_with_more_to_it_is_copied_with_that() -> None:
    """What a class of your own keeps beside the fields is not lost."""
    assert copy.deepcopy(Loose(1, 2)).more == [1]
    assert pickle.loads(pickle.dumps(Extended(1, 2, 3))) == Extended(1, 2, 3)


class Loose(Point):
    """A kind without slots."""

    more: list[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "more", [self.x])


@dataclasses.dataclass(frozen=True)
class Extended(Point):
    """A real dataclass that goes on where a value ends."""

    z: int


def test_a_dataclass_can_extend_a_value() -> None:
    """It has the fields of both."""
    assert repr(Extended(1, 2, z=3)) == "Extended(x=1, y=2, z=3)"
    assert dataclasses.astuple(Extended(1, 2, 3)) == (1, 2, 3)
    assert Extended(1, 2, 3) != Extended(1, 2, 4)


@pytest.mark.parametrize(
    "replacing",
    [
        replace,
        dataclasses.replace,
        pytest.param(
            getattr(copy, "replace", None),
            marks=pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace came with Python 3.13"),
        ),
    ],
    ids=["our own", "dataclasses", "copy"],
)
def test_a_field_is_replaced_and_the_whole_checked_anew(replacing: Callable[..., Any]) -> None:
    """What is derived is derived again, and a change that does not fit raises."""
    value = Value("a", "b", must=1)
    changed = replacing(value, size=20, fast=True)
    assert changed == Value("a", "b", size=20, must=1, fast=True)
    assert (value.long, changed.long) == (False, True)
    with pytest.raises(ValueError, match="name is empty"):
        replacing(value, name="")
    with pytest.raises(TypeError, match="unexpected keyword argument 'mode'"):
        replacing(value, mode="red")


def test_dataclasses_takes_a_value_for_one() -> None:
    """Its functions give of a value what they give of the dataclass."""
    value, as_dataclass = Value("a", "b", must=1), Twin("a", "b", must=1)
    assert dataclasses.is_dataclass(Value)
    assert dataclasses.is_dataclass(value)
    assert [described(one) for one in dataclasses.fields(value)] == [
        described(one) for one in dataclasses.fields(as_dataclass)
    ]
    assert dataclasses.fields(Value) is not None
    assert [one.name for one in dataclasses.fields(Marked)] == ["x", "y"]
    assert dataclasses.asdict(value) == dataclasses.asdict(as_dataclass)
    assert dataclasses.astuple(value) == dataclasses.astuple(as_dataclass)


def described(one: dataclasses.Field[Any]) -> tuple[object, ...]:
    """What a field says of itself."""
    return (
        one.name, one.type, one.default, one.default_factory, one.init, one.repr, one.compare, one.hash, one.kw_only,
    )  # fmt: skip


def test_a_value_says_how_it_is_made() -> None:
    """`inspect.signature`, and with it `help`, shows the fields, and the hints are those of the class."""
    assert inspect.signature(Value) == inspect.signature(Twin)
    assert get_type_hints(Value) == get_type_hints(Twin)
    assert (Value.__qualname__, Value.__module__) == ("Value", __name__)
    assert Value.__doc__ == "One with a field of every kind."


def test_what_a_class_says_itself_stays() -> None:
    """Its own methods, its properties, and that it is generic."""
    assert Value("a", "b", must=1).upper == "A"
    assert repr(Box("hunter2")) == "Box(...)"
    assert Box[int](5) == Box(5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Box[int](5).content = 6  # type: ignore[misc]  # which is what is tested
