"""Conversations with the service, written as tables: which call is expected, and what is answered to it.

The same table is held by a flow that is stepped by hand and by the faces sync and async, over transports that
answer from the table. Nothing here listens, sleeps or draws randomness.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cognito_raw import (
    AsyncClient,
    AsyncPages,
    AsyncSession,
    Call,
    Client,
    Config,
    Err,
    IdToken,
    Ok,
    Pages,
    Reply,
    Request,
    Result,
    Session,
    State,
    Tokens,
    advance,
    flows,
)
from cognito_raw.reply import read
from cognito_raw.session.methods import SessionMethods
from cognito_raw.session.state import SessionFlow
from cognito_raw.srp.exchange import N, g

NOW: Final = 1_783_415_103  # Tue Jul 7 09:05:03 UTC 2026
ISS: Final = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123"
CLIENT_ID: Final = "client1id"
SECRET: Final = "s3cret"  # of the app client


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def fixed_randomness(count: int) -> bytes:
    """The same bytes every time, none of them zero."""
    return bytes(range(7, 7 + count))


def configured(**changes: Any) -> Config:
    """A configuration in which nothing is left to chance."""
    arguments: dict[str, Any] = {"clock": Clock(), "monotonic": Clock(0.0), "randomness": fixed_randomness}
    return Config(ISS, CLIENT_ID, **{**arguments, **changes})


def hash_of(name: str) -> str:
    """The secret hash over a user name, as its documentation writes it."""
    return base64.b64encode(hmac.digest(SECRET.encode(), f"{name}{CLIENT_ID}".encode(), hashlib.sha256)).decode()


# --- what the service answers


def answered(body: object, **headers: str) -> Result[Reply]:
    """A reply of status 200; `date=` and the like are its headers."""
    return Ok(Reply(200, headers, json.dumps(body).encode()))


def refused(code: str, message: str = "") -> Result[Reply]:
    """A reply that is one of the service's exceptions."""
    return Ok(Reply(400, {}, json.dumps({"__type": code, "message": message}).encode()))


def not_authorized(message: str) -> Result[Reply]:
    return refused("NotAuthorizedException", message)


