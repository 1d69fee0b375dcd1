"""The service's own model against the clients: which operation, member, type or value of it they lack.

The rule is short. An operation is a method, and a member of its input an argument, each under its name in snake case.
A member of an output is a field of the value that the method gives, under its name in snake case, without the noun
that the value is named for; where an output has one member alone, the value may be that member itself. A few names
are others on purpose: the tables below hold them all, each with its why.
"""

from __future__ import annotations

import dataclasses
import gzip
import importlib
import json
import re
import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import botocore

from cognito_raw import AsyncPages, Err, IdToken, Pages
from cognito_raw.reasons import EXCEPTIONS, challenge_reason

Model = dict[str, Any]

# Members of inputs that have another name, or none. Members of one operation alone are written with its name.
CONFIGURED: Final = "the configuration holds it"
ARGUMENTS: Final[dict[str, tuple[str | None, str]]] = {
    "ClientId": (None, CONFIGURED),
    "SecretHash": (None, CONFIGURED),
    "ClientSecret": (None, CONFIGURED),
    "UserPoolId": (None, CONFIGURED),
    "UserAttributes": ("attributes", "as in Session.register"),
    "UserAttributeNames": ("attribute_names", "as `attributes`"),
    "ConfirmationCode": ("code", "as in Session.confirm_registration, and as VerifyUserAttribute calls it"),
    "ConfirmForgotPassword.Password": ("new_password", "as in Session.reset_password_confirmation"),
    "PreviousPassword": ("old_password", "as in Session.change_password"),
    "ProposedPassword": ("new_password", "as in Session.change_password"),
    "RevokeToken.Token": ("refresh_token", "no other kind of token is taken"),
}
# Members of another type than the model's, by the operation or the structure that holds them.
TYPES: Final[dict[str, tuple[object, str]]] = {
    "RespondToAuthChallenge.ChallengeName": (str, "a challenge whose name does not exist yet can be answered"),
    "CompleteWebAuthnRegistration.Credential": (
        Mapping[str, Any] | str,
        "what the browser's toJSON() gives arrives at a server as text",
    ),
    "AuthenticationResultType.IdToken": (IdToken, "with its claims read"),
    "InitiateAuthResponse.AvailableChallenges": (Mapping[str, str], "one of the parameters, as JSON text"),
    "RespondToAuthChallengeResponse.AvailableChallenges": (Mapping[str, str], "one of the parameters, as JSON text"),
}
# Members of outputs that have another name, or none, by the structure that holds them.
SPREAD: Final = "*"
NEXT: Final = ("NextToken", "PaginationToken")
FIELDS: Final[dict[str, tuple[str | None, str]]] = {
    "AuthenticationResult": (SPREAD, "its members are the tokens that are given"),
    "AssociateSoftwareTokenResponse.SecretCode": ("secret", "it is no code: it makes them"),
    "AuthenticationResultType.NewDeviceMetadata": ("new_device", "what the metadata are of"),
    "AuthenticationResultType.TokenType": (None, "it is always Bearer"),
    "CodeDeliveryDetailsType.AttributeName": ("attribute", "short, as the fields beside it"),
    "GetUserResponse.UserAttributes": ("attributes", "the value is the user"),
    "InitiateAuthResponse.AvailableChallenges": ("parameters", "beside what else a challenge says"),
    "RespondToAuthChallengeResponse.AvailableChallenges": ("parameters", "beside what else a challenge says"),
    "SignUpResponse.CodeDeliveryDetails": ("delivery", "the value's own name"),
    "SignUpResponse.UserConfirmed": ("confirmed", "the value is of the user"),
    "SignUpResponse.UserSub": ("user_id", "what it is, as the documentation calls it"),
}
# Operations that came late: some installed models do not have them yet.
LATE: Final = ("ListUserSessions", "RevokeUserSession")
_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z]|$|\d)|[A-Z][a-z]+|MFA|\d+")
# What reads as one word, or as two, against the rule of capitals.
_SPELT: Final = {"WebAuthn": "Web_Authn", "MFAOptions": "Mfa_Options"}


def installed() -> Model:
    """The model that botocore brings."""
    [path] = Path(botocore.__file__).parent.glob("data/cognito-idp/*/service-2.json*")
    raw = path.read_bytes()
    model: Model = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    return model


