"""The one table behind the reasons: which of them stands for which answer of the service.

It knows nothing of HTTP: what has no exception name is decided where the reply is read. One law: the exception's name
decides, and its message only where the name covers several cases; that happens in `classify` and nowhere else.
"""

from __future__ import annotations

from typing import Final, Literal

from .models.frozen import frozen


@frozen
class Row:
    """One reason: when it occurs, and the exceptions that mean it whatever their message says."""

    when: str
    exceptions: tuple[str, ...] = ()


TABLE: Final[dict[Reason, Row]] = {
    "username-not-provided": Row('InvalidParameterException whose message holds "USERNAME"'),
    "invalid-password": Row(
        'InvalidPasswordException; InvalidParameterException whose message holds "password"',
        ("InvalidPasswordException",),
    ),
    "invalid-parameter": Row("any other InvalidParameterException", ("InvalidParameterException",)),
    "login-attempts-limit-exceeded": Row('NotAuthorizedException whose message holds "exceeded"'),
    "disabled-user": Row('NotAuthorizedException whose message holds "disabled"'),
    "incorrect-username-or-password": Row("NotAuthorizedException about the credentials"),
    "username-exists": Row("UsernameExistsException", ("UsernameExistsException",)),
    "user-not-found": Row("UserNotFoundException", ("UserNotFoundException",)),
    "code-mismatch": Row("CodeMismatchException", ("CodeMismatchException",)),
    "code-expired": Row("ExpiredCodeException", ("ExpiredCodeException",)),
    "daily-operations-limit-exceeded": Row("LimitExceededException", ("LimitExceededException",)),
    "account-unverified": Row("UserNotConfirmedException", ("UserNotConfirmedException",)),
    "password-reset-required": Row("PasswordResetRequiredException", ("PasswordResetRequiredException",)),
    "new-password-challenge": Row("the user must set a new password to finish signing in"),
    "no-session": Row("the method needs a user, a challenge or a signed-in session that is not there"),
    "unknown-error": Row("whatever no other reason names; `code` and `message` keep the service's words"),
    "sms-mfa-challenge": Row("a code sent by text message is wanted as second factor"),
    "email-otp-challenge": Row("a code sent by e-mail is wanted"),
    "sms-otp-challenge": Row("a code sent by text message is wanted as first factor"),
    "software-token-mfa-challenge": Row("a code of the user's authenticator app is wanted"),
    "select-mfa-type-challenge": Row("the user must choose a second factor"),
    "mfa-setup-challenge": Row("the user must set up a second factor first"),
    "custom-challenge": Row("the pool's own Lambda triggers ask a question"),
    "select-challenge": Row("the user must choose how to sign in"),
    "password-challenge": Row("the password itself is wanted"),
    "password-srp-challenge": Row("a new SRP exchange is wanted"),
    "password-verifier-challenge": Row("the proof of the password is wanted once more"),
    "web-authn-challenge": Row("an assertion of a passkey is wanted"),
    "device-srp-auth-challenge": Row("the remembered device must start an SRP exchange"),
    "device-password-verifier-challenge": Row("the remembered device must prove its password"),
    "admin-no-srp-auth-challenge": Row("the name that the service keeps for an administrator's sign-in"),
    "unknown-challenge": Row("a challenge with a name that this version does not know; `challenge` holds it"),
    "challenge-session-invalid": Row("the session of the challenge is expired, already used, or another's"),
    "refresh-token-expired": Row("the refresh token ran out: sign in again"),
    "refresh-token-revoked": Row("the refresh token was revoked: sign in again"),
    "refresh-token-reused": Row(
        "RefreshTokenReuseException: a refresh token that rotation had replaced", ("RefreshTokenReuseException",)
    ),
    "refresh-token-invalid": Row("the refresh token is none, another client's, or its device key is missing"),
    "refresh-answer-lost": Row(
        "the answer with a new refresh token never came, and the old one is used up: sign in again"
    ),
    "foreign-tokens": Row("a refresh gave tokens of another user, client or pool, which were not taken"),
    "access-token-expired": Row("the access token ran out"),
    "access-token-revoked": Row("the access token was revoked, here or by a sign-out elsewhere"),
    "access-token-invalid": Row("the access token is none, or its signature does not fit"),
    "access-token-scope-missing": Row("the access token lacks the scope aws.cognito.signin.user.admin"),
    "user-deleted": Row("the user of the refresh token was deleted"),
    "user-already-confirmed": Row("the user is confirmed already"),
    "wrong-user-state": Row("the state of the user does not allow it, such as a reset before the first sign-in"),
    "temporary-password-expired": Row("an administrator must set a new temporary password"),
    "password-reset-not-allowed": Row("the pool leaves password resets to its administrator"),
    "no-verified-address": Row("no verified e-mail address or phone number to send a code to"),
    "wrong-client-secret": Row("the client secret is wrong, missing, or given for a client that has none"),
    "client-not-found": Row("no app client with this id in this region: usually a wrong region or id"),
    "user-pool-not-found": Row("no user pool with this id in this region"),
    "device-not-found": Row("the service forgot the remembered device, or refuses its proof"),
    "resource-not-found": Row("any other ResourceNotFoundException", ("ResourceNotFoundException",)),
    "not-authorized": Row(
        "any other NotAuthorizedException; UnauthorizedException, AccessDeniedException",
        ("NotAuthorizedException", "UnauthorizedException", "AccessDeniedException"),
    ),
    "request-blocked": Row(
        "a firewall (ForbiddenException, HTTP 403 and 405) or threat protection refused the request",
        ("ForbiddenException",),
    ),
    "throttled": Row(
        "TooManyRequestsException or HTTP 429: try again in some seconds",
        ("TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"),
    ),
    "too-many-failed-attempts": Row("TooManyFailedAttemptsException", ("TooManyFailedAttemptsException",)),
    "alias-exists": Row(
        "AliasExistsException: another user has this e-mail address or phone number", ("AliasExistsException",)
    ),
    "code-delivery-failed": Row(
        "CodeDeliveryFailureException: the user exists, the code was not sent", ("CodeDeliveryFailureException",)
    ),
    "concurrent-modification": Row("ConcurrentModificationException", ("ConcurrentModificationException",)),
    "device-key-exists": Row("DeviceKeyExistsException", ("DeviceKeyExistsException",)),
    "software-token-mfa-refused": Row(
        "EnableSoftwareTokenMFAException: the code of the authenticator app does not fit",
        ("EnableSoftwareTokenMFAException",),
    ),
    "software-token-mfa-not-found": Row(
        "SoftwareTokenMFANotFoundException: no authenticator app is set up", ("SoftwareTokenMFANotFoundException",)
    ),
    "mfa-method-not-found": Row("MFAMethodNotFoundException", ("MFAMethodNotFoundException",)),
    "password-used-before": Row(
        "PasswordHistoryPolicyViolationException: equals a recent password",
        ("PasswordHistoryPolicyViolationException",),
    ),
    "feature-unavailable-in-tier": Row("FeatureUnavailableInTierException", ("FeatureUnavailableInTierException",)),
    "operation-not-enabled": Row(
        "OperationNotEnabledException: not in this region or for this pool", ("OperationNotEnabledException",)
    ),
    "operation-not-supported": Row(
        "UnsupportedOperationException: not switched on for this client", ("UnsupportedOperationException",)
    ),
    "token-type-not-supported": Row(
        "UnsupportedTokenTypeException: a refresh token is wanted", ("UnsupportedTokenTypeException",)
    ),
    "user-pool-add-on-not-enabled": Row("UserPoolAddOnNotEnabledException", ("UserPoolAddOnNotEnabledException",)),
    "user-pool-misconfigured": Row("InvalidUserPoolConfigurationException", ("InvalidUserPoolConfigurationException",)),
    "email-role-refused": Row(
        "InvalidEmailRoleAccessPolicyException: the pool may not send e-mail",
        ("InvalidEmailRoleAccessPolicyException",),
    ),
    "sms-role-refused": Row(
        "InvalidSmsRoleAccessPolicyException, InvalidSmsRoleTrustRelationshipException: the pool may not send texts",
        ("InvalidSmsRoleAccessPolicyException", "InvalidSmsRoleTrustRelationshipException"),
    ),
    "lambda-refused": Row(
        "UserLambdaValidationException: a Lambda trigger of the pool said no", ("UserLambdaValidationException",)
    ),
    "lambda-failed": Row(
        "UnexpectedLambdaException: a Lambda trigger of the pool failed or was too slow", ("UnexpectedLambdaException",)
    ),
    "lambda-reply-invalid": Row("InvalidLambdaResponseException", ("InvalidLambdaResponseException",)),
    "web-authn-challenge-not-found": Row("WebAuthnChallengeNotFoundException", ("WebAuthnChallengeNotFoundException",)),
    "web-authn-client-mismatch": Row("WebAuthnClientMismatchException", ("WebAuthnClientMismatchException",)),
    "web-authn-configuration-missing": Row(
        "WebAuthnConfigurationMissingException", ("WebAuthnConfigurationMissingException",)
    ),
    "web-authn-credential-not-supported": Row(
        "WebAuthnCredentialNotSupportedException", ("WebAuthnCredentialNotSupportedException",)
    ),
    "web-authn-not-enabled": Row("WebAuthnNotEnabledException", ("WebAuthnNotEnabledException",)),
    "web-authn-origin-not-allowed": Row("WebAuthnOriginNotAllowedException", ("WebAuthnOriginNotAllowedException",)),
    "web-authn-relying-party-mismatch": Row(
        "WebAuthnRelyingPartyMismatchException", ("WebAuthnRelyingPartyMismatchException",)
    ),
    "request-not-understood": Row(
        "the endpoint does not know the operation or cannot read the request",
        (
            "BadRequest",
            "InvalidAction",
            "SerializationException",
            "UnknownOperationException",
            "Unsupported",
            "MissingAuthenticationTokenException",
        ),
    ),
    "service-unavailable": Row(
        "InternalErrorException, or HTTP 5xx without a name",
        ("InternalErrorException", "InternalFailure", "InternalServerError", "ServiceUnavailable"),
    ),
    "timed-out": Row("the deadline passed; `sent` tells whether the service may have acted"),
    "connection-failed": Row("no connection to the endpoint; nothing was sent"),
    "connection-lost": Row("the connection broke before the whole reply was there"),
    "malformed-reply": Row("the reply is not what the service says: no JSON, or members missing or of another type"),
    "reply-too-large": Row("the reply is larger than 1 MiB"),
    "redirect-refused": Row("the endpoint redirects, which is never followed"),
    "unsafe-srp-value": Row("the endpoint sent SRP values that would break the proof's secrecy"),
    "token-malformed": Row(
        "not a token in the one form that is accepted: three canonical parts of strict JSON, 64 kB at most"
    ),
    "token-algorithm-refused": Row("the token's algorithm is not RS256"),
    "token-key-unknown": Row("the token names a key that is not in the pool's key set"),
    "token-signature-invalid": Row("the token's signature is not that key's"),
    "token-issuer-refused": Row("the token is of another issuer than the pool"),
    "token-use-refused": Row("an access token where an ID token is demanded, or the other way round"),
    "token-client-refused": Row("the token was issued to an app client that is not allowed"),
    "token-claim-invalid": Row("a claim is missing, or has another type than it must"),
    "token-expired": Row("the token ran out"),
    "token-not-yet-valid": Row("the token is from the future: usually a wrong clock"),
    "token-group-missing": Row("the user is not in a group that is demanded"),
    "token-scope-missing": Row("the token lacks a scope that is demanded"),
    "token-check-failed": Row("the verifier's own `check` did not return True"),
    "key-set-unavailable": Row("the pool's key set could not be had: try again"),
}

