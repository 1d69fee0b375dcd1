"""Passkeys: what goes on the wire, and what comes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cognito_raw import Err, Ok, Page, WebAuthnCredential, advance, flows
from tests.support.conversation import Exchange, answered, configured, converse, refused
from tests.support.documented import POOL, TOKEN, documented

ID = "8LApgk4-lNUFHbhm2w6Und7-uxcc8coJGsPxiogvHoItc64xWQc3r4CEXAMPLE"
CREDENTIAL: Any = documented("CompleteWebAuthnRegistration").parameters
assert CREDENTIAL


def test_the_documented_options_are_given_as_they_are() -> None:
    """The browser's form is the service's."""
    exchange = documented("StartWebAuthnRegistration")
    options = converse(POOL, "start_web_authn_registration", TOKEN, exchanges=[exchange]).unwrap()
    assert (options["rp"]["id"], options["challenge"]) == ("auth.example.com", "wxvbDicyqQqvF2EXAMPLE")
    assert {"user", "pubKeyCredParams", "excludeCredentials", "authenticatorSelection"} <= set(options)


@pytest.mark.parametrize("form", [dict, json.dumps], ids=["a mapping", "its text"])
def test_the_documented_credential_is_passed_on(form: Any) -> None:
    """What the browser's toJSON() gives is sent as an object, also where it came as text."""
    given = form(CREDENTIAL["Credential"])
    exchanges = [documented("CompleteWebAuthnRegistration")]
    assert converse(POOL, "complete_web_authn_registration", TOKEN, given, exchanges=exchanges) == Ok(None)


def test_the_documented_passkey_is_deleted() -> None:
    """By its id."""
    exchanges = [documented("DeleteWebAuthnCredential")]
    assert converse(POOL, "delete_web_authn_credential", TOKEN, ID, exchanges=exchanges) == Ok(None)


def test_the_documented_page_of_passkeys_is_read() -> None:
    """With its time, and without what is not said."""
    exchange = documented("ListWebAuthnCredentials")
    created = datetime(2025, 1, 7, 23, 51, 16, 115000, tzinfo=UTC)
    passkey = WebAuthnCredential(ID, "Roaming passkey", "auth.example.com", created, "cross-platform")
    result = converse(POOL, "list_web_authn_credentials", TOKEN, exchanges=[exchange], max_results=20)
    assert result == Ok(Page((passkey,)))


def test_a_page_is_asked_for_as_the_one_before_says() -> None:
    """The token of a page asks for the next one."""
    exchange = Exchange("ListWebAuthnCredentials", {"AccessToken": "t", "NextToken": "n"}, answered({"NextToken": "m"}))
    result = converse(configured(), "list_web_authn_credentials", "t", exchanges=[exchange], next_token="n")
    assert result == Ok(Page((), "m"))


CALLS: list[tuple[str, str, list[Any]]] = [
    ("StartWebAuthnRegistration", "start_web_authn_registration", ["access_token"]),
    ("CompleteWebAuthnRegistration", "complete_web_authn_registration", ["access_token", {}]),
    ("ListWebAuthnCredentials", "list_web_authn_credentials", ["access_token"]),
    ("DeleteWebAuthnCredential", "delete_web_authn_credential", ["access_token", "credential_id"]),
]


@pytest.mark.parametrize(("operation", "flow", "arguments"), CALLS)
def test_a_refusal_is_the_result(operation: str, flow: str, arguments: list[Any]) -> None:
    """What the service refuses comes back under its reason."""
    exchanges = [Exchange(operation, None, refused("WebAuthnNotEnabledException"))]
    result = converse(configured(), flow, *arguments, exchanges=exchanges)
    assert isinstance(result, Err)
    assert result.reason == "web-authn-not-enabled"


@pytest.mark.parametrize("value", [None, b"hidden", "hidden\ud800"], ids=["none", "bytes", "surrogate"])
@pytest.mark.parametrize(("flow", "arguments"), [call[1:] for call in CALLS])
def test_what_is_no_text_raises(flow: str, arguments: list[Any], value: Any) -> None:
    """A token or an id that is not text is the caller's mistake, named in the error without its value."""
    for wrong in [name for name in arguments if name]:
        given = [value if argument == wrong else argument for argument in arguments]
        with pytest.raises(ValueError, match=f"^{wrong} ") as caught:
            advance(getattr(flows, flow)(configured(), *given))
        assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "credential",
    [None, 5, b'{"id":"hidden"}', ["hidden"], "", "hidden", '["hidden"]', '{"id":"hidden"', "null", "[" * 100_000],
    ids=lambda value: repr(value)[:20],
)
def test_a_credential_that_is_no_object_raises(credential: Any) -> None:
    """It is the caller's mistake, and its text stays out of the error and of those behind it."""
    with pytest.raises(ValueError, match=r"^credential must be the JSON object") as caught:
        advance(flows.complete_web_authn_registration(configured(), "t", credential))
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_credential_that_json_cannot_carry_raises() -> None:
    """Python reads NaN where JSON has none: nothing is sent."""
    with pytest.raises(ValueError, match=r"^credential must be the JSON object"):
        advance(flows.complete_web_authn_registration(configured(), "t", '{"id": NaN}'))


@pytest.mark.parametrize("options", [None, {}, [], "{}", 5], ids=repr)
def test_options_that_are_no_object_are_reported(options: object) -> None:
    """A reply without options is `malformed-reply`."""
    exchange = Exchange("StartWebAuthnRegistration", None, answered({"CredentialCreationOptions": options}))
    result = converse(configured(), "start_web_authn_registration", "t", exchanges=[exchange])
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"


def test_a_passkey_that_makes_no_sense_is_reported() -> None:
    """No passkey is left out of a page silently."""
    exchange = Exchange("ListWebAuthnCredentials", None, answered({"Credentials": [{"CredentialId": "c"}]}))
    result = converse(configured(), "list_web_authn_credentials", "t", exchanges=[exchange])
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"
