"""Challenges on a real server: custom ones by Lambda triggers of the pool, and codes of an authenticator app."""

from __future__ import annotations

import base64
import hmac
import io
import struct
import time
import zipfile
from itertools import count
from typing import Any

import pytest

from cognito_raw import Challenge, Client, CustomChallenge, Err, Ok, Result, Tokens
from examples.local_pool import REGION, Pool, Server
from tests.support.modes import Mode

PASSWORD = "An-Engine-1843"
_names = (f"user{number}" for number in count())

# What the pool asks, in the shape of the developer guide's examples: one question, three tries, after SRP if it was
# begun with.
TRIGGER = """
def handler(event, context):
    source, request, response = event["triggerSource"], event["request"], event["response"]
    if source.startswith("DefineAuthChallenge"):
        last = (request["session"] or [{}])[-1]
        first, then = "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE"
        if (request.get("clientMetadata") or {}).get("first") == "question":
            first, then = then, first
        right = last.get("challengeName") == then and bool(last.get("challengeResult"))
        wanted = first if last.get("challengeName") == "SRP_A" else then
        response.update(issueTokens=right, failAuthentication=len(request["session"]) > 4)
        response.update({} if right else {"challengeName": wanted})
    elif source.startswith("CreateAuthChallenge"):
        response.update(publicChallengeParameters={"question": "1 + 1?"}, privateChallengeParameters={"answer": "2"})
    else:
        response.update(answerCorrect=request["challengeAnswer"] == request["privateChallengeParameters"]["answer"])
    return event
"""


