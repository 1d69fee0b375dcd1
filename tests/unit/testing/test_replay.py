"""Replays: strict in order and field by field, loose by operation, sync and async, and never over a socket."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw import AsyncSession, Config, Err, Ok, Session, State
from cognito_raw.call import render_get
from cognito_raw.srp import exchange as srp
from cognito_raw.testing import Cassette, Recorder, Replay, ReplayMismatch, tokens
from tests.support.cassettes import CONFIG, Canned, body_of, recorded, replayed, reply, request
from tests.support.modes import Mode
from tests.support.srp_server import Exchange

pytestmark = pytest.mark.usefixtures("offline")

PASSWORD: Final = "Corr3ct-horse!"
DRAW: Final = bytes(range(1, 33))
# The 7th of July 2026: a day of one digit.
SERVICE: Final = Exchange(int.from_bytes(DRAW, "big"), 2**200 + 1, 0x1F2E3D4C, user_id="ada", password=PASSWORD)


def sign_in(path: Path, *, proof: bool = True, config: Config = CONFIG, after: tuple[Any, ...] = ()) -> Cassette:
    """The recording of a sign-in that the service accepts, and of what follows."""
    parameters = {
        "SALT": f"{SERVICE.salt:x}",
        "SRP_B": f"{SERVICE.B:x}",
        "SECRET_BLOCK": "c2VjcmV0",
        "USER_ID_FOR_SRP": "ada",
    }
    asked = {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": parameters}
    inner = Canned(reply(asked), reply(tokens(at=config.clock(), email="ada@example.com")), *after)
    drawn = replace(config, randomness=lambda size: DRAW[:size])
    with Recorder(path, drawn, inner, proof=proof, password=PASSWORD if proof else None) as recorder:
        session = recorder.session()
        assert isinstance(session.login("ada@example.com", PASSWORD), Ok)
        if after:
            session.logout()
    return Cassette.load(path)


@pytest.mark.parametrize("secret", [None, "a-client-secret-1"], ids=["public", "with-secret"])
@pytest.mark.parametrize("proof", [False, True], ids=["without-proof", "with-proof"])
def test_a_sign_in_replays_sync_and_async(proof: bool, secret: str | None, mode: Mode, tmp_path: Path) -> None:
    """The recorded outcome comes again, with the claims and the lifetime of the recorded token."""
    config = replace(CONFIG, client_secret=secret)
    cassette = sign_in(tmp_path / "c", proof=proof, config=config, after=(reply({}),))
    with Replay(cassette) as replay:
        assert replay.password == (PASSWORD if proof else None)
        session = mode.session(replay.config, transport=replay)
        token = session.login("ada@example.com", PASSWORD).unwrap()
        assert session.id_token().unwrap() == token
        session = mode.session(replay.config, transport=replay, state=State.from_dict(session.state.to_dict()))
        assert session.logout() == Ok(None)
    assert (token.payload["email"], token.exp) == ("person1@redacted.example", CONFIG.clock() + 3600)


def test_a_replay_makes_sessions_sync_and_async(tmp_path: Path) -> None:
    """`session` and `async_session` are ready made, and take a state."""
    replay = Replay(sign_in(tmp_path / "c"))
    assert isinstance(replay.session(), Session)
    assert isinstance(replay.async_session(), AsyncSession)
    assert replay.session(State("ada")).state == State("ada")
    assert replay.async_session(State("ada")).state == State("ada")


def one_bit(replay: Replay) -> Config:
    return replace(replay.config, randomness=lambda size: bytes([*replay.config.randomness(size)[:-1], 0x21]))


def another_pool(replay: Replay) -> Config:
    return replace(replay.config, iss=replay.config.iss.replace("_AbCdEf123", "_AbCdEf124"))


def a_day_later(replay: Replay) -> Config:
    return replace(replay.config, clock=lambda: replay.config.clock() + 86_400)


WRONG: Final = {
    "one bit of the exponent": (one_bit, PASSWORD, r"InitiateAuth .*\n  AuthParameters\.SRP_A: "),
    "the pool's name": (another_pool, PASSWORD, r"\n  ChallengeResponses\.PASSWORD_CLAIM_SIGNATURE: "),
    "the clock": (a_day_later, PASSWORD, r'TIMESTAMP: "Tue Jul 7 09:05:03 UTC 2026" was recorded, "Wed Jul 8'),
    "the password": (
        lambda replay: replay.config,
        "Wrong-horse1!",
        r"\n  ChallengeResponses\.PASSWORD_CLAIM_SIGNATURE: ",
    ),
}


@pytest.mark.parametrize(("config", "password", "words"), WRONG.values(), ids=WRONG)
def test_a_client_that_proves_wrongly_fails_with_the_name_of_the_field(
    config: Any, password: str, words: str, mode: Mode, tmp_path: Path
) -> None:
    """The whole computation is checked, byte for byte."""
    replay = Replay(sign_in(tmp_path / "c"))
    session = mode.session(config(replay), transport=replay)
    with pytest.raises(ReplayMismatch, match=words):
        session.login("ada@example.com", password)


def test_a_client_of_ones_own_with_a_padded_day_fails_with_the_name_of_the_field(tmp_path: Path) -> None:
    """Another SRP client than ours, right but for the day, is told of its `TIMESTAMP` and of its signature."""
    replay = Replay(sign_in(tmp_path / "c"))
    pair = srp.Ephemeral.draw(replay.config.randomness)
    start = {"USERNAME": "ada@example.com", "SRP_A": f"{pair.A:x}"}
    call = {"AuthFlow": "USER_SRP_AUTH", "ClientId": replay.config.client_id, "AuthParameters": start}
    asked = body_of(replay.send(request("InitiateAuth", call)))["ChallengeParameters"]
    right = srp.timestamp(replay.config.clock())

    def claim(when: str) -> Mapping[str, Any]:
        B, salt, block = int(asked["SRP_B"], 16), int(asked["SALT"], 16), base64.b64decode(asked["SECRET_BLOCK"])
        u = srp.scramble(pair.A, B)
        x = srp.private_key(salt, replay.config.pool_name, asked["USER_ID_FOR_SRP"], replay.password or "")
        key = srp.session_key(srp.premaster(pair, B, u, x), u)
        proof = srp.signature(key, replay.config.pool_name, asked["USER_ID_FOR_SRP"], block, when)
        responses = {"USERNAME": "ada", "PASSWORD_CLAIM_SECRET_BLOCK": asked["SECRET_BLOCK"]}
        responses |= {"PASSWORD_CLAIM_SIGNATURE": base64.b64encode(proof).decode(), "TIMESTAMP": when}
        return {
            "ChallengeName": "PASSWORD_VERIFIER",
            "ClientId": replay.config.client_id,
            "ChallengeResponses": responses,
        }

    with pytest.raises(ReplayMismatch) as caught:
        replay.send(request("RespondToAuthChallenge", claim(right.replace("Jul 7", "Jul 07"))))
    assert "ChallengeResponses.TIMESTAMP" in str(caught.value)
    assert "ChallengeResponses.PASSWORD_CLAIM_SIGNATURE" in str(caught.value)
    again = Replay(replay.cassette)
    again.send(request("InitiateAuth", call))
    assert "AuthenticationResult" in body_of(again.send(request("RespondToAuthChallenge", claim(right))))


SENT: Final = {"Username": "ada", "UserAttributeNames": ["a", "b"], "Limit": 1, "ClientId": "x" * 200}
DIFFERENCES: Final = {
    "changed": ({**SENT, "Username": "bob"}, ['Username: "ada" was recorded, "bob" was sent']),
    "missing": ({k: v for k, v in SENT.items() if k != "Limit"}, ["Limit: 1 was recorded, nothing was sent"]),
    "added": ({**SENT, "UserPoolId": "p"}, ['UserPoolId: nothing was recorded, "p" was sent']),
    "two": (
        {**SENT, "Username": "bob", "Limit": 2},
        ['Username: "ada" was recorded, "bob" was sent', "Limit: 1 was recorded, 2 was sent"],
    ),
    "an item": ({**SENT, "UserAttributeNames": ["a", "c"]}, ['UserAttributeNames[1]: "b" was recorded, "c" was sent']),
    "more items": (
        {**SENT, "UserAttributeNames": ["a"]},
        ['UserAttributeNames: ["a", "b"] was recorded, ["a"] was sent'],
    ),
    "true for one": ({**SENT, "Limit": True}, ["Limit: 1 was recorded, true was sent"]),
    "nested": (
        {**SENT, "AuthParameters": {"USERNAME": "x"}},
        ['AuthParameters: nothing was recorded, {"USERNAME": "x"} was sent'],
    ),
    "long": ({**SENT, "ClientId": "y"}, [f'ClientId: "{"x" * 99}... was recorded, "y" was sent']),
}


@pytest.mark.parametrize(("sent", "lines"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_every_field_that_differs_is_named(sent: Mapping[str, Any], lines: list[str], tmp_path: Path) -> None:
    """By its path, with what was recorded and what was sent."""
    cassette = recorded(tmp_path / "c", ("GetUser", SENT, reply({})))
    with pytest.raises(ReplayMismatch) as caught:
        replayed(cassette, ("GetUser", sent))
    assert str(caught.value).splitlines() == ["GetUser differs from the recording:", *(f"  {line}" for line in lines)]


def test_what_is_secret_is_not_shown_in_a_difference(tmp_path: Path) -> None:
    """Both sides are redacted before they are compared."""
    cassette = recorded(tmp_path / "c", ("SignUp", {"Password": PASSWORD, "Session": PASSWORD}, reply({})))
    with pytest.raises(ReplayMismatch, match='Session: "<Password 1>" was recorded, "<Session 1>" was sent'):
        replayed(cassette, ("SignUp", {"Password": PASSWORD, "Session": "Another-horse1"}))


def test_the_operations_must_come_in_their_order(tmp_path: Path) -> None:
    """Another operation than the next one, and one after the last one, are mismatches."""
    cassette = recorded(tmp_path / "c", ("GetUser", {}, reply({})), ("ListDevices", {}, reply({})))
    with pytest.raises(ReplayMismatch, match="ListDevices was sent where GetUser was recorded"):
        replayed(cassette, ("ListDevices", {}))
    with pytest.raises(ReplayMismatch, match="GetUser was sent, but the recording is over"):
        replayed(cassette, ("GetUser", {}), ("ListDevices", {}), ("GetUser", {}))


def test_what_is_fetched_is_not_in_a_recording(tmp_path: Path) -> None:
    """A replay has no pool's keys, and says what was asked for."""
    replay = Replay(recorded(tmp_path / "c", ("GetUser", {}, reply({}))))
    with pytest.raises(ReplayMismatch, match=r"GET jwks\.json was sent where GetUser was recorded"):
        replay.send(render_get(CONFIG.jwks_uri, 1.0))


