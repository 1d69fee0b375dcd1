"""Recordings of a local server, sync and async, and what replays of them give."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw import (
    AsyncHttpxTransport,
    Client,
    Err,
    HttpxTransport,
)
from cognito_raw.testing import (
    Recorder,
    Replay,
)
from cognito_raw.transport import shared, shared_async
from examples.local_pool import SIGN_UP_CODE, Server

PASSWORD: Final = "Corr3ct-horse!"


class _Awaited:
    """An asynchronous session, each of whose methods is run to its end in one loop."""

    def __init__(self, session: Any, runner: asyncio.Runner) -> None:
        self._session = session
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self._runner.run(getattr(self._session, name)(*args, **kwargs))


def first_day(session: Any) -> list[Any]:
    """A user's first day, right and wrong, as what is worth comparing."""
    results = [
        session.register("ada", PASSWORD, {"email": "ada@example.com", "nickname": "Countess"}),
        session.login("ada", PASSWORD),
        session.confirm_registration(SIGN_UP_CODE),
        session.login("ada", "Wrong-horse1!"),
        session.login("ada", PASSWORD),
        session.change_password("Wrong-horse1!", "N3w-horse!!"),
        session.change_password(PASSWORD, "N3w-horse!!"),
        session.access_token(),
        session.logout(),
    ]
    return [(r.reason, r.code, r.status, r.sent) if isinstance(r, Err) else _told(r.value) for r in results]


def _told(value: Any) -> Any:
    return (value.exp, value.payload["cognito:username"]) if hasattr(value, "exp") else type(value)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["blocking", "asynchronous"])
@pytest.mark.parametrize("own", [False, True], ids=["shared-transport", "own-transport"])
@pytest.mark.parametrize("secret", [False, True], ids=["public", "with-secret"])
def test_a_recording_of_a_real_server_replays_to_equal_outcomes(
    asynchronous: bool, own: bool, secret: bool, server: Server, tmp_path: Path
) -> None:
    """Sync and async, with and without a client secret, the proof computed anew."""
    pool, path = server.pool(secret=secret), tmp_path / "c.json"
    with asyncio.Runner() as runner:
        transport: Any = (AsyncHttpxTransport() if asynchronous else HttpxTransport()) if own else None
        with Recorder(path, pool.config(), transport, proof=True, password=PASSWORD) as recorder:
            session: Any = recorder.session() if not asynchronous else _Awaited(recorder.async_session(), runner)
            outcomes = first_day(session)
        runner.run(shared_async().aclose())
        if own:
            runner.run(transport.aclose()) if asynchronous else transport.close()
    assert [o[0] if isinstance(o, tuple) else o for o in outcomes][1] == "account-unverified"
    assert outcomes[4][1] == "ada"
    with Replay(path) as replay, asyncio.Runner() as runner:
        assert first_day(replay.session()) == outcomes
    with Replay(path) as replay, asyncio.Runner() as runner:
        assert first_day(_Awaited(replay.async_session(), runner)) == outcomes
    said = path.read_text(encoding="utf-8")
    proof = said.count(PASSWORD)
    assert proof == 1, "the password stands in the section of the proof alone"
    for gone in ("N3w-horse", "Wrong-horse", "ada@example.com", "Countess", SIGN_UP_CODE, pool.client_secret or "N3w-"):
        assert gone not in said


def test_the_recorder_itself_sends_over_the_shared_transport(server: Server, tmp_path: Path) -> None:
    """Without one of its own, as the sessions of the library do."""
    pool = server.pool()
    with Recorder(tmp_path / "c", pool.config()) as recorder, Client(recorder.config, transport=recorder) as client:
        assert client.forgot_password("nobody").on() is not None
    shared().close()
    assert [exchange.operation for exchange in recorder.cassette().exchanges] == ["ForgotPassword"]
