"""Chaos: random sequences of a session's methods, with faults, interruptions, jumps of the clock and new processes.

After every step: nothing was raised, a signed-in session stays so unless the service or a sign-out ended it, its state
travels through JSON with its device, and the subscriber heard every change once and in order.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from cognito_raw import (
    AsyncHttpxTransport,
    AsyncSession,
    Challenge,
    Config,
    Err,
    HttpxTransport,
    IdToken,
    Ok,
    Reply,
    Request,
    Result,
    SelectMfaType,
    Session,
    StandardTransport,
    State,
    Tokens,
)
from cognito_raw.models.challenge import ChallengeAnswer
from tests.faults.connections import QUICK, SLOW, STALE
from tests.faults.ledger import USER
from tests.faults.methods import CODE, DEVICE, NEW, PASSWORD
from tests.faults.replies import REPLIES
from tests.support.conversation import CLIENT_ID, ISS, authentication_result, unsigned_token
from tests.support.deadlines import LaterClock, wait_until
from tests.support.hostile import Behaviour, Peer, Received, reply, replying, serving
from tests.support.sign_ins import SrpServer
from tests.support.threads import living
from tests.support.transports import leaving_nothing

STEPS: Final = 10
_QUICK: Final = (*QUICK.values(), *map(replying, REPLIES.values()))
_SLOW: Final = tuple(SLOW.values())
_CHALLENGES: Final = ("SMS_MFA", "NEW_PASSWORD_REQUIRED", "MFA_SETUP", "SELECT_MFA_TYPE", "DEVICE_SRP_AUTH")
_ENDS: Final = (
    ("NotAuthorizedException", "Refresh Token has expired"),
    ("NotAuthorizedException", "Refresh Token has been revoked"),
    ("UserNotFoundException", "User does not exist."),
)
_REFUSALS: Final = (
    ("NotAuthorizedException", "Incorrect username or password."),
    ("CodeMismatchException", "no"),
    ("LimitExceededException", "no"),
    ("UserLambdaValidationException", "PreSignUp failed with error no."),
    ("NotAuthorizedException", "Access Token has been revoked"),
)


class Interruption(BaseException):
    """An exception from outside, such as Ctrl-C."""


class Pool:
    """The service: it rotates refresh tokens, and often fails.

    endings: how often it ended a session, as far as it knows: the reply may have been lost. followed: whether a
    connection with surplus bytes was used again.
    """

    def __init__(self, chance: random.Random, clock: LaterClock) -> None:
        self.endings = 0
        self.followed = False
        self._chance = chance
        self._clock = clock
        self._issued = 0

    async def serve(self, peer: Peer) -> None:
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            while (fault := self._fault()) is None:
                if (received := await peer.receive()) is None:
                    return
                answer, number = self._answer(received), self._chance.random()
                if number < 0.05:  # it has acted, and its reply is lost
                    return
                await peer.send(answer if number < 0.95 else answer + STALE)
                if number >= 0.95:
                    self.followed = await peer.receive() is not None
                    return
            await fault(peer)

    def _fault(self) -> Behaviour | None:
        number = self._chance.random()
        if number < 0.01:
            return self._chance.choice(_SLOW)
        return self._chance.choice(_QUICK) if number < 0.2 else None

    def _answer(self, received: Received) -> bytes:
        operation = received.headers["x-amz-target"].rpartition(".")[2]
        body = json.loads(received.body)
        if operation == "GetTokensFromRefreshToken" or "REFRESH_TOKEN" in body.get("AuthParameters", ()):
            return self._refreshed(body.get("RefreshToken") or body["AuthParameters"]["REFRESH_TOKEN"])
        if self._chance.random() < 0.1:
            return _refusal(*self._chance.choice(_REFUSALS))
        if operation == "InitiateAuth" and body["AuthFlow"] == "USER_SRP_AUTH":
            return _json(SrpServer(password=PASSWORD).asks())
        if operation in ("InitiateAuth", "RespondToAuthChallenge"):
            return _json(self._challenge() if self._chance.random() < 0.2 else self._signed_in())
        return _json({"SecretCode": "JBSWY3DP", "Session": "s"} if operation == "AssociateSoftwareToken" else {})

    def _refreshed(self, token: str) -> bytes:
        if token != f"refresh-{self._issued}":
            self.endings += 1
            return _refusal("RefreshTokenReuseException", "used")
        if self._chance.random() < 0.05:
            self.endings += 1
            return _refusal(*self._chance.choice(_ENDS))
        return _json(self.issue())

    def issue(self) -> dict[str, object]:
        """New tokens, which are numbered."""
        self._issued += 1
        return authentication_result(self._clock.time(), n=self._issued, refresh=f"refresh-{self._issued}")

    def _signed_in(self) -> object:
        """New tokens, sometimes with a new device, which the session then confirms."""
        body: Any = self.issue()
        if self._chance.random() < 0.2:
            result, device = body["AuthenticationResult"], f"device-{self._issued}"
            result["NewDeviceMetadata"] = {"DeviceKey": device, "DeviceGroupKey": "-gr0up"}
            result["AccessToken"] = unsigned_token(username=USER, exp=int(self._clock.time()) + 3600)
        return body

    def _challenge(self) -> object:
        said = {"MFAS_CAN_CHOOSE": '["SMS_MFA"]', "MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]'}
        name = self._chance.choice(_CHALLENGES)
        return {"ChallengeName": name, "Session": "s", "ChallengeParameters": {**said, "USERNAME": USER}}


def _json(body: object) -> bytes:
    return reply(json.dumps(body).encode())


def _refusal(code: str, message: str) -> bytes:
    return reply(json.dumps({"__type": code, "message": message}).encode(), 400)


class _Interrupted:
    """A transport whose requests are sometimes interrupted, before they are sent or after the reply has come."""

    def __init__(self, transport: Any, chance: random.Random) -> None:
        self._transport = transport
        self._chance = chance

    def send(self, request: Request) -> Result[Reply]:
        number = self._chance.random()
        if number < 0.05:
            raise Interruption
        result: Result[Reply] = self._transport.send(request)
        if number > 0.95:
            raise Interruption
        return result


def answer_to(challenge: Challenge | None) -> ChallengeAnswer:
    """What a user could answer, or nobody."""
    if isinstance(challenge, SelectMfaType):
        return challenge.choices[0]
    return {"ANSWER": CODE} if challenge is not None and challenge.name == "PASSWORD_VERIFIER" else CODE


METHODS: Final[dict[str, Callable[[Any], Any]]] = {
    "login": lambda session: session.login(USER, PASSWORD, flow="USER_PASSWORD_AUTH"),
    "login by SRP": lambda session: session.login(USER, PASSWORD),
    "answer_challenge": lambda session: session.answer_challenge(answer_to(session.challenge)),
    "new_password_challenge": lambda session: session.new_password_challenge(NEW),
    "begin_totp_setup": lambda session: session.begin_totp_setup(),
    "id_token": lambda session: session.id_token(),
    "access_token": lambda session: session.access_token(),
    "refresh": lambda session: session.refresh(),
    "change_password": lambda session: session.change_password(PASSWORD, NEW),
    "register": lambda session: session.register(USER, PASSWORD),
    "confirm_registration": lambda session: session.confirm_registration(CODE),
    "request_password_reset": lambda session: session.request_password_reset(USER),
    "reset_password_confirmation": lambda session: session.reset_password_confirmation(NEW, CODE),
    "logout": lambda session: session.logout(),
    "logout everywhere": lambda session: session.logout(everywhere=True),
    "forget": lambda session: session.forget(),
}
# A random method, a later time, or a new process; a sign-in and tokens more often than the rest.
_AT_ONCE: Final[dict[str, tuple[str, ...]]] = {
    "two at once": ("id_token", "change_password"),
    "three at once": ("login", "refresh", "id_token"),
}
_ACTS: Final = (*METHODS, *("login", "id_token", "refresh", "later") * 4, "reload", *_AT_ONCE)


class Sequence:
    """One sequence of steps. What a seed draws is the same in every run; how the machine times it is not."""

    def __init__(self, seed: int, transport: Any, *, is_async: bool) -> None:
        self._chance = random.Random(seed)
        self._clock = LaterClock()
        self._pool = Pool(random.Random(seed + 1), self._clock)
        self._is_async = is_async
        self._transport = transport if is_async else _Interrupted(transport, random.Random(seed + 2))
        self._heard: list[int | None] = [1]
        self._returned: set[int | None] = set()

    async def play(self) -> None:
        """Play all steps; `AssertionError` for a broken law."""
        with serving(self._pool.serve) as server:
            self._config = Config(
                ISS,
                CLIENT_ID,
                endpoint=server.url,
                deadline=0.5,
                clock=self._clock.time,
                monotonic=self._clock.monotonic,
            )
            self._begin(State(USER, tokens=Tokens.read(self._pool.issue()), device=DEVICE))
            for _ in range(STEPS):
                signed_out = self._session.state.tokens is None
                act = "login" if signed_out and self._chance.random() < 0.7 else self._chance.choice(_ACTS)
                before, endings = self._session.state, self._pool.endings
                await self._step(act)
                may_end = act in ("logout", "logout everywhere", "forget") or self._pool.endings > endings
                self._check(before, act, may_end=may_end)

    def _begin(self, state: State) -> None:
        kind: Any = AsyncSession if self._is_async else Session
        self._session = kind(self._config, state=state, transport=self._transport)
        self._session.subscribe(lambda token: self._heard.append(_number(token)))

    async def _step(self, act: str) -> None:
        if act == "later":
            self._clock.jump(self._chance.choice((10, 3000, 3590, 4000)))
        elif act == "reload":
            self._begin(State.from_dict(json.loads(json.dumps(self._session.state.to_dict()))))
        else:
            await asyncio.gather(*(self._call(METHODS[name]) for name in _AT_ONCE.get(act, (act,))))
        await self._quiet()

    async def _call(self, call: Callable[[Any], Any]) -> None:
        if self._is_async:
            task = asyncio.ensure_future(call(self._session))
            if self._chance.random() < 0.2:
                await asyncio.sleep(self._chance.random() * 0.01)
                task.cancel()
            with suppress(asyncio.CancelledError):
                self._check_result(await task)
        else:
            await asyncio.to_thread(self._interrupted, call)

    def _interrupted(self, call: Callable[[Any], Any]) -> None:
        with suppress(Interruption):
            self._check_result(call(self._session))

    def _check_result(self, result: object) -> None:
        assert isinstance(result, (Ok, Err)), f"returned {result!r}"
        if isinstance(result, Ok) and isinstance(result.value, IdToken):
            self._returned.add(_number(result.value))

    async def _quiet(self) -> None:
        """Wait for what a method has left to itself: a refresh, or the telling of subscribers."""
        if self._is_async:
            ours = asyncio.current_task()
            while tasks := [task for task in asyncio.all_tasks() - {ours} if task.get_name() != "cognito_raw close"]:
                await asyncio.wait(tasks)
        elif _refreshing():
            assert await asyncio.to_thread(wait_until, lambda: not _refreshing(), 6.0)

    def _check(self, before: State, act: str, *, may_end: bool) -> None:
        state = self._session.state
        assert not self._pool.followed, "a connection with surplus bytes was used again"
        assert before.tokens is None or state.tokens is not None or may_end, f"signed out by {act}"
        kept = replace(state, drift=max(0.0, state.drift))
        assert State.from_dict(json.loads(json.dumps(state.to_dict()))) == kept, f"the state after {act}"
        held = None if state.tokens is None else _number(state.tokens.id_token)
        assert not misheard(self._heard, held, self._returned), f"heard {self._heard}, held {held}"


def _number(token: IdToken | None) -> int | None:
    number: int | None = None if token is None else token.payload["n"]
    return number


def misheard(heard: list[int | None], held: int | None, returned: set[int | None]) -> bool:
    """Whether a subscriber did not hear each change of the tokens once, in order.

    held: the tokens of the session, None if it is signed out. returned: those that its methods have returned.
    """
    numbers = [number for number in heard if number is not None]
    in_order = numbers == sorted(set(numbers)) and (None, None) not in pairwise(heard)
    return heard[-1] != held or not in_order or not returned <= set(heard)


def _refreshing() -> bool:
    return any(thread.name == "cognito_raw refresh" for thread in living())


TRANSPORTS: Final[dict[str, Callable[[], Any]]] = {
    "httpx": HttpxTransport,
    "httpx, async": AsyncHttpxTransport,
    "standard": StandardTransport,
}


def play(name: str, seeds: Iterable[int]) -> list[str]:
    """Play the sequences of these seeds over one transport, and return the failures, with their seeds."""
    with leaving_nothing():
        failures = asyncio.run(_play(TRANSPORTS[name](), seeds, is_async=name == "httpx, async"))
    return [f"{name}, {failure}" for failure in failures]


async def _play(transport: Any, seeds: Iterable[int], *, is_async: bool) -> list[str]:
    failures = []
    for seed in seeds:
        try:
            await Sequence(seed, transport, is_async=is_async).play()
        except Exception as error:
            failures.append(f"seed {seed}: {type(error).__name__}: {error}")
    await (transport.aclose() if is_async else asyncio.to_thread(transport.close))
    return failures