# Where one exception name covers several cases: the first needle that the message holds decides. Sources and
# recorded replies: fixtures/errors.json. Matching is exact in case, since "USERNAME" and "password" are.
_BY_MESSAGE: Final[dict[str, tuple[tuple[str, Reason], ...]]] = {
    "InvalidParameterException": (
        ("no registered/verified", "no-verified-address"),
        ("valid registered email", "no-verified-address"),
        ("already confirmed", "user-already-confirmed"),
        ("nvalid device key", "device-not-found"),
        ("secret hash", "wrong-client-secret"),
        ("USERNAME", "username-not-provided"),
        ("password", "invalid-password"),
        ("'proposedPassword'", "invalid-password"),
    ),
    "NotAuthorizedException": (
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
    "ResourceNotFoundException": (
        ("ser pool client", "client-not-found"),
        ("Client ", "client-not-found"),
        ("ser pool ", "user-pool-not-found"),
        ("Device ", "device-not-found"),
    ),
}

_CHALLENGES: Final[dict[str, Reason]] = {
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


def classify(code: str, message: str | None) -> Reason:
    """The reason for an exception of the service, by its name and, where the name is ambiguous, its message."""
    for needle, reason in _BY_MESSAGE.get(code, ()):
        if message is not None and needle in message:
            return reason
    for reason, row in TABLE.items():
        if code in row.exceptions:
            return reason
    return "unknown-error"


def challenge_reason(name: str) -> Reason:
    """The reason under which a challenge of this name is reported; `unknown-challenge` for a new name."""
    return _CHALLENGES.get(name, "unknown-challenge")


Reason = Literal[
    "username-not-provided",
    "invalid-password",
    "invalid-parameter",
    "login-attempts-limit-exceeded",
    "disabled-user",
    "incorrect-username-or-password",
    "username-exists",
    "user-not-found",
    "code-mismatch",
    "code-expired",
    "daily-operations-limit-exceeded",
    "account-unverified",
    "password-reset-required",
    "new-password-challenge",
    "no-session",
    "unknown-error",
    "sms-mfa-challenge",
    "email-otp-challenge",
    "sms-otp-challenge",
    "software-token-mfa-challenge",
    "select-mfa-type-challenge",
    "mfa-setup-challenge",
    "custom-challenge",
    "select-challenge",
    "password-challenge",
    "password-srp-challenge",
    "password-verifier-challenge",
    "web-authn-challenge",
    "device-srp-auth-challenge",
    "device-password-verifier-challenge",
    "admin-no-srp-auth-challenge",
    "unknown-challenge",
    "challenge-session-invalid",
    "refresh-token-expired",
    "refresh-token-revoked",
    "refresh-token-reused",
    "refresh-token-invalid",
    "refresh-answer-lost",
    "foreign-tokens",
    "access-token-expired",
    "access-token-revoked",
    "access-token-invalid",
    "access-token-scope-missing",
    "user-deleted",
    "user-already-confirmed",
    "wrong-user-state",
    "temporary-password-expired",
    "password-reset-not-allowed",
    "no-verified-address",
    "wrong-client-secret",
    "client-not-found",
    "user-pool-not-found",
    "device-not-found",
    "resource-not-found",
    "not-authorized",
    "request-blocked",
    "throttled",
    "too-many-failed-attempts",
    "alias-exists",
    "code-delivery-failed",
    "concurrent-modification",
    "device-key-exists",
    "software-token-mfa-refused",
    "software-token-mfa-not-found",
    "mfa-method-not-found",
    "password-used-before",
    "feature-unavailable-in-tier",
    "operation-not-enabled",
    "operation-not-supported",
    "token-type-not-supported",
    "user-pool-add-on-not-enabled",
    "user-pool-misconfigured",
    "email-role-refused",
    "sms-role-refused",
    "lambda-refused",
    "lambda-failed",
    "lambda-reply-invalid",
    "web-authn-challenge-not-found",
    "web-authn-client-mismatch",
    "web-authn-configuration-missing",
    "web-authn-credential-not-supported",
    "web-authn-not-enabled",
    "web-authn-origin-not-allowed",
    "web-authn-relying-party-mismatch",
    "request-not-understood",
    "service-unavailable",
    "timed-out",
    "connection-failed",
    "connection-lost",
    "malformed-reply",
    "reply-too-large",
    "redirect-refused",
    "unsafe-srp-value",
    "token-malformed",
    "token-algorithm-refused",
    "token-key-unknown",
    "token-signature-invalid",
    "token-issuer-refused",
    "token-use-refused",
    "token-client-refused",
    "token-claim-invalid",
    "token-expired",
    "token-not-yet-valid",
    "token-group-missing",
    "token-scope-missing",
    "token-check-failed",
    "key-set-unavailable",
]
