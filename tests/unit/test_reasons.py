"""The closed list of reasons: which answer of the service means which."""

from __future__ import annotations

import re
from typing import Any, Final, cast, get_args

import botocore.session
import pytest
from botocore.retries import standard
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import Reason, reasons
from cognito_raw.reasons import (
    BY_MESSAGE,
    ENDS_SESSION,
    EXCEPTIONS,
    PASSING,
    SAYS_NOTHING_OF_TOKENS,
    TOKENS_ALREADY_DEAD,
    Kind,
    challenge_reason,
    classify,
    kind_of,
)
from tests.support.cases import each_case
from tests.support.samples import ERRORS, Recorded, title

MODEL: Final[Any] = botocore.session.get_session().get_service_model("cognito-idp")
UNSIGNED: Final = [
    operation for name in MODEL.operation_names if (operation := MODEL.operation_model(name)).auth_type == "none"
]
# The last one is in the documentation of InitiateAuth, and not in the model's list of its exceptions.
DOCUMENTED: Final = sorted(
    {shape.name for operation in UNSIGNED for shape in operation.error_shapes} | {"FeatureUnavailableInTierException"}
)
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SETS: Final = {name: value for name, value in vars(reasons).items() if isinstance(value, frozenset)}


def test_every_reason_has_one_kind() -> None:
    """Each stands once in the list, is a keyword, and belongs to one kind."""
    assert len(REASONS) == len(set(REASONS)) > 100
    assert all(reason.replace("-", "a").isalpha() and reason.islower() for reason in REASONS)
    assert {kind_of(reason) for reason in REASONS} == set(KINDS)
    by_kind = [reason for name in KINDS for reason in get_args(getattr(reasons, f"{camel(name)}Reason"))]
    assert tuple(by_kind) == REASONS
    assert all(reason in get_args(getattr(reasons, f"{camel(kind_of(reason))}Reason")) for reason in REASONS)


def camel(kind: Kind) -> str:
    return "".join(map(str.capitalize, kind.split("-")))


def test_a_word_that_is_no_reason_is_of_unknown_kind() -> None:
    """A flow of the caller's own may fail in its own words."""
    assert kind_of(cast("Reason", "out-of-cheese")) == "unknown"


@pytest.mark.parametrize(
    ("kind", "among"),
    [
        ("challenge", "new-password-challenge unknown-challenge web-authn-challenge"),
        ("input", "incorrect-username-or-password invalid-password code-mismatch code-expired username-exists"),
        ("input", "username-not-provided alias-exists lambda-refused password-used-before software-token-mfa-refused"),
        ("account", "account-unverified password-reset-required disabled-user user-not-found wrong-user-state"),
        ("account", "no-verified-address mfa-method-not-found device-not-found temporary-password-expired"),
        ("signed-out", "no-session challenge-session-invalid refresh-token-reused access-token-expired user-deleted"),
        ("temporary", "timed-out connection-lost throttled daily-operations-limit-exceeded key-set-unavailable"),
        ("temporary", "login-attempts-limit-exceeded service-unavailable lambda-failed concurrent-modification"),
        ("configuration", "invalid-parameter wrong-client-secret client-not-found request-blocked malformed-reply"),
        ("configuration", "reply-too-large redirect-refused unsafe-srp-value foreign-tokens code-delivery-failed"),
        ("configuration", "lambda-reply-invalid access-token-scope-missing operation-not-supported"),
        ("token", "token-expired token-group-missing token-check-failed"),
        ("unknown", "unknown-error not-authorized"),
    ],
)
def test_a_kind_says_who_can_do_something(kind: Kind, among: str) -> None:
    """The user, time, the operator, or nobody."""
    assert {kind_of(cast("Reason", reason)) for reason in among.split()} == {kind}