def unsigned(model: Model) -> list[str]:
    """The operations that need no signature."""
    return sorted(name for name, operation in model["operations"].items() if operation.get("authtype") == "none")


def snake(name: str) -> str:
    """A name of the service in snake case: UserMFASettingList is user_mfa_setting_list."""
    for spelt, apart in _SPELT.items():
        name = name.replace(spelt, apart)
    return "_".join(word.lower() for part in name.split("_") for word in _WORDS.findall(part))


class Method(NamedTuple):
    """A method of a client, as its annotations describe it."""

    arguments: Mapping[str, object]
    gives: object


@cache
def _hints(function: Any) -> Mapping[str, Any]:
    return get_type_hints(function)


def method(client: type[object], operation: str) -> Method | None:
    """The method of the operation, with what its caller gives and what stands in its result."""
    found = getattr(client, snake(operation), None)
    if found is None:
        return None
    hints = dict(_hints(found))
    gives = hints.pop("return")
    return Method({name: hint for name, hint in hints.items() if name != "config"}, _value(gives))


def gaps(model: Model, client: type[object]) -> Iterator[str]:
    """What the client lacks of the model, a sentence each."""
    for operation in unsigned(model):
        described = model["operations"][operation]
        found = method(client, operation)
        if found is None:
            yield f"{operation}: no method {snake(operation)}"
            continue
        for error in described.get("errors", []):
            yield from exception_gaps(operation, error["shape"])
        yield from input_gaps(model, operation, found.arguments)
        yield from output_gaps(model, operation, found.gives)
    for name in model["shapes"]["ChallengeNameType"]["enum"]:
        if challenge_reason(name) == "unknown-challenge":
            yield f"challenge {name}: no reason"


def exception_gaps(operation: str, name: str) -> Iterator[str]:
    """An exception has a reason."""
    if name not in EXCEPTIONS:
        yield f"{operation}: no reason for {name}"


def input_gaps(model: Model, operation: str, arguments: Mapping[str, object]) -> Iterator[str]:
    """A member of the input is an argument of a fitting type, or is in the table."""
    structure = model["shapes"][model["operations"][operation]["input"]["shape"]]
    for member, reference in structure["members"].items():
        whole = f"{operation}.{member}"
        name = (ARGUMENTS.get(whole) or ARGUMENTS.get(member) or (snake(member), ""))[0]
        if name is None:
            continue
        if name not in arguments:
            yield f"{whole}: no argument {name}"
        elif not _is_typed(model, whole, reference["shape"], arguments[name], closed=True):
            yield f"{whole}: argument {name} is {arguments[name]}, not {_told(model, reference['shape'])}"


def output_gaps(model: Model, operation: str, gives: Any) -> Iterator[str]:
    """A member of the output is a field of what the method gives, or is in the table."""
    shape = model["operations"][operation].get("output", {}).get("shape")
    members = model["shapes"][shape]["members"] if shape else {}
    if get_origin(gives) in (Pages, AsyncPages):
        yield from page_gaps(model, shape, members, get_args(gives)[0])
    elif len(members) != 1 or not fits(model, next(iter(members.values()))["shape"], gives, closed=False):
        yield from member_gaps(model, shape, members, list(get_args(gives)) or [gives])


def page_gaps(model: Model, shape: str, members: Model, item: object) -> Iterator[str]:
    """A page has items of the value that the list gives, and what asks for the next page."""
    for member, reference in members.items():
        if model["shapes"][reference["shape"]]["type"] == "list":
            yield from structure_gaps(model, model["shapes"][reference["shape"]]["member"]["shape"], [item])
        elif member not in NEXT:
            yield f"{shape}.{member}: no field in Page"


def structure_gaps(model: Model, shape: str, values: list[Any]) -> Iterator[str]:
    """Every member of a structure is a field of one of the values."""
    yield from member_gaps(model, shape, model["shapes"][shape]["members"], values)


