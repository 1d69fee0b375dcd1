"""Canaries: a distinct text in every member of every operation, none of which may be found in any cassette."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import botocore
import pytest

from cognito_raw import Ok, Reply
from tests.support.cassettes import recorded
from tests.support.samples import jwt


def _model() -> Any:
    """The service's own model, as the AWS SDK for Python carries it."""
    found = next(Path(botocore.__file__).parent.glob("data/cognito-idp/*/service-2.json*"))
    raw = found.read_bytes()
    return json.loads(gzip.decompress(raw) if found.suffix == ".gz" else raw)


MODEL: Final = _model()
UNSIGNED: Final = sorted(name for name, operation in MODEL["operations"].items() if operation.get("authtype") == "none")
# Too new for the model: from the service's API reference.
_TEXT: Final = {"shape": "StringType"}
NEW: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "ListUserSessions": (
        {"AccessToken": "", "NextToken": ""},
        {
            "NextToken": "",
            "Sessions": [
                {
                    "SessionId": "",
                    "OriginSessionId": "",
                    "SessionType": "",
                    "ClientId": "",
                    "DeviceType": "",
                    "LastIPAddress": "",
                    "LastLocation": {"City": "", "Country": ""},
                }
            ],
        },
    ),
    "RevokeUserSession": ({"AccessToken": "", "SessionId": "", "RevokeAssociatedSessions": ""}, {}),
}
# What may legitimately stay, by what holds it: names that are no addresses, ids of the pool and its client,
# enumerations, the public numbers of SRP, the service's own words. Everything else must be gone.
MAY_STAY: Final = {
    "the top": (
        "AttributeName AuthFlow AvailableChallenges ChallengeName ClientId ConfiguredUserAuthFactors "
        "DeviceRememberedStatus FeedbackValue PreferredMfaSetting Status UserAttributeNames UserMFASettingList "
        "UserPoolId Username"
    ),
    "AuthenticationResult": "TokenType",
    "CodeDeliveryDetails": "AttributeName DeliveryMedium Destination",
    "CodeDeliveryDetailsList": "AttributeName DeliveryMedium Destination",
    "Credentials": "AuthenticatorAttachment AuthenticatorTransports",
    "DeviceAttributes": "Name",
    "MFAOptions": "AttributeName DeliveryMedium",
    "Sessions": "ClientId SessionType",
    "UserAttributes": "Name",
    "a map of parameters": (
        "CHALLENGE_NAME CODE_DELIVERY_DELIVERY_MEDIUM CODE_DELIVERY_DESTINATION MFAS_CAN_CHOOSE MFAS_CAN_SETUP "
        "PREFERRED_CHALLENGE SALT SRP_B TIMESTAMP USERNAME USER_ID_FOR_SRP requiredAttributes"
    ),
}
# What a recording with its proof keeps in addition, in the maps of parameters.
PROOF: Final = frozenset(["PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "SECRET_BLOCK", "SRP_A"])
MAPS: Final = ("AuthParameters", "ChallengeParameters", "ChallengeResponses")
# The documented keys of those maps, and one that a custom challenge may have.
KEYS: Final = (
    *MAY_STAY["a map of parameters"].split(),
    *sorted(PROOF),
    *[
        "ANSWER",
        "CREDENTIAL",
        "CREDENTIAL_REQUEST_OPTIONS",
        "DEVICE_GROUP_KEY",
        "DEVICE_KEY",
        "EMAIL_OTP_CODE",
        "FRIENDLY_DEVICE_NAME",
        "NEW_PASSWORD",
        "PASSWORD",
        "REFRESH_TOKEN",
        "SECRET_HASH",
        "SESSION",
        "SMS_MFA_CODE",
        "SMS_OTP_CODE",
        "SOFTWARE_TOKEN_MFA_CODE",
        "code",
        "message",
        "question",
        "type",
        "userAttributes",
        "userAttributes.custom:tier",
        "userAttributes.email",
        "userAttributes.phone_number",
    ],
)
# Metadata of the user's own: names that would stay elsewhere must not help.
METADATA: Final = ("ChallengeName", "Message", "Name", "SRP_A", "USERNAME", "Username", "anything", "code", "message")
ADDRESSES: Final = {"email": "{}@canary.example", "phone_number": "+44{}", "sub": "{}-1111-4222-8333-944455556666"}


class Canaries:
    """Fills shapes with texts that occur nowhere else, and knows which of them must be gone."""

    def __init__(self) -> None:
        self.secret: set[str] = set()
        self.open: set[str] = set()
        self.proof: set[str] = set()
        self._numbers = count(70_000_001)

    def filled(self, shape: str, name: str = "", holder: str = "the top") -> Any:
        described = MODEL["shapes"][shape]
        match described["type"]:
            case "structure" if described.get("document"):
                return {"challenge": self.text("-", "-"), "user": {"name": self.text("-", "-")}, "list": ["-"]}
            case "structure":
                holder = name or holder
                members = {
                    member: self.filled(s["shape"], member, holder) for member, s in described["members"].items()
                }
                return [members, *self._attributes()] if name.endswith("Attributes") else members
            case "list":
                inner = self.filled(described["member"]["shape"], name, holder)
                return inner if isinstance(inner, list) else [inner]
            case "map":
                keys = KEYS if name in MAPS else METADATA
                return {key: self.text(key, "a map of parameters" if name in MAPS else "-") for key in keys}
            case "string" | "blob":
                return self.text(name, holder)
            case "boolean":
                return True
            case _:
                return 1_783_415_103

    def written(self, example: Any, name: str = "", holder: str = "the top") -> Any:
        """An example of JSON with a canary for each text."""
        if isinstance(example, dict):
            return {key: self.written(member, key, name or holder) for key, member in example.items()}
        if isinstance(example, list):
            return [self.written(member, name, holder) for member in example]
        return self.text(name, holder)

    def text(self, name: str, holder: str) -> str:
        canary = f"Canary{next(self._numbers)}"
        if name in ("IdToken", "AccessToken", "CREDENTIAL", "userAttributes", "CREDENTIAL_REQUEST_OPTIONS"):
            return self._nested(name, canary)
        stays = name in MAY_STAY.get(holder, "").split()
        (self.open if stays else self.proof if name in PROOF and holder != "-" else self.secret).add(canary)
        return canary

    def _nested(self, name: str, canary: str) -> str:
        """A token or a JSON text with the canary inside, in a member of each kind."""
        self.secret.add(canary)
        inside = {"email": canary, "type": canary, "deep": [{"Name": canary}], canary: 1, "sub": canary}
        return jwt({**inside, "exp": 1_783_415_103}) if name.endswith("Token") else json.dumps(inside)

    def _attributes(self) -> Iterator[dict[str, str]]:
        for name, form in {**ADDRESSES, "custom:tier": "tier {}"}.items():
            canary = form.format(next(self._numbers))
            self.secret.add(canary)
            yield {"Name": name, "Value": canary}


def bodies(canaries: Canaries, operation: str) -> tuple[Any, Any]:
    """A full request and a full reply of an operation."""
    if operation in NEW:
        sent, got = NEW[operation]
        return canaries.written(sent), canaries.written(got)
    described = MODEL["operations"][operation]
    sent = canaries.filled(described["input"]["shape"])
    return sent, canaries.filled(described["output"]["shape"]) if "output" in described else {}


def everything(path: Path) -> str:
    """All that the file says, also within its tokens."""
    said = path.read_text(encoding="utf-8")
    payloads = (word.split(".")[1] for word in said.split('"') if word.startswith("eyJ"))
    return said + "".join(base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)).decode() for p in payloads)


