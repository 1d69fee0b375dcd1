"""A sign-in that begins with SRP_A, asks something else first, and then for the password's proof."""

from __future__ import annotations

from typing import Any, Final

from cognito_raw import Client, Config, CustomChallenge, Ok, Result, State
from cognito_raw.models.challenge import EXPONENT, PasswordChallenge
from tests.support.conversation import (
    CLIENT_ID,
    Exchange,
    Script,
    answered,
    authentication_result,
    configured,
    not_authorized,
)
from tests.support.plays import Act, Outcome, play
from tests.support.sessions import reason
from tests.support.sign_ins import SRP_A, SrpServer, respond

SERVER: Final = SrpServer()
WHEN: Final = "Tue Jul 7 09:05:03 UTC 2026"
USER: Final = SERVER.user_id
TOKENS: Final = answered(authentication_result())


def question(number: int, **more: str) -> Any:
    parameters = {"USERNAME": USER, "question": "1 + 1?", **more}
    return answered({"ChallengeName": "CUSTOM_CHALLENGE", "Session": f"s{number}", "ChallengeParameters": parameters})


def begin(reply: Any) -> Act:
    parameters = {"USERNAME": "jane", "CHALLENGE_NAME": "SRP_A", "SRP_A": SRP_A}
    request = {"AuthFlow": "CUSTOM_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters}
    exchange = Exchange("InitiateAuth", request, reply)
    return Act("login", ("jane", SERVER.password), (exchange,), options={"flow": "CUSTOM_AUTH"})


def answer(text: str, number: int, reply: Any) -> Act:
    exchange = respond(reply, {"USERNAME": USER, "ANSWER": text}, "CUSTOM_CHALLENGE", Session=f"s{number}")
    return Act("answer_challenge", (text,), (exchange,))


def prove(reply: Any) -> Act:
    return Act(
        "answer_challenge",
        (SERVER.password,),
        (respond(reply, SERVER.expects(WHEN), "PASSWORD_VERIFIER", Session="s3"),),
    )


VERIFIER: Final = answered({**SERVER.asks(), "Session": "s3"})
ASKED: Final = (begin(question(1)), answer("3", 1, question(2)), answer("2", 2, VERIFIER))


def reasons(outcome: Outcome) -> list[str]:
    return [reason(result) for result in outcome.results]


def test_the_password_is_proven_after_a_custom_challenge() -> None:
    """With the SRP_A of the first request, whose secret no answer and no `repr` shows."""
    outcome = play(*ASKED)
    assert reasons(outcome) == ["custom-challenge", "custom-challenge", "password-verifier-challenge"]
    challenge = outcome.state.challenge
    assert isinstance(challenge, PasswordChallenge)
    assert challenge.parameters[EXPONENT] not in repr(outcome.state)
    again = play(prove(TOKENS), state=State.from_dict(outcome.state.to_dict()))
    assert isinstance(again.last, Ok)
    assert again.state.challenge is None


def test_the_question_shows_no_secret() -> None:
    """Its parameters are often shown to a browser."""
    challenge = play(ASKED[0]).state.challenge
    assert isinstance(challenge, CustomChallenge)
    assert challenge.public_parameters == {"question": "1 + 1?"}


def test_a_proof_may_lead_to_another_question() -> None:
    """And a wrong password is that."""
    assert reasons(play(*ASKED, prove(question(4)))) == [*reasons(play(*ASKED)), "custom-challenge"]
    wrong = play(*ASKED, prove(not_authorized("Incorrect username or password.")))
    assert reasons(wrong)[-1] == "incorrect-username-or-password"


def test_no_server_chooses_the_exponent() -> None:
    """A parameter of that name is dropped."""
    challenge = play(begin(question(1, **{EXPONENT: "1"}))).state.challenge
    assert challenge is not None
    assert challenge.parameters[EXPONENT] != "1"
    config: Config = configured()
    begun: Result[Any] = Client(
        config, transport=Script([Exchange("InitiateAuth", None, question(1, **{EXPONENT: "1"}))])
    ).sign_in("jane", flow="CUSTOM_AUTH")
    assert EXPONENT not in begun.unwrap().parameters


def test_a_proof_that_was_not_begun_takes_a_mapping() -> None:
    """Without SRP_A there is nothing to prove with."""
    client = Client(configured(), transport=Script([Exchange("InitiateAuth", None, VERIFIER)]))
    challenge: Any = client.sign_in("jane", flow="CUSTOM_AUTH").unwrap()
    assert reason(client.answer_challenge(challenge, SERVER.password)) == "input-refused"
