"""The reasons of failures, their kinds, and the mapping of the service's replies to them.

Only this module interprets the service's exceptions, messages and challenge names. One law: the exception's name
decides, and its message only if the name covers several cases. docs/reasons.md describes each reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "challenge", "input", "account", "signed-out", "temporary", "configuration", "token", "unknown"
]

# The one table of reasons, by kind, with similar ones on a line.
# fmt: off
ChallengeReason: TypeAlias = Literal[
    "new-password-challenge", "sms-mfa-challenge", "email-otp-challenge", "sms-otp-challenge",
    "software-token-mfa-challenge", "select-mfa-type-challenge", "mfa-setup-challenge",
    "custom-challenge", "select-challenge", "web-authn-challenge",
    "password-challenge", "password-srp-challenge", "password-verifier-challenge",
    "device-srp-auth-challenge", "device-password-verifier-challenge",
    "admin-no-srp-auth-challenge", "unknown-challenge",
]
InputReason: TypeAlias = Literal[
    "username-not-provided", "incorrect-username-or-password", "invalid-password", "password-used-before",
    "code-mismatch", "code-expired", "software-token-mfa-refused",
    "username-exists", "alias-exists", "lambda-refused", "input-refused",
]
AccountReason: TypeAlias = Literal[
    "account-unverified", "user-already-confirmed", "user-not-found", "disabled-user", "wrong-user-state",
    "password-reset-required", "temporary-password-expired", "no-verified-address",
    "device-not-found", "device-key-exists",
    "mfa-method-not-found", "software-token-mfa-not-found", "web-authn-challenge-not-found",
]
SignedOutReason: TypeAlias = Literal[
    "no-session", "challenge-session-invalid", "user-deleted",
    "refresh-token-expired", "refresh-token-revoked", "refresh-token-reused", "refresh-token-invalid",
    "refresh-answer-lost",
    "access-token-expired", "access-token-revoked", "access-token-invalid",
]
TemporaryReason: TypeAlias = Literal[
    "timed-out", "connection-failed", "connection-lost", "service-unavailable", "key-set-unavailable",
    "throttled", "login-attempts-limit-exceeded", "daily-operations-limit-exceeded", "too-many-failed-attempts",
    "concurrent-modification", "lambda-failed", "store-unavailable",
]
ConfigurationReason: TypeAlias = Literal[
    "invalid-parameter", "attribute-not-allowed", "wrong-client-secret",
    "client-not-found", "user-pool-not-found", "resource-not-found", "user-pool-misconfigured",
    "feature-unavailable-in-tier", "operation-not-enabled", "operation-not-supported", "user-pool-add-on-not-enabled",
    "password-reset-not-allowed", "access-token-scope-missing",
    "code-delivery-failed", "email-quota-exceeded", "email-role-refused", "sms-role-refused", "lambda-reply-invalid",
    "web-authn-client-mismatch", "web-authn-configuration-missing", "web-authn-credential-not-supported",
    "web-authn-not-enabled", "web-authn-origin-not-allowed", "web-authn-relying-party-mismatch",
    "request-blocked", "captcha-required", "request-not-understood", "redirect-refused",
    "malformed-reply", "reply-too-large", "unsafe-srp-value", "foreign-tokens", "store-entry-refused",
]
TokenReason: TypeAlias = Literal[
    "token-malformed", "token-algorithm-refused", "token-key-unknown", "token-signature-invalid",
    "token-issuer-refused", "token-use-refused", "token-client-refused", "token-claim-invalid",
    "token-expired", "token-not-yet-valid", "token-group-missing", "token-scope-missing", "token-check-failed",
    "token-type-not-supported",
]
UnknownReason: TypeAlias = Literal["unknown-error", "not-authorized"]

Reason: TypeAlias = Literal[
    ChallengeReason, InputReason, AccountReason, SignedOutReason, TemporaryReason, ConfigurationReason, TokenReason,
    UnknownReason,
]

_KINDS: Final[tuple[tuple[Kind, object], ...]] = (
    ("challenge", ChallengeReason), ("input", InputReason), ("account", AccountReason),
    ("signed-out", SignedOutReason), ("temporary", TemporaryReason), ("configuration", ConfigurationReason),
    ("token", TokenReason), ("unknown", UnknownReason),
)

# These end the session: they are definitive for a refresh token. Others may pass, or come from the configuration.
ENDS_SESSION: Final[frozenset[Reason]] = frozenset(
    ("refresh-answer-lost", "refresh-token-expired", "refresh-token-revoked", "refresh-token-reused", "user-deleted")
)
# After these the same challenge cannot be answered again: it has ended, or the user cannot sign in.
ENDS_CHALLENGE: Final[frozenset[Reason]] = frozenset((
    "challenge-session-invalid", "code-expired", "web-authn-challenge-not-found", "device-not-found",
    "incorrect-username-or-password", "not-authorized", "login-attempts-limit-exceeded", "too-many-failed-attempts",
    "account-unverified", "disabled-user", "user-not-found", "password-reset-required", "temporary-password-expired",
))
# These may pass at once: a retry can succeed, if it is safe.
PASSING: Final[frozenset[Reason]] = frozenset(
    ("service-unavailable", "timed-out", "connection-failed", "connection-lost")
)
# What OpenSSL says of a certificate that is not trusted. It is not trusted a moment later either.
_CERTIFICATE_REFUSED: Final = "CERTIFICATE_VERIFY_FAILED"
# Answers to a revocation of tokens that are dead already.
TOKENS_ALREADY_DEAD: Final[frozenset[Reason]] = ENDS_SESSION.union(("access-token-revoked", "user-not-found"))
# Without the user, all tokens of all sign-ins are dead. Otherwise those of other sign-ins may still be valid.
USER_GONE: Final[frozenset[Reason]] = frozenset(("user-deleted", "user-not-found"))
# These are about the tokens, their user, or an operation that is missing. A sign-out that fails for any other reason
# keeps the tokens.
_ABOUT_TOKENS: Final[frozenset[Reason]] = TOKENS_ALREADY_DEAD.union((
    "access-token-expired", "access-token-invalid", "access-token-scope-missing", "disabled-user", "foreign-tokens",
    "no-session", "operation-not-supported", "refresh-token-invalid", "request-not-understood",
    "token-type-not-supported",
))
SAYS_NOTHING_OF_TOKENS: Final[frozenset[Reason]] = frozenset(get_args(Reason)) - _ABOUT_TOKENS
# The pool or the emulator does not know the operation.
OPERATION_UNKNOWN: Final[frozenset[Reason]] = frozenset(
    ("feature-unavailable-in-tier", "operation-not-enabled", "operation-not-supported", "request-not-understood")
)
# A reply with one of these may be about the device that the call names, or say that the server lacks the operation.
VAGUE: Final[frozenset[Reason]] = frozenset(
    ("unknown-error", "not-authorized", "invalid-parameter", "resource-not-found", "service-unavailable")
)
# REFRESH_TOKEN_AUTH is refused if the app client rotates refresh tokens. Nobody recorded the exact error.
REFRESH_FLOW_REFUSED: Final[frozenset[Reason]] = OPERATION_UNKNOWN.union(("not-authorized", "invalid-parameter"))


# The exceptions by name, also those that `BY_MESSAGE` divides further.
EXCEPTIONS: Final[dict[str, Reason]] = {
    "InvalidPasswordException": "invalid-password",
    "InvalidParameterException": "invalid-parameter",
    "UsernameExistsException": "username-exists",
    "UserNotFoundException": "user-not-found",
    "CodeMismatchException": "code-mismatch",
    "ExpiredCodeException": "code-expired",
    "LimitExceededException": "daily-operations-limit-exceeded",
    "UserNotConfirmedException": "account-unverified",
    "PasswordResetRequiredException": "password-reset-required",
    "RefreshTokenReuseException": "refresh-token-reused",
    "ResourceNotFoundException": "resource-not-found",
    **dict.fromkeys(("NotAuthorizedException", "UnauthorizedException", "AccessDeniedException"), "not-authorized"),
    "ForbiddenException": "request-blocked",
    **dict.fromkeys(("TooManyRequestsException", "ThrottlingException", "Throttling", "ThrottledException",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded",
        "SlowDown", "ProvisionedThroughputExceededException", "EC2ThrottledException",
        "TransactionInProgressException"), "throttled"),
    "TooManyFailedAttemptsException": "too-many-failed-attempts",
    "AliasExistsException": "alias-exists",
    "CodeDeliveryFailureException": "code-delivery-failed",
    "ConcurrentModificationException": "concurrent-modification",
    "DeviceKeyExistsException": "device-key-exists",
    "EnableSoftwareTokenMFAException": "software-token-mfa-refused",
    "SoftwareTokenMFANotFoundException": "software-token-mfa-not-found",
    "MFAMethodNotFoundException": "mfa-method-not-found",
    "PasswordHistoryPolicyViolationException": "password-used-before",
    "FeatureUnavailableInTierException": "feature-unavailable-in-tier",
    "OperationNotEnabledException": "operation-not-enabled",
    "UnsupportedOperationException": "operation-not-supported",
    "UnsupportedTokenTypeException": "token-type-not-supported",
    "UserPoolAddOnNotEnabledException": "user-pool-add-on-not-enabled",
    "InvalidUserPoolConfigurationException": "user-pool-misconfigured",
    "InvalidEmailRoleAccessPolicyException": "email-role-refused",
    "InvalidSmsRoleAccessPolicyException": "sms-role-refused",
    "InvalidSmsRoleTrustRelationshipException": "sms-role-refused",
    "UserLambdaValidationException": "lambda-refused",
    "UnexpectedLambdaException": "lambda-failed",
    "InvalidLambdaResponseException": "lambda-reply-invalid",
    "WebAuthnChallengeNotFoundException": "web-authn-challenge-not-found",
    "WebAuthnClientMismatchException": "web-authn-client-mismatch",
    "WebAuthnConfigurationMissingException": "web-authn-configuration-missing",
    "WebAuthnCredentialNotSupportedException": "web-authn-credential-not-supported",
    "WebAuthnNotEnabledException": "web-authn-not-enabled",
    "WebAuthnOriginNotAllowedException": "web-authn-origin-not-allowed",
    "WebAuthnRelyingPartyMismatchException": "web-authn-relying-party-mismatch",
    **dict.fromkeys(("BadRequest", "InvalidAction", "SerializationException", "UnknownOperationException",
        "Unsupported", "MissingAuthenticationTokenException"), "request-not-understood"),
    **dict.fromkeys(("InternalErrorException", "InternalFailure", "InternalServerError", "ServiceUnavailable",
        "RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"), "service-unavailable"),
}
# fmt: on

# For an exception with several cases: the first of these strings in the message decides. They are case-sensitive, such
# as "USERNAME". Sources and recorded replies: fixtures/errors.json.
BY_MESSAGE: Final[dict[str, tuple[tuple[str, Reason], ...]]] = {
    "InvalidParameterException": (
        ("no registered/verified", "no-verified-address"),
        ("valid registered email", "no-verified-address"),
        ("already confirmed", "user-already-confirmed"),
        ("nvalid device key", "device-not-found"),
        ("secret hash", "wrong-client-secret"),
        ("Attribute does not exist", "attribute-not-allowed"),
        ("could not be determined", "attribute-not-allowed"),
        ("USERNAME", "username-not-provided"),
        ("password", "invalid-password"),
        ("'proposedPassword'", "invalid-password"),
    ),
    "NotAuthorizedException": (
        ("unauthorized attribute", "attribute-not-allowed"),
        ("exceeded", "login-attempts-limit-exceeded"),
        ("disabled", "disabled-user"),
        ("ncorrect username or password", "incorrect-username-or-password"),
        ("Refresh Token has expired", "refresh-token-expired"),
        ("Refresh Token has been revoked", "refresh-token-revoked"),
        ("deleted for the associated refresh token", "user-deleted"),
        ("Refresh Token", "refresh-token-invalid"),
        ("efresh token", "refresh-token-invalid"),
        ("Access Token has expired", "access-token-expired"),
        ("Access Token has been revoked", "access-token-revoked"),
        ("required scopes", "access-token-scope-missing"),
        ("Access Token", "access-token-invalid"),
        ("ccess token", "access-token-invalid"),
        ("ession is expired", "challenge-session-invalid"),
        ("ession has expired", "challenge-session-invalid"),
        ("ession can only be used once", "challenge-session-invalid"),
        ("Invalid session", "challenge-session-invalid"),
        ("ession not found", "challenge-session-invalid"),
        ("secret hash", "wrong-client-secret"),
        ("SecretHash", "wrong-client-secret"),
        ("SECRET_HASH", "wrong-client-secret"),
        ("Current status is CONFIRMED", "user-already-confirmed"),
        ("status is not UNCONFIRMED", "user-already-confirmed"),
        ("cannot be confirm", "wrong-user-state"),
        ("in the current state", "wrong-user-state"),
        ("must be reset by an administrator", "temporary-password-expired"),
        ("Contact administrator", "password-reset-not-allowed"),
        ("security reasons", "request-blocked"),
    ),
    "LimitExceededException": (("daily email limit", "email-quota-exceeded"),),
    "ForbiddenException": (("captcha", "captcha-required"),),
    "ResourceNotFoundException": (
        ("ser pool client", "client-not-found"),
        ("Client ", "client-not-found"),
        ("ser pool ", "user-pool-not-found"),
        ("Device ", "device-not-found"),
    ),
}

CHALLENGES: Final[dict[str, Reason]] = {
    "NEW_PASSWORD_REQUIRED": "new-password-challenge",
    "SMS_MFA": "sms-mfa-challenge",
    "EMAIL_OTP": "email-otp-challenge",
    "SMS_OTP": "sms-otp-challenge",
    "SOFTWARE_TOKEN_MFA": "software-token-mfa-challenge",
    "SELECT_MFA_TYPE": "select-mfa-type-challenge",
    "MFA_SETUP": "mfa-setup-challenge",
    "CUSTOM_CHALLENGE": "custom-challenge",
    "SELECT_CHALLENGE": "select-challenge",
    "PASSWORD": "password-challenge",
    "PASSWORD_SRP": "password-srp-challenge",
    "PASSWORD_VERIFIER": "password-verifier-challenge",
    "WEB_AUTHN": "web-authn-challenge",
    "DEVICE_SRP_AUTH": "device-srp-auth-challenge",
    "DEVICE_PASSWORD_VERIFIER": "device-password-verifier-challenge",
    "ADMIN_NO_SRP_AUTH": "admin-no-srp-auth-challenge",
}
# The text between a Lambda trigger's name and its message, and the reason that it means. Recorded replies:
# fixtures/errors.json.
_TRIGGERED: Final[tuple[tuple[str, Reason], ...]] = (
    (" failed with error ", "lambda-refused"),
    (" invocation failed due to error ", "lambda-failed"),
)
# How the names of triggers begin. In an exception that is not about triggers, other words may stand there.
_TRIGGERS: Final = ("Pre", "Post", "Define", "Create", "Verify", "Custom", "User", "Inbound", "null")
_LONGEST_NAME: Final = 100
_FIREWALL: Final = "x-amzn-waf-action"


def kind_of(reason: Reason) -> Kind:
    """Return the kind of the reason; "unknown" for a reason of the caller's own."""
    return _kinds().get(reason, "unknown")


