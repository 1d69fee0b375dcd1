"""The flow contract: a flow yields calls, is sent each one's result, and returns its own result.

It performs no I/O and owns nothing while it waits, so its runner may close it at any time. `advance` steps a flow by
hand. `retry` turns it into requests and pauses, and `runner` has a sync and an async driver for these.

A method of a runner is a flow that is run: it has the flow's types and documentation, and no code is generated.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from .call import Call, Request, ServiceReply
from .models.fields import UnexpectedJson
from .models.frozen import Frozen
from .result import Err, Ok, Result

T = TypeVar("T")
Y = TypeVar("Y")

if TYPE_CHECKING:  # what only type checkers read costs a cold start nothing
    from typing import Concatenate, ParamSpec, Protocol, overload

    P = ParamSpec("P")
    S_co = TypeVar("S_co", covariant=True)
    A_co = TypeVar("A_co", covariant=True)

    class _Sync(Protocol):
        def close(self) -> None: ...

    class _Async(Protocol):
        async def aclose(self) -> None: ...

    class Method(Protocol[P, S_co, A_co]):
        """A method of both kinds of runners: a sync one returns S, an async one A."""

        @overload
        def __get__(self, instance: None, owner: type[_Sync]) -> Callable[Concatenate[Any, P], S_co]: ...
        @overload
        def __get__(self, instance: None, owner: type[_Async]) -> Callable[Concatenate[Any, P], A_co]: ...
        @overload
        def __get__(self, instance: _Sync, owner: type | None = None) -> Callable[P, S_co]: ...
        @overload
        def __get__(self, instance: _Async, owner: type | None = None) -> Callable[P, A_co]: ...


# Flags of code objects, as `inspect` names them, which costs a cold start too much.
_GENERATOR: Final = 0x20
_COROUTINE: Final = 0x80

Flow: TypeAlias = Generator[Call, Result[ServiceReply], Result[T]]
"""Yields calls, receives their results, returns a result."""


class Pause(Frozen):
    """A step: wait for so many seconds."""

    seconds: float


class Action(Frozen):
    """A step: call a function, in an async program a coroutine function, and send back its value."""

    perform: Callable[[], Any]


class Limited(Frozen):
    """A call that must end by `ends`, a time of the monotonic clock. It is not sent in the last `reserve` seconds."""

    call: Call
    ends: float = float("inf")
    reserve: float = 0.0


Driven: TypeAlias = Generator[Call | Limited | Pause | Action, Any, T]
"""Yields what a flow or a session asks for, receives the result or value of each, returns a value."""

Steps: TypeAlias = Generator[Request | Pause | Action, Any, T]
"""Yields requests, pauses and actions, receives the reply or value of each, returns the flow's result."""


def ask(
    operation: str, parameters: Mapping[str, object]
) -> Generator[Call, Result[ServiceReply], Result[ServiceReply]]:
    """Make one call from within a flow.

    Use it as `answer = yield from ask("GetUser", {"AccessToken": token})`.
    """
    return (yield Call(operation, parameters))


def parse(answer: Result[ServiceReply], read: Callable[[Mapping[str, object]], T]) -> Result[T]:
    """Return the value that `read` makes of the reply; `malformed-reply` if the reply does not fit."""
    if isinstance(answer, Err):
        return answer
    try:
        return Ok(read(answer.value.body))
    except UnexpectedJson as error:
        return malformed(answer.value, str(error))


def ask_for(operation: str, parameters: Mapping[str, object], read: Callable[[Mapping[str, object]], T]) -> Flow[T]:
    """Make one call from within a flow, and return the value that `read` makes of the reply."""
    return parse((yield Call(operation, parameters)), read)


def nothing(_: object) -> None:
    """Read no value of a reply, which the caller does not need."""


def malformed(answer: ServiceReply, message: str) -> Err:
    """Return the failure for a reply that makes no sense."""
    return Err("malformed-reply", message, None, answer.operation, answer.status, answer.request_id, sent="maybe")


def done(answer: Result[object]) -> Result[None]:
    """Return `Ok(None)` for a success, whose value the caller does not need."""
    return answer if isinstance(answer, Err) else Ok(None)