@pytest.mark.parametrize(
    ("kind", "like"),
    [
        ("challenge", ".*-challenge"),
        ("signed-out", "refresh-.*|access-token-(?!scope).*"),
        ("configuration", ".*-(not-enabled|misconfigured)|operation-not-.*|.*-role-refused"),
        ("token", "token-.*"),
    ],
)
def test_reasons_of_one_name_are_of_one_kind(kind: Kind, like: str) -> None:
    """A family of reasons stands together."""
    assert {kind_of(reason) for reason in REASONS if re.fullmatch(like, reason)} == {kind}


@pytest.mark.parametrize("name", SETS)
def test_a_set_holds_reasons(name: str) -> None:
    """What reasons have in common is said of reasons that exist."""
    assert SETS[name] < set(REASONS)


def test_there_are_sets() -> None:
    """The last test has something to look at."""
    assert {"ENDS_SESSION", "ENDS_CHALLENGE", "PASSING", "TOKENS_ALREADY_DEAD", "SAYS_NOTHING_OF_TOKENS"} <= set(SETS)


def test_what_passes_ends_nothing() -> None:
    """What may be tried again ends no session, and says nothing of its tokens."""
    assert all(kind_of(reason) == "temporary" for reason in PASSING)
    assert all(kind_of(reason) in ("signed-out", "account") for reason in ENDS_SESSION)
    assert not ENDS_SESSION & SAYS_NOTHING_OF_TOKENS
    assert PASSING < SAYS_NOTHING_OF_TOKENS
    assert ENDS_SESSION < TOKENS_ALREADY_DEAD


def test_every_exception_means_a_reason() -> None:
    """Without a message each name has the reason that the table says."""
    assert {name: classify(name, None) for name in EXCEPTIONS} == EXCEPTIONS
    assert set(EXCEPTIONS.values()) < set(REASONS)
    assert set(BY_MESSAGE) < set(EXCEPTIONS)


def test_the_service_has_the_exceptions_that_we_know_of() -> None:
    """The operations that need no signature name 44 exceptions between them."""
    assert len(DOCUMENTED) == 44


# What a program would want to be told of each exception; of the three ambiguous ones, where their message says nothing.
WANTED: Final[dict[str, Reason]] = {
    "AliasExistsException": "alias-exists",
    "CodeDeliveryFailureException": "code-delivery-failed",
    "CodeMismatchException": "code-mismatch",
    "ConcurrentModificationException": "concurrent-modification",
    "DeviceKeyExistsException": "device-key-exists",
    "EnableSoftwareTokenMFAException": "software-token-mfa-refused",
    "ExpiredCodeException": "code-expired",
    "FeatureUnavailableInTierException": "feature-unavailable-in-tier",
    "ForbiddenException": "request-blocked",
    "InternalErrorException": "service-unavailable",
    "InvalidEmailRoleAccessPolicyException": "email-role-refused",
    "InvalidLambdaResponseException": "lambda-reply-invalid",
    "InvalidParameterException": "invalid-parameter",
    "InvalidPasswordException": "invalid-password",
    "InvalidSmsRoleAccessPolicyException": "sms-role-refused",
    "InvalidSmsRoleTrustRelationshipException": "sms-role-refused",
    "InvalidUserPoolConfigurationException": "user-pool-misconfigured",
    "LimitExceededException": "daily-operations-limit-exceeded",
    "MFAMethodNotFoundException": "mfa-method-not-found",
    "NotAuthorizedException": "not-authorized",
    "OperationNotEnabledException": "operation-not-enabled",
    "PasswordHistoryPolicyViolationException": "password-used-before",
    "PasswordResetRequiredException": "password-reset-required",
    "RefreshTokenReuseException": "refresh-token-reused",
    "ResourceNotFoundException": "resource-not-found",
    "SoftwareTokenMFANotFoundException": "software-token-mfa-not-found",
    "TooManyFailedAttemptsException": "too-many-failed-attempts",
    "TooManyRequestsException": "throttled",
    "UnauthorizedException": "not-authorized",
    "UnexpectedLambdaException": "lambda-failed",
    "UnsupportedOperationException": "operation-not-supported",
    "UnsupportedTokenTypeException": "token-type-not-supported",
    "UserLambdaValidationException": "lambda-refused",
    "UserNotConfirmedException": "account-unverified",
    "UserNotFoundException": "user-not-found",
    "UserPoolAddOnNotEnabledException": "user-pool-add-on-not-enabled",
    "UsernameExistsException": "username-exists",
    "WebAuthnChallengeNotFoundException": "web-authn-challenge-not-found",
    "WebAuthnClientMismatchException": "web-authn-client-mismatch",
    "WebAuthnConfigurationMissingException": "web-authn-configuration-missing",
    "WebAuthnCredentialNotSupportedException": "web-authn-credential-not-supported",
    "WebAuthnNotEnabledException": "web-authn-not-enabled",
    "WebAuthnOriginNotAllowedException": "web-authn-origin-not-allowed",
    "WebAuthnRelyingPartyMismatchException": "web-authn-relying-party-mismatch",
}