def test_what_is_left_over_is_named_at_the_end(tmp_path: Path) -> None:
    """Unless the block failed for another reason, which is the better one."""
    cassette = recorded(tmp_path / "c", ("GetUser", {}, reply({})), ("ListDevices", {}, reply({})))
    with pytest.raises(ReplayMismatch, match="2 recorded exchanges were left over: GetUser, ListDevices"):
        replayed(cassette)
    with pytest.raises(KeyError), Replay(cassette):
        raise KeyError


def test_a_mismatch_that_was_swallowed_is_raised_at_the_end(tmp_path: Path) -> None:
    """The first one, which explains those after it."""
    cassette = recorded(tmp_path / "c", ("GetUser", {}, reply({})))
    replay = Replay(cassette)
    for operation in ("ListDevices", "GetDevice"):
        with pytest.raises(ReplayMismatch):
            replay.send(request(operation, {}))
    for _ in range(2):
        with pytest.raises(ReplayMismatch, match="ListDevices was sent where GetUser was recorded"):
            replay.finish()


def test_a_loose_replay_answers_by_operation(tmp_path: Path) -> None:
    """In any order and whatever is asked, the replies of one operation in their own order."""
    first, second, other = (reply({"Username": name}) for name in ("one", "two", "three"))
    cassette = recorded(tmp_path / "c", ("GetUser", {}, first), ("GetUser", {}, second), ("ListDevices", {}, other))
    with Replay(cassette, strict=False) as replay:
        calls: tuple[tuple[str, dict[str, Any]], ...] = (
            ("ListDevices", {}),
            ("GetUser", {"Limit": 5}),
            ("GetUser", {}),
        )
        names = [body_of(replay.send(request(*call)))["Username"] for call in calls]
    assert names == ["three", "one", "two"]
    loose = Replay(cassette, strict=False)
    with pytest.raises(ReplayMismatch, match="GetDevice was sent where GetUser was recorded"):
        loose.send(request("GetDevice", {}))


