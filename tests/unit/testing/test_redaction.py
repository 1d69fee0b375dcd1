"""Redaction: what stands in for what is secret, seen through a recorder as its users see it."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cognito_raw.models.tokens import claims
from cognito_raw.testing import Recorder, Replay, ReplayMismatch
from tests.support.cassettes import CONFIG, Canned, body_of, once, recorded, replayed, reply, request
from tests.support.samples import jwt

UUID: Final = "0e4b2a1c-1111-4222-8333-944455556666"
SECRET: Final = "C0rrect&horse'"


def message(path: Path, sent: Mapping[str, Any], words: str) -> str:
    """The words of a refusal as they are kept."""
    kept: str = once(path, sent, {"__type": "X", "message": words})[1]["message"]
    return kept


def test_the_same_secret_has_the_same_stand_in_wherever_it_is(tmp_path: Path) -> None:
    """A secret is named after the member where it first was, in every exchange of a cassette."""
    first = ("SignUp", {"Password": SECRET, "UserAttributes": [{"Name": "name", "Value": "other"}]}, reply({}))
    second = ("ChangePassword", {"PreviousPassword": SECRET, "ProposedPassword": "Another1"}, reply({}))
    one, two = recorded(tmp_path / "c", first, second).exchanges
    assert one.request == {"Password": "<Password 1>", "UserAttributes": [{"Name": "name", "Value": "<Value 1>"}]}
    assert two.request == {"PreviousPassword": "<Password 1>", "ProposedPassword": "<ProposedPassword 1>"}


KEPT_FORMS: Final = {
    "an e-mail address": ("ada@example.com", "person1@redacted.example"),
    "an address without a dot": ("ada@localhost", "person1@redacted.example"),
    "an address with a comment": ("o'ada(x)@example.com", "person1@redacted.example"),
    "a telephone number": ("+447911123456", "+15550100001"),
    "a long telephone number": ("+4479111234567890123", "+15550100001"),
    "a user id": (UUID, "00000000-0000-4000-8000-000000000001"),
    "a user id in capitals": (UUID.upper(), "00000000-0000-4000-8000-000000000001"),
    "an empty text": ("", ""),
    "anything else": ("Ada", "<Value 1>"),
    "what looks like a token": ("1.2.3", "<Value 1>"),
    "a token of a list": (jwt([1]), "<Value 1>"),
    "a token with bytes that are no text": (jwt({}, raw=b"\xff"), "<Value 1>"),
    "a token that nests without end": (jwt({}, raw=b"[" * 100_000), "<Value 1>"),
    "a refresh token": ("eyJ1.eyJ2.eyJ3.eyJ4.eyJ5", "<Value 1>"),
    "JSON": ('{"a":["x",1,true,null,1.5],"b":{"email":"a@b.c"}}', None),
    "JSON with space before it": (' ["x"]', '["<Value 1>"]'),
    "half of JSON": ('{"a":', "<Value 1>"),
    "JSON that nests without end": ("[" * 100_000, "<Value 1>"),
}


@pytest.mark.parametrize(("value", "expected"), KEPT_FORMS.values(), ids=KEPT_FORMS)
def test_a_stand_in_has_the_form_of_what_it_stands_for(value: str, expected: str | None, tmp_path: Path) -> None:
    """Addresses, user ids and JSON stay what they are, so that a client can go on reading them."""
    kept = once(tmp_path / "c", {}, {"UserAttributes": [{"Name": "name", "Value": value}]})[1]
    inside = '{"a":["<Value 1>",0,true,null,0],"b":{"email":"person1@redacted.example"}}'
    assert kept == {"UserAttributes": [{"Name": "name", "Value": inside if expected is None else expected}]}


def test_a_token_keeps_its_claims_but_for_those_that_identify(tmp_path: Path) -> None:
    """It reads and expires as the real one did, and its signature is gone."""
    public: dict[str, Any] = {"exp": 1_783_418_703, "iat": 1_783_415_103, "aud": "client", "token_use": "id"}
    public |= {"cognito:username": "ada", "cognito:groups": ["admins"], "email_verified": True, "scope": "a b"}
    private = {"sub": UUID, "email": "ada@example.com", "name": "Ada", "custom:pin": 4711, "address": {"x": "Road 1"}}
    token = once(tmp_path / "c", {}, {"Strange": jwt({**public, **private})})[1]["Strange"]
    assert claims(token) == {
        **public,
        "sub": "00000000-0000-4000-8000-000000000001",
        "email": "person1@redacted.example",
        "name": "<name 1>",
        "custom:pin": 0,
        "address": {"x": "<address 1>"},
    }
    assert token.endswith(".redacted")


def test_a_secret_block_stays_base64(tmp_path: Path) -> None:
    """A client that decodes the block of a recording without proof is not told that the reply is malformed."""
    kept = once(tmp_path / "c", {}, {"ChallengeParameters": {"SECRET_BLOCK": "c2VjcmV0"}})[1]
    block = kept["ChallengeParameters"]["SECRET_BLOCK"]
    assert base64.b64decode(block, validate=True) == b"<secret block 1>"


ECHOES: Final = {
    "as it is": SECRET,
    "in small letters": SECRET.lower(),
    "glued to a word": f"the{SECRET}is",
    "in HTML": html.escape(SECRET),
    "in an address": quote(SECRET, safe=""),
    "in base64": base64.b64encode(SECRET.encode()).decode(),
    "after a longer one": SECRET + "-and-more " + SECRET,
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_a_secret_that_is_echoed_is_found_in_every_form(echo: str, tmp_path: Path) -> None:
    """The service's words stay, without the secrets that were sent."""
    sent = {"Password": SECRET, "Session": f"{SECRET}-and-more"}
    kept = message(tmp_path / "c", sent, f"Value {echo} is wrong")
    assert kept.startswith("Value ")
    assert kept.endswith(" is wrong")
    assert "<Password 1>" in kept
    assert "horse" not in kept.lower()
    assert "more" not in kept