def unsigned_token(**claims: object) -> str:
    """A well-formed token with these claims, and a signature that proves nothing."""
    parts = ({"alg": "RS256", "kid": "1"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmVk"])


def authentication_result(
    at: float = NOW,
    *,
    lasts: int = 3600,
    access_lasts: int | None = None,
    refresh: str | None = "refresh-1",
    n: int = 1,
) -> dict[str, object]:
    """The body of a finished sign-in or refresh at this time of the service's clock; `n` tells several apart."""
    issued = int(at)
    result: dict[str, object] = {
        "IdToken": unsigned_token(sub="5u8", n=n, iat=issued, exp=issued + lasts),
        "AccessToken": unsigned_token(n=n, exp=issued + (lasts if access_lasts is None else access_lasts)),
        "ExpiresIn": lasts,
        "TokenType": "Bearer",
    }
    if refresh is not None:
        result["RefreshToken"] = refresh
    return {"AuthenticationResult": result, "ChallengeParameters": {}}


def tokens(*, kept: str | None = None, **choices: Any) -> Tokens:
    """The value of that body."""
    return Tokens.read(authentication_result(**choices), kept=kept)


def signed_in(**choices: Any) -> State:
    """The state of a session that signed in with these tokens."""
    return State(username="jane", tokens=tokens(**choices))


# --- tables


@dataclass(frozen=True)
class Exchange:
    """One line of a conversation. Parameters of None are those that another test looks at."""

    operation: str
    parameters: Mapping[str, object] | None
    reply: Result[Reply]

    def hear(self, operation: str, parameters: object) -> Result[Reply]:
        assert operation == self.operation
        assert self.parameters is None or parameters == self.parameters
        return self.reply


class Script:
    """A transport that answers from a table, holds the requests to it and keeps them."""

    def __init__(self, exchanges: Sequence[Exchange] = ()) -> None:
        self.waiting = list(exchanges)
        self.requests: list[Request] = []
        self.closed = 0

    def send(self, request: Request) -> Result[Reply]:
        self.requests.append(request)
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        assert self.waiting, f"{operation} was not expected"
        return self.waiting.pop(0).hear(operation, json.loads(request.body))

    def close(self) -> None:
        self.closed += 1


class AsyncScript:
    """The same for asynchronous programs; every request lets the other tasks run."""

    def __init__(self, exchanges: Sequence[Exchange] = ()) -> None:
        self.script = Script(exchanges)

    async def send(self, request: Request) -> Result[Reply]:
        await asyncio.sleep(0)
        return self.script.send(request)

    async def aclose(self) -> None:
        self.script.close()


class Answering:
    """A transport that does what a function says."""

    def __init__(self, send: Callable[[Request], Any]) -> None:
        self._send = send

    def send(self, request: Request) -> Any:
        return self._send(request)


def step_through(flow: Generator[Call, Any, Any], exchanges: Sequence[Exchange]) -> Any:
    """Step a flow by hand through the whole table, and give what it returns."""
    step = advance(flow)
    for exchange in exchanges:
        assert isinstance(step, Call), f"the flow ended before {exchange.operation}"
        reply = exchange.hear(step.operation, step.parameters)
        step = advance(flow, reply if isinstance(reply, Err) else read(step, reply.value))
    assert not isinstance(step, Call), f"{step} was not expected"
    return step


def converse(
    config: Config, name: str, /, *arguments: Any, exchanges: Sequence[Exchange], **options: Any
) -> Result[Any]:
    """Hold a conversation with the flow by hand and with both clients, which all must come to the same end.

    Of a list, it is one page.
    """
    by_hand = step_through(getattr(flows, name)(config, *arguments, **options), exchanges)
    script, async_script = Script(exchanges), AsyncScript(exchanges)
    told = getattr(Client(config, transport=script), name)(*arguments, **options)
    result: Result[Any] = told.page() if isinstance(told, Pages) else told
    async_told = getattr(AsyncClient(config, transport=async_script), name)(*arguments, **options)
    assert asyncio.run(async_told.page() if isinstance(async_told, AsyncPages) else async_told) == result
    # By hand nobody told the flow whether it may try again, and a transport's own failure names no operation.
    assert _told(by_hand, result) == result
    assert script.requests == async_script.script.requests
    assert not script.waiting
    return result


def _told(by_hand: Result[Any], result: Result[Any]) -> Result[Any]:
    if isinstance(by_hand, Err) and isinstance(result, Err):
        return replace(by_hand, operation=result.operation, retryable=result.retryable)
    return by_hand


# --- sessions


@dataclass(frozen=True)
class Act:
    """One method of a session with its arguments, what is said on the wire meanwhile, and when it happens."""

    method: str
    arguments: tuple[Any, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    at: float = NOW
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_journey(self) -> bool:
        """Whether all of it is one journey: the shell renews tokens in flights of their own."""
        renews = any(exchange.operation == "GetTokensFromRefreshToken" for exchange in self.exchanges)
        return hasattr(SessionMethods, self.method) and not (self.method == "change_password" and renews)


@dataclass
class Outcome:
    """What came of a play: the result of each act, the state at the end, what a subscriber was told."""

    results: list[Result[Any]]
    state: State
    told: list[IdToken | None]

    @property
    def last(self) -> Result[Any]:
        return self.results[-1]


def play(*acts: Act, state: State | None = None, **changes: Any) -> Outcome:
    """Play the acts on a session and on an asynchronous session, which must come to the same end.

    What is a journey of its own is also stepped by hand.
    """
    clock = Clock()
    config = configured(clock=clock, **changes)
    begin = state or State()
    told: list[IdToken | None] = []
    script, async_script = Script(), AsyncScript()
    session = Session(config, state=begin, transport=script)
    session.subscribe(told.append)
    results = []
    for act in acts:
        before = session.state
        results.append(_perform(act, clock, script, getattr(session, act.method)))
        if act.is_journey:
            assert _by_hand(config, before, act) == (session.state, results[-1])

    clock.now = NOW
    async_told: list[IdToken | None] = []
    async_session = AsyncSession(config, state=begin, transport=async_script)
    async_session.subscribe(async_told.append)

    def finished(method: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: asyncio.run(getattr(async_session, method)(*args, **kwargs))

    async_results = [_perform(act, clock, async_script.script, finished(act.method)) for act in acts]
    assert (async_results, async_session.state, async_told) == (results, session.state, told)
    assert script.requests == async_script.script.requests
    return Outcome(results, session.state, told)


def _perform(act: Act, clock: Clock, script: Script, method: Callable[..., Any]) -> Any:
    clock.now = act.at
    script.waiting = list(act.exchanges)
    result = method(*act.arguments, **act.options)
    assert not script.waiting, f"{act.method} did not send {script.waiting[0].operation}"
    return _untold(result)


def calls_of(journey: SessionFlow[Any]) -> Generator[Call, Any, Any]:
    """A journey's calls alone, without the states that it yields on its way."""
    step = advance(journey)
    while not isinstance(step, tuple):
        step = advance(journey) if isinstance(step, State) else advance(journey, (yield step))
    return step


def _by_hand(config: Config, before: State, act: Act) -> tuple[State, Result[Any]]:
    journey = calls_of(getattr(SessionMethods(config, before), act.method)(*act.arguments, **act.options))
    state, result = step_through(journey, act.exchanges)
    return state, _untold(result)


def _untold(result: Any) -> Any:
    """Without what only the retry module says, which has its own tests."""
    return replace(result, operation=None, retryable=False) if isinstance(result, Err) else result


# --- the other side of SRP


def padded(n: int) -> bytes:
    """PAD() as the service has it: even hexadecimal digits, and 00 in front where the first bit is set."""
    digits = f"{n:x}"
    digits = "0" * (len(digits) % 2) + digits
    return bytes.fromhex(("00" if digits[0] in "89abcdef" else "") + digits)


def hashed(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


@dataclass(frozen=True)
class SrpServer:
    """The service's side of one sign-in: it knows the verifier of a password, and b, never the password's proof."""

    user_id: str = "5u8-of-jane"
    password: str = "Passw0rd!"
    salt: int = 0x9A3F
    b: int = 0xB0B5_1D3 << 200
    block: bytes = b"secret block"
    group: str = "AbCdEf123"  # the pool's name; of a device, its group key

    @property
    def verifier(self) -> int:
        identity = hashlib.sha256(f"{self.group}{self.user_id}:{self.password}".encode()).digest()
        return pow(g, hashed(padded(self.salt), identity), N)

    @property
    def B(self) -> int:
        return (hashed(padded(N), b"\2") * self.verifier + pow(g, self.b, N)) % N

    def asks(self, **changes: object) -> dict[str, object]:
        """The body of its PASSWORD_VERIFIER; a change of None leaves that parameter out."""
        parameters: dict[str, object] = {
            "SALT": f"{self.salt:x}",
            "SECRET_BLOCK": base64.b64encode(self.block).decode(),
            "SRP_B": f"{self.B:x}",
            "USERNAME": self.user_id,
            "USER_ID_FOR_SRP": self.user_id,
            **changes,
        }
        kept = {name: value for name, value in parameters.items() if value is not None}
        return {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": kept}

    def expects(self, timestamp: str) -> dict[str, str]:
        """The responses that prove the password, from what the service knows: S = (A v^u)^b."""
        A = int(SRP_A, 16)
        u = hashed(padded(A), padded(self.B))
        S = pow(A * pow(self.verifier, u, N), self.b, N)
        prk = hmac.digest(padded(u), padded(S), hashlib.sha256)
        key = hmac.digest(prk, b"Caldera Derived Key\x01", hashlib.sha256)[:16]
        claim = self.group.encode() + self.user_id.encode() + self.block + timestamp.encode()
        return {
            "USERNAME": self.user_id,
            "PASSWORD_CLAIM_SECRET_BLOCK": base64.b64encode(self.block).decode(),
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, claim, hashlib.sha256)).decode(),
            "TIMESTAMP": timestamp,
        }


# What a client with the fixed randomness sends first.
SRP_A: Final = f"{pow(g, int.from_bytes(fixed_randomness(32), 'big'), N):x}"


def initiate(reply: Result[Reply], username: str = "jane", **more: str) -> Exchange:
    """The first call of a sign-in."""
    parameters = {"USERNAME": username, "SRP_A": SRP_A, **more}
    return Exchange(
        "InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters}, reply
    )


def respond(reply: Result[Reply], responses: Mapping[str, str], name: str, **more: str) -> Exchange:
    """The answer to a challenge."""
    return Exchange(
        "RespondToAuthChallenge",
        {"ChallengeName": name, "ClientId": CLIENT_ID, "ChallengeResponses": responses, **more},
        reply,
    )


def srp_sign_in(reply: Result[Reply], username: str = "jane") -> tuple[Exchange, Exchange]:
    """A sign-in whose proof is right, ending in this reply."""
    server = SrpServer()
    proof = server.expects("Tue Jul 7 09:05:03 UTC 2026")
    return (
        initiate(answered(server.asks(), date="Tue, 07 Jul 2026 09:05:03 GMT"), username),
        respond(reply, proof, "PASSWORD_VERIFIER"),
    )