@cache
def _kinds() -> dict[str, Kind]:
    return {reason: kind for kind, reasons in _KINDS for reason in get_args(reasons)}


def classify(code: str, message: str | None) -> Reason:
    """Return the reason for an exception of the service, by its name and, if that is ambiguous, its message.

    A trigger's words count as such in any exception, whatever they say.
    """
    if (found := _triggered(code, message)) is not None:
        return EXCEPTIONS.get(code, found[2]) if "Lambda" in code else found[2]
    # The pool's owner chose the names of custom attributes: "custom:password_hint" is not about a password.
    words = " ".join(word for word in (message or "").split() if "custom:" not in word)
    for needle, reason in BY_MESSAGE.get(code, ()):
        if needle in words:
            return reason
    return EXCEPTIONS.get(code, "unknown-error")


def classify_status(status: int, headers: Mapping[str, str]) -> Reason:
    """Return the reason for a reply without an exception's name, or with one that no pool has."""
    # A firewall in front of the pool, with any body. Its silent challenge is a 202 with this header:
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-actions.html
    if status in (403, 405) or _FIREWALL in headers:
        return "captcha-required" if headers.get(_FIREWALL) == "captcha" else "request-blocked"
    if status == 429:
        return "throttled"
    if status == 408:
        return "service-unavailable"
    if 300 <= status < 400:
        return "redirect-refused"
    if status == 501:  # Not Implemented: some emulators say nothing else of an operation that they lack
        return "request-not-understood"
    return "service-unavailable" if status >= 500 else "malformed-reply"