@pytest.mark.parametrize("echo", ["Pä$$wörter", "PÃ¤$$wÃ¶rter", r"P\u00e4$$w\u00f6rter", "P%C3%A4%24%24w%C3%B6rter"])
def test_a_secret_in_other_letters_is_found_too(echo: str, tmp_path: Path) -> None:
    """UTF-8 that a header carries as Latin-1, JSON's escapes and percent signs hide nothing."""
    assert message(tmp_path / "c", {"Password": "Pä$$wörter"}, f"not {echo}!") == "not <Password 1>!"


WORDS: Final = {
    "a code is looked for alone": ("code 123456, id a1234567", "code <UserCode 1>, id a1234567"),
    "a short secret where it is quoted": ("Value 'abc' of abcdef", "Value '<Password 1>' of abcdef"),
    "overlapping secrets": ("x bridge-overhang x", "x <Session 1> x"),
    "an unknown address": ("sent to <mailto:ada@example.com>.", "sent to <mailto:person1@redacted.example>."),
    "an address in an address": ("see ?u=ada%40example.com", "see person1@redacted.example"),
    "a quoted address": ('"a b"@example.com', "person1@redacted.example"),
    "a masked address": ("sent to a***@e***", "sent to a***@e***"),
    "a telephone number": ("call +447911123456.", "call +15550100001."),
    "a user id with a region": (f"eu-west-1_{UUID}", "eu-west-1_00000000-0000-4000-8000-000000000001"),
    "an unknown token": (f"Invalid {jwt({'a': 1})}", "Invalid <token 1>"),
    "nothing": ("User does not exist.", "User does not exist."),
}


