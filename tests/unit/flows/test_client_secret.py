"""The three ways in which a call proves the client secret."""

from __future__ import annotations

from typing import Final

from cognito_raw import Config
from cognito_raw.flows.parameters import by_username, in_clear, within_responses
from tests.support.samples import CLIENT, ISS

PUBLIC: Final = Config(ISS, CLIENT)
CONFIDENTIAL: Final = Config(ISS, CLIENT, "s3cret")


def test_a_public_client_adds_nothing() -> None:
    """A client without a secret sends the parameters as they are."""
    assert by_username(PUBLIC, "bob") == {"ClientId": CLIENT, "Username": "bob"}
    assert within_responses(PUBLIC, {"USERNAME": "bob"}) == {"USERNAME": "bob"}
    assert in_clear(PUBLIC) == {"ClientId": CLIENT}


def test_a_confidential_client_proves_its_secret_in_each_way() -> None:
    """The hash stands under its own name in each kind of call, and the secret itself where there is no user name."""
    proof = CONFIDENTIAL.secret_hash("bob")
    assert by_username(CONFIDENTIAL, "bob") == {"ClientId": CLIENT, "Username": "bob", "SecretHash": proof}
    assert within_responses(CONFIDENTIAL, {"USERNAME": "bob"}) == {"USERNAME": "bob", "SECRET_HASH": proof}
    assert in_clear(CONFIDENTIAL) == {"ClientId": CLIENT, "ClientSecret": "s3cret"}


def test_the_parameters_that_were_given_stay_as_they_were() -> None:
    """The caller's own dictionary is not changed."""
    given = {"USERNAME": "bob"}
    within_responses(CONFIDENTIAL, given)
    assert given == {"USERNAME": "bob"}