def test_the_clock_and_the_draws_are_the_recorded_ones(tmp_path: Path) -> None:
    """The clock stays at its last reading; a draw that was not recorded is a mismatch."""
    readings = iter((5.0, 7.0))
    config = replace(CONFIG, clock=lambda: next(readings), randomness=bytes)
    with Recorder(tmp_path / "c", config, Canned(), proof=True) as recorder:
        assert [recorder.config.clock(), recorder.config.clock()] == [5.0, 7.0]
        assert recorder.config.randomness(3) == bytes(3)
    replay = Replay(str(tmp_path / "c"))
    assert [replay.config.clock() for _ in range(4)] == [5.0, 7.0, 7.0, 7.0]
    assert replay.config.monotonic() == replay.config.monotonic()
    assert replay.config.randomness(3) == bytes(3)
    with pytest.raises(ReplayMismatch, match="3 random bytes were drawn where none were recorded"):
        replay.config.randomness(3)
    other = Replay(tmp_path / "c")
    with pytest.raises(ReplayMismatch, match="2 random bytes were drawn where 3 were recorded"):
        other.config.randomness(2)
    with pytest.raises(ReplayMismatch):
        other.finish()


def test_draws_that_were_not_kept_are_made_up_the_same_in_every_run(tmp_path: Path) -> None:
    """Each is another one, and a replay without a recorded clock stands at the epoch."""
    cassette = recorded(tmp_path / "c", ("GetUser", {}, reply({})))
    first, second = Replay(cassette).config, Replay(cassette).config
    draws = [first.randomness(32), first.randomness(32)]
    assert draws == [second.randomness(32), second.randomness(32)]
    assert len({*draws, hashlib.sha256(b"").digest()}) == 3
    assert first.clock() == 0.0