@pytest.mark.parametrize(("words", "expected"), WORDS.values(), ids=WORDS)
def test_a_message_loses_what_is_secret_and_nothing_else(words: str, expected: str, tmp_path: Path) -> None:
    """What a client decides by stays; what was sent, and what tells who somebody is, goes."""
    sent = {"UserCode": "123456", "Password": "abc", "Session": "bridge-over", "Token": "overhang"}
    assert message(tmp_path / "c", sent, words) == expected


def test_a_secret_that_stands_behind_the_text_that_quotes_it_is_found(tmp_path: Path) -> None:
    """The order of the members does not matter."""
    kept = once(tmp_path / "c", {}, {"message": f"new: {SECRET} of a@b.c", "Session": SECRET})[1]
    assert kept == {"message": "new: <Session 1> of person1@redacted.example", "Session": "<Session 1>"}


def test_the_names_of_members_hold_no_secret_either(tmp_path: Path) -> None:
    """An unknown name loses addresses and secrets, does no harm with braces, and names no stand-in."""
    metadata = {"ada@example.com": "x", SECRET: "y", "{0.__class__}{": "z"}
    kept = once(tmp_path / "c", {"Password": SECRET, "ClientMetadata": metadata, "pin4711": "v", "a@b.c": "w"}, {})[0]
    names = ("person1@redacted.example", "<Password 1>", "{0.__class__}{")
    assert kept == {
        "Password": "<Password 1>",
        "ClientMetadata": {name: f"<ClientMetadata {number}>" for number, name in enumerate(names, 1)},
        "pin4711": "<member 1>",
        "person2@redacted.example": "<member 2>",
    }


def test_the_names_of_the_service_stay_whatever_was_sent(tmp_path: Path) -> None:
    """A password that is the name of a member does not change the replies."""
    kept = once(tmp_path / "c", {"Password": "IdToken"}, {"AuthenticationResult": {"IdToken": "x", "ExpiresIn": 5}})[1]
    assert kept == {"AuthenticationResult": {"IdToken": "<IdToken 1>", "ExpiresIn": 5}}


def test_what_a_user_knows_is_recognized_although_the_service_said_it_first(tmp_path: Path) -> None:
    """An address in a reply, and the same from the user later, are one in the replay as they were when recorded."""
    told = {
        "UserSub": UUID,
        "UserAttributes": [{"Name": n, "Value": n} for n in ("ada@example.com", "Ada L.", "+4479111")],
    }
    sent = {
        "Username": "ada@example.com",
        "ChallengeResponses": {"userAttributes.name": "Ada L.", "USERNAME": UUID},
        "UserAttributes": [{"Name": "x", "Value": "Ada L."}, {"Name": "y", "Value": ""}],
    }
    cassette = recorded(
        tmp_path / "c", ("GetUser", {}, reply(told)), ("SignUp", sent, reply({})), ("SignUp", sent, reply({}))
    )
    replayed(cassette, ("GetUser", {}), ("SignUp", sent), ("SignUp", sent))
    for other in ({**sent, "Username": "bob"}, {**sent, "UserAttributes": {}}, {**sent, "Username": UUID}):
        with pytest.raises(ReplayMismatch):
            replayed(cassette, ("GetUser", {}), ("SignUp", other))
    with pytest.raises(ReplayMismatch, match="Username"):
        replayed(cassette, ("GetUser", {}), ("SignUp", sent), ("SignUp", {**sent, "Username": "bob@example.com"}))


def test_what_only_the_service_can_know_is_not_recognized(tmp_path: Path) -> None:
    """Another session than the one that was given is a difference, as is a made-up token."""
    told, sent = {"Session": "session-of-the-service"}, {"Session": "session-of-the-service"}
    cassette = recorded(tmp_path / "c", ("InitiateAuth", {}, reply(told)), ("RespondToAuthChallenge", sent, reply({})))
    replayed(cassette, ("InitiateAuth", {}), ("RespondToAuthChallenge", {"Session": "<Session 1>"}))
    with pytest.raises(ReplayMismatch, match="Session"):
        replayed(cassette, ("InitiateAuth", {}), ("RespondToAuthChallenge", {"Session": "another-session"}))


