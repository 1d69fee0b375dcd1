"""Replay of a cassette: the calls must be the recorded ones, and nothing is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, count, repeat
from os import PathLike
from pathlib import Path
from typing import Any, Final, NoReturn

from ..call import Request
from ..config import Config
from .cassette import Cassette, Exchange, operation_of, parameters_of
from .kit import KitTransport, TransportResult
from .redaction import Redaction

_MISSING: Final = object()
# A client secret is never recorded. Any other gives the same stand-ins for hashes.
_SECRET: Final = "no-client-secret-is-recorded"  # noqa: S105  # not a secret
# A mismatch shows so many characters of a value.
_LONGEST: Final = 100


class ReplayMismatch(AssertionError):
    """Raised if the client's requests are not the recorded ones. The message names each field that differs."""


class Replay(KitTransport):
    """A transport for sync and async clients that answers from a cassette.

    strict: answer in order, and only if the operation and every field of the request are the recorded ones. With the
        proof, this checks the whole SRP computation, byte for byte. False gives the next reply of the same operation.

    `config` has the recording's pool, clock and random draws. `password` is the throwaway user's, if the recording
    keeps it. A mismatch raises `ReplayMismatch` from the call, and again at the end in case something caught it. So do
    exchanges that are left over. `mismatch` is the first one.
    """

    def __init__(self, cassette: str | PathLike[str] | Cassette, *, strict: bool = True) -> None:
        self.cassette = cassette if isinstance(cassette, Cassette) else Cassette.load(Path(cassette))
        self._strict = strict
        self._left = list(self.cassette.exchanges)
        proof = self.cassette.randomness is not None
        self._redaction = Redaction(proof=proof, keep=frozenset(self.cassette.kept))
        self.mismatch: ReplayMismatch | None = None
        self.password = self.cassette.password
        self.config = self._config()

    def send(self, request: Request) -> TransportResult:
        """Return the recorded reply. Raise `ReplayMismatch` if the request is not the recorded one."""
        __tracebackhide__ = True
        operation, body = operation_of(request), parameters_of(request)
        exchange = self._next(operation)
        if self._strict:
            self._redaction.recognize(exchange.request, body)
            differences = list(_differences(exchange.request, self._redaction.request(body)))
            if differences:
                self._fail(f"{operation} differs from the recording:\n  " + "\n  ".join(differences))
            # This counts the reply's stand-ins as the recording did.
            self._redaction.reply(exchange.body, exchange.headers)
        return exchange.result()

    def finish(self) -> None:
        """Raise `ReplayMismatch` if one was raised before, or if recorded exchanges are left over."""
        __tracebackhide__ = True
        if self.mismatch is not None:
            raise self.mismatch
        if self._left:
            names = ", ".join(exchange.operation for exchange in self._left)
            self._fail(f"{len(self._left)} recorded exchanges were left over: {names}")

    _on_success = finish

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
        self.mismatch = self.mismatch or mismatch  # the first, which explains the others
        raise mismatch

    def _config(self) -> Config:
        readings = self.cassette.clock
        return Config(
            self.cassette.iss,
            self.cassette.client_id,
            _SECRET if self.cassette.has_secret else None,
            # Nothing is sent there. An issuer that is not the service's own needs an endpoint.
            endpoint="https://replay.invalid",
            allow_http=True,
            clock=chain(readings, repeat(readings[-1] if readings else 0.0)).__next__,
            monotonic=lambda: 0.0,
            randomness=_invented() if self.cassette.randomness is None else self._recorded(self.cassette.randomness),
        )

    def _recorded(self, draws: tuple[bytes, ...]) -> Callable[[int], bytes]:
        left = iter(draws)

        def draw(size: int) -> bytes:
            drawn = next(left, b"")
            if len(drawn) != size:
                self._fail(f"{size} random bytes were drawn where {len(drawn) or 'none'} were recorded")
            return drawn

        return draw


def _invented() -> Callable[[int], bytes]:
    """Return random draws for a recording without proof, the same in every run."""
    numbers = count(1)
    return lambda size: hashlib.shake_256(next(numbers).to_bytes(8, "big")).digest(size)


def _differences(recorded: Any, sent: Any, path: str = "") -> Iterator[str]:
    """Yield each field that differs, by its path. Both sides are redacted, so both can be shown."""
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