def trigger(endpoint: str) -> dict[str, str]:
    """The LambdaConfig of a pool that asks this."""
    import boto3  # here: it takes long

    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    role = session.client("iam", endpoint_url=endpoint).create_role(RoleName="triggers", AssumeRolePolicyDocument="{}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", TRIGGER)
    made = session.client("lambda", endpoint_url=endpoint).create_function(
        FunctionName="triggers",
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    names = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
    return dict.fromkeys(names, made["FunctionArn"])


@pytest.fixture(scope="module")
def pools(server: Server) -> dict[bool, Pool]:
    """Pools that ask their question, whose app client has a secret or has none."""
    asks = trigger(server.endpoint)
    flows = ("CUSTOM_AUTH", "USER_PASSWORD_AUTH")
    return {secret: server.pool(secret=secret, flows=flows, LambdaConfig=asks) for secret in (False, True)}


@pytest.fixture(params=[False, True], ids=["public client", "client with a secret"])
def pool(pools: dict[bool, Pool], request: pytest.FixtureRequest) -> Pool:
    return pools[request.param]


def told(result: Result[Any]) -> str:
    return result.reason if isinstance(result, Err) else "Ok"


def test_the_triggers_of_a_pool_may_ask_before_the_password(pool: Pool, mode: Mode) -> None:
    """The proof comes last, with what was sent first."""
    name = next(_names)
    pool.add_user(name, PASSWORD)
    session = mode.session(pool.config())
    session.login(name, PASSWORD, flow="CUSTOM_AUTH", client_metadata={"first": "question"})
    assert told(session.answer_challenge("2")) == "password-verifier-challenge"
    assert told(session.answer_challenge(PASSWORD)) == "Ok"


@pytest.mark.parametrize("password", [None, PASSWORD], ids=["without SRP", "after SRP"])
def test_the_triggers_of_a_pool_ask_until_they_are_content(pool: Pool, mode: Mode, password: str | None) -> None:
    """The question is what the trigger tells; a wrong answer is asked again, the right one signs in.

    The server counts the two messages of SRP as answers, of which it allows three.
    """
    name = next(_names)
    pool.add_user(name, PASSWORD)
    session = mode.session(pool.config())
    assert told(session.login(name, password, flow="CUSTOM_AUTH")) == "custom-challenge"
    assert isinstance(session.challenge, CustomChallenge)
    assert session.challenge.public_parameters == {"question": "1 + 1?"}
    if password is None:
        assert told(session.answer_challenge("3")) == "custom-challenge"
    assert told(session.answer_challenge("2")) == "Ok"
    assert told(session.answer_challenge("2")) == "no-session"


def test_a_wrong_password_is_asked_nothing_more(pool: Pool, mode: Mode) -> None:
    """The proof comes first."""
    name = next(_names)
    pool.add_user(name, PASSWORD)
    session = mode.session(pool.config())
    assert told(session.login(name, "Wrong-1843", flow="CUSTOM_AUTH")) == "incorrect-username-or-password"
    assert session.challenge is None


def test_too_many_wrong_answers_end_the_sign_in(pool: Pool, mode: Mode) -> None:
    """Then only a new login helps."""
    name = next(_names)
    pool.add_user(name, PASSWORD)
    session = mode.session(pool.config())
    session.login(name, flow="CUSTOM_AUTH")
    answers = [told(session.answer_challenge("3")) for _ in range(3)]
    assert answers[:2] == ["custom-challenge"] * 2
    assert not answers[2].endswith("-challenge")
    assert session.challenge is None


def test_a_password_that_is_sent_signs_in(pool: Pool, mode: Mode) -> None:
    """USER_PASSWORD_AUTH, where the app client allows it."""
    name = next(_names)
    pool.add_user(name, PASSWORD)
    session = mode.session(pool.config())
    assert told(session.login(name, "Wrong-1843", flow="USER_PASSWORD_AUTH")) == "incorrect-username-or-password"
    assert told(session.login(name, PASSWORD, flow="USER_PASSWORD_AUTH")) == "Ok"


def test_a_flow_that_the_client_does_not_allow_is_reported(server: Server, mode: Mode) -> None:
    """The reason is the app client's, and not the password's."""
    pool = server.pool()
    pool.add_user("ada", PASSWORD)
    session = mode.session(pool.config())
    assert told(session.login("ada", PASSWORD, flow="USER_PASSWORD_AUTH")) == "invalid-parameter"


# --- an authenticator app


def app_code(secret: str, at: float) -> str:
    """What an authenticator app shows (RFC 6238)."""
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(at // 30)), "sha1")
    start = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def wrong_code(secret: str) -> str:
    """A code that the app shows neither now nor shortly before or after."""
    shown = {app_code(secret, time.time() + 30 * step) for step in range(-3, 4)}
    return next(code for number in count() if (code := f"{number:06d}") not in shown)


@pytest.mark.parametrize("secret", [False, True], ids=["public client", "client with a secret"])
@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"])
def test_an_authenticator_app_is_a_second_factor(server: Server, mode: Mode, flow: str, secret: bool) -> None:
    """A wrong code keeps the challenge, and the app's code signs in."""
    pool = server.pool(secret=secret, flows=("USER_PASSWORD_AUTH",))
    pool.admin.set_user_pool_mfa_config(
        UserPoolId=pool.id, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    pool.add_user("ada", PASSWORD)
    session = mode.session(pool.config())
    session.login("ada", PASSWORD)
    token = session.access_token().unwrap()
    seed = pool.admin.associate_software_token(AccessToken=token)["SecretCode"]
    pool.admin.verify_software_token(AccessToken=token, UserCode=app_code(seed, time.time()))

    assert told(session.login("ada", PASSWORD, flow=flow)) == "software-token-mfa-challenge"
    waits = session.challenge
    wrong = session.answer_challenge(wrong_code(seed))
    assert (told(wrong), wrong.challenge) == ("code-mismatch", waits)
    assert told(session.answer_challenge(app_code(seed, time.time()))) == "Ok"


def test_an_authenticator_app_is_set_up_within_a_sign_in(server: Server) -> None:
    """The server never asks for it, but goes along when it is answered: the secret, a wrong code, the right one."""
    pool = server.pool()
    pool.add_user("ada", PASSWORD)
    with Client(pool.config()) as client:
        setup = client.begin_totp_setup(Challenge("MFA_SETUP", "ada", "any")).unwrap()
        assert setup.challenge.session != "any"
        wrong = client.answer_challenge(setup.challenge, wrong_code(setup.secret))
        assert told(wrong) == "software-token-mfa-refused"
        assert isinstance(wrong, Err)
        assert wrong.challenge == setup.challenge
        done = client.answer_challenge(setup.challenge, app_code(setup.secret, time.time()))
        assert isinstance(done, Ok)
        assert isinstance(done.value, Tokens)
