"""No method raises, whatever an endpoint does, sync or async; and each keeps its deadline."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from cognito_raw import (
    AsyncClient,
    AsyncHttpxTransport,
    Challenge,
    Client,
    Config,
    Err,
    HttpxTransport,
    IdToken,
    Ok,
    StandardTransport,
    State,
    Tokens,
    retry,
)
from tests.support.deadlines import timed_out
from tests.support.hostile import (
    MIB,
    Behaviour,
    Peer,
    Server,
    deaf,
    dripping,
    pouring,
    refusing,
    reply,
    replying,
    saying,
    serving,
)
from tests.support.modes import MODES, Mode, Standard
from tests.support.samples import CLIENT, ISS, jwt

OK: Final = b"HTTP/1.1 200 OK\r\n"


pytestmark = pytest.mark.usefixtures("tidy")


@pytest.fixture(params=(*MODES, Standard), ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    """Every transport of ours, the one over the standard library too."""
    made: Mode = request.param()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat calls at once: none of these tests is about the pauses between them."""
    monkeypatch.setattr(retry, "_PASSING", 0.0)


def config(url: str, *, deadline: float = 60.0) -> Config:
    return Config(iss=ISS, client_id=CLIENT, endpoint=url, deadline=deadline)


TOKEN: Final = IdToken.read(jwt({"exp": 0, "iat": 0}))
KNOWN: Final = State("user", Challenge("NEW_PASSWORD_REQUIRED", "user", "handle"), Tokens(TOKEN, "access", "refresh"))
"""A session of which every method has something to do: its tokens are old, its challenge waits."""

METHODS: Final[dict[str, Callable[[Any], Any]]] = {
    "login": lambda session: session.login("user", "password"),
    "register": lambda session: session.register("user", "password", {"email": "a@example.com"}),
    "confirm_registration": lambda session: session.confirm_registration("123456"),
    "resend_verification_code": lambda session: session.resend_verification_code(),
    "new_password_challenge": lambda session: session.new_password_challenge("password"),
    "answer_challenge": lambda session: session.answer_challenge("password"),
    "login without a password": lambda session: session.login("user", flow="USER_AUTH"),
    "request_password_reset": lambda session: session.request_password_reset("user"),
    "reset_password_confirmation": lambda session: session.reset_password_confirmation("password", "123456"),
    "change_password": lambda session: session.change_password("old", "new"),
    "id_token": lambda session: session.id_token(),
    "access_token": lambda session: session.access_token(),
    "logout everywhere": lambda session: session.logout(everywhere=True),
    "logout": lambda session: session.logout(),
}

BEHAVIOURS: Final = [
    pytest.param(saying(b""), id="closes"),
    pytest.param(saying(b"", then="reset"), id="resets"),
    pytest.param(saying(OK + b"Content-Length: 9\r\n\r\n{}"), id="truncated"),
    pytest.param(saying(b"\x15\x03\x01 garbage\r\n\r\n"), id="garbage"),
    pytest.param(saying(OK + b"X: " + b"y" * MIB), id="huge header"),
    pytest.param(saying(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}"), id="broken chunk"),
    pytest.param(pouring(OK + b"Content-Length: 104857600\r\n\r\n", b" " * MIB, 100), id="100 MB"),
    pytest.param(replying(reply(b"\x1f\x8b", 200, "Content-Encoding: gzip")), id="compressed"),
    pytest.param(replying(reply(b"<html>no</html>")), id="HTML"),
    pytest.param(replying(reply(b"<html>no</html>", 403)), id="HTML 403"),
    pytest.param(replying(reply(b"<html>no</html>", 503)), id="HTML 503"),
    pytest.param(replying(reply(b"not here", 404)), id="plain 404"),
    pytest.param(replying(reply(b"", 307, "Location: http://127.0.0.1:1/")), id="redirect"),
    pytest.param(replying(reply(b'{"__type": "\\ud800", "message": "\\ud800"}', 400)), id="surrogates"),
]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_no_method_raises(mode: Mode, behaviour: Behaviour) -> None:
    """Every method of a session gives an `Err` for a server that misbehaves, and says what was sent."""
    with serving(behaviour) as server:
        for name, call in METHODS.items():
            result = call(mode.session(config(server.url), state=KNOWN))
            assert isinstance(result, Err), name
            assert result.operation, name
            assert result.sent in ("maybe", "yes"), name


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(deaf, id="silence"),
        pytest.param(dripping(OK, b"X: y\r\n"), id="headers"),
        pytest.param(dripping(OK + b"Content-Length: 99999\r\n\r\n", b" "), id="body"),
        pytest.param(dripping(b"", b"HTTP/1.1 100 Go on\r\n\r\n"), id="informational"),
    ],
)
@pytest.mark.parametrize("name", ["login", "id_token", "logout everywhere"])
def test_every_method_keeps_its_deadline(mode: Mode, behaviour: Behaviour, name: str) -> None:
    """A method ends at the deadline of its configuration, however slowly the server goes on."""
    with serving(behaviour) as server:
        result = timed_out(
            lambda deadline: METHODS[name](mode.session(config(server.url, deadline=deadline), state=KNOWN)), server
        )
        assert isinstance(result, Err)
        assert (result.reason, result.sent) == ("timed-out", "maybe")
        # A refresh is not the caller's alone: it goes on for a while, as long as its event loop runs.
        assert is_left_for_good(server, mode) if name == "id_token" else server.is_left()


def is_left_for_good(server: Server, mode: Mode) -> bool:
    """Whether nobody is connected any more, nor comes back."""
    quiet = 0
    for _ in range(100):
        mode.rest(0.03)
        quiet = 0 if server.open else quiet + 1
        if quiet == 5:
            return True
    return False


