"""The ClientMetadata of a session: the pool's triggers learn at each refresh what they learnt at the sign-in."""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest

from cognito_raw import (
    AnalyticsMetadata,
    AsyncSession,
    Config,
    Err,
    Ok,
    Reply,
    Request,
    Result,
    Session,
    State,
    UserContext,
)
from cognito_raw.session.methods import SessionMethods
from cognito_raw.testing import Refusal, Scripted, tokens
from tests.support.conversation import CLIENT_ID, ISS, NOW, Answering, Clock, answered, configured
from tests.support.modes import MODES, Mode

TENANT: Final = {"tenant": "hunter2"}
OTHER: Final = {"tenant": "other"}
SIGNED_IN: Final = ("InitiateAuth", tokens())
RENEWED: Final = ("GetTokensFromRefreshToken", tokens())
ASKED: Final = {"ChallengeName": "SMS_MFA", "Session": "s", "ChallengeParameters": {}}
UNKNOWN: Final = Refusal("UnknownOperationException")


@pytest.fixture(params=MODES, ids=lambda mode: mode.__name__)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made: Mode = request.param()
    yield made
    made.close()


def login(session: Any, **options: Any) -> Any:
    return session.login("ada", "pw", flow="USER_PASSWORD_AUTH", **options)


def sent(script: Scripted) -> list[Any]:
    """The metadata of each call."""
    script.finish()
    return [parameters.get("ClientMetadata") for _, parameters in script.calls]


def test_the_metadata_of_a_sign_in_goes_with_each_refresh(mode: Mode) -> None:
    """Also in another process, and by the other operation."""
    script = Scripted(SIGNED_IN, RENEWED, ("GetTokensFromRefreshToken", UNKNOWN), SIGNED_IN, SIGNED_IN, RENEWED)
    session = mode.session(script.config, transport=script)
    assert isinstance(login(session, client_metadata=TENANT), Ok)
    assert isinstance(session.refresh(), Ok)
    carried = State.from_dict(json.loads(json.dumps(session.state.to_dict())))
    assert carried.client_metadata == TENANT
    assert isinstance(mode.session(script.config, state=carried, transport=script).refresh(), Ok)
    assert isinstance(login(session), Ok)
    assert isinstance(session.refresh(), Ok)
    assert sent(script) == [TENANT, TENANT, TENANT, TENANT, None, None]


@pytest.mark.parametrize(("given", "expected"), [(None, TENANT), (OTHER, OTHER)], ids=["the sign-in's", "its own"])
def test_the_metadata_goes_with_a_refresh_within_a_method(mode: Mode, given: Any, expected: Any) -> None:
    """A token that has ended is renewed before a password is changed, and before a sign-out everywhere."""
    old, clock = ("InitiateAuth", tokens(at=NOW)), Clock()
    renewed = ("GetTokensFromRefreshToken", tokens(at=NOW + 3600))
    steps: list[Any] = [old, renewed, ("ChangePassword", {}), old, renewed, ("GlobalSignOut", {})]
    script = Scripted(*steps, config=configured(clock=clock))
    session = mode.session(script.config, transport=script, refresh_metadata=given)
    for method, arguments, options in (("change_password", ("pw", "new"), {}), ("logout", (), {"everywhere": True})):
        clock.now = NOW
        login(session, client_metadata=TENANT)
        clock.now = NOW + 3600
        assert getattr(session, method)(*arguments, **options) == Ok(None)
    assert sent(script) == [TENANT, expected, None] * 2
    assert session.state.client_metadata is None


GIVEN: Final[dict[str, tuple[Any, Any]]] = {
    "nothing": (None, TENANT),
    "a mapping": (OTHER, OTHER),
    "an empty mapping": ({}, None),
    "a function": (lambda: OTHER, OTHER),
    "a function without an opinion": (lambda: None, TENANT),
    "a function that wants none": (dict, None),
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_session_may_set_the_metadata_of_refreshes(mode: Mode, case: str) -> None:
    """It goes with refreshes alone."""
    given, expected = GIVEN[case]
    script = Scripted(SIGNED_IN, RENEWED, RENEWED)
    session = mode.session(script.config, transport=script, refresh_metadata=given)
    login(session, client_metadata=TENANT)
    session.refresh()
    session.refresh()
    assert sent(script) == [TENANT, expected, expected]


def test_the_metadata_goes_with_the_answers_of_its_sign_in(mode: Mode) -> None:
    """An answer may bring other metadata, which the refreshes then have. Tokens of before keep their own."""
    asked, answer = ("InitiateAuth", ASKED), ("RespondToAuthChallenge", tokens())
    refused = ("RespondToAuthChallenge", Refusal("CodeMismatchException"))
    script = Scripted(SIGNED_IN, asked, RENEWED, refused, answer, RENEWED, asked, answer, RENEWED)
    session = mode.session(script.config, transport=script)
    login(session, client_metadata=OTHER)
    login(session, client_metadata=TENANT)
    session.refresh()
    session.answer_challenge("1")
    session.answer_challenge("2")
    session.refresh()
    login(session, client_metadata=OTHER)
    session.answer_challenge("3", client_metadata=TENANT)
    session.refresh()
    assert sent(script) == [OTHER, TENANT, OTHER, TENANT, TENANT, TENANT, OTHER, TENANT, TENANT]


def test_a_refresh_may_bring_other_metadata(mode: Mode) -> None:
    """It stays for the next ones, unless that refresh fails."""
    failed = ("GetTokensFromRefreshToken", Refusal("NotAuthorizedException", "not today"))
    script = Scripted(SIGNED_IN, RENEWED, RENEWED, failed, RENEWED, RENEWED, RENEWED)
    session = mode.session(script.config, transport=script)
    login(session, client_metadata=TENANT)
    for given in (OTHER, None, TENANT, None, {}, None):
        session.refresh(client_metadata=given)
    assert sent(script) == [TENANT, OTHER, OTHER, TENANT, OTHER, None, None]


def test_a_refresh_with_other_metadata_shares_no_other_result() -> None:
    """It waits for the one under way, and then makes its own. One with the same metadata shares it."""
    started, go_on, seen = threading.Event(), threading.Event(), list[object]()

    def answer(request: Request) -> Result[Reply]:
        seen.append(json.loads(request.body).get("ClientMetadata"))
        started.set()
        assert go_on.wait(10)
        return answered(tokens())

    config = Config(ISS, CLIENT_ID)
    go_on.set()
    session = Session(config, transport=Answering(answer))
    login(session)
    go_on.clear()
    started.clear()
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.append(session.refresh()))]
    threads[0].start()
    assert started.wait(10)
    threads += [threading.Thread(target=lambda: results.append(session.refresh(client_metadata=TENANT)))]
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert (seen, [type(result) for result in results]) == ([None, None, TENANT], [Ok, Ok])
    late = Session(Config(ISS, CLIENT_ID), state=session.state, transport=Answering(answer))
    go_on.clear()
    started.clear()
    first = threading.Thread(target=late.refresh)
    first.start()
    assert started.wait(10)
    result = late.within(0.1).refresh(client_metadata=OTHER)
    go_on.set()
    first.join()
    assert isinstance(result, Err)
    assert result.reason == "timed-out"


