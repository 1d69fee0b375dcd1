"""The verifiers, sync and async: what they fetch, what they keep, and what they tell."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any, Final

import pytest

from cognito_raw import Claims, Config, Err, Ok, Reply, Request, Result, TokenVerifier
from cognito_raw.testing import Recorder, Scripted
from cognito_raw.verify import ANY_CLIENT
from tests.support.deadlines import wait_until
from tests.support.samples import CLIENT, ISS, POOL
from tests.support.tokens import ACCESS, ID, NOW, Clock, encoded, jwk, key_set, raw_token, token
from tests.support.transports import workers
from tests.support.verifiers import Service, Verifying, told

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service() -> Service:
    return Service()


def fresh(key: str = "one", clock: Clock | None = None, **changes: Any) -> str:
    """A token that is good for an hour from now."""
    return token(ID, key, exp=int((clock or Clock()).now + HOUR), iat=NOW, **changes)


def test_the_claims_of_a_token_that_may_be_trusted(verifying: Verifying, clock: Clock, service: Service) -> None:
    """The key set is fetched once, and then tokens are verified without a request."""
    verifier = verifying.verifier(clock.config(), transport=service)
    for key in ("one", "two", "one"):
        claims = verifier.verify(token(ID, key)).unwrap()
        assert isinstance(claims, Claims)
        assert (claims.sub, claims.payload) == (ID["sub"], ID)
    [request] = service.requests
    assert (request.method, request.url, request.body) == ("GET", f"{ISS}/.well-known/jwks.json", b"")
    assert request.timeout == 10.0


def test_the_key_set_is_where_the_configuration_says(verifying: Verifying, clock: Clock, service: Service) -> None:
    """Of a pool that is to be had elsewhere, there."""
    config = clock.config(endpoint="http://127.0.0.1:4566", deadline=2.5)
    assert told(verifying.verifier(config, transport=service).verify(token())) == "Ok"
    [request] = service.requests
    assert (request.url, request.timeout) == (f"http://127.0.0.1:4566/{POOL}/.well-known/jwks.json", 2.5)


CASES: Final[dict[str, tuple[Any, str]]] = {
    "none": (None, "token-malformed"),
    "bytes": (b"a.b.c", "token-malformed"),
    "another algorithm": (token(header={"alg": "HS256"}), "token-algorithm-refused"),
    "another key": (token(key="three"), "token-key-unknown"),
    "another key of that name": (token(key="three", header={"kid": "one"}), "token-signature-invalid"),
    "another signature": (token().rpartition(".")[0] + "." + "A" * 342, "token-signature-invalid"),
    "signed, but no JSON": (raw_token(b'{"kid":"one","alg":"RS256"}', b"{,}"), "token-malformed"),
    "signed, but no object": (raw_token(b'{"kid":"one","alg":"RS256"}', b"[1]"), "token-malformed"),
    "another use": (token(ACCESS), "token-use-refused"),
    "run out": (token(exp=NOW), "token-expired"),
}


@pytest.mark.parametrize(("value", "expected"), CASES.values(), ids=CASES.keys())
def test_any_other_token_is_refused(verifying: Verifying, clock: Clock, value: Any, expected: str) -> None:
    """Each with its reason, in words that have no part of the token in them, and not to be tried again."""
    result = verifying.verifier(clock.config(), keys=key_set(), transport=Service()).verify(value)
    assert isinstance(result, Err)
    assert (result.reason, result.retryable, result.operation, result.sent) == (expected, False, None, "no")
    assert result.message


def test_demands_are_those_of_the_rules(verifying: Verifying, clock: Clock, service: Service) -> None:
    """All of them reach the rules, the first by position."""
    demands: dict[str, Any] = {
        "client_ids": ANY_CLIENT,
        "additional_issuers": "https://a.example",
        "groups": "admins",
        "scopes": "openid",
        "check": lambda claims: claims.sub == "ada",
        "leeway": 5,
    }
    verifier = verifying.verifier(clock.config(), ("id", "access"), transport=service, **demands)
    good: dict[str, Any] = {"iss": "https://a.example", "client_id": "another", "sub": "ada", "exp": NOW - 4}
    assert told(verifier.verify(token(ACCESS, **good))) == "Ok"
    changes: list[tuple[dict[str, Any], str]] = [
        ({"iss": "https://b.example"}, "token-issuer-refused"),
        ({"sub": "bob"}, "token-check-failed"),
        ({"exp": NOW - 5}, "token-expired"),
        ({"cognito:groups": ["users"]}, "token-group-missing"),
        ({"scope": "email"}, "token-scope-missing"),
        ({"client_id": None}, "token-client-refused"),
    ]
    for change, reason in changes:
        assert told(verifier.verify(token(ACCESS, **{**good, **change}))) == reason
    mistakes: list[dict[str, Any]] = [{"token_use": "both"}, {"client_ids": []}, {"keys": "[]"}, {"leeway": -1}]
    for mistake in mistakes:
        with pytest.raises(ValueError, match=next(iter(mistake))):
            verifying.verifier(clock.config(), **mistake)


def test_only_a_missing_key_set_may_be_tried_again(verifying: Verifying, clock: Clock) -> None:
    """Where nothing is known of the pool's keys, nothing can be told of a token; then they come."""
    service = Service(Err("connection-failed"))
    verifier = verifying.verifier(clock.config(), transport=service)
    for _ in range(3):
        result = verifier.verify(token())
        assert result == Err(
            "key-set-unavailable", "the key set could not be fetched: connection-failed", retryable=True
        )
    assert len(service.requests) == 2  # at once again; the others came too early for another try
    service.reply = key_set()
    clock.go_on(1)
    assert told(verifier.verify(token())) == "Ok"


