"""Recording exchanges into a file, and replaying them without a server.

What is secret is replaced by the name of its member before anything is written, and the tokens by the same tokens
without their signature. What a proof of the password is computed from beside the password, the random draws and the
clock, stands in a section of its own, so that a replay computes the proof anew: its requests must equal the recorded
ones, proof and all.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from cognito_raw import Config, HttpxTransport, Ok, Reply, Request, Result

_HIDDEN = frozenset(
    (
        "ClientSecret",
        "ConfirmationCode",
        "NEW_PASSWORD",
        "Password",
        "PreviousPassword",
        "ProposedPassword",
        "SECRET_HASH",
        "SecretHash",
    )
)
_TOKENS = frozenset(("AccessToken", "IdToken", "RefreshToken", "Session", "Token"))
_KEPT_HEADERS = ("content-type", "date", "x-amzn-errortype", "x-amzn-requestid")


class Redaction:
    """Replaces what is secret, the same secret always by the same stand-in.

    tokens: whether tokens are replaced too; a replay is given stand-ins, and sends those back as they are.
    """

    def __init__(self, *, tokens: bool) -> None:
        self._names = _TOKENS if tokens else frozenset[str]()
        self._stand_ins: dict[str, str] = {}

    def __call__(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [self(member) for member in value]
        if isinstance(value, str) and name in _HIDDEN:
            return f"<{name}>"
        if isinstance(value, str) and name in self._names:
            return self._stand_ins.setdefault(value, _stand_in(value, name, len(self._stand_ins)))
        return value


def _stand_in(token: str, name: str, number: int) -> str:
    """A token with its claims and without its signature; what is opaque on the real service gets a mere name."""
    if name not in ("AccessToken", "IdToken"):
        return f"redacted-{name}-{number}"
    claims = token.split(".")[1]
    header = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"redacted"}').rstrip(b"=").decode()
    return f"{header}.{claims}.redacted"


class Recorder:
    """A transport that keeps what it sends and receives, and a configuration whose draws and clock it keeps too."""

    def __init__(self, config: Config) -> None:
        self.exchanges: list[dict[str, Any]] = []
        self.clock: list[float] = []
        self.randomness: list[str] = []
        self._source = config
        self._inner = HttpxTransport()
        self._redacted = Redaction(tokens=True)

    def config(self) -> Config:
        source = self._source
        return Config(
            source.iss,
            source.client_id,
            source.client_secret,
            endpoint=source.endpoint,
            clock=self._read_clock,
            randomness=self._draw,
        )

    def send(self, request: Request) -> Result[Reply]:
        result = self._inner.send(request)
        assert isinstance(result, Ok), "a recording needs a server that answers"
        reply = result.value
        self.exchanges.append(
            {
                "operation": operation_of(request),
                "request": self._redacted(json.loads(request.body)),
                "status": reply.status,
                "headers": {name: reply.headers[name] for name in _KEPT_HEADERS if name in reply.headers},
                "response": self._redacted(json.loads(reply.body)),
            }
        )
        return result

    def close(self) -> None:
        self._inner.close()

    def _read_clock(self) -> float:
        self.clock.append(self._source.clock())
        return self.clock[-1]

    def _draw(self, count: int) -> bytes:
        drawn = self._source.randomness(count)
        self.randomness.append(drawn.hex())
        return drawn


class Replay:
    """A transport, in both colours, that answers from a recording what was recorded, in order and nothing else."""

    def __init__(self, recording: dict[str, Any]) -> None:
        self._recording = recording
        self._exchanges: Iterator[dict[str, Any]] = iter(recording["exchanges"])
        self._redacted = Redaction(tokens=False)

    def config(self) -> Config:
        """The configuration of the recording; its clock and draws are the recorded ones."""
        pool, proof = self._recording["pool"], self._recording["proof"]
        secret = "any" if pool["has_secret"] else None
        clock, draws = iter(proof["clock"]), iter(proof["randomness"])
        return Config(
            pool["iss"],
            pool["client_id"],
            secret,
            clock=lambda: float(next(clock)),
            randomness=lambda _: bytes.fromhex(next(draws)),
        )

    def left(self) -> list[str]:
        """The operations that nobody asked for."""
        return [exchange["operation"] for exchange in self._exchanges]

    def answer(self, request: Request) -> Result[Reply]:
        exchange = next(self._exchanges, None)
        assert exchange is not None, f"{operation_of(request)} was not recorded: the recording is over"
        assert operation_of(request) == exchange["operation"]
        assert self._redacted(json.loads(request.body)) == exchange["request"]
        body = json.dumps(exchange["response"]).encode()
        return Ok(Reply(exchange["status"], exchange["headers"], body))


class BlockingReplay(Replay):
    def send(self, request: Request) -> Result[Reply]:
        return self.answer(request)


class AsyncReplay(Replay):
    async def send(self, request: Request) -> Result[Reply]:
        return self.answer(request)


def operation_of(request: Request) -> str:
    return request.headers["X-Amz-Target"].partition(".")[2]
