"""The recorded journeys, replayed without a server: every request must be the recorded one, the SRP proof included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from cognito_raw import Ok
from examples.local_pool import RESET_CODE, SIGN_UP_CODE
from tests.colours import Colour
from tests.journeys import JOURNEYS, OTHER, PASSWORD, outcome

FIXTURES = Path(__file__).parent.parent / "fixtures" / "journeys"
pytestmark = pytest.mark.usefixtures("offline")


def recording(name: str) -> dict[str, Any]:
    """One recorded journey."""
    read: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return read


def texts(value: Any) -> Iterator[str]:
    """Every text in a recording."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from (key, *texts(member))
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_replays_to_the_recorded_outcomes(name: str, colour: Colour) -> None:
    """The same steps send the same requests, and come to the same results, with no server at all."""
    recorded = recording(name)
    replay = colour.replay(recorded)
    results = JOURNEYS[name].script(colour.session(replay.config(), transport=replay))
    assert [outcome(result) for result in results] == recorded["outcomes"]
    assert replay.left() == []


def test_there_is_a_recording_for_every_journey_and_no_other() -> None:
    """What is recorded is what is replayed."""
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(JOURNEYS)


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_recording_says_where_it_comes_from_and_holds_no_secret(name: str) -> None:
    """Its provenance stands inside, and no password, code or signed token does."""
    recorded = recording(name)
    assert recorded["provenance"]["recorded_from"].startswith("ministack ")
    assert recorded["provenance"]["made_by"] == "make record"
    for text in texts(recorded):
        assert text not in (SIGN_UP_CODE, RESET_CODE)
        assert PASSWORD not in text
        assert OTHER not in text
        assert not text.startswith("eyJ") or text.endswith(".redacted")


def test_a_proof_that_differs_in_one_bit_is_not_replayed(colour: Colour) -> None:
    """A client that computed another proof is found out: the recorded one is compared byte for byte."""
    recorded = recording("new-password")
    wrong = deepcopy(recorded)
    signed = next(e for e in wrong["exchanges"] if e["operation"] == "RespondToAuthChallenge")
    signature = signed["request"]["ChallengeResponses"]["PASSWORD_CLAIM_SIGNATURE"]
    signed["request"]["ChallengeResponses"]["PASSWORD_CLAIM_SIGNATURE"] = (
        "A" if signature[0] != "A" else "B"
    ) + signature[1:]
    replay = colour.replay(wrong)
    with pytest.raises(AssertionError):
        JOURNEYS["new-password"].script(colour.session(replay.config(), transport=replay))


def test_another_password_is_not_replayed(colour: Colour) -> None:
    """The proof depends on the password, which the recording does not hold."""
    replay = colour.replay(recording("passwords"))
    session = colour.session(replay.config(), transport=replay)
    signing_in = [e for e in recording("passwords")["exchanges"] if "Auth" in e["operation"]]
    replay._exchanges = iter(signing_in)
    with pytest.raises(AssertionError):
        session.login("ada", OTHER + "x")


def test_a_sign_in_replays_with_the_claims_of_the_recorded_token(colour: Colour) -> None:
    """Recorded tokens keep their claims, so that a replayed session reads and expires as the real one did."""
    replay = colour.replay(recording("alias-and-client-secret"))
    token = colour.session(replay.config(), transport=replay).login("ada@example.com", PASSWORD)
    assert isinstance(token, Ok)
    assert token.value.payload["cognito:username"] == "ada"
    assert token.value.exp - token.value.payload["iat"] == 30
