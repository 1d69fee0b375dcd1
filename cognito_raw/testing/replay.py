"""Answering from a cassette: the calls must be those that were recorded, and nothing is ever sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from os import PathLike
from pathlib import Path
from typing import Any, Final, NoReturn

from ..call import Request
from ..config import Config
from .cassette import Cassette, Exchange, operation_of, parameters_of
from .redaction import Redaction
from .stage import Answered, Stage

_MISSING: Final = object()
# A client secret is never recorded; any other gives the same hashes' stand-ins.
_SECRET: Final = "no-client-secret-is-recorded"  # noqa: S105  # what stands in for one is none
# Of a value that differs, so much is shown.
_LONGEST: Final = 100


class ReplayMismatch(AssertionError):
    """What the client did is not what was recorded; the message names each field that differs."""


class Replay(Stage):
    """A transport, for sync and async clients, that answers from a cassette.

    strict: answer in order, and only where the operation and every field of the request are the recorded ones. A
        recording with its proof thereby checks the whole SRP computation, byte for byte. Otherwise the next reply
        of the same operation is given, whatever the request says.

    `config` is the recording's: its pool, its clock, its random draws. A mismatch raises `ReplayMismatch` from the
    call, and again at the end in case something caught it; so do exchanges that are left over.
    """

    def __init__(self, cassette: str | PathLike[str] | Cassette, *, strict: bool = True) -> None:
        self.cassette = cassette if isinstance(cassette, Cassette) else Cassette.load(Path(cassette))
        self._strict = strict
        self._left = list(self.cassette.exchanges)
        proof = self.cassette.randomness is not None
        self._redaction = Redaction(proof=proof, keep=frozenset(self.cassette.kept))
        self._mismatch: ReplayMismatch | None = None
        self.config = self._config()

    @property
    def mismatch(self) -> ReplayMismatch | None:
        """The first difference, also where the code under test swallowed it."""
        return self._mismatch

    @property
    def password(self) -> str | None:
        """The throwaway user's password, where the recording keeps it for the proof."""
        return self.cassette.password

    def send(self, request: Request) -> Answered:
        """The recorded reply; `ReplayMismatch` where the request is not the recorded one."""
        __tracebackhide__ = True
        operation, body = operation_of(request), parameters_of(request)
        exchange = self._next(operation)
        if self._strict:
            self._redaction.recognize(exchange.request, body)
            differences = list(_differences(exchange.request, self._redaction.request(body)))
            if differences:
                self._fail(f"{operation} differs from the recording:\n  " + "\n  ".join(differences))
            # The reply's stand-ins are counted as they were when it was recorded.
            self._redaction.reply(exchange.body, exchange.headers)
        return exchange.result()

    def finish(self) -> None:
        """Raise `ReplayMismatch` if one was raised before, or if recorded exchanges were never asked for."""
        __tracebackhide__ = True
        if self._mismatch is not None:
            raise self._mismatch
        if self._left:
            names = ", ".join(exchange.operation for exchange in self._left)
            self._fail(f"{len(self._left)} recorded exchanges were left over: {names}")

    def _next(self, operation: str) -> Exchange:
        if not self._left:
            self._fail(f"{operation} was sent, but the recording is over")
        index = 0 if self._strict else self._find(operation)
        if self._left[index].operation != operation:
            self._fail(f"{operation} was sent where {self._left[index].operation} was recorded")
        return self._left.pop(index)

    def _find(self, operation: str) -> int:
        return next((i for i, exchange in enumerate(self._left) if exchange.operation == operation), 0)

    def _fail(self, words: str) -> NoReturn:
        __tracebackhide__ = True
        mismatch = ReplayMismatch(words)
        self._mismatch = self._mismatch or mismatch  # the first, which explains those that follow
        raise mismatch

    def _config(self) -> Config:
        return Config(
            self.cassette.iss,
            self.cassette.client_id,
            _SECRET if self.cassette.has_secret else None,
            # Nothing is sent there: an issuer that is not the service's own wants an endpoint beside it.
            endpoint="https://replay.invalid",
            clock=_Clock(self.cassette.clock),
            monotonic=lambda: 0.0,
            randomness=_invented() if self.cassette.randomness is None else self._recorded(self.cassette.randomness),
        )

    def _recorded(self, draws: tuple[bytes, ...]) -> Callable[[int], bytes]:
        """The recorded draws, one after the other."""
        left = iter(draws)

        def draw(size: int) -> bytes:
            drawn = next(left, b"")
            if len(drawn) != size:
                self._fail(f"{size} random bytes were drawn where {len(drawn) or 'none'} were recorded")
            return drawn

        return draw


class _Clock:
    """The recorded readings, one after the other, and then the last one for ever."""

    def __init__(self, readings: tuple[float, ...]) -> None:
        self._left = iter(readings)
        self._now = readings[-1] if readings else 0.0

    def __call__(self) -> float:
        return next(self._left, self._now)


def _invented() -> Callable[[int], bytes]:
    """Draws for a recording without proof, the same in every run."""
    numbers = count(1)
    return lambda size: hashlib.shake_256(next(numbers).to_bytes(8, "big")).digest(size)


def _differences(recorded: Any, sent: Any, path: str = "") -> Iterator[str]:
    """Each field that differs, by its path. Both sides are redacted, so that both can be shown."""
    if isinstance(recorded, Mapping) and isinstance(sent, Mapping):
        for name in {**recorded, **sent}:
            yield from _differences(recorded.get(name, _MISSING), sent.get(name, _MISSING), f"{path}.{name}".strip("."))
    elif isinstance(recorded, list) and isinstance(sent, list) and len(recorded) == len(sent):
        for index, (one, other) in enumerate(zip(recorded, sent, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif type(recorded) is not type(sent) or recorded != sent:  # to Python, true is 1
        yield f"{path}: {_shown(recorded)} was recorded, {_shown(sent)} was sent"


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