BAD: Final[dict[str, bytes | Result[Reply]]] = {
    "nothing": b"",
    "a page": b"<html>",
    "no keys": b'{"keys":[]}',
    "keys twice": b'{"keys":[],' + key_set()[1:],
    "private keys": json.dumps({"keys": [jwk(d="AQAB")]}).encode(),
    "too large": key_set().ljust(128 * 1024 + 1),
    "not found": Ok(Reply(404, {}, key_set())),
    "created": Ok(Reply(201, {}, key_set())),
    "an outage": Ok(Reply(503, {}, key_set())),
    "a redirect": Ok(Reply(302, {"location": "https://evil.example"}, key_set())),
    "a time-out": Err("timed-out"),
}


@pytest.mark.parametrize("reply", BAD.values(), ids=BAD.keys())
def test_a_bad_answer_never_replaces_a_good_set(verifying: Verifying, clock: Clock, reply: Any) -> None:
    """For a day all goes on as if nothing were; then nothing does."""
    service = Service()
    verifier = verifying.verifier(clock.config(), transport=service)
    assert told(verifier.verify(fresh())) == "Ok"
    service.reply = reply
    for _ in range(23):
        clock.go_on(HOUR)
        assert told(verifier.verify(fresh(clock=clock))) == "Ok"
        verifying.settle()
        assert told(verifier.verify(fresh("three", clock))) == "key-set-unavailable"
    assert len(service.requests) == 24
    clock.go_on(HOUR)
    assert told(verifier.verify(fresh(clock=clock))) == "key-set-unavailable"
    service.reply = key_set()
    clock.go_on(60)
    assert told(verifier.verify(fresh(clock=clock))) == "Ok"


def test_keys_rotate(verifying: Verifying, clock: Clock, service: Service) -> None:
    """A new key is found as soon as a token names it, ten seconds after the last fetch; an old one dies by the hour."""
    verifier = verifying.verifier(clock.config(), transport=service)
    assert told(verifier.verify(token())) == "Ok"
    service.reply = key_set("two", "three")
    assert told(verifier.verify(fresh("three"))) == "token-key-unknown"
    clock.go_on(10)
    assert told(verifier.verify(fresh("three"))) == "Ok"
    assert told(verifier.verify(fresh("one"))) == "token-key-unknown"
    service.reply = key_set("three")
    clock.go_on(HOUR)
    assert told(verifier.verify(fresh("two", clock))) == "Ok"  # and a fetch in the background
    verifying.settle()
    assert told(verifier.verify(fresh("two", clock))) == "token-key-unknown"
    assert len(service.requests) == 3


def test_unknown_keys_do_not_hold_known_ones_up(verifying: Verifying, clock: Clock) -> None:
    """A flood of tokens with made-up keys causes one fetch in ten seconds, and no error of others."""
    service = Service()
    verifier = verifying.verifier(clock.config(), transport=service)
    clock.go_on(10)
    for number in range(50):
        assert told(verifier.verify(token(header={"kid": f"made up {number}"}))) == "token-key-unknown"
        assert told(verifier.verify(token())) == "Ok"
    assert len(service.requests) == 1


