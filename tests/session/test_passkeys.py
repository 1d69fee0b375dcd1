"""Passkeys end to end: made and used by a software authenticator, judged by py_webauthn, relayed by the library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, Final

import pytest

from cognito_raw import Err, Ok, PasskeyChallenge, SelectChallenge, State, Tokens
from tests.support.browser import Browser, NotAllowed, decoded, encoded
from tests.support.challenge_service import PASSWORD, USER
from tests.support.conversation import NOW, SECRET, Answering, Clock, configured
from tests.support.modes import MODES, Async, Mode
from tests.support.passkey_service import LIFE, ORIGIN, RELYING_PARTY, PasskeyService

# How the browser's JSON comes to the library: parsed by the web server, or as it was posted.
FORMS: Final[list[Callable[[Any], Any]]] = [dict, MappingProxyType, json.dumps]
forms = pytest.mark.parametrize("form", FORMS, ids=["dict", "mapping", "text"])


class Scene:
    """A user with a browser, a service, and the library between them in one mode."""

    def __init__(self, mode: Mode, secret: str | None = None) -> None:
        self.service = PasskeyService(secret=secret, clock=Clock())
        self.browser = Browser(ORIGIN)
        self._transport = Answering(self.service.asend) if isinstance(mode, Async) else self.service
        self._mode = mode
        self._config = configured(client_secret=secret)
        self.client = mode.client(self._config, transport=self._transport)

    def session(self, state: State | None = None) -> Any:
        return self._mode.session(self._config, state=state, transport=self._transport)

    def options(self, token: str | None = None) -> dict[str, Any]:
        """What a registration begins with."""
        found: dict[str, Any] = self.client.start_web_authn_registration(token or self.service.access_token()).unwrap()
        return found

    def complete(self, credential: Any, token: str | None = None) -> Any:
        return self.client.complete_web_authn_registration(token or self.service.access_token(), credential)

    def registered(self) -> str:
        """The id of a new passkey."""
        credential = self.browser.create(self.options())
        assert self.complete(credential) == Ok(None)
        return str(credential["id"])

    def challenge(self) -> PasskeyChallenge:
        """What a sign-in with a passkey begins with."""
        found = self.client.sign_in("jane", preferred="WEB_AUTHN").unwrap()
        assert isinstance(found, PasskeyChallenge)
        return found

    def passkeys(self) -> list[Any]:
        """The user's passkeys, page by page."""
        listing = self.client.list_web_authn_credentials(self.service.access_token(), max_results=1).all()
        found: list[Any] = (asyncio.run(listing) if asyncio.iscoroutine(listing) else listing).unwrap()
        return found


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__.lower())
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def scene(mode: Mode) -> Scene:
    return Scene(mode)


# --- what works


@forms
@pytest.mark.parametrize("secret", [None, SECRET], ids=["public client", "client secret"])
def test_a_passkey_is_made_and_signs_in_by_client(mode: Mode, form: Any, secret: str | None) -> None:
    """Preferred at once, with the tokens as its end."""
    scene = Scene(mode, secret)
    token = scene.client.sign_in("jane", PASSWORD).unwrap().access_token
    credential = scene.browser.create(scene.options(token))
    assert scene.complete(form(credential), token) == Ok(None)
    challenge = scene.challenge()
    assertion = scene.browser.get(challenge.options)
    assert isinstance(scene.client.answer_challenge(challenge, form(assertion)).unwrap(), Tokens)


@forms
def test_a_passkey_is_made_and_signs_in_by_session(scene: Scene, form: Any) -> None:
    """Its state may rest as JSON while the browser is asked."""
    session = scene.session()
    session.login("jane", PASSWORD).unwrap()
    token = session.access_token().unwrap()
    assert scene.complete(form(scene.browser.create(scene.options(token))), token) == Ok(None)
    assert session.logout() == Ok(None)

    asked = session.login("jane", preferred="WEB_AUTHN")
    assert (asked.reason, asked.challenge) == ("web-authn-challenge", session.challenge)
    saved = json.dumps(session.state.to_dict())
    later = scene.session(State.from_dict(json.loads(saved)))
    assertion = scene.browser.get(later.challenge.options)
    assert later.answer_challenge(form(assertion)).unwrap() == later.id_token().unwrap()
    assert later.challenge is None


