"""Answers to challenges, turned into the service's responses: a code, a choice, a password, a passkey's assertion.

Nothing is sent here. An answer of the wrong kind raises `ValueError`, and one that a user may type, `InputRefused`. The
message never repeats it, since it may be a secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from ..models.challenge import (
    CHALLENGE_PREFIX,
    CODES,
    EXPONENT,
    Challenge,
    ChallengeAnswer,
    CodeChallenge,
    CustomChallenge,
    MfaSetup,
    NewPasswordRequired,
    PasskeyChallenge,
    PasswordChallenge,
    SelectChallenge,
    SelectMfaType,
    challenge_of,
)
from ..models.fields import InputRefused, require_string
from ..models.frozen import Frozen
from .parameters import Hidden, passkey_json, typed_code
from .registration import named_attributes

# Two names of one factor: the service and its clients use the first, its documentation the second.
_EMAIL: Final = ("EMAIL_OTP", "EMAIL_MFA")
_WITH_PASSWORD: Final = ("PASSWORD", "PASSWORD_SRP")


class Responses(Hidden, Frozen):
    """The responses to a challenge, and the steps that they still need.

    srp_password: a password to prove over SRP. SRP_A is not in the responses yet.
    code: the first code of an authenticator app, which VerifySoftwareToken takes before.
    """

    members: Mapping[str, str]
    srp_password: str | None = None
    code: str | None = None


def responses_to(
    challenge: Challenge,
    answer: ChallengeAnswer,
    *,
    password: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Responses:
    """Return the responses for an answer. Any challenge also takes a mapping, in the service's names."""
    kind = challenge_of(challenge.name, challenge.username, challenge.session, challenge.parameters)
    if password is not None and not isinstance(kind, SelectChallenge):
        raise ValueError("password= goes with the choice of PASSWORD or PASSWORD_SRP, in answer to SELECT_CHALLENGE")
    if attributes is not None and not isinstance(kind, NewPasswordRequired):
        raise ValueError("attributes= goes with a new password, in answer to NEW_PASSWORD_REQUIRED")
    if isinstance(kind, PasskeyChallenge) and not (isinstance(answer, Mapping) and "CREDENTIAL" in answer):
        assertion = passkey_json(answer, _ASSERTION, "response")
        return _named(kind, CREDENTIAL=json.dumps(assertion, separators=(",", ":")))
    if isinstance(answer, Mapping):
        if password is not None or attributes is not None:
            raise ValueError("a mapping of responses holds all of them: leave password= and attributes= out")
        return _as_they_are(kind, answer)
    if not isinstance(answer, str):
        raise ValueError(_wanted(kind))
    require_string(answer=answer)
    return _of_string(kind, answer, password, {} if attributes is None else attributes)


def _of_string(kind: Challenge, answer: str, password: str | None, attributes: Mapping[str, str]) -> Responses:
    match kind:
        case CodeChallenge():
            return _named(kind, **{CODES[kind.name]: typed_code(answer=answer)})
        case NewPasswordRequired():
            named = {f"{CHALLENGE_PREFIX}{name}": value for name, value in named_attributes(attributes).items()}
            return _named(kind, NEW_PASSWORD=answer, **named)
        case PasswordChallenge(name="PASSWORD"):
            return _named(kind, PASSWORD=answer)
        case PasswordChallenge(name=name) if name != "PASSWORD_VERIFIER" or EXPONENT in kind.parameters:
            return Responses({"USERNAME": kind.username}, srp_password=answer)
        case CustomChallenge():
            return _named(kind, ANSWER=answer)
        case SelectMfaType():
            return _named(kind, ANSWER=_choice(kind, answer))
        case SelectChallenge():
            return _chosen(kind, _choice(kind, answer), password)
        case MfaSetup():
            return _set_up(kind, answer)
        case _:
            raise InputRefused(_wanted(kind), "This step takes no typed answer.")


def _named(challenge: Challenge, **members: str) -> Responses:
    return Responses({"USERNAME": challenge.username, **members})


def _as_they_are(challenge: Challenge, answer: Mapping[str, object]) -> Responses:
    members = {"USERNAME": challenge.username}
    for name, value in answer.items():
        require_string(**{"the name of a response": name})
        require_string(**{f"response {name!r}": value})
        members[name] = str(value)
    return Responses(members)


def _choice(challenge: SelectMfaType | SelectChallenge, answer: str) -> str:
    """Return the choice under its name, if it is offered or if the choices are unknown."""
    answer = answer.strip().upper()
    same = _EMAIL if answer in _EMAIL else (answer,)
    offered = [name for name in challenge.choices if name.upper() in same]
    if not answer or (challenge.choices and not offered):
        raise InputRefused(f"the answer must be one of {', '.join(challenge.choices) or 'the choices'}")
    return answer if not offered or answer in offered else offered[0]


def _chosen(challenge: SelectChallenge, choice: str, password: str | None) -> Responses:
    if (choice in _WITH_PASSWORD) != (password is not None):
        wrong = "goes with no other choice than" if password is not None else "must go with the choice of"
        raise InputRefused(f"the password {wrong} PASSWORD or PASSWORD_SRP")
    if password is None:
        return _named(challenge, ANSWER=choice)
    require_string(password=password)
    if choice == "PASSWORD":
        return _named(challenge, ANSWER=choice, PASSWORD=password)
    return Responses({"USERNAME": challenge.username, "ANSWER": choice}, srp_password=password)


def _set_up(challenge: MfaSetup, answer: str) -> Responses:
    if "@" not in answer:
        _require_choice(challenge, "authenticator app", ("SOFTWARE_TOKEN_MFA",))
        return Responses({"USERNAME": challenge.username}, code=typed_code(answer=answer))
    _require_choice(challenge, "e-mail address", _EMAIL)
    # Not in the API reference. Amplify's clients send it so, and a code follows to that address.
    return _named(challenge, EMAIL=answer)


def _require_choice(challenge: MfaSetup, what: str, names: tuple[str, ...]) -> None:
    if challenge.choices and not set(names).intersection(challenge.choices):
        raise InputRefused(f"no {what} can be set up here: MFA_SETUP offers {', '.join(challenge.choices)}")


# AuthenticationResponseJSON of WebAuthn Level 3.
_ASSERTION: Final = "the answer to WEB_AUTHN is the JSON of a passkey's assertion, as its toJSON() returns it"
_WANTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(CODES, "the code, as a string"),
    "NEW_PASSWORD_REQUIRED": "the new password, as a string",
    "SELECT_MFA_TYPE": "one of its choices, as a string",
    "MFA_SETUP": "the first code of an authenticator app, or an e-mail address, as a string",
    "CUSTOM_CHALLENGE": "a string",
    "SELECT_CHALLENGE": "one of its choices, as a string",
    "PASSWORD": "the password, as a string",
    "PASSWORD_SRP": "the password, as a string",
    "DEVICE_SRP_AUTH": "the RememberedDevice",
}


def _wanted(challenge: Challenge) -> str:
    wanted = f"{_WANTED[challenge.name]}; or " if challenge.name in _WANTED else ""
    return f"the answer to {challenge.name} is {wanted}a mapping of its responses, in the service's names"