def test_every_method_tells_that_nothing_was_sent(mode: Mode) -> None:
    """Where nobody listens, every method gives `connection-failed`; it may be called again without harm."""
    with refusing() as url:
        for name, call in METHODS.items():
            result = call(mode.session(config(url), state=KNOWN))
            assert isinstance(result, Err), name
            assert (result.reason, result.sent, result.retryable) == ("connection-failed", "no", True), name


ODD: Final[list[object]] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**4000,
    float("nan"),
    "",
    "x",
    "\ud800",
    "é",
    "-1",
    "0",
    "f" * 9999,
    "a.b.c",
    [],
    [None],
    {},
    {"": None},
    {"a": {"b": []}},
]

CHALLENGED: Final = {
    "ChallengeName": "PASSWORD_VERIFIER",
    "Session": "handle",
    "ChallengeParameters": {
        "USER_ID_FOR_SRP": "user",
        "USERNAME": "user",
        "SRP_B": "abcdef12" * 96,
        "SALT": "12345678",
        "SECRET_BLOCK": "c2VjcmV0",
    },
}
SIGNED_IN: Final = {
    "AuthenticationResult": {
        "IdToken": jwt({"exp": 2_000_000_000, "iat": 1_700_000_000}),
        "AccessToken": "access",
        "RefreshToken": "refresh",
        "ExpiresIn": 3600,
    },
    "ChallengeParameters": {},
}
ASKED: Final = {
    "ChallengeName": "NEW_PASSWORD_REQUIRED",
    "Session": "handle",
    "ChallengeParameters": {"requiredAttributes": "[]", "userAttributes": "{}"},
}
REGISTERED: Final = {
    "UserSub": "id",
    "UserConfirmed": False,
    "CodeDeliveryDetails": {"Destination": "a***", "DeliveryMedium": "EMAIL", "AttributeName": "email"},
}


def spoiled(body: object) -> Iterator[object]:
    """The body with each of its members, at every level, replaced by each odd value, or gone."""
    yield from ODD
    if isinstance(body, dict):
        for name in body:
            yield {other: value for other, value in body.items() if other != name}
            for value in spoiled(body[name]):
                yield {**copy.deepcopy(body), name: value}


def encoded(body: object) -> bytes:
    return json.dumps(body).encode()


RAW: Final = [
    b"",
    b" ",
    b"nul",
    b"NaN",
    b"1e999",
    b"{}{}",
    b"{" * 100_000,
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a": "\xff"}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"a": ' + b"9" * 9999 + b"}",
    b'{"a": 1, "a": 2}',
    b'{"__type": ["x"], "message": {"a": 1}}',
    b'{"Output": {"__type": 5}, "code": []}',
    b'{"__type": "a#b#c:d,e", "Message": 5}',
    b"\x00" * 1000,
]


class Script:
    """The behaviour that answers each request with the next of these bodies, and then with an empty object."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, peer: Peer) -> None:
        while await peer.receive() is not None:
            await peer.send(reply(self.bodies.pop(0) if self.bodies else b"{}"))


@pytest.mark.parametrize(
    ("name", "before", "body"),
    [
        pytest.param("login", [], CHALLENGED, id="sign-in"),
        pytest.param("login", [CHALLENGED], SIGNED_IN, id="tokens"),
        pytest.param("login", [CHALLENGED], ASKED, id="next challenge"),
        pytest.param("id_token", [], SIGNED_IN, id="refresh"),
        pytest.param("new_password_challenge", [], SIGNED_IN, id="answer"),
        pytest.param("register", [], REGISTERED, id="registration"),
        pytest.param("request_password_reset", [], REGISTERED, id="reset"),
        pytest.param("change_password", [SIGNED_IN], {}, id="change"),
    ],
)
def test_every_spoiled_reply_gives_a_result(mode: Mode, name: str, before: list[object], body: object) -> None:
    """A member of a wrong type or value, at any level of a reply, gives a result, and the session can be kept."""
    script = Script()
    with serving(script) as server:
        for tried in [*RAW, *map(encoded, spoiled(body))]:
            script.bodies = [*map(encoded, before), tried]
            session = mode.session(config(server.url), state=KNOWN)
            result = METHODS[name](session)
            assert isinstance(result, (Ok, Err)), tried[:200]
            kept = replace(session.state, drift=max(0.0, session.state.drift))
            assert State.from_dict(json.loads(json.dumps(session.state.to_dict()))) == kept, tried[:200]


@pytest.mark.parametrize("status", [200, 400, 418, 500])
def test_every_raw_call_gives_a_result(status: int) -> None:
    """`Client.call` gives a result for any body under any status; only a JSON object under 200 is an answer."""
    bodies = [*RAW, *map(encoded, ODD)]

    async def asynchronous(url: str) -> list[object]:
        async with AsyncClient(config(url), transport=AsyncHttpxTransport()) as client:
            return [await client.call("GetWhatever", {}) for _ in bodies]

    def blocking(url: str, transport: HttpxTransport | StandardTransport) -> list[object]:
        with Client(config(url), transport=transport) as client:
            return [client.call("GetWhatever", {}) for _ in bodies]

    outcomes: list[list[object]] = []
    runs: list[Callable[[str], list[object]]] = [
        lambda url: blocking(url, HttpxTransport()),
        lambda url: blocking(url, StandardTransport()),
        lambda url: asyncio.run(asynchronous(url)),
    ]
    for run in runs:
        with serving(replying(*(reply(body, status) for body in bodies))) as server:
            outcomes.append(run(server.url))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    for body, result in zip(bodies, outcomes[0], strict=True):
        assert isinstance(result, Err) or (status == 200 and isinstance(result, Ok)), body[:200]
        if isinstance(result, Err):
            assert (result.status, result.operation) == (status, "GetWhatever"), body[:200]
