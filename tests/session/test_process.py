"""A session across processes and event loops: forks in the middle of things, loops that come and go, states carried."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from cognito_raw import AsyncSession, Err, IdToken, Ok, Request, Session, State
from tests.support import programs
from tests.support.conversation import NOW, Answering, Clock, answered, authentication_result, configured, signed_in
from tests.support.plays import Act, play
from tests.support.rotation import AsyncWire, Service
from tests.support.sign_ins import srp_sign_in

END: Final = NOW + 3600

BEGIN: Final = """
import json, os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forks in a process with threads
from concurrent.futures import wait
from cognito_raw import Err, Ok, Session, State
from tests.support.conversation import *
from tests.support.sign_ins import *
END = NOW + 3600
REFRESHED = answered(authentication_result(at=END, n=2))
asked, go_on = threading.Event(), threading.Event()
parent = os.getpid()
config = configured(clock=Clock(END), deadline=5.0)

def slow(_):
    if os.getpid() == parent:
        asked.set()
        assert go_on.wait(20)
    return REFRESHED

def forked(child):
    # The child must end well, and soon.
    pid = os.fork()
    if pid == 0:
        threading.Timer(15, os._exit, (3,)).start()
        try:
            child()
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""


def run(program: str, stdin: str = "") -> str:
    """The output of a program that has a session."""
    return programs.run(BEGIN + program, stdin=stdin)


# --- forks

FORKS: Final = {
    "a refresh under way": """
session = Session(config, state=signed_in(), transport=Answering(slow))
thread = threading.Thread(target=lambda: print(session.id_token().unwrap().payload["n"], flush=True))
thread.start()
assert asked.wait(10)

def child():
    assert session.id_token().unwrap().payload["n"] == 2
    assert session.refresh().unwrap().payload["n"] == 2
    print("child", flush=True)

forked(child)
go_on.set()
thread.join(10)
""",
    "a turn under way": """
session = Session(config, state=signed_in(at=END), transport=Answering(slow))
thread = threading.Thread(target=lambda: print(type(session.logout()).__name__, flush=True))
thread.start()
assert asked.wait(10)

def child():
    assert session.logout() == Ok(None)
    print("child", flush=True)

forked(child)
go_on.set()
thread.join(10)
""",
    "a telling under way": """
told = []

def hears(token):
    if os.getpid() == parent and len(told) == 0:
        told.append(token)
        asked.set()
        assert go_on.wait(20)
    else:
        told.append(token)

session = Session(config, state=signed_in(), transport=Answering(lambda _: REFRESHED))
session.subscribe(hears)
renewed = session.id_token().unwrap()
assert asked.wait(10)

def child():
    heard = len(told)
    assert session.refresh().unwrap().payload["n"] == 2
    session.close()
    assert len(told) == heard + 1
    assert session.logout() == Ok(None)
    assert told[-1] is None
    print("child", flush=True)

forked(child)
go_on.set()
session.close()
print(renewed.payload["n"])
assert len(told) == 1
""",
    "kept fresh": """
session = Session(config, state=signed_in(at=END), transport=Answering(lambda _: REFRESHED))
other = Session(config, state=signed_in(), transport=Answering(lambda _: REFRESHED))
with session.keep_fresh():
    def child():
        assert session.refresh().unwrap().payload["n"] == 2
        told = threading.Event()
        other.subscribe(lambda _: told.set())
        with other.keep_fresh():
            assert told.wait(10)
        print("child", flush=True)

    forked(child)
    assert session.refresh().unwrap().payload["n"] == 2
print("parent")
""",
    "in a fork of a fork": """
session = Session(config, state=signed_in(), transport=Answering(slow))
thread = threading.Thread(target=lambda: print(session.id_token().unwrap().payload["n"], flush=True))
thread.start()
assert asked.wait(10)

def child():
    def grandchild():
        assert session.id_token().unwrap().payload["n"] == 2
        print("child", flush=True)
    forked(grandchild)
    assert session.id_token().unwrap().payload["n"] == 2

forked(child)
go_on.set()
thread.join(10)
""",
}


@pytest.mark.skipif(sys.platform == "win32", reason="no forks here")
@pytest.mark.parametrize("program", FORKS.values(), ids=FORKS)
def test_a_child_that_was_forked_in_the_middle_goes_on(program: str) -> None:
    """And so does the parent: neither waits for what only the other can end."""
    assert run(program).split()[0] == "child"
    assert len(run(program).split()) == 2


# --- event loops


