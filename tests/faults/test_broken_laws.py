"""The matrix notices: each test breaks one law in the library, and sees it in the verdicts, over every transport."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from cognito_raw import Call, Err, IdToken, Reason, Request, State, retry
from cognito_raw.call import render
from cognito_raw.session import transitions
from cognito_raw.session.holder import Subscribers
from cognito_raw.transport import httpx_async, httpx_blocking, sockets
from tests.faults import chaos, matrix
from tests.faults.matrix import COLUMNS, FAULTS, Column, Verdict, play, play_patiently
from tests.faults.methods import METHODS, Method
from tests.support.deadlines import with_time_enough


@pytest.fixture(params=COLUMNS, ids=lambda column: column.name)
def column(request: pytest.FixtureRequest) -> Column:
    """Each of the transports."""
    made: Column = request.param
    return made


def broken(column: Column, fault: str, *methods: str, deadline: float = 60.0) -> str:
    """The laws that the matrix sees broken."""
    [played] = [row for row in FAULTS if row.name == fault]
    chosen = [method for method in METHODS if method.name in methods]
    assert len({method.name for method in chosen}) == len(methods)
    return ", ".join(law for verdict in play(played, column, chosen, deadline) for law in verdict.broken)


def test_a_library_that_keeps_the_laws_is_not_blamed(column: Column) -> None:
    """As a check of the tests below."""
    assert broken(column, "an HTML page, 500", "sign_up", "refresh", "logout") == ""


def test_a_repeated_password_is_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call with a password is repeated after a failure that may pass."""
    monkeypatch.setattr(retry, "is_safe", lambda *_: True)
    monkeypatch.setattr(retry, "_is_once", lambda _: False)
    assert "Once-Password-1 arrived 3 times" in broken(column, "an HTML page, 500", "sign_up")


def test_a_dropped_deadline_is_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may take longer than its method."""

    def late(call: Call, endpoint: str, timeout: float, *given: Any, **options: Any) -> Request:
        return render(call, endpoint, timeout + 1.5, *given, **options)

    monkeypatch.setattr(retry, "render", late)
    monkeypatch.setattr(matrix, "GRACE", 0.2)

    def seen(deadline: float) -> bool:
        return "took " in broken(column, "silence after the request", "get_user", deadline=deadline)

    assert with_time_enough(seen, bool)


@pytest.mark.parametrize("is_busy_again", [False, True])
def test_a_call_that_takes_too_long_has_a_second_chance(
    column: Column, is_busy_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine may have been busy, and not twice."""
    graces = [-60.0, -60.0 if is_busy_again else 60.0]

    def timed(*given: Any, **options: Any) -> list[Verdict]:
        monkeypatch.setattr(matrix, "GRACE", graces.pop(0))
        return play(*given, **options)

    monkeypatch.setattr(matrix, "play", timed)
    [fault] = [row for row in FAULTS if row.name == "an HTML page, 500"]
    verdicts = play_patiently(fault, column, METHODS[:3])
    assert [verdict.is_late for verdict in verdicts] == 3 * [is_busy_again]
    assert graces == []


def test_forgotten_tokens_are_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every failed refresh ends the session."""
    monkeypatch.setattr(transitions, "is_lost", lambda _: False)
    monkeypatch.setattr(transitions, "ENDS_SESSION", frozenset(get_args(Reason)))
    assert "signed out" in broken(column, "an HTML page, 500", "refresh")


def test_a_connection_with_surplus_bytes_is_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transport looks for bytes beyond a reply."""
    for module in (httpx_blocking, httpx_async):
        monkeypatch.setattr(module, "is_reusable", lambda _: True)
    monkeypatch.setattr(sockets.BufferedSocket, "is_quiet", lambda _: True)
    assert "surplus bytes" in broken(column, "another reply behind the reply", "get_user", "forgot_password")


def changed(monkeypatch: pytest.MonkeyPatch, change: Callable[[Err], Any]) -> None:
    """Let every failure that a transport or the service gives be another."""
    read = retry._read

    def other(*arguments: Any) -> Any:
        result = read(*arguments)
        return change(result) if isinstance(result, Err) else result

    monkeypatch.setattr(retry, "_read", other)


