"""The kinds of challenges: one class for each kind of answer.

A class adds no data: it reads the parameters on access, so a challenge survives JSON. Reading never raises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from .fields import mapping, optional_string, string, string_map
from .frozen import Frozen, field
from .sign_up import Delivery
from .tokens import RememberedDevice

# In front of the names of attributes, in the parameters and responses of NEW_PASSWORD_REQUIRED.
CHALLENGE_PREFIX: Final = "userAttributes."
# The reply's own list is kept among the parameters, under its name in the reply. No parameter has that name.
_AVAILABLE: Final = "AvailableChallenges"
# Ours: the private exponent of a sign-in that sent SRP_A and was asked something else first. A proof may follow.
EXPONENT: Final = "SRP_a"

# The name of each code in the answer (ChallengeResponses of RespondToAuthChallenge, API reference). EMAIL_MFA is there
# too, as an older name of EMAIL_OTP.
CODES: Final[Mapping[str, str]] = {
    "SMS_MFA": "SMS_MFA_CODE",
    "SMS_OTP": "SMS_OTP_CODE",
    "EMAIL_OTP": "EMAIL_OTP_CODE",
    "EMAIL_MFA": "EMAIL_MFA_CODE",
    "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE",
}

ChallengeAnswer: TypeAlias = str | Mapping[str, object] | RememberedDevice
"""The answer to a challenge: a string, a remembered device, or a mapping, such as a passkey's assertion."""


class Challenge(Frozen):
    """A challenge that must be answered to finish signing in. It can be kept as JSON.

    name: the service's name for it, such as NEW_PASSWORD_REQUIRED.
    username: the user name for the answer. After a sign-in by alias, it differs from the name that the user typed.
    session: the service's `Session`, for one answer within three minutes, unless the app client sets another time.
    parameters: the service's other data, unchanged.
    """

    name: str
    username: str
    session: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __eq__(self, other: object) -> bool:
        # The class follows from the name.
        return self._data() == other._data() if isinstance(other, Challenge) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.username, self.session))

    def _data(self) -> tuple[object, ...]:
        return self.name, self.username, self.session, self.parameters


class NewPasswordRequired(Challenge):
    """NEW_PASSWORD_REQUIRED: the user must replace a temporary password. Answer it with the new one."""

    __slots__ = ()

    @property
    def required_attributes(self) -> tuple[str, ...]:
        """The attributes that the answer needs beside the password, without their prefix."""
        names = _list(self.parameters.get("requiredAttributes"))
        return tuple(name.removeprefix(CHALLENGE_PREFIX) for name in names)

    @property
    def user_attributes(self) -> Mapping[str, str]:
        """The user's present attributes, which a form can show."""
        found = _object(self.parameters.get("userAttributes"))
        plain = {name.removeprefix(CHALLENGE_PREFIX): _written(value) for name, value in found.items()}
        return {name: value for name, value in plain.items() if isinstance(value, str)}


class CodeChallenge(Challenge):
    """SMS_MFA, SMS_OTP, EMAIL_OTP, SOFTWARE_TOKEN_MFA: the user must enter a code. Answer it with this string."""

    __slots__ = ()

    @property
    def delivery(self) -> Delivery | None:
        """The destination of the code; None if none was sent, as with an authenticator app."""
        destination = self.parameters.get("CODE_DELIVERY_DESTINATION")
        medium = self.parameters.get("CODE_DELIVERY_DELIVERY_MEDIUM")
        return Delivery(destination, medium) if destination or medium else None

    @property
    def friendly_device_name(self) -> str | None:
        """The user's name for the authenticator app, if the service sends it."""
        return self.parameters.get("FRIENDLY_DEVICE_NAME")


class SelectMfaType(Challenge):
    """SELECT_MFA_TYPE: the user must choose a second factor. Answer it with one of `choices`."""

    __slots__ = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The second factors to choose from, such as SMS_MFA, SOFTWARE_TOKEN_MFA and EMAIL_OTP."""
        return _list(self.parameters.get("MFAS_CAN_CHOOSE"))


class MfaSetup(Challenge):
    """MFA_SETUP: the user must first set up a second factor.

    For an authenticator app, `begin_totp_setup` returns the secret and the challenge to answer with the app's first
    code. For e-mail, answer with the address; the service then sends a code to it.
    """

    __slots__ = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The second factors that can be set up, such as SOFTWARE_TOKEN_MFA and EMAIL_OTP."""
        return _list(self.parameters.get("MFAS_CAN_SETUP"))


