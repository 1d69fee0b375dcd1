"""The proof of a password or a device: the responses that the other side, which knows only the verifier, accepts."""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognito_raw import Err, Ok, Result, ServiceReply
from cognito_raw.flows.auth_calls import Proof, SrpIdentity, Verifier, prove
from cognito_raw.srp.exchange import Ephemeral, N
from tests.support.conversation import NOW, Clock, configured, fixed_randomness
from tests.support.sign_ins import SrpServer

WHEN: Final = "Tue Jul 7 09:05:03 UTC 2026"
PAIR: Final = Ephemeral.draw(fixed_randomness)
SERVERS: Final = {
    "a user": SrpServer(),
    "a device": SrpServer("eu-west-1_d3v", "c2VjcmV0", salt=0x80, group="-gr0up"),
    "beyond ASCII": SrpServer("jäne", "pässwörd ☃", block=bytes(range(256)), group="é"),
    "everything empty": SrpServer("", "", salt=0, block=b"", group=""),
}


def prove_password(
    server: SrpServer, body: dict[str, Any], *, date: float | None = NOW, now: float = 0
) -> Result[Proof]:
    identity = SrpIdentity(server.group, server.user_id, server.password)
    return prove(configured(clock=Clock(now)), PAIR, ServiceReply("InitiateAuth", body, date=date), identity)


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS.keys())
def test_the_other_side_accepts_the_proof(server: SrpServer) -> None:
    """The signature is the one that follows from the verifier; the user's name is for the caller to add."""
    expected = {name: value for name, value in server.expects(WHEN).items() if name != "USERNAME"}
    assert prove_password(server, server.asks()) == Ok(Proof(expected, None))


def test_the_session_goes_with_the_proof() -> None:
    """Where one came, the answer must carry it."""
    assert prove_password(SrpServer(), {**SrpServer().asks(), "Session": "s"}).unwrap().session == "s"


def test_the_proof_is_signed_at_the_time_of_the_service() -> None:
    """And at the local one only where the service told none."""
    assert prove_password(SrpServer(), SrpServer().asks(), date=None, now=NOW).unwrap().responses["TIMESTAMP"] == WHEN
    assert prove_password(SrpServer(), SrpServer().asks(), now=5).unwrap().responses["TIMESTAMP"] == WHEN


def test_another_password_gives_another_proof() -> None:
    """Each of the three texts goes into it."""
    signatures = {
        prove(configured(), PAIR, ServiceReply("InitiateAuth", SrpServer().asks(), date=NOW), SrpIdentity(*texts))
        .unwrap()
        .responses["PASSWORD_CLAIM_SIGNATURE"]
        for texts in (("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x"))
    }
    assert len(signatures) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"SRP_B": None},
        {"SRP_B": "xyz"},
        {"SRP_B": 5},
        {"SALT": ""},
        {"SALT": "-"},
        {"SALT": "--1"},
        {"SRP_B": "-1"},
        {"SECRET_BLOCK": None},
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_not_proven(change: dict[str, object]) -> None:
    """`malformed-reply`, with the operation that it came from."""
    failed = prove_password(SrpServer(), SrpServer().asks(**change))
    assert isinstance(failed, Err)
    assert (failed.reason, failed.operation) == ("malformed-reply", "InitiateAuth")


@pytest.mark.parametrize("salt", ["-1f2e3d4c5b6a7988", "-80", "-81", "-0"])
def test_a_salt_below_zero_is_answered(salt: str) -> None:
    """The service sent such for users who do not exist, so that its refusal looks like that of a wrong password."""
    assert isinstance(prove_password(SrpServer(), SrpServer().asks(SALT=salt)), Ok)


BLOCKS: dict[str, tuple[str, bytes]] = {
    "standard": ("+/+/c2k=", b"\xfb\xff\xbfsi"),
    "without padding": ("+/+/c2k", b"\xfb\xff\xbfsi"),
    "for URLs": ("-_-_c2k=", b"\xfb\xff\xbfsi"),
    "with line breaks": ("+/+/\r\nc2k=\n", b"\xfb\xff\xbfsi"),
    "of an impossible length": ("c2krc", b"c2krc"),
    "another text": ("é===", "é===".encode()),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_secret_block_goes_back_as_it_came(name: str) -> None:
    """And what is signed of it are its bytes, in whatever form of base64, or else its text."""
    block, signed = BLOCKS[name]
    responses = prove_password(SrpServer(), SrpServer().asks(SECRET_BLOCK=block)).unwrap().responses
    assert responses["PASSWORD_CLAIM_SECRET_BLOCK"] == block
    plain = SrpServer().asks(SECRET_BLOCK=base64.b64encode(signed).decode())
    expected = prove_password(SrpServer(), plain).unwrap().responses
    assert responses["PASSWORD_CLAIM_SIGNATURE"] == expected["PASSWORD_CLAIM_SIGNATURE"]


@pytest.mark.parametrize("value", ["0", f"{N:x}", f"{2 * N:X}"], ids=["0", "N", "2N"])
def test_an_unsafe_value_is_not_proven_to(value: str) -> None:
    """With such a B anybody could pass for the service."""
    failed = prove_password(SrpServer(), SrpServer().asks(SRP_B=value))
    assert isinstance(failed, Err)
    assert failed.reason == "unsafe-srp-value"


def test_a_session_that_is_no_text_makes_no_sense() -> None:
    """It could not be sent back."""
    failed = prove_password(SrpServer(), {**SrpServer().asks(), "Session": 5})
    assert isinstance(failed, Err)
    assert failed.reason == "malformed-reply"


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["SRP_B", "SALT", "SECRET_BLOCK"]), st.text("0123456789abcdef=") | st.none() | st.integers()
    )
)
def test_no_parameters_make_it_raise(parameters: dict[str, Any]) -> None:
    """Whatever they are, there is a result."""
    assert isinstance(prove_password(SrpServer(), {"ChallengeParameters": parameters}), (Ok, Err))


def test_no_secret_is_shown() -> None:
    """Neither the password nor what proves it."""
    values = [
        SrpIdentity("g", "n", "hunter2"),
        Proof({"a": "hunter2"}, "hunter2"),
        Verifier(2, 3, "hunter2", "hunter2"),
    ]
    assert "hunter2" not in repr([*values, *map(Ok, values)])
