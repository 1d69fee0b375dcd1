"""A record of all that arrived at a server, and what it says of `err.sent` and of content that must go once.

The server answers the first requests as the service does. Then its fault strikes.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from tests.support.conversation import authentication_result, unsigned_token
from tests.support.hostile import Behaviour, Peer, Received, reply, serving
from tests.support.sign_ins import SrpServer

USER: Final = "jane"
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_TARGET: Final = re.compile(rb"(?i)\r\nx-amz-target: *\w+\.(\w+)")


@dataclass
class Ledger:
    """What arrived, connection by connection.

    answered: the requests that were answered well. struck: the connections of the fault, and the requests before it.
    """

    url: str = ""
    raw: list[bytearray] = field(default_factory=list)
    answered: int = 0
    struck: list[tuple[bytearray, int]] = field(default_factory=list)

    def times(self, secret: bytes) -> int:
        """How often the secret arrived."""
        return sum(raw.count(secret) for raw in self.raw)

    def arrived(self, operation: str | None) -> str:
        """Return "all" if a request of the operation, or of any, arrived; "no" if nothing of one did; else "part"."""
        found = [parsed(bytes(raw)) for raw in self.raw]
        if any(operation in (None, *whole) for whole, _ in found if whole):
            return "all"
        return "part" if any(rest for _, rest in found) else "no"

    def is_followed(self) -> bool:
        """Whether a connection took another request after the one that the fault struck."""
        return any(len(parsed(bytes(raw))[0]) > before + 1 for raw, before in self.struck)


def parsed(raw: bytes) -> tuple[list[str], bytes]:
    """The operations of the whole requests of a connection, and what is left over. A handshake is no request."""
    operations: list[str] = []
    while True:
        head, _, rest = raw.partition(b"\r\n\r\n")
        length, target = _LENGTH.search(head), _TARGET.search(head)
        if length is None or target is None or len(rest) < int(length[1]):
            return operations, b"" if raw.startswith(b"\x16") else raw
        operations.append(target[1].decode())
        raw = rest[int(length[1]) :]


@contextmanager
def recording(strike: Behaviour, after: int = 0, tls: Any = None) -> Iterator[Ledger]:
    """A server that answers so many requests well, and then does this on every connection."""
    ledger = Ledger()

    async def behaviour(peer: Peer) -> None:
        before = 0
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            while ledger.answered < after:
                if (received := await peer.receive()) is None:
                    return
                before, ledger.answered = before + 1, ledger.answered + 1
                await peer.send(good(received))
            ledger.struck.append((peer.raw, before))
            await strike(peer)

    with serving(behaviour, tls) as server:
        ledger.url, ledger.raw = server.url.rstrip("/"), server.raw
        yield ledger


def good(received: Received) -> bytes:
    """The reply of a service where all is well."""
    operation = received.headers["x-amz-target"].rpartition(".")[2]
    return reply(json.dumps(GOOD.get(operation, dict)()).encode())


def signed_in() -> Mapping[str, Any]:
    """New tokens of the user, of an hour from now."""
    return authentication_result(time.time(), refresh="refresh-2")


def with_device() -> Mapping[str, Any]:
    """The same, with a new device to confirm."""
    body: dict[str, Any] = json.loads(json.dumps(signed_in()))
    body["AuthenticationResult"]["NewDeviceMetadata"] = {"DeviceKey": "eu-west-1_d3v", "DeviceGroupKey": "-gr0up"}
    body["AuthenticationResult"]["AccessToken"] = unsigned_token(username="jane", exp=int(time.time()) + 3600)
    return body


GOOD: Final[Mapping[str, Callable[[], Mapping[str, Any]]]] = {
    "InitiateAuth": SrpServer(password="Once-Password-1").asks,
    "RespondToAuthChallenge": with_device,
    "GetTokensFromRefreshToken": signed_in,
    "VerifySoftwareToken": lambda: {"Status": "SUCCESS"},
}
