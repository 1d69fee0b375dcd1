"""Verifiers that use the keys that they are given, and fetch none."""

from __future__ import annotations

from typing import Final

import pytest

from cognito_raw import TokenVerifier
from tests.support.tokens import ID, NOW, Clock, jwk, key_set, token
from tests.support.verifiers import Service, Verifying, told

DAY: Final = 86_400.0


def test_an_unknown_key_is_refused_for_good(verifying: Verifying) -> None:
    """Nothing is fetched, so that the refusal is no outage."""
    service = Service()
    verifier = verifying.verifier(Clock().config(), transport=service, keys={"keys": [jwk()]}, fetch=False)
    assert told(verifier.verify(token(ID))) == "Ok"
    result = verifier.verify(token(ID, "two"))
    assert (result.reason, result.kind, result.retryable) == ("token-key-unknown", "token", False)
    assert service.requests == []


def test_the_keys_have_no_age(verifying: Verifying) -> None:
    """A process without a network goes on with them."""
    clock, service = Clock(), Service()
    verifier = verifying.verifier(clock.config(), transport=service, keys=key_set(), fetch=False)
    snapshot = verifier.snapshot()
    clock.go_on(30 * DAY)
    late = token(ID, exp=int(NOW + 31 * DAY))
    assert told(verifier.verify(late)) == "Ok"
    assert told(verifying.verifier(clock.config(), transport=service, keys=snapshot, fetch=False).verify(late)) == "Ok"
    assert service.requests == []


def test_new_keys_replace_them(verifying: Verifying) -> None:
    """After the pool has rotated its own."""
    verifier = verifying.verifier(Clock().config(), keys={"keys": [jwk()]}, fetch=False)
    verifier.preload({"keys": [jwk("two")]})
    assert told(verifier.verify(token(ID, "two"))) == "Ok"
    assert told(verifier.verify(token(ID, "one"))) == "token-key-unknown"


def test_other_verifiers_of_the_pool_keep_theirs(verifying: Verifying) -> None:
    """The keys are not shared."""
    service, clock = Service(), Clock()
    config = clock.config()
    verifying.verifier(config, transport=service, keys={"keys": [jwk()]}, fetch=False)
    assert told(verifying.verifier(config, transport=service).verify(token(ID, "two"))) == "Ok"
    assert len(service.requests) == 1


def test_without_keys_there_is_nothing_to_verify_with() -> None:
    """That is the caller's mistake."""
    with pytest.raises(ValueError, match=r"^fetch=False needs keys=, since no others are fetched$"):
        TokenVerifier(Clock().config(), fetch=False)