def test_an_answer_stays_if_it_is_a_choice(tmp_path: Path) -> None:
    """The name of a factor is no secret, an answer to a question is."""
    for answer, kept in (("EMAIL_OTP", "EMAIL_OTP"), ("my first pet", "<ANSWER 1>")):
        assert once(tmp_path / "c", {"ChallengeResponses": {"ANSWER": answer}}, {})[0]["ChallengeResponses"] == {
            "ANSWER": kept
        }


def test_the_numbers_and_enumerations_of_the_service_are_not_spoilt(tmp_path: Path) -> None:
    """A secret that happens to look like a part of one does not change it."""
    public = {"SALT": "ab12cd34ef", "SRP_B": "f" * 768}
    sent = {"Password": "b12cd34", "ClientMetadata": {"x": "EMAIL_OTP"}}
    kept = once(tmp_path / "c", sent, {"ChallengeName": "EMAIL_OTP", "ChallengeParameters": public})[1]
    assert kept == {"ChallengeName": "EMAIL_OTP", "ChallengeParameters": public}


def test_members_that_the_user_names_stay(tmp_path: Path) -> None:
    """`keep` is for what only the user can know to be no secret, such as parameters of a custom challenge."""
    got = {"ChallengeParameters": {"question": "Which pet?", "level": 3, "answer": "Rex"}}
    kept = once(tmp_path / "c", {}, got, keep=("question", "level"))[1]
    assert kept == {"ChallengeParameters": {"question": "Which pet?", "level": 3, "answer": "<ChallengeParameters 1>"}}