@forms
def test_a_passkey_is_chosen_among_the_ways_to_sign_in(scene: Scene, form: Any) -> None:
    """SELECT_CHALLENGE leads to it, by client and by session."""
    scene.registered()
    choice = scene.client.sign_in("jane", flow="USER_AUTH").unwrap()
    assert isinstance(choice, SelectChallenge)
    assert "WEB_AUTHN" in choice.choices
    challenge = scene.client.answer_challenge(choice, "WEB_AUTHN").unwrap()
    assertion = scene.browser.get(challenge.options)
    assert isinstance(scene.client.answer_challenge(challenge, form(assertion)).unwrap(), Tokens)

    session = scene.session()
    assert session.login("jane", flow="USER_AUTH").reason == "select-challenge"
    assert session.answer_challenge("WEB_AUTHN").reason == "web-authn-challenge"
    assertion = scene.browser.get(session.challenge.options)
    assert session.answer_challenge(form(assertion)).unwrap() == session.id_token().unwrap()


def test_a_second_factor_follows_a_passkey_where_the_pool_wants_one(scene: Scene) -> None:
    """The session goes on to the next challenge."""
    scene.registered()
    scene.service.then = ("SOFTWARE_TOKEN_MFA",)
    session = scene.session()
    session.login("jane", preferred="WEB_AUTHN")
    answer = session.answer_challenge(scene.browser.get(session.challenge.options))
    assert answer.reason == "software-token-mfa-challenge"
    assert isinstance(session.answer_challenge("0123456"), Ok)


def test_the_options_name_the_user_and_the_passkeys_that_are_there(scene: Scene) -> None:
    """So that an authenticator makes no second one, which the browser says before anything is sent."""
    known = scene.registered()
    options = scene.options()
    assert decoded(options["user"]["id"]).decode() == USER
    assert options["excludeCredentials"] == [{"type": "public-key", "id": known}]
    with pytest.raises(NotAllowed):
        scene.browser.create(options)


def test_the_passkeys_of_a_user_are_listed_and_deleted(scene: Scene) -> None:
    """Each with what was registered; one that is deleted is not asked for any more."""
    first, other = scene.registered(), Browser(ORIGIN)
    assert scene.complete(other.create(scene.options())) == Ok(None)
    found = scene.passkeys()
    assert [passkey.id for passkey in found] == [first, *other.passkeys]
    assert {passkey.relying_party_id for passkey in found} == {RELYING_PARTY}
    assert found[0].authenticator_attachment == "cross-platform"
    assert found[0].authenticator_transports == ("usb",)
    assert found[0].created_at.timestamp() == NOW

    assert scene.client.delete_web_authn_credential(scene.service.access_token(), first) == Ok(None)
    assert [passkey.id for passkey in scene.passkeys()] == [*other.passkeys]
    again = scene.client.delete_web_authn_credential(scene.service.access_token(), first)
    assert again.reason == "resource-not-found"
    with pytest.raises(NotAllowed):
        scene.browser.get(scene.challenge().options)
    assert other.get(scene.challenge().options)["id"] in other.passkeys


def test_without_a_passkey_the_choice_is_another(scene: Scene) -> None:
    """Who has none, or has deleted the last, is asked how else to sign in."""
    for _ in range(2):
        choice = scene.client.sign_in("jane", preferred="WEB_AUTHN").unwrap()
        assert isinstance(choice, SelectChallenge)
        assert "WEB_AUTHN" not in choice.choices
        known = scene.registered()
        assert scene.client.delete_web_authn_credential(scene.service.access_token(), known) == Ok(None)


# --- registrations that are refused

Wrong = Callable[[Scene, dict[str, Any]], dict[str, Any]]


def of_another_origin(_: Scene, options: dict[str, Any]) -> dict[str, Any]:
    return Browser("https://auth.example.com.evil.test").create(options)