def test_every_exception_of_an_unsigned_operation_is_thought_of() -> None:
    """A new exception of the service, which has no reason yet, is seen when its model is."""
    assert sorted(WANTED) == DOCUMENTED


@each_case(("name", "reason"), WANTED.items(), ids=WANTED.keys())
def test_every_exception_has_its_reason_and_a_fixture(name: str, reason: Reason) -> None:
    """Alone and with each message that is recorded or documented, but for those that tell cases apart."""
    messages = [entry["message"] for entry in ERRORS if entry["type"] == name]
    assert messages
    assert classify(name, None) == reason
    if name not in MEANT:
        assert {classify(name, message) for message in messages} == {reason}


def test_what_the_services_own_clients_repeat_has_a_reason_that_passes() -> None:
    """Their names of throttling are `throttled`, and their other transient failures pass. A quota stays one."""
    checkers: Any = standard
    transient = {*checkers.TransientRetryableChecker._TRANSIENT_ERROR_CODES}
    assert {classify(name, None) for name in transient} == {"service-unavailable"}
    throttling = {*checkers.ThrottledRetryableChecker._THROTTLED_ERROR_CODES} - transient - {"LimitExceededException"}
    assert {classify(name, None) for name in throttling} == {"throttled"}


PARAMETER: Final = "InvalidParameterException"
REFUSED: Final = "NotAuthorizedException"
# The sixteen reasons that come first: exception, message, reason.
FIRST: Final[list[tuple[str, str | None, Reason]]] = [
    (PARAMETER, "Missing required parameter USERNAME", "username-not-provided"),
    (PARAMETER, "1 validation error detected: Value at 'password' failed to satisfy constraint", "invalid-password"),
    (PARAMETER, "Missing required parameter username", "invalid-parameter"),
    (PARAMETER, "Missing required parameter Username", "invalid-parameter"),
    (PARAMETER, "Missing required parameter Password", "invalid-parameter"),
    (PARAMETER, "PASSWORD", "invalid-parameter"),
    (PARAMETER, "limit exceeded", "invalid-parameter"),
    (PARAMETER, "", "invalid-parameter"),
    (PARAMETER, None, "invalid-parameter"),
    ("InvalidPasswordException", "Password did not conform with policy", "invalid-password"),
    ("InvalidPasswordException", None, "invalid-password"),
    (REFUSED, "Password attempts exceeded", "login-attempts-limit-exceeded"),
    (REFUSED, "whatever is exceeded by anyone", "login-attempts-limit-exceeded"),
    (REFUSED, "EXCEEDED", "not-authorized"),
    (REFUSED, "User is disabled.", "disabled-user"),
    (REFUSED, "User is disabled", "disabled-user"),
    (REFUSED, "User is Disabled", "not-authorized"),
    (REFUSED, "Incorrect username or password.", "incorrect-username-or-password"),
    (REFUSED, "Incorrect username or password", "incorrect-username-or-password"),
    (REFUSED, "incorrect username or password", "incorrect-username-or-password"),
    ("UsernameExistsException", "User already exists", "username-exists"),
    ("UserNotFoundException", "User does not exist.", "user-not-found"),
    ("CodeMismatchException", "Invalid verification code provided, please try again.", "code-mismatch"),
    ("ExpiredCodeException", "Invalid code provided, please request a code again.", "code-expired"),
    ("LimitExceededException", "Too many changes of the email", "daily-operations-limit-exceeded"),
    (
        "LimitExceededException",
        "Attempt limit exceeded, please try after some time.",
        "daily-operations-limit-exceeded",
    ),
    ("UserNotConfirmedException", "User is not confirmed.", "account-unverified"),
    ("PasswordResetRequiredException", "Password reset required for the user", "password-reset-required"),
    ("SomeNewException", "Incorrect username or password.", "unknown-error"),
    ("", "User is disabled.", "unknown-error"),
]