def test_one_session_lives_through_a_hundred_event_loops() -> None:
    """Each with a refresh, as a serverless function does that runs a new loop at every invocation."""
    clock = Clock(NOW)
    service = Service(clock)
    _, state = service.sign_in()
    session = AsyncSession(configured(clock=clock), state=state, transport=AsyncWire(service))
    told: list[IdToken | None] = []
    session.subscribe(told.append)

    async def invocation() -> None:
        async with session.keep_fresh():
            results = await asyncio.gather(*(session.id_token() for _ in range(5)), session.refresh())
        assert len({result.unwrap() for result in results}) == 1

    for number in range(1, 101):
        clock.now += 4000
        asyncio.run(invocation())
        assert (service.refreshes, len(told)) == (number, number)


def test_a_refresh_that_a_closed_event_loop_broke_off_is_made_by_the_next() -> None:
    """Whoever waited was cancelled with it; that an answer may be missing is known."""
    clock = Clock(NOW)
    service = Service(clock, grace=30.0)
    _, state = service.sign_in()
    clock.now = END

    async def never(request: Request) -> None:
        service.answer(request)
        await asyncio.Event().wait()

    session = AsyncSession(configured(clock=clock, deadline=1.0), state=state, transport=Answering(never))
    late = asyncio.run(session.id_token())
    assert isinstance(late, Err)
    assert (late.reason, session.state.unanswered) == ("timed-out", True)
    session._transport = AsyncWire(service)
    assert isinstance(asyncio.run(session.within(10).id_token()), Ok)
    assert (service.requests, session.state.unanswered) == (2, False)


def test_two_event_loops_in_two_threads_share_a_refresh() -> None:
    """Callers of both get what it gives, and no call of one undoes another's."""
    clock = Clock(NOW)
    service = Service(clock)
    _, state = service.sign_in()
    session = AsyncSession(configured(clock=clock), state=state, transport=AsyncWire(service))
    told: list[IdToken | None] = []
    session.subscribe(told.append)
    ready = threading.Barrier(2)

    async def invocation() -> set[Any]:
        ready.wait(10)
        results = await asyncio.gather(*(session.id_token() for _ in range(20)))
        return {result.unwrap() for result in results}

    async def refreshes() -> None:
        for _ in range(20):
            assert isinstance(await session.refresh(), Ok)

    with ThreadPoolExecutor(2) as threads:
        for number in range(1, 11):
            clock.now += 4000
            one, other = threads.map(lambda _: asyncio.run(invocation()), range(2))
            assert one == other
            assert len(one) == 1
            assert service.refreshes == number
        list(threads.map(lambda _: asyncio.run(refreshes()), range(2)))
    assert len(told) == service.refreshes
    assert session.state.tokens is not None
    assert told[-1] == session.state.tokens.id_token


# --- states that are carried


def test_a_challenge_is_answered_by_another_process() -> None:
    """A state is plain JSON: the sign-in was made here, and the answer is given there."""
    body = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s", "ChallengeParameters": {"USERNAME": "5u8"}}
    begun = play(Act("login", ("jane", "Passw0rd!"), srp_sign_in(answered(body))))
    program = """
state = State.from_dict(json.load(sys.stdin))
result = answered(authentication_result())
body = {"USERNAME": "5u8", "NEW_PASSWORD": "N3w-Pass!"}
script = Script([respond(result, body, "NEW_PASSWORD_REQUIRED", Session="s")])
session = Session(configured(), state=state, transport=script)
assert session.new_password_challenge("N3w-Pass!") == Ok(tokens().id_token)
print(json.dumps(session.state.to_dict()))
"""
    carried = json.loads(run(program, json.dumps(begun.state.to_dict())))
    later = play(Act("id_token"), state=State.from_dict(carried))
    assert isinstance(later.last, Ok)
    assert later.state.challenge is None


@pytest.mark.parametrize(
    ("here", "there", "refreshes"),
    [(0, 0, 0), (-7200, -7200, 0), (-7200, 0, 1), (7200, 7200, 1), (7200, 0, 0), (0, 7200, 1), (0, -7200, 0)],
    ids=[
        "right",
        "behind",
        "behind, then right",
        "ahead",
        "ahead, then right",
        "right, then ahead",
        "right, then behind",
    ],
)
def test_a_carried_state_gives_no_dead_token_whatever_the_clocks(here: int, there: int, refreshes: int) -> None:
    """The drift is measured where the tokens came: elsewhere it may make them look old, and never young."""
    state = State("jane", tokens=signed_in().tokens, drift=-here)
    carried = State.from_dict(json.loads(json.dumps(state.to_dict())))
    clock = Clock(NOW + there)
    requests: list[object] = []

    def answers(request: object) -> Any:
        requests.append(request)
        return answered(authentication_result(at=clock.now - there, n=len(requests) + 1))

    session = Session(configured(clock=clock), state=carried, transport=Answering(answers))
    assert isinstance(session.id_token(), Ok)
    assert len(requests) == refreshes
    clock.now = END + there  # what a clock there shows at the end of the tokens
    token = session.id_token().unwrap()
    assert len(requests) == refreshes + 1
    assert token.exp == END + 3600