def of_another_relying_party(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    return scene.browser.create({**options, "rp": {"id": "example.org", "name": "example.org"}})


def of_another_challenge(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    return scene.browser.create({**options, "challenge": encoded(bytes(32))})


def of_another_algorithm(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    """Where the pool takes RSA alone, from an authenticator that makes what it can."""
    scene.service.algorithms = (-257,)
    return scene.browser.create(options)


def with_another_id(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    return {**scene.browser.create(options), "id": encoded(bytes(32))}


def with_broken_attestation(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    made = scene.browser.create(options)
    return {**made, "response": {**made["response"], "attestationObject": encoded(b"\xa0")}}


def with_an_assertion(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    """The browser's answer to another question, signed by a passkey that is there."""
    made = scene.browser.create(options)
    return scene.browser.get({"challenge": options["challenge"], "rpId": RELYING_PARTY}, made["id"])


def too_late(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    scene.service.clock = Clock(NOW + LIFE)
    return scene.browser.create(options)


REGISTRATIONS: Final[list[tuple[Wrong, str]]] = [
    (of_another_origin, "web-authn-origin-not-allowed"),
    (of_another_relying_party, "web-authn-relying-party-mismatch"),
    (of_another_challenge, "web-authn-challenge-not-found"),
    (too_late, "web-authn-challenge-not-found"),
    (of_another_algorithm, "web-authn-credential-not-supported"),
    (with_another_id, "invalid-parameter"),
    (with_broken_attestation, "invalid-parameter"),
    (with_an_assertion, "invalid-parameter"),
]


@forms
@pytest.mark.parametrize(("wrong", "reason"), REGISTRATIONS, ids=lambda value: getattr(value, "__name__", None))
def test_a_wrong_registration_is_refused(scene: Scene, wrong: Wrong, reason: str, form: Any) -> None:
    """With the reason that tells what is wrong, and nothing is registered."""
    result = scene.complete(form(wrong(scene, scene.options())))
    assert (result.reason, scene.service.passkeys) == (reason, {})


def test_a_registration_is_taken_once(scene: Scene) -> None:
    """What was completed before, or refused, must be begun anew."""
    credential = scene.browser.create(scene.options())
    assert scene.complete(credential) == Ok(None)
    assert scene.complete(credential).reason == "web-authn-challenge-not-found"
    assert len(scene.service.passkeys) == 1


def test_a_registration_is_completed_by_the_client_that_began_it(scene: Scene) -> None:
    """A token of another app client does not do."""
    credential = scene.browser.create(scene.options())
    assert scene.complete(credential, scene.service.access_token("other")).reason == "web-authn-client-mismatch"


MISSING: Final = [("enabled", "web-authn-not-enabled"), ("configured", "web-authn-configuration-missing")]


@pytest.mark.parametrize(("missing", "reason"), MISSING)
def test_a_pool_without_passkeys_says_so(scene: Scene, missing: str, reason: str) -> None:
    """Before the browser is asked."""
    setattr(scene.service, missing, False)
    assert scene.client.start_web_authn_registration(scene.service.access_token()).reason == reason


def test_a_token_that_is_none_registers_nothing(scene: Scene) -> None:
    """Neither at the beginning nor at the end."""
    credential = scene.browser.create(scene.options())
    assert scene.client.start_web_authn_registration("none").reason == "access-token-invalid"
    assert scene.complete(credential, "none").reason == "access-token-invalid"


# --- assertions that are refused


def at_another_origin(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    scene.browser.origin = "https://auth.example.com.evil.test"
    return scene.browser.get(options)


def for_another_relying_party(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    """By the user's own key, which was made to sign for another domain."""
    scene.browser.passkeys[options["allowCredentials"][0]["id"]].rp_id = "example.org"
    return scene.browser.get({**options, "rpId": "example.org"})


def to_another_challenge(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    return scene.browser.get({**options, "challenge": encoded(bytes(32))})


def with_another_signature(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    """One bit of it is not as it was."""
    return changed(scene.browser.get(options), "signature")


def with_another_counter(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    """A higher one, which the signature covers too."""
    return changed(scene.browser.get(options), "authenticatorData")


def of_another_user(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    made = scene.browser.get(options)
    return {**made, "response": {**made["response"], "userHandle": encoded(b"another")}}


def by_another_key(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    """A passkey of somebody else's under the id of the user's."""
    stranger = Browser(ORIGIN)
    made = stranger.create({**scene.options(), "excludeCredentials": []})
    named = options["allowCredentials"][0]["id"]
    return {**stranger.get(options, made["id"]), "id": named, "rawId": named}


def by_a_copy_of_the_key(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    """Whose counter is behind, as that of a cloned authenticator is."""
    challenge = scene.challenge()
    assert isinstance(scene.client.answer_challenge(challenge, scene.browser.get(challenge.options)), Ok)
    scene.browser.passkeys[options["allowCredentials"][0]["id"]].sign_count = 0
    return scene.browser.get(options)


def by_a_deleted_passkey(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    """Deleted after the challenge was given."""
    known = options["allowCredentials"][0]["id"]
    assert scene.client.delete_web_authn_credential(scene.service.access_token(), known) == Ok(None)
    return scene.browser.get(options)


def changed(made: dict[str, Any], name: str) -> dict[str, Any]:
    data = bytearray(decoded(made["response"][name]))
    data[-1] ^= 2
    return {**made, "response": {**made["response"], name: encoded(bytes(data))}}


ASSERTIONS: Final[list[Wrong]] = [
    at_another_origin,
    for_another_relying_party,
    to_another_challenge,
    with_another_signature,
    with_another_counter,
    of_another_user,
    by_another_key,
    by_a_copy_of_the_key,
    by_a_deleted_passkey,
]
wrong_assertions = pytest.mark.parametrize("wrong", ASSERTIONS, ids=lambda wrong: wrong.__name__)


@forms
@wrong_assertions
def test_a_wrong_assertion_is_refused_to_a_client(scene: Scene, wrong: Wrong, form: Any) -> None:
    """The sign-in is over: what cannot be answered again is no challenge any more."""
    scene.registered()
    challenge = scene.challenge()
    result = scene.client.answer_challenge(challenge, form(wrong(scene, dict(challenge.options))))
    assert isinstance(result, Err)
    assert (result.reason, result.code, result.challenge) == ("not-authorized", "NotAuthorizedException", None)


@wrong_assertions
def test_a_wrong_assertion_is_refused_to_a_session(scene: Scene, wrong: Wrong) -> None:
    """It waits for nothing any more, holds no tokens, and a new sign-in with the right one succeeds."""
    scene.registered()
    session = scene.session()
    session.login("jane", preferred="WEB_AUTHN")
    result = session.answer_challenge(wrong(scene, dict(session.challenge.options)))
    assert (result.reason, session.challenge, session.state.tokens) == ("not-authorized", None, None)

    scene.browser = Browser(ORIGIN)
    scene.service.passkeys.clear()
    scene.registered()
    session.login("jane", preferred="WEB_AUTHN")
    assert isinstance(session.answer_challenge(scene.browser.get(session.challenge.options)), Ok)


def test_an_assertion_signs_in_once(scene: Scene) -> None:
    """The same again is refused, to the same challenge and to a new one."""
    scene.registered()
    challenge = scene.challenge()
    assertion = scene.browser.get(challenge.options)
    assert isinstance(scene.client.answer_challenge(challenge, assertion), Ok)
    assert scene.client.answer_challenge(challenge, assertion).reason == "challenge-session-invalid"
    assert scene.client.answer_challenge(scene.challenge(), assertion).reason == "not-authorized"


def test_what_is_no_assertion_is_not_sent(scene: Scene) -> None:
    """A browser posted it, and the challenge can still be answered."""
    scene.registered()
    challenge = scene.challenge()
    refused = scene.client.answer_challenge(challenge, json.dumps({"id": "a"}))
    assert (refused.reason, refused.challenge) == ("input-refused", challenge)
    assert isinstance(scene.client.answer_challenge(challenge, scene.browser.get(challenge.options)).unwrap(), Tokens)
