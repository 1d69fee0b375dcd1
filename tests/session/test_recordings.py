"""The recorded sessions, replayed without a server: every request must be the recorded one, the SRP proof included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from cognito_raw import Ok
from cognito_raw.testing import Cassette, Replay, ReplayMismatch
from examples.local_pool import RESET_CODE, SIGN_UP_CODE
from tests.support.modes import Mode
from tests.support.paths import FIXTURES
from tests.support.recordings import OTHER, PASSWORD, RECORDINGS, outcome

FOLDER: Final = FIXTURES / "recordings"
pytestmark = pytest.mark.usefixtures("offline")


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from (key, *texts(member))
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_replays_to_the_recorded_outcomes(name: str, mode: Mode) -> None:
    """The same steps send the same requests, and come to the same results, with no server at all."""
    with Replay(FOLDER / f"{name}.json") as replay:
        results = RECORDINGS[name].script(mode.session(replay.config, transport=replay))
    assert " ".join(map(outcome, results)) == RECORDINGS[name].outcomes


def test_every_script_is_recorded_and_nothing_else() -> None:
    """What is recorded is what is replayed."""
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RECORDINGS)


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_says_where_it_comes_from_and_holds_no_secret(name: str) -> None:
    """Its provenance stands inside, and no password, code, address or signed token does."""
    cassette = Cassette.load(FOLDER / f"{name}.json")
    assert cassette.provenance["against"].startswith("ministack ")
    for text in texts([exchange.to_dict() for exchange in cassette.exchanges]):
        assert text not in (SIGN_UP_CODE, RESET_CODE)
        assert PASSWORD not in text
        assert OTHER not in text
        assert "example.com" not in text
        assert not text.startswith("eyJ") or text.endswith(".redacted")


def test_another_password_is_not_replayed(mode: Mode) -> None:
    """The proof depends on the password, which the recording does not hold: it is found out byte for byte."""
    replay = Replay(FOLDER / "new-password.json")
    session = mode.session(replay.config, transport=replay)
    with pytest.raises(ReplayMismatch, match=r"ChallengeResponses\.PASSWORD_CLAIM_SIGNATURE"):
        session.login("charles", PASSWORD + "x")


def test_a_sign_in_replays_with_the_claims_of_the_recorded_token(mode: Mode) -> None:
    """Recorded tokens keep their claims, so that a replayed session reads and expires as the real one did."""
    replay = Replay(FOLDER / "alias-and-client-secret.json")
    token = mode.session(replay.config, transport=replay).login("ada@example.com", PASSWORD)
    assert isinstance(token, Ok)
    assert token.value.payload["cognito:username"] == "ada"
    assert token.value.exp - token.value.payload["iat"] == 3600