CONTEXT: Final[dict[str, Any]] = {
    "client_metadata": TENANT,
    "user_context_data": UserContext("192.0.2.1"),
    "analytics_metadata": AnalyticsMetadata("p"),
}
METHODS: Final[dict[str, tuple[Any, ...]]] = {
    "register": ("ada", "pw"),
    "confirm_registration": ("1",),
    "resend_verification_code": (),
    "login": ("ada", "pw"),
    "new_password_challenge": ("new",),
    "answer_challenge": ("new",),
    "request_password_reset": ("ada",),
    "reset_password_confirmation": ("new", "1"),
}


@pytest.mark.parametrize("method", METHODS)
def test_the_context_goes_with_every_method_that_can(mode: Mode, method: str) -> None:
    """As the service's reference has it."""
    script = Scripted(Refusal("InvalidParameterException"))
    asked = {"name": "NEW_PASSWORD_REQUIRED", "username": "ada", "session": "s", "parameters": {}}
    state = State.from_dict({"version": 2, "username": "ada", "challenge": asked})
    getattr(mode.session(script.config, state=state, transport=script), method)(*METHODS[method], **CONTEXT)
    [(_, parameters)] = script.calls
    assert parameters["ClientMetadata"] == TENANT
    assert parameters["UserContextData"] == {"IpAddress": "192.0.2.1"}
    assert parameters["AnalyticsMetadata"] == {"AnalyticsEndpointId": "p"}


def test_the_methods_that_can_are_these() -> None:
    """By their signatures, and `refresh`, whose operation takes the metadata alone."""
    for session in (Session, AsyncSession):
        public = {name: member for name, member in vars(session).items() if callable(member) and name[0] != "_"}
        takes = {name for name in public if "client_metadata" in inspect.signature(public[name]).parameters}
        assert takes == {*METHODS, "refresh"}


def test_metadata_is_hidden(mode: Mode) -> None:
    """In the state, with and without a challenge, and in the session."""
    script = Scripted(SIGNED_IN, ("InitiateAuth", ASKED))
    session = mode.session(script.config, transport=script, refresh_metadata=TENANT)
    for _ in range(2):
        login(session, client_metadata=TENANT)
        wrapped = getattr(session, "wrapped", session)
        methods = SessionMethods(wrapped.config, wrapped.state)
        assert "hunter2" not in f"{wrapped!r} {wrapped.state!r} {methods!r} {wrapped.__dict__!r}"


@pytest.mark.parametrize("given", ["hunter2", 5, [("a", "hunter2")], {"a": 5}, {5: "a"}, {"a": "hunter2\ud800"}])
def test_metadata_is_a_mapping_of_strings(mode: Mode, given: Any) -> None:
    """At once, and without its values."""
    script = Scripted(SIGNED_IN)
    with pytest.raises(ValueError, match="refresh_metadata") as caught:
        mode.session(script.config, transport=script, refresh_metadata=given)
    assert "hunter2" not in str(caught.value)
    session = mode.session(script.config, transport=script)
    login(session)
    with pytest.raises(ValueError, match="client_metadata"):
        session.refresh(client_metadata=given)
    assert len(script.calls) == 1


def test_a_function_that_fails_is_heard_and_costs_nothing(mode: Mode) -> None:
    """Its exception reaches the caller, and the next refresh asks it again."""
    replies = iter([ZeroDivisionError, None])

    def metadata() -> dict[str, str]:
        if (error := next(replies)) is not None:
            raise error
        return TENANT

    script = Scripted(SIGNED_IN, RENEWED)
    session = mode.session(script.config, transport=script, refresh_metadata=metadata)
    login(session)
    with pytest.raises(ZeroDivisionError):
        session.refresh()
    assert not session.state.unanswered
    assert isinstance(session.refresh(), Ok)
    assert sent(script) == [None, TENANT]