class CustomChallenge(Challenge):
    """CUSTOM_CHALLENGE: the pool's Lambda triggers ask. Answer it with a string that they understand.

    A wrong answer often leads to another CUSTOM_CHALLENGE, since the triggers decide how many there are.
    """

    __slots__ = ()

    @property
    def public_parameters(self) -> Mapping[str, str]:
        """The trigger's publicChallengeParameters."""
        return {
            name: value for name, value in self.parameters.items() if name not in ("USERNAME", _AVAILABLE, EXPONENT)
        }


class SelectChallenge(Challenge):
    """SELECT_CHALLENGE: the user must choose a way to sign in. Answer it with one of `choices`.

    PASSWORD and PASSWORD_SRP need the password in the same answer. The others lead to another challenge.
    """

    __slots__ = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The ways to sign in, such as PASSWORD_SRP, EMAIL_OTP and WEB_AUTHN, in no meaningful order."""
        return _list(self.parameters.get(_AVAILABLE))


class PasswordChallenge(Challenge):
    """PASSWORD, PASSWORD_SRP: the user must enter the password. Answer it with that. PASSWORD_SRP does not send it.

    So does PASSWORD_VERIFIER, which comes after the custom challenges of a sign-in that began with a password.
    """

    __slots__ = ()


class PasskeyChallenge(Challenge):
    """WEB_AUTHN: the user must sign with a passkey. Answer it with the browser's credential for `options`.

    That is the JSON of its PublicKeyCredential (`credential.toJSON()`), as a mapping or as a string.
    """

    __slots__ = ()

    @property
    def options(self) -> Mapping[str, Any]:
        """PublicKeyCredentialRequestOptionsJSON of WebAuthn Level 3, for `parseRequestOptionsFromJSON` in a browser."""
        return _object(self.parameters.get("CREDENTIAL_REQUEST_OPTIONS"))


class DeviceChallenge(Challenge):
    """DEVICE_SRP_AUTH: the remembered device must prove itself. Answer it with the `RememberedDevice`.

    A sign-in with a known device answers it automatically.
    """

    __slots__ = ()


_KINDS: Final[Mapping[str, type[Challenge]]] = {
    "NEW_PASSWORD_REQUIRED": NewPasswordRequired,
    "SELECT_MFA_TYPE": SelectMfaType,
    "MFA_SETUP": MfaSetup,
    "CUSTOM_CHALLENGE": CustomChallenge,
    "SELECT_CHALLENGE": SelectChallenge,
    "PASSWORD": PasswordChallenge,
    "PASSWORD_SRP": PasswordChallenge,
    "PASSWORD_VERIFIER": PasswordChallenge,
    "WEB_AUTHN": PasskeyChallenge,
    "DEVICE_SRP_AUTH": DeviceChallenge,
    **dict.fromkeys(CODES, CodeChallenge),
}


def challenge_of(
    name: str, username: str, session: str | None = None, parameters: Mapping[str, str] | None = None
) -> Challenge:
    """Return a challenge of the kind that has this name; a plain `Challenge` for a name without a kind."""
    return _KINDS.get(name, Challenge)(name, username, session, {} if parameters is None else parameters)


def read_challenge(body: Mapping[str, object], *, username: str) -> Challenge:
    """Return the challenge of a reply. `username` is the name for the answer if the reply has no better one."""
    parameters = string_map(
        {"ChallengeParameters": _flattened(mapping(body, "ChallengeParameters"))}, "ChallengeParameters"
    )
    parameters.pop(EXPONENT, None)  # no server knows it
    named = parameters.get("USERNAME") or parameters.get("USER_ID_FOR_SRP") or username
    available = body.get(_AVAILABLE)
    if _is_list(available):
        parameters[_AVAILABLE] = json.dumps(available)
    return challenge_of(string(body, "ChallengeName"), named, optional_string(body, "Session"), parameters)


def _flattened(parameters: Mapping[str, object]) -> dict[str, object]:
    """Write each list of strings as JSON, as the service does. Some servers send lists."""
    return {name: json.dumps(value) if _is_list(value) else _written(value) for name, value in parameters.items()}


def _written(value: object) -> object:
    """Write a boolean or a number as JSON, as the service does."""
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(member, str) for member in value)


def _json(written: str | None) -> object:
    """Return the value of a parameter that holds JSON; None if it holds none."""
    try:
        return None if written is None else json.loads(written)
    except (ValueError, RecursionError):
        return None


def _list(written: str | None) -> tuple[str, ...]:
    names = _json(written)
    if not isinstance(names, list):
        return ()
    # No name of the service has unprintable characters, and half of a surrogate pair could not be sent back.
    return tuple(name for name in names if isinstance(name, str) and name.isprintable())


def _object(written: str | None) -> Mapping[str, Any]:
    found = _json(written)
    return found if isinstance(found, dict) else {}