def member_gaps(model: Model, shape: str, members: Model, values: list[Any]) -> Iterator[str]:
    """The same for some of its members."""
    hints = {name: hint for value in values for name, hint in _fields(value).items()}
    for member, reference in members.items():
        whole = f"{shape}.{member}"
        renamed = FIELDS.get(whole) or FIELDS.get(member)
        names = [renamed[0]] if renamed else list(_names(shape, member, values))
        if names == [SPREAD]:
            yield from structure_gaps(model, reference["shape"], values)
        if renamed and renamed[0] in (None, SPREAD):
            continue
        name = next((name for name in names if name in hints), None)
        if name is None:
            yield f"{whole}: no field {names[0]} in {_shown(values)}"
        elif not _is_typed(model, whole, reference["shape"], hints[name], closed=False):
            yield f"{whole}: field {name} is {hints[name]}, not {_told(model, reference['shape'])}"
        elif unsaid := _unsaid(model, reference["shape"], values):
            yield f"{whole}: the documentation of {_shown(values)} does not name {', '.join(unsaid)}"


def _is_typed(model: Model, whole: str, shape: str, hint: object, *, closed: bool) -> bool:
    """Whether a member has the type that the table says, or else one that fits."""
    bare = _bare(hint)
    return bool(bare == TYPES[whole][0]) if whole in TYPES else fits(model, shape, bare, closed=closed)


def fits(model: Model, shape: str, hint: Any, *, closed: bool) -> bool:
    """Whether a type of ours holds what a shape of the model does; `closed`: with no values but the model's."""
    described = model["shapes"][shape]
    kind = described["type"]
    if described.get("document"):
        return bool(hint == Mapping[str, Any])
    if kind == "string" and "enum" in described and closed:
        return get_origin(hint) is Literal and set(get_args(hint)) == set(described["enum"])
    if kind == "list":
        return _fits_list(model, described["member"]["shape"], hint, closed=closed)
    if kind == "map":
        return bool(hint == Mapping[str, str])
    if kind == "structure":
        return dataclasses.is_dataclass(hint) and not list(structure_gaps(model, shape, [hint]))
    simple = {"string": str, "boolean": bool, "integer": int, "timestamp": datetime}
    return simple.get(kind) is hint


def _fits_list(model: Model, shape: str, hint: Any, *, closed: bool) -> bool:
    """Attributes are a mapping; every other list is one of what its members are."""
    if shape == "AttributeType":
        return bool(hint == Mapping[str, str])
    members = [member for member in get_args(hint) if member is not ...]
    return len(members) == 1 and fits(model, shape, members[0], closed=closed)


def _unsaid(model: Model, shape: str, values: list[Any]) -> list[str]:
    """Values of an enumeration, other than of challenges, that the documentation of a field does not name.

    What comes from the service may have values of tomorrow, so that the type says text, and the documentation which.
    """
    described = model["shapes"][shape]
    if described["type"] == "list":
        return _unsaid(model, described["member"]["shape"], values)
    if shape == "ChallengeNameType":
        return []
    said = " ".join(str(value.__doc__) for value in values)
    return [value for value in described.get("enum", []) if f"`{value}`" not in said]


def _names(shape: str, member: str, values: list[Any]) -> Iterator[str]:
    """The names that a field may have: the whole, or without a first word that names the structure or the value."""
    name = snake(member)
    yield name
    first, _, rest = name.partition("_")
    if rest and first in f"{snake(shape)}_{snake('_'.join(map(_shown, ([value] for value in values))))}".split("_"):
        yield rest


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass with their types, also those that only checkers import."""
    if not dataclasses.is_dataclass(value):
        return {}
    names = vars(importlib.import_module(getattr(value, "__module__", "builtins")))
    hints = get_type_hints(value, globalns=dict(names), localns={"datetime": datetime})
    return {field.name: hints[field.name] for field in dataclasses.fields(value)}


def _value(gives: Any) -> object:
    """What stands in the `Ok` of a result; a list as it is."""
    if get_origin(gives) in (Pages, AsyncPages):
        return gives
    results = [choice for choice in get_args(gives) if choice is not Err]
    return get_args(results[0])[0]


def _bare(hint: Any) -> Any:
    """A type without the None that says that it may be left out."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    rest = [choice for choice in get_args(hint) if choice is not type(None)]
    bare = rest[0]
    for choice in rest[1:]:
        bare |= choice
    return bare


def _told(model: Model, shape: str) -> str:
    described = model["shapes"][shape]
    return f"{described['type']} {shape}" + (f" of {described['enum']}" if "enum" in described else "")


def _shown(values: list[Any]) -> str:
    return " or ".join(getattr(value, "__name__", str(value)) for value in values)