@each_case(("name", "message", "reason"), FIRST)
def test_the_first_reasons_follow_their_rules(name: str, message: str | None, reason: Reason) -> None:
    """Exception and, where it covers several cases, message decide; the case of letters counts."""
    assert classify(name, message) == reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Attributes did not conform to the schema: custom:password_hint: too long", "invalid-parameter"),
        ("user.custom:password: Attribute does not exist in the schema.", "attribute-not-allowed"),
        ("custom:password_hint: Attribute does not exist", "attribute-not-allowed"),
        ("Type for attribute {dev:custom:password} could not be determined", "attribute-not-allowed"),
        ("Value at 'password' failed, and custom:password_hint too", "invalid-password"),
    ],
)
def test_the_name_of_a_custom_attribute_tells_nothing(message: str, reason: Reason) -> None:
    """An attribute whose name holds "password" is no password."""
    assert classify("InvalidParameterException", message) == reason


# What tells the recorded messages of the three ambiguous exceptions apart: a part of the message, and its reason.
MEANT: Final[dict[str, list[tuple[str, Reason]]]] = {
    PARAMETER: [
        ("registered", "no-verified-address"),
        ("already confirmed", "user-already-confirmed"),
        ("device key", "device-not-found"),
        ("secret hash", "wrong-client-secret"),
        ("Attribute does not exist", "attribute-not-allowed"),
        ("USERNAME", "username-not-provided"),
        ("'password'", "invalid-password"),
        ("'proposedPassword'", "invalid-password"),
        ("", "invalid-parameter"),
    ],
    REFUSED: [
        ("unauthorized attribute", "attribute-not-allowed"),
        ("attempts exceeded", "login-attempts-limit-exceeded"),
        ("User is disabled", "disabled-user"),
        ("Incorrect username", "incorrect-username-or-password"),
        ("Refresh Token has expired", "refresh-token-expired"),
        ("Refresh Token has been revoked", "refresh-token-revoked"),
        ("deleted", "user-deleted"),
        ("efresh", "refresh-token-invalid"),
        ("Access Token has expired", "access-token-expired"),
        ("Access Token has been revoked", "access-token-revoked"),
        ("scopes", "access-token-scope-missing"),
        ("secret hash", "wrong-client-secret"),
        ("ccess", "access-token-invalid"),
        ("ession", "challenge-session-invalid"),
        ("SecretHash", "wrong-client-secret"),
        ("SECRET_HASH", "wrong-client-secret"),
        ("status is CONFIRMED", "user-already-confirmed"),
        ("not UNCONFIRMED", "user-already-confirmed"),
        ("status is RESET_REQUIRED", "wrong-user-state"),
        ("current state", "wrong-user-state"),
        ("by an administrator", "temporary-password-expired"),
        ("Contact administrator", "password-reset-not-allowed"),
        ("security reasons", "request-blocked"),
        ("", "not-authorized"),
    ],
    "LimitExceededException": [
        ("daily email limit", "email-quota-exceeded"),
        ("", "daily-operations-limit-exceeded"),
    ],
    "ForbiddenException": [
        ("captcha", "captcha-required"),
        ("", "request-blocked"),
    ],
    "ResourceNotFoundException": [
        ("lient <", "client-not-found"),
        ("User pool <", "user-pool-not-found"),
        ("Device ", "device-not-found"),
        ("", "resource-not-found"),
    ],
}
# A message in pointed brackets is not one, but says what some emulator puts there.
AMBIGUOUS: Final = [
    entry for entry in ERRORS if entry["type"] in MEANT and not (entry["message"] or "").startswith("<")
]


