"""Limits of every transport: response size, time-outs, error texts."""

from __future__ import annotations

import pytest

from cognito_raw import Err, Ok, Reply
from cognito_raw.transport.body import Body
from cognito_raw.transport.limits import MAX_BODY, MAX_TIMEOUT, error_text, from_environment, timeout_of
from tests.support.transports import post


def read(body: bytes, **headers: str) -> object:
    """Return the result for a body that comes in chunks of 1000 bytes."""
    made = Body()
    for start in range(0, len(body), 1000):
        if not made.add(body[start : start + 1000]):
            break
    return made.reply(418, headers)


def test_a_body_is_put_together_up_to_the_cap() -> None:
    """A body of 1 MiB is read whole; one of a byte more is refused, and keeps the status."""
    assert read(bytes(MAX_BODY)) == Ok(Reply(418, {}, bytes(MAX_BODY)))
    assert read(bytes(MAX_BODY + 1)) == Err("reply-too-large", status=418, sent="maybe")
    assert read(b"", **{"x-a": "b"}) == Ok(Reply(418, {"x-a": "b"}, b""))


@pytest.mark.parametrize(("encoding", "reason"), [("gzip", "malformed-reply"), ("IDENTITY", None), ("", None)])
def test_a_compressed_body_is_refused(encoding: str, reason: str | None) -> None:
    """It is not decompressed."""
    result = read(b"\x1f\x8b", **{"content-encoding": encoding})
    assert (result.reason if isinstance(result, Err) else None) == reason


def test_no_request_takes_longer_than_a_day() -> None:
    """A longer deadline would overflow the timers of some systems."""
    assert timeout_of(post("http://127.0.0.1/", within=1.5)) == 1.5
    assert timeout_of(post("http://127.0.0.1/", within=1e300)) == MAX_TIMEOUT


def test_the_start_of_an_error_is_shown() -> None:
    """Its class and its text, up to 200 characters."""
    assert error_text(ValueError("no")) == "ValueError: no"
    assert error_text(ValueError("x" * 999)) == "ValueError: " + "x" * 188


@pytest.mark.parametrize(
    "error", [ImportError("x"), OSError("x"), ValueError("x")], ids=lambda error: type(error).__name__
)
def test_an_environment_that_cannot_be_used_is_the_machines_fault(error: Exception) -> None:
    """Errors of its settings become a `ValueError` that says so and has no context."""

    def make() -> object:
        raise error

    with pytest.raises(ValueError, match=r"settings of this environment cannot be used: x$") as caught:
        from_environment(make)
    assert caught.value.__context__ is None
    assert from_environment(lambda: 5) == 5
