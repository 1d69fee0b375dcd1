"""The key set over real sockets, from an endpoint that hangs, drips, lies or goes away, sync and async."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.deadlines import Stopwatch
from tests.support.hostile import (
    MIB,
    Behaviour,
    deaf,
    dripping,
    echoing,
    pouring,
    refusing,
    reply,
    replying,
    saying,
    serving,
)
from tests.support.tokens import ID, NOW, Clock, key_set, token
from tests.support.transports import leaving_nothing
from tests.support.verifiers import VERIFYING, Verifying, told

HOUR: Final = 3600.0
OK: Final = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(params=VERIFYING, ids=lambda kind: kind.__name__)
def verifying(request: pytest.FixtureRequest) -> Iterator[Verifying]:
    with leaving_nothing():
        made: Verifying = request.param()
        yield made
        made.close()


def fresh(clock: Clock, key: str = "one") -> str:
    return token(ID, key, exp=int(clock.now + HOUR), iat=NOW)


def test_the_key_set_is_got_from_the_pool(verifying: Verifying) -> None:
    """One GET over the library's own transport, and the token is verified."""
    with serving(replying(reply(key_set()))) as server:
        verifier = verifying.verifier(Clock().config(endpoint=server.url))
        assert [told(verifier.verify(token(key=key))) for key in ("one", "two", "three")] == [
            "Ok",
            "Ok",
            "token-key-unknown",
        ]
        [received] = server.received
    assert received.line == "GET /eu-west-1_AbCdEf123/.well-known/jwks.json HTTP/1.1"
    assert received.headers["accept-encoding"] == "identity"
    assert "x-amz-target" not in received.headers


LIES: Final[dict[str, Behaviour]] = {
    "closes": saying(b""),
    "resets": saying(OK, then="reset"),
    "stops in the headers": saying(OK),
    "stops in the body": saying(OK + b"Content-Length: 9999\r\n\r\n" + key_set()),
    "says garbage": saying(b"\x00\xff\x16\r\n\r\n"),
    "says nothing": deaf,
    "says half and then nothing": saying(OK + b"Content-Length: 9999\r\n\r\n" + key_set(), then="silent"),
    "drips headers": dripping(OK, b"X: y\r\n"),
    "drips a body": dripping(OK + b"Content-Length: 9999\r\n\r\n", b" "),
    "pours": pouring(OK + b"\r\n", b" " * MIB, 100),
    "sends too much": replying(reply(key_set().ljust(128 * 1024 + 1))),
    "compresses": replying(reply(key_set(), 200, "Content-Encoding: gzip")),
    "sends a page": replying(reply(b"<html>Sign in to the network</html>")),
    "sends nothing": replying(reply(b"", 204)),
    "does not find it": replying(reply(key_set(), 404)),
    "fails": replying(reply(key_set(), 500)),
    "redirects": replying(reply(key_set(), 302, "Location: /keys")),
    "has no keys": replying(reply(b'{"keys":[]}')),
    "has another pool's keys": replying(reply(key_set("three"))),
}


# Only the deadline ends these.
ENDLESS: Final = [
    LIES[name] for name in ("says nothing", "says half and then nothing", "drips headers", "drips a body")
]


@pytest.mark.parametrize("behaviour", LIES.values(), ids=LIES.keys())
def test_whatever_the_endpoint_does_is_a_result_in_time(verifying: Verifying, behaviour: Behaviour) -> None:
    """Without keys nothing is trusted; with keys from before, all goes on. Nothing raises or hangs."""
    with serving(behaviour) as server:
        clock = Clock()
        deadline = 0.1 if behaviour in ENDLESS else 2.0
        config = clock.config(endpoint=server.url, deadline=deadline, monotonic=time.monotonic)
        with Stopwatch() as watch:
            cold = told(verifying.verifier(config).verify(token()))
        assert cold in ("key-set-unavailable", "token-key-unknown")
        assert watch.seconds < 3
        warm = clock.config(endpoint=server.url, deadline=deadline, clock=lambda: clock.now)
        verifier = verifying.verifier(warm, keys=key_set())
        clock.go_on(2 * HOUR)
        assert told(verifier.verify(fresh(clock))) == "Ok"
        verifying.settle()
        if behaviour is not LIES["has another pool's keys"]:
            assert told(verifier.verify(fresh(clock))) == "Ok"
        assert len(server.received) <= 2


def test_a_redirect_is_not_followed(verifying: Verifying) -> None:
    """Not even to a place that has the right keys."""
    with serving(replying(reply(key_set()))) as other:
        with serving(replying(reply(b"", 302, f"Location: {other.url}"))) as server:
            verifier = verifying.verifier(Clock().config(endpoint=server.url))
            assert told(verifier.verify(token())) == "key-set-unavailable"
        assert other.connections == 0


def test_an_outage_of_hours_is_invisible(verifying: Verifying) -> None:
    """While nobody listens, keys from before are used for a day, and no longer."""
    clock = Clock()
    with refusing() as url:
        verifier = verifying.verifier(clock.config(endpoint=url), keys=key_set())
        for _ in range(23):
            clock.go_on(HOUR)
            assert told(verifier.verify(fresh(clock))) == "Ok"
            verifying.settle()
        clock.go_on(HOUR)
        assert told(verifier.verify(fresh(clock))) == "key-set-unavailable"


def test_keys_that_rotate_at_the_endpoint_are_found(verifying: Verifying) -> None:
    """A token with the new key causes the fetch that finds it."""
    sets = (("one",), ("one", "two"), ("two", "three"))
    clock = Clock()
    with serving(replying(*(reply(key_set(*names)) for names in sets))) as server:
        verifier = verifying.verifier(clock.config(endpoint=server.url))
        for key in ("one", "two", "three"):
            assert told(verifier.verify(fresh(clock, key))) == "Ok"
            clock.go_on(10)
        assert told(verifier.verify(fresh(clock, "one"))) == "token-key-unknown"
        assert len(server.received) == 4


def test_an_endpoint_that_only_echoes_has_no_keys(verifying: Verifying) -> None:
    """What is sent to it holds no key that could come back."""
    with serving(echoing) as server:
        verifier = verifying.verifier(Clock().config(endpoint=server.url))
        assert told(verifier.verify(token())) == "key-set-unavailable"