@pytest.mark.parametrize("sent", ["no", "maybe", "yes"])
def test_a_wrong_sent_is_seen(column: Column, sent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that arrived counts as unsent, and one that could not as sent, perhaps or surely."""
    changed(monkeypatch, lambda err: replace(err, sent=sent))
    fault = "an HTML page, 400" if sent == "no" else "a refused connection"
    assert f'sent is "{sent}"' in broken(column, fault, "sign_up")


def test_an_undocumented_reason_is_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reason that no page knows."""
    unheard_of: Any = "out-of-luck"
    changed(monkeypatch, lambda err: replace(err, reason=unheard_of))
    assert "out-of-luck is not documented" in broken(column, "204", "sign_up")


def test_an_exception_is_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure raises."""
    changed(monkeypatch, lambda err: err.unwrap())
    assert "raised CognitoError" in broken(column, "204", "sign_up")


class Leaving:
    """A transport that leaves something behind with each request."""

    def __init__(self, transport: Any, leave: Callable[[], object]) -> None:
        self._transport = transport
        self._leave = leave

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def send(self, request: Request) -> Any:
        self._leave()
        return self._transport.send(request)


def leaving(column: Column, leave: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> str:
    """The laws that the matrix sees broken over such a transport."""
    monkeypatch.setattr(matrix, "PATIENCE", 0.1)
    return broken(replace(column, transport=lambda: Leaving(column.transport(), leave)), "204", "get_user")


def test_a_thread_that_is_left_is_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its name."""
    ended = threading.Event()
    try:
        seen = leaving(column, threading.Thread(target=ended.wait, name="nobody's").start, monkeypatch)
    finally:
        ended.set()
    assert seen == "left a thread, nobody's"


def test_a_descriptor_that_is_left_is_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a socket that nobody closes."""
    opened: list[socket.socket] = []
    try:
        seen = leaving(column, lambda: opened.append(socket.socket()), monkeypatch)
    finally:
        opened[0].close()
    assert seen == "left 1 descriptors"


def test_a_task_that_is_left_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """In an event loop."""
    [column] = [column for column in COLUMNS if column.is_async]
    left: list[asyncio.Task[Any]] = []
    seen = leaving(column, lambda: left.append(asyncio.create_task(asyncio.sleep(60), name="nobody's")), monkeypatch)
    assert seen.startswith('left <Task pending name="nobody\'s"')


def test_what_is_no_result_is_seen(column: Column) -> None:
    """A method returns neither `Ok` nor `Err`."""

    async def nothing() -> None:
        pass

    method = Method("get_user", lambda _: nothing() if column.is_async else None)
    [verdict] = play(FAULTS[0], column, [method])
    assert verdict.broken == ("returned None",)


def test_a_state_that_does_not_travel_is_seen(column: Column, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON loses the user."""
    to_dict = State.to_dict
    monkeypatch.setattr(State, "to_dict", lambda state: {**to_dict(state), "username": None})
    assert broken(column, "an HTML page, 500", "refresh") == "the state does not travel"


def failures(name: str) -> str:
    """The laws that chaos sees broken in the first sequences."""
    return ", ".join(chaos.play(name, range(12)))


@pytest.mark.parametrize("name", chaos.TRANSPORTS)
def test_chaos_sees_forgotten_tokens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every failed refresh ends the session."""
    monkeypatch.setattr(transitions, "is_lost", lambda _: False)
    monkeypatch.setattr(transitions, "ENDS_SESSION", frozenset(get_args(Reason)))
    assert "signed out by" in failures(name)


@pytest.mark.parametrize("name", chaos.TRANSPORTS)
@pytest.mark.parametrize("times", [0, 2])
def test_chaos_sees_a_subscriber_that_hears_wrongly(name: str, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hears nothing, or everything twice."""
    announce = Subscribers.announce
    monkeypatch.setattr(Subscribers, "announce", lambda self, token: [announce(self, token) for _ in range(times)])
    assert "heard" in failures(name)


@pytest.mark.parametrize("name", chaos.TRANSPORTS)
def test_chaos_sees_an_exception(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure raises."""
    changed(monkeypatch, lambda err: err.unwrap())
    assert "CognitoError" in failures(name)


@pytest.mark.parametrize("name", chaos.TRANSPORTS)
def test_chaos_sees_a_subscriber_that_hears_in_another_order(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change is announced after the next one."""
    announce = Subscribers.announce
    late: list[IdToken | None] = []

    def swapped(self: Subscribers, token: IdToken | None) -> None:
        late.insert(0, token)
        if len(late) == 2:
            for one in late:
                announce(self, one)
            late.clear()

    monkeypatch.setattr(Subscribers, "announce", swapped)
    assert "heard" in failures(name)


@pytest.mark.parametrize(
    ("heard", "held"),
    [([1, 2], 1), ([1, 2], None), ([1, 2, 2], 2), ([1, 3, 2, 4], 4), ([1, None, None], None), ([1, 3, 4], 4)],
)
def test_chaos_sees_what_a_subscriber_missed_or_mixed_up(heard: list[int | None], held: int | None) -> None:
    """The last change, or one before it, or one twice, or in another order. 2 was returned."""
    assert not chaos.misheard([1, 2, None, 3, 4], 4, {2})
    assert chaos.misheard(heard, held, {2})


@pytest.mark.parametrize("member", ["challenge", "device"])
@pytest.mark.parametrize("name", chaos.TRANSPORTS)
def test_chaos_sees_a_state_that_does_not_travel(name: str, member: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON loses the challenge, or the device."""
    to_dict = State.to_dict
    monkeypatch.setattr(State, "to_dict", lambda state: {**to_dict(state), member: None})
    assert "the state after" in failures(name)
