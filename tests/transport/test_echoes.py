"""Servers and proxies that send back what they got: no message of a failure repeats a secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from cognito_raw import Err
from tests.support.hostile import Behaviour, Peer, Received, serving
from tests.support.transports import Sender, post, surroundings

pytestmark = pytest.mark.usefixtures("tidy")

OK: Final = b"HTTP/1.1 200 OK\r\n"


def echo(answer: Callable[[Received], bytes]) -> Behaviour:
    """Take a request, and make the reply of it."""

    async def behaviour(peer: Peer) -> None:
        if (received := await peer.receive()) is not None:
            await peer.send(answer(received))

    return behaviour


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda it: it.body + b"\r\n\r\n", id="status line"),
        pytest.param(lambda it: b"HTTP/1.1 200 " + it.body + b"\0\r\n\r\n", id="reason"),
        pytest.param(lambda it: OK + it.body + b"\r\n\r\n", id="header"),
        pytest.param(lambda it: OK + b"Content-Length: " + it.body + b"\r\n\r\n", id="length"),
        pytest.param(lambda it: OK + b"Transfer-Encoding: chunked\r\n\r\n" + it.body + b"\r\n", id="chunk"),
        pytest.param(lambda it: OK + b"Content-Encoding: " + it.body + b"\r\n\r\n", id="encoding"),
    ],
)
def test_a_reply_that_repeats_the_request_is_not_quoted(sender: Sender, answer: Callable[[Received], bytes]) -> None:
    """It is `malformed-reply`, wherever the repetition stands."""
    with serving(echo(answer)) as server:
        result = sender.send(post(server.url, b'{"Password":"hunter2"}'))
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"
    assert "hunter2" not in str(result.message)


@pytest.mark.parametrize("start", [b"HTTP/1.1 407 ", b""], ids=["reason", "status line"])
def test_a_proxy_that_repeats_its_password_is_not_quoted(sender: Sender, start: bytes) -> None:
    """The number that it answered is all that is told."""
    repeat = echo(lambda it: start + it.headers["proxy-authorization"].encode() + b"\r\n\r\n")
    with serving(repeat) as proxy, surroundings({"HTTPS_PROXY": proxy.url.replace("//", "//me:hunter2@")}):
        result = sender.send(post("https://pool.example/"))
    assert isinstance(result, Err)
    assert (result.reason, result.sent) == ("connection-failed", "no")
    assert "bWU6aHVudGVyMg==" not in str(result.message)
    assert ("407" in str(result.message)) == bool(start)