def test_async_clients_get_the_same_replies_from_an_adapter(tmp_path: Path) -> None:
    """A reply and a failure alike, as plain results."""
    lost = Err("connection-lost", sent="maybe")
    cassette = recorded(tmp_path / "c", ("GetUser", {}, lost), ("GetUser", {}, reply({})))

    async def awaited() -> list[Any]:
        transport = Replay(cassette).as_async()
        return [await transport.send(request("GetUser", {})) for _ in range(2)]

    answers = asyncio.run(awaited())
    assert answers == replayed(cassette, ("GetUser", {}), ("GetUser", {}))
    assert [type(answer) for answer in answers] == [Err, Ok]


def test_a_failure_is_replayed_as_the_failure_that_it_was(tmp_path: Path) -> None:
    """Reason, status and whether anything was sent."""
    lost = Err("connection-lost", "words that are not kept", sent="maybe")
    large = Err("reply-too-large", status=200, sent="maybe")
    cassette = recorded(tmp_path / "c", ("GetUser", {}, lost), ("GetUser", {}, large))
    expected = [replace(failure, message="as it was recorded") for failure in (lost, large)]
    assert replayed(cassette, ("GetUser", {}), ("GetUser", {})) == expected


@pytest.mark.parametrize("in_headers", [False, True], ids=["body", "headers"])
def test_a_triggers_words_are_replayed_with_its_name(in_headers: bool, mode: Mode, tmp_path: Path) -> None:
    """Redaction takes the address out of the words, and leaves what the service puts around them."""
    code, message = "UserLambdaValidationException", "PreSignUp failed with error ada@example.com is taken.."
    named = {"x_amzn_errortype": f"{code}:", "x_amzn_errormessage": message}
    refusal = reply("", 400, **named) if in_headers else reply({"__type": code, "message": message}, 400)
    sent = {"ClientId": CONFIG.client_id, "Username": "ada", "Password": PASSWORD, "UserAttributes": []}
    cassette = recorded(tmp_path / "c", ("SignUp", sent, refusal))
    with Replay(cassette) as replay:
        result = mode.session(replay.config, transport=replay).register("ada", PASSWORD)
    assert isinstance(result, Err)
    assert (result.reason, result.code, result.trigger) == ("lambda-refused", code, "PreSignUp")
    assert result.message == "person1@redacted.example is taken."


def test_a_firewalls_challenge_is_replayed_as_one(mode: Mode, tmp_path: Path) -> None:
    """The header that tells it is kept, since neither status nor body does."""
    challenge = reply("", 202, x_amzn_waf_action="challenge")
    sent = {"ClientId": CONFIG.client_id, "Username": "ada"}
    cassette = recorded(tmp_path / "c", ("ForgotPassword", sent, challenge))
    with Replay(cassette) as replay:
        result = mode.session(replay.config, transport=replay).request_password_reset("ada")
    assert isinstance(result, Err)
    assert result.reason == "request-blocked"


def test_members_that_stay_are_compared_as_they_are(tmp_path: Path) -> None:
    """What the recording was told to keep, the replay leaves alone too, in requests as in replies."""
    sent = {"ClientMetadata": {"shop": "north"}}
    path = tmp_path / "c.json"
    with Recorder(path, CONFIG, Canned(reply({})), keep=("shop",)) as recorder:
        recorder.send(request("GetUser", sent))
    cassette = Cassette.load(path)
    assert cassette.exchanges[0].request == sent
    assert replayed(cassette, ("GetUser", sent))
    with pytest.raises(ReplayMismatch, match=r'ClientMetadata\.shop: "north" was recorded, "south" was sent'):
        replayed(cassette, ("GetUser", {"ClientMetadata": {"shop": "south"}}))