def advance(flow: Generator[Y, Any, T], answer: object = None) -> Y | T:
    """Advance a flow to its next call or to its result.

    Pass no answer to start it. After that, pass the result of the call that it waits for:

        step = advance(flow)
        while isinstance(step, Call):
            step = advance(flow, answer_of_your_own(step))
    """
    try:
        return flow.send(answer)
    except StopIteration as stop:
        returned: T = stop.value
        return returned


class MethodOfFlow:
    """A method that runs a flow, in a list of methods.

    flow: the flow, or a `functools.partial` that imports it and returns it.
    perform: the method's body. It gets the object, and a function that starts the flow given its first arguments.
    pages: the classes of lists, sync and async, if the flow requests a page and the method returns the list.
    given: the number of first arguments of the flow that the body gives it, and the caller does not.
    """

    def __init__(
        self,
        flow: Callable[..., object],
        perform: Callable[[Any, Callable[..., Any]], Any],
        pages: tuple[type[object], type[object]] | None = None,
        *,
        given: int = 1,
    ) -> None:
        self._flow: Callable[..., Any] = flow
        self._perform = perform
        self._pages = pages
        self._given = given

    if TYPE_CHECKING:

        def __get__(self, instance: object, owner: Any = None) -> Any: ...

    def of(self, owner: type[object]) -> Callable[..., Any]:
        """Return the function for this class, which has the flow's name, documentation, signature and source."""
        flow: FunctionType = self._flow if isinstance(self._flow, FunctionType) else self._flow()
        perform, is_async = self._perform, hasattr(owner, "aclose")

        def method(self: object, /, *args: Any, **kwargs: Any) -> Any:
            return perform(self, lambda *first, **more: flow(*first, *args, **{**kwargs, **more}))

        async def async_method(self: object, /, *args: Any, **kwargs: Any) -> Any:
            return await method(self, *args, **kwargs)

        awaited = is_async and self._pages is None
        made = cast("FunctionType", async_method if awaited else method)
        pages = None if self._pages is None else self._pages[is_async]
        shown = _shown(flow, pages, self._given, awaited=awaited)
        made.__name__, made.__qualname__ = flow.__name__, f"{owner.__qualname__}.{flow.__name__}"
        made.__module__, made.__doc__, made.__annotations__ = owner.__module__, flow.__doc__, shown.__annotations__
        made.__dict__["__wrapped__"] = shown
        return made


def _shown(flow: FunctionType, pages: type[object] | None, given: int, *, awaited: bool) -> FunctionType:
    """Return a copy of the flow that has the signature and the kind of a method. It is shown, and never called."""
    code, name = flow.__code__, "Result" if pages is None else pages.__name__
    code = code.replace(
        co_flags=code.co_flags & ~_GENERATOR | _COROUTINE * awaited,
        co_varnames=("self", *code.co_varnames[given:]),
        co_argcount=code.co_argcount - given + 1,
        co_nlocals=code.co_nlocals - given + 1,
    )
    names = flow.__globals__
    if name not in names:  # where `typing.get_type_hints` looks for it
        names = {**names, name: pages or Result}
    shown = FunctionType(code, names, flow.__name__, flow.__defaults__)
    shown.__kwdefaults__ = flow.__kwdefaults__
    hidden = flow.__code__.co_varnames[:given]
    shown.__annotations__ = types = {name: kind for name, kind in flow.__annotations__.items() if name not in hidden}
    depth = 1 if pages is None else 2  # of T in `Flow[T]`, `SessionFlow[T]` or `Flow[Page[T]]`
    types["return"] = f"{name}[{types['return'].split('[', depth)[depth][:-depth]}]"
    return shown


class _Unmade:
    """Stands for a method in a class until the method is first used, and is then replaced by its function."""

    def __init__(self, method: MethodOfFlow, owner: type[object]) -> None:
        self._method = method
        self._owner = owner

    def __get__(self, instance: object, _: object = None) -> Any:
        made = self._method.of(self._owner)
        setattr(self._owner, made.__name__, made)
        return made if instance is None else MethodType(made, instance)


class Methods:
    """The base of a list of methods. A runner that inherits the list has each as a function of its own.

    A sync runner has it when it is first used. No event loop waits for an import.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in cls.__bases__:
            for name, method in vars(base).items():
                if isinstance(method, MethodOfFlow):
                    setattr(cls, name, method.of(cls) if hasattr(cls, "aclose") else _Unmade(method, cls))