def is_passing(reason: Reason, message: str | None) -> bool:
    """Tell if the failure may be gone at once."""
    return reason in PASSING and not is_certificate_refused(reason, message)


def is_certificate_refused(reason: Reason, message: str | None) -> bool:
    """Tell if a certificate was refused, which no repetition changes."""
    return reason == "connection-failed" and _CERTIFICATE_REFUSED in (message or "")


def classify_refresh(reason: Reason) -> Reason:
    """Return the reason of a failed refresh. The user existed at the sign-in, so an unknown user is a deleted one."""
    return "user-deleted" if reason == "user-not-found" else reason


def challenge_reason(name: str) -> Reason:
    """Return the reason for a challenge; `unknown-challenge` for a new name."""
    return CHALLENGES.get(name, "unknown-challenge")


def split_trigger(code: str | None, message: str | None) -> tuple[str | None, str | None]:
    """Return the name of the Lambda trigger and its message; without a trigger, None and the whole message.

    The service puts the name before the message, and one full stop after it, even if it ends in one. The name is "null"
    for a trigger that the pool does not have.
    """
    found = _triggered(code, message)
    return (None, message) if found is None else found[:2]


def _triggered(code: str | None, message: str | None) -> tuple[str | None, str, Reason] | None:
    for between, reason in _TRIGGERED:
        name, found, words = (message or "").partition(between)
        if (
            found
            and code
            and (name == "null" or _is_trigger(name))
            and ("Lambda" in code or name.startswith(_TRIGGERS))
        ):
            return None if name == "null" else name, words.removesuffix("."), reason
    return None


def _is_trigger(name: str) -> bool:
    """Tell if it can be a trigger's name, known or new, such as PreSignUp. It is shown, so it must be plain."""
    return len(name) <= _LONGEST_NAME and name.isascii() and name.isalnum() and name[0].isupper()
