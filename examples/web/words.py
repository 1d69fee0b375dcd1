"""Words for failures: a sentence for the user, and the field of the form that it stands beside."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cognito_raw import Err, Kind

# The status of a page that tells of a failure.
STATUS: Mapping[Kind, int] = {"input": 422, "account": 403, "signed-out": 401, "temporary": 503, "configuration": 500}

# A reason, the fields that it may be about, and the sentence. The first of the fields that a form has gets it.
_WORDS: Mapping[str, tuple[str, str]] = {
    "access-token-revoked": ("", "Your sign-in was ended somewhere else. Please sign in again."),
    "account-unverified": ("", "This account waits for its confirmation. Enter the code that we sent you."),
    "alias-exists": ("email", "Another account has this address already."),
    "challenge-session-invalid": ("", "That took too long. Please sign in again."),
    "code-expired": ("code answer", "This code is not valid any more. Ask for a new one."),
    "code-mismatch": ("code answer", "This is not the code. Look again, and mind that a code is used only once."),
    "incorrect-username-or-password": ("old password", "This password and this user name do not go together."),
    "invalid-password": ("new answer password", "Too simple: take 8 characters or more, of all four kinds."),
    "login-attempts-limit-exceeded": ("password", "Too many tries. Please wait a while."),
    "no-session": ("", "Please sign in to see this page."),
    "no-verified-address": ("username", "This account has no verified address that a code could go to."),
    "password-reset-required": ("password", "This password must be reset first. Use “Forgotten password”."),
    "refresh-token-expired": ("", "Your sign-in has expired. Please sign in again."),
    "refresh-token-revoked": ("", "Your sign-in was ended somewhere else. Please sign in again."),
    "software-token-mfa-refused": ("code answer", "This is not the code that the app shows now."),
    "user-already-confirmed": ("code", "This account is confirmed already. You can sign in."),
    "user-not-found": ("username", "There is no account of this name."),
    "username-exists": ("username", "This name is taken. Choose another one, or sign in."),
    "web-authn-origin-not-allowed": ("", "Passkeys work on http://localhost only. Open this page under that address."),
}  # fmt: skip
_KINDS: Mapping[Kind, str] = {
    "input": "The pool does not take this. Please look at it again.",
    "account": "This account cannot do that at present.",
    "signed-out": "You are signed out. Please sign in again.",
    "temporary": "The user pool cannot be reached at present. Nothing is lost: please try again in a moment.",
    "configuration": "The pool or this application is not set up for that.",
    "unknown": "Something unexpected happened. Please try again.",
}


def words(err: Err) -> str:
    """Return a sentence for the user."""
    found = _WORDS.get(err.reason, ("", ""))[1]
    # The library writes this message for the user, when a typed answer cannot be sent.
    return found or (err.message if err.reason == "input-refused" else None) or _KINDS.get(err.kind, _KINDS["unknown"])


def field_of(err: Err, fields: Collection[str]) -> str:
    """Return the field that a failure is about; an empty string if it is about none of them."""
    about = _WORDS.get(err.reason, ("code answer" if err.kind == "input" else "", ""))[0].split()
    return next((name for name in about if name in fields), "")