def told(sent: Any, got: Any) -> Iterator[tuple[str, Any, Ok[Reply]]]:
    """The exchange, and after it refusals that quote the whole request: in the message, in a header, on a page."""
    quoted = json.dumps(sent)
    yield "", sent, Ok(Reply(200, {"date": "Tue, 07 Jul 2026 09:05:03 GMT"}, json.dumps(got).encode()))
    refusal = json.dumps({"__type": "InvalidParameterException", "message": f"Value at {quoted} failed"})
    yield "", sent, Ok(Reply(400, {"x-amzn-errormessage": quoted, "content-type": quoted}, refusal.encode()))
    yield "", sent, Ok(Reply(403, {"x-amzn-errortype": quoted}, f"<html>{quoted}</html>".encode()))


@pytest.mark.parametrize("proof", [False, True], ids=["without-proof", "with-proof"])
@pytest.mark.parametrize("operation", [*UNSIGNED, *NEW])
def test_no_secret_of_any_operation_is_found_in_a_cassette(operation: str, proof: bool, tmp_path: Path) -> None:
    """Every text of every member is gone but those of the table; with the proof, what it is made of stays too."""
    canaries = Canaries()
    sent, got = bodies(canaries, operation)
    path = tmp_path / "cassette.json"
    recorded(path, *((operation, request, reply) for _, request, reply in told(sent, got)), proof=proof)
    said = everything(path)
    gone = canaries.secret if proof else canaries.secret | canaries.proof
    assert {canary for canary in gone if canary in said} == set()
    assert {canary for canary in canaries.open if canary not in said} == set()
    assert {canary for canary in canaries.proof if proof and canary not in said} == set()


def test_the_operations_are_all_those_that_need_no_signature() -> None:
    """Every operation that the service answers without a signature is among those that are tried."""
    assert len({*UNSIGNED, *NEW}) == 34


def test_an_operation_that_nobody_knows_is_redacted_by_default(tmp_path: Path) -> None:
    """Whatever a new operation sends and gets, nothing of it stays."""
    canaries = Canaries()
    inner = {"Name": canaries.text("-", "-"), "USERNAME": canaries.text("-", "-"), "code": canaries.text("-", "-")}
    body = {"New": canaries.text("-", "-"), "Nested": inner, "Listed": [inner, [inner]], "Pin": 70_000_099}
    recorded(tmp_path / "c.json", ("BrandNew", body, Ok(Reply(200, {}, json.dumps(body).encode()))))
    said = everything(tmp_path / "c.json")
    assert {canary for canary in (*canaries.secret, "70000099") if canary in said} == set()