PAGES: Final = {
    "half a reply": (b'{"AuthenticationResult":{"IdToken":"eyJh', "<page 1>"),
    "a page": (b"<html>Correct-horse</html>", "<page 1>"),
    "a list": (b'["Correct-horse"]', "<page 1>"),
    "no text at all": (b"\xff\xfe\x00", "<page 1>"),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize(("body", "kept"), PAGES.values(), ids=PAGES)
def test_a_body_that_is_no_object_is_replaced_as_a_whole(body: bytes, kept: str, tmp_path: Path) -> None:
    """It may hold anything, such as half a token; an empty one stays empty, which means something."""
    cassette = recorded(tmp_path / "c", *[("GetUser", {}, reply(body))] * 2)
    assert [exchange.body for exchange in cassette.exchanges] == [kept, kept]
    assert len(replayed(cassette, ("GetUser", {}), ("GetUser", {}))) == 2


def test_a_reply_that_nests_too_deeply_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """No reply, however broken, makes the recorder raise."""
    deep = b'{"a":' * 700 + b"1" + b"}" * 700
    assert recorded(tmp_path / "c", ("GetUser", {}, reply(deep))).exchanges[0].body == "<page 1>"


def test_half_of_a_surrogate_pair_is_recorded_as_it_came(tmp_path: Path) -> None:
    """JSON can hold what UTF-8 cannot, and the file still is UTF-8."""
    raw = rb'{"__type":"X","message":"half \ud800","Session":"\ud800","IdToken":"%s"}' % jwt({"iss": "\ud800"}).encode()
    cassette = recorded(tmp_path / "c", ("GetUser", {}, reply(raw)))
    assert body_of(replayed(cassette, ("GetUser", {}))[0])["message"] == "half \ud800"


def test_only_the_headers_that_a_client_reads_stay(tmp_path: Path) -> None:
    """Cookies and the like are dropped, and those that stay lose the secrets that were sent."""
    told = reply({}, 400, x_amzn_errortype=f"X:{SECRET}", set_cookie="a=b", date="Tue, 07 Jul 2026 09:05:03 GMT")
    kept = recorded(tmp_path / "c", ("GetUser", {"Password": SECRET}, told)).exchanges[0].headers
    assert kept == {"x-amzn-errortype": "X:<Password 1>", "date": "Tue, 07 Jul 2026 09:05:03 GMT"}


def test_only_the_proof_stays_of_a_recording_with_its_proof(tmp_path: Path) -> None:
    """The id that was hashed stays where the proof needs it; elsewhere it is replaced, as the addresses are."""
    parameters = {"USER_ID_FOR_SRP": UUID, "USERNAME": UUID, "SECRET_BLOCK": "c2VjcmV0"}
    kept = once(tmp_path / "c", {"ClientMetadata": {"SRP_A": "ab"}}, {"ChallengeParameters": parameters}, proof=True)
    assert kept[0] == {"ClientMetadata": {"SRP_A": "<ClientMetadata 1>"}}
    assert kept[1]["ChallengeParameters"] == {**parameters, "USERNAME": "00000000-0000-4000-8000-000000000001"}


# Few texts, so that they come again and again, and in each other: secrets, addresses, parts of stand-ins.
_TEXTS: Final = st.sampled_from(
    (
        *("hunter22", "hunter22-more", "22-more", "123456", "abc", "", "ada@example.com", "hunter22@example.com", UUID),
        *("+447911123456", "Password", "redacted", "person1", "<Password 1>", "person1@redacted.example", "EMAIL_OTP"),
        *('{"email":"ada@example.com","x":["hunter22",5]}', jwt({"sub": UUID, "email": "ada@example.com", "exp": 9})),
        *(
            jwt({"name": "hunter22", "username": "a@b.c"}),
            "said 'abc' of hunter22-more to ada@example.com, +447911123456",
        ),
    )
)
_NAMES: Final = st.sampled_from(
    [
        "Password",
        "Session",
        "Username",
        "Value",
        "Name",
        "message",
        "AccessToken",
        "ClientMetadata",
        "ChallengeParameters",
        "USERNAME",
        "SECRET_BLOCK",
        "UserAttributes",
        "ada@example.com",
    ]
)
_OBJECTS: Final = st.dictionaries(
    _NAMES,
    st.recursive(
        _TEXTS | st.integers() | st.booleans() | st.none(), lambda inner: st.lists(inner, max_size=2), max_leaves=3
    )
    | st.dictionaries(_NAMES, _TEXTS, max_size=2),
    max_size=4,
)


@pytest.mark.once
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(exchanges=st.lists(st.tuples(_OBJECTS, _OBJECTS), max_size=5), proof=st.booleans())
def test_whatever_was_recorded_replays_strictly(
    exchanges: list[tuple[dict[str, Any], dict[str, Any]]], proof: bool, tmp_path: Path
) -> None:
    """A client that sends the stand-ins that it was given does what was recorded, to the letter."""
    recorder = Recorder(tmp_path / "c", CONFIG, Canned(*(reply(got) for _, got in exchanges)), proof=proof)
    for sent, _ in exchanges:
        recorder.send(request("GetUser", sent))
    cassette = recorder.cassette()
    again = Recorder(tmp_path / "d", CONFIG, Replay(cassette), proof=proof)
    for exchange in cassette.exchanges:
        again.send(request("GetUser", exchange.request))
    assert [e.to_dict() for e in again.cassette().exchanges] == [e.to_dict() for e in cassette.exchanges]


@pytest.mark.once
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(_OBJECTS, max_size=5), proof=st.booleans())
def test_a_client_that_sends_the_same_secrets_replays_strictly(
    sent: list[dict[str, Any]], proof: bool, tmp_path: Path
) -> None:
    """The real values, sent again, are redacted to what was recorded."""
    recorder = Recorder(tmp_path / "c", CONFIG, Canned(*[reply({})] * len(sent)), proof=proof)
    with recorder:
        for body in sent:
            recorder.send(request("GetUser", body))
    replayed(recorder.cassette(), *(("GetUser", body) for body in sent))
