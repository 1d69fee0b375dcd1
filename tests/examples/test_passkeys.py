"""The example of a passkey relay, between a software authenticator and a service that verifies what it makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cognito_raw import Config, Err, Session
from examples.passkeys import Relay, Step
from tests.support.browser import Browser
from tests.support.challenge_service import PASSWORD
from tests.support.conversation import Answering, configured
from tests.support.passkey_service import ORIGIN, PasskeyService


@pytest.fixture
def service() -> PasskeyService:
    return PasskeyService()


@pytest.fixture
def config() -> Config:
    return configured()


@pytest.fixture
def relay(service: PasskeyService, config: Config) -> Relay:
    return Relay(config, transport=service)


@pytest.fixture
def browser() -> Browser:
    return Browser(ORIGIN)


@pytest.fixture
def state(service: PasskeyService, config: Config) -> str:
    """Of a user who signed in with a password."""
    session = Session(config, transport=service)
    session.login("jane", PASSWORD).unwrap()
    return json.dumps(session.state.to_dict())


def sent(step: Step) -> Any:
    """What the browser reads from the answer."""
    return json.loads(json.dumps(step.body))


def register(relay: Relay, browser: Browser, state: str) -> Step:
    """From the first request to the last answer."""
    step = relay.begin_registration(state)
    assert step.status == 200
    return relay.finish_registration(step.state, json.dumps(browser.create(sent(step)["options"])))


def sign_in(relay: Relay, browser: Browser) -> Step:
    step = relay.begin_sign_in("jane")
    assert step.status == 200
    return relay.finish_sign_in(step.state, json.dumps(browser.get(sent(step)["options"])))


def test_a_passkey_is_registered_and_signs_in(relay: Relay, browser: Browser, state: str) -> None:
    """The state that comes back is signed in: it registers another passkey of another browser."""
    step = register(relay, browser, state)
    assert (step.status, step.body) == (200, {})
    step = sign_in(relay, browser)
    assert (step.status, step.body) == (200, {})
    assert register(relay, Browser(ORIGIN), step.state).status == 200


def test_no_state_is_shown(relay: Relay, browser: Browser, state: str) -> None:
    """Neither to the browser nor in a log: it has what signs the user in."""
    register(relay, browser, state)
    step = relay.begin_sign_in("jane")
    session = json.loads(step.state)["challenge"]["session"]
    assert session not in repr(step)
    assert session not in json.dumps(sent(step))


def test_a_user_without_a_passkey_sees_the_other_ways(relay: Relay) -> None:
    """With 409, and a state that goes on with one of them."""
    step = relay.begin_sign_in("jane")
    assert step.status == 409
    assert sent(step) == {"error": "select-challenge", "choices": ["PASSWORD_SRP", "PASSWORD"]}
    assert json.loads(step.state)["challenge"]["name"] == "SELECT_CHALLENGE"


def test_a_second_factor_is_asked_for(relay: Relay, service: PasskeyService, browser: Browser, state: str) -> None:
    """With 409 and its name."""
    register(relay, browser, state)
    service.then = ("SOFTWARE_TOKEN_MFA",)
    step = sign_in(relay, browser)
    assert (step.status, step.body) == (409, {"error": "software-token-mfa-challenge"})


def test_a_refused_passkey_leaves_the_user_signed_in(relay: Relay, browser: Browser, state: str) -> None:
    """500 and the reason, since the page's origin is for the operator to allow."""
    browser.origin = "https://evil.test"
    step = register(relay, browser, state)
    assert (step.status, step.body) == (500, {"error": "web-authn-origin-not-allowed"})
    browser.origin = ORIGIN
    assert register(relay, browser, step.state).status == 200


def test_a_refused_assertion_ends_the_sign_in(relay: Relay, browser: Browser, state: str) -> None:
    """401, and the same state is good for nothing more."""
    register(relay, browser, state)
    browser.origin = "https://evil.test"
    step = sign_in(relay, browser)
    assert (step.status, step.body) == (401, {"error": "not-authorized"})
    step = relay.finish_sign_in(step.state, "{}")
    assert (step.status, step.body) == (401, {"error": "no-session"})


@pytest.mark.parametrize(
    "posted", ["", "null", "[]", "5", '{"id":', '{"id":NaN,"response":{}}', '{"response":{"a":NaN}}', "[" * 100_000]
)
def test_what_is_no_credential_is_the_browsers_mistake(relay: Relay, browser: Browser, state: str, posted: str) -> None:
    """400, and the right one may still come."""
    begun = relay.begin_registration(state)
    step = relay.finish_registration(begun.state, posted)
    assert (step.status, step.body) == (400, {"error": "input-refused"})
    made = json.dumps(browser.create(sent(begun)["options"]))
    assert relay.finish_registration(step.state, made).status == 200

    begun = relay.begin_sign_in("jane")
    step = relay.finish_sign_in(begun.state, posted)
    assert (step.status, step.body) == (400, {"error": "input-refused"})
    assert relay.finish_sign_in(step.state, json.dumps(browser.get(sent(begun)["options"]))).status == 200


def test_a_name_that_is_no_text_is_the_browsers_mistake(relay: Relay) -> None:
    """As JSON can carry it."""
    step = relay.begin_sign_in(json.loads('"\\ud800"'))
    assert (step.status, step.body) == (400, {"error": "input-refused"})


def test_who_is_not_signed_in_registers_nothing(relay: Relay, browser: Browser, state: str) -> None:
    """401, before the browser is asked and after; a sign-in that waits is not enough."""
    register(relay, browser, state)
    waiting = relay.begin_sign_in("jane").state
    for step in (relay.begin_registration(waiting), relay.finish_registration(waiting, "{}")):
        assert (step.status, step.body) == (401, {"error": "no-session"})


def test_a_pool_without_passkeys_registers_none(relay: Relay, service: PasskeyService, state: str) -> None:
    """500 and the reason; the user stays signed in."""
    service.enabled = False
    step = relay.begin_registration(state)
    assert (step.status, step.body) == (500, {"error": "web-authn-not-enabled"})
    assert json.loads(step.state)["tokens"]


def test_an_outage_passes(config: Config, state: str) -> None:
    """503, for the browser to try again."""
    relay = Relay(config, transport=Answering(lambda _: Err("connection-failed", sent="no", retryable=True)))
    for step in (relay.begin_sign_in("jane"), relay.begin_registration(state)):
        assert (step.status, step.body) == (503, {"error": "connection-failed"})
    assert json.loads(step.state)["tokens"]