def _meant(entry: Recorded) -> Reason:
    message = entry["message"] or ""
    return next(reason for part, reason in MEANT[entry["type"] or ""] if part in message)


@each_case("entry", AMBIGUOUS, ids=title)
def test_a_recorded_message_tells_the_cases_of_one_exception_apart(entry: Recorded) -> None:
    """Each recorded message of an ambiguous exception has the reason that a program would want."""
    assert classify(entry["type"] or "", entry["message"]) == _meant(entry)


def test_every_reason_that_a_message_decides_is_recorded() -> None:
    """For each case of an ambiguous exception, fixtures/errors.json has a message and tells its source."""
    assert {_meant(entry) for entry in AMBIGUOUS} == {reason for cases in MEANT.values() for _, reason in cases}
    assert all(entry["where"] and entry["confidence"] for entry in ERRORS)


OTHER: Final = [
    entry for entry in AMBIGUOUS if entry["type"] == REFUSED and "Incorrect" not in (entry["message"] or "")
]


@each_case("entry", OTHER, ids=title)
def test_a_refusal_that_is_not_about_the_credentials_is_no_wrong_password(entry: Recorded) -> None:
    """NotAuthorizedException says wrong password only where its message does."""
    assert classify(REFUSED, entry["message"]) != "incorrect-username-or-password"


@pytest.mark.parametrize("name", sorted(MEANT))
@pytest.mark.parametrize("message", [None, "", "Something quite new."])
def test_an_unknown_message_falls_back_to_the_general_reason(name: str, message: str | None) -> None:
    """What an ambiguous exception says in new words has the reason of the exception itself."""
    assert classify(name, message) == MEANT[name][-1][1]


@given(st.text(), st.none() | st.text())
def test_an_unknown_exception_is_an_unknown_error(name: str, message: str | None) -> None:
    """A name that the table does not have is an unknown error, whatever the message says."""
    assert (classify(name, message) == "unknown-error") == (name not in EXCEPTIONS)


@given(st.sampled_from(DOCUMENTED), st.none() | st.text())
def test_a_known_exception_never_becomes_an_unknown_error(name: str, message: str | None) -> None:
    """No message takes a documented exception's reason away."""
    assert classify(name, message) in REASONS
    assert classify(name, message) != "unknown-error"


CHALLENGES: Final[list[str]] = MODEL.shape_for("ChallengeNameType").enum


@pytest.mark.parametrize("name", CHALLENGES)
def test_every_challenge_of_the_service_has_a_reason_of_its_own(name: str) -> None:
    """Each name of the service's list is reported as itself, in lower case and with `-challenge` at the end."""
    expected = {"NEW_PASSWORD_REQUIRED": "new-password-challenge", "CUSTOM_CHALLENGE": "custom-challenge"}
    plain = name.lower().replace("_", "-").removesuffix("-challenge") + "-challenge"
    assert challenge_reason(name) == expected.get(name, plain)


@pytest.mark.parametrize("name", ["", "SOMETHING_NEW", "new_password_required"])
def test_a_new_challenge_is_reported_as_unknown(name: str) -> None:
    """A challenge that the service invents later can still be answered, from `challenge`."""
    assert challenge_reason(name) == "unknown-challenge"


def test_every_reason_of_a_challenge_belongs_to_a_challenge() -> None:
    """No `-challenge` reason stands in the table for nothing."""
    ours = {reason for reason in REASONS if reason.endswith("-challenge")} - {"unknown-challenge"}
    assert {challenge_reason(name) for name in CHALLENGES} == ours