def test_a_transport_that_raises_is_a_failed_fetch(
    verifying: Verifying, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """No method of a verifier raises for it; the log has its error."""

    def fail() -> Result[Reply]:
        raise RuntimeError("mine")

    verifier = verifying.verifier(clock.config(), transport=Service(fail))
    result = verifier.verify(token())
    assert isinstance(result, Err)
    assert (result.reason, result.message) == (
        "key-set-unavailable",
        "the key set could not be fetched: unknown-error",
    )
    assert "mine" in caplog.text


# --- keys that are given


@pytest.mark.parametrize(
    "keys", [key_set(), key_set().decode(), json.loads(key_set())], ids=["bytes", "text", "mapping"]
)
def test_keys_may_be_given(verifying: Verifying, clock: Clock, service: Service, keys: Any) -> None:
    """As a file, a text or what is in it: then nothing is fetched for an hour, but for keys that are not there."""
    verifier = verifying.verifier(clock.config(), keys=keys, transport=service)
    clock.go_on(HOUR - 1)
    assert told(verifier.verify(fresh(clock=clock))) == "Ok"
    assert service.requests == []
    assert told(verifier.verify(fresh("three", clock))) == "token-key-unknown"
    assert len(service.requests) == 1


def test_a_snapshot_starts_another_process_with_its_age(verifying: Verifying, clock: Clock) -> None:
    """Its keys are used while they are trusted, and refreshed when it is time."""
    first = verifying.verifier(clock.config(), transport=Service())
    assert first.snapshot() is None
    first.verify(token())
    saved = json.dumps(first.snapshot())
    other = Clock(NOW + 2 * HOUR)
    service = Service()
    second = verifying.verifier(other.config(), keys=saved, transport=service)
    assert told(second.verify(fresh(clock=other))) == "Ok"
    verifying.settle()
    assert len(service.requests) == 1
    assert second.snapshot()["fetched_at"] == NOW + 2 * HOUR


def test_an_old_snapshot_is_trusted_only_where_that_is_said(verifying: Verifying) -> None:
    """One of more than a day is fetched anew, unless it is loaded as new."""
    clock, service = Clock(), Service(Err("connection-failed"))
    maker = verifying.verifier(clock.config(), keys=key_set(), transport=service)
    saved = maker.snapshot()
    clock = Clock(NOW + 30 * HOUR)
    verifier = verifying.verifier(clock.config(), keys=saved, transport=service)
    assert told(verifier.verify(fresh(clock=clock))) == "key-set-unavailable"
    with pytest.raises(ValueError, match="more than a day"):
        verifier.preload(saved)
    verifier.preload(saved, as_new=True)
    assert told(verifier.verify(fresh(clock=clock))) == "Ok"
    clock.go_on(DAY)
    assert told(verifier.verify(fresh(clock=clock))) == "key-set-unavailable"


def test_preload_replaces_and_the_argument_does_not(verifying: Verifying, clock: Clock, service: Service) -> None:
    """What a process has and may still use is kept by a further verifier; `preload` takes its place."""
    config = clock.config()
    first = verifying.verifier(config, keys=key_set("one"), transport=service)
    second = verifying.verifier(config, keys=key_set("two"), transport=service)
    assert [told(verifier.verify(fresh("one"))) for verifier in (first, second)] == ["Ok", "Ok"]
    second.preload(key_set("two"))
    assert [told(verifier.verify(fresh("two"))) for verifier in (first, second)] == ["Ok", "Ok"]
    assert service.requests == []
    clock.go_on(DAY)
    verifying.verifier(config, keys=key_set("three"), transport=service)
    assert told(first.verify(fresh("three", clock))) == "Ok"


MISTAKES: Final[dict[str, Any]] = {
    "nothing": "",
    "a page": b"<html>",
    "no keys": {},
    "an empty set": '{"keys": []}',
    "a list": [jwk()],
    "a number": 5,
    "half a surrogate pair": '{"keys": ["\ud800"]}',
    "no JSON": {"keys": {1, 2}},
    "not even a name": {("a",): 1},
    "a private key": {"keys": [jwk(d="AQAB")]},
    "a weak key": {"keys": [jwk("one", 1024)]},
    "another pool's snapshot": {"version": 1, "jwks_uri": "x", "fetched_at": NOW, "keys": [jwk()]},
    "NaN": {"version": 1, "jwks_uri": "x", "fetched_at": float("nan"), "keys": [jwk()]},
}


@pytest.mark.parametrize("keys", MISTAKES.values(), ids=MISTAKES.keys())
def test_keys_that_are_none_are_a_mistake(verifying: Verifying, clock: Clock, service: Service, keys: Any) -> None:
    """A ValueError, and what is there stays."""
    verifier = verifying.verifier(clock.config(), keys=key_set(), transport=service)
    with pytest.raises(ValueError, match=r"^keys: "):
        verifier.preload(keys)
    assert told(verifier.verify(token())) == "Ok"


def test_given_keys_may_be_a_thousand(verifying: Verifying, clock: Clock, service: Service) -> None:
    """As an issuer of many tenants has them, in far more than 128 kB."""
    keys = {"keys": [jwk(), *(jwk("two", kid=f"tenant {number}") for number in range(999))]}
    assert told(verifying.verifier(clock.config(), keys=keys, transport=service).verify(token())) == "Ok"


# --- waiting


@pytest.mark.parametrize("unknown", [False, True], ids=["without keys", "for an unknown key"])
def test_a_caller_waits_for_its_own_deadline(verifying: Verifying, unknown: bool) -> None:
    """A fetch that hangs ends nobody's call later than it must, and goes on for the others."""
    released = threading.Event()

    class Hanging(Service):
        def send(self, request: Request) -> Any:
            answer = super().send(request)
            if isinstance(verifier, TokenVerifier):
                released.wait(10)
                return answer
            return self._later(answer)

        async def _later(self, answer: Any) -> Any:
            await asyncio.to_thread(released.wait, 10)
            return answer

    service = Hanging(key_set("one", "two"))
    keys = key_set("one") if unknown else None
    verifier: Any = verifying.verifier(Config(ISS, CLIENT, clock=lambda: NOW), transport=service, keys=keys)
    for _ in range(2):
        result = verifier.within(0.05).verify(token(key="two"))
        assert result == Err("key-set-unavailable", "the key set could not be fetched: timed-out", retryable=True)
        if unknown:
            assert told(verifier.verify(token())) == "Ok"
    assert wait_until(lambda: len(service.requests) == 1)
    released.set()
    assert told(verifier.verify(token(key="two"))) == "Ok"
    assert len(service.requests) == 1


def test_without_threads_the_fetch_is_made_by_who_needs_it(clock: Clock, service: Service) -> None:
    """As when the interpreter shuts down. Who has a key goes without, and is not kept waiting."""
    verifier = TokenVerifier(clock.config(), transport=service)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError(f"no more threads: {thread.name}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert told(verifier.verify(token())) == "Ok"
        clock.go_on(HOUR)
        assert told(verifier.verify(fresh(clock=clock))) == "Ok"
        assert len(service.requests) == 1


class Leaving(BaseException):
    """What wants out of everything."""


def test_a_transport_that_wants_out_ends_its_thread_and_nothing_else(clock: Clock, service: Service) -> None:
    """The next call makes another fetch; what was raised is told as Python tells it of threads."""
    raised: list[Any] = []

    class Odd(Service):
        def send(self, request: Request) -> Any:
            if not raised:
                raise Leaving
            return service.send(request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", lambda arguments: raised.append(arguments.exc_type))
        verifier = TokenVerifier(clock.config(), transport=Odd())
        assert told(verifier.verify(token())) == "Ok"
        assert wait_until(lambda: not workers())
    assert raised
    assert set(raised) == {Leaving}


def test_the_kit_answers_a_verifier(verifying: Verifying, clock: Clock, tmp_path: Any) -> None:
    """A script has the key set as a step; a recorder lets it pass."""
    with Scripted(("GET jwks.json", json.loads(key_set())), config=clock.config()) as script:
        assert told(verifying.verifier(script.config, transport=script).verify(token())) == "Ok"
    recorder = Recorder(tmp_path / "cassette.json", clock.config(), Service())
    assert told(verifying.verifier(recorder.config, transport=recorder).verify(token())) == "Ok"
    assert recorder.cassette().exchanges == ()


def test_nothing_of_a_token_shows(verifying: Verifying, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the repr of a result, nor in its message, nor in the log."""
    canary = encoded(b"canary" * 9)
    verifier = verifying.verifier(clock.config(), keys=key_set(), transport=Service())
    for text in (canary, f"{canary}.{canary}.{canary}", token(canary=canary), token(canary=canary, exp=1)):
        result = verifier.verify(text)
        message = result.message if isinstance(result, Err) else ""
        assert canary not in f"{result!r} {message} {verifier!r} {caplog.text}"
        assert text.split(".")[0][:8] not in f"{result!r} {message}"
