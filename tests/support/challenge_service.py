"""A small user pool inside the process that plays every chain of challenges, and checks what it is answered.

Nothing of the library's arithmetic is used: the proofs of passwords and devices are checked from their verifiers, and
secret hashes, sessions and device keys as the service checks them. A session is good for one answer, unless that was
a wrong code. One that breaks a rule of the protocol fails the test; one whose answer is wrong is refused as the
service refuses it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from cognito_raw import Ok, Reply, Request, Result
from cognito_raw.srp.exchange import N
from tests.support.conversation import CLIENT_ID, NOW, authentication_result, unsigned_token
from tests.support.srp_server import K, hashed, padded, power

POOL: Final = "AbCdEf123"
USER: Final = "5u8-of-jane"
ALIASES: Final = ("jane", "jane@example.com", USER)
PASSWORD: Final = "Passw0rd!"
CODES: Final = {
    "SMS_MFA": "SMS_MFA_CODE",
    "SMS_OTP": "SMS_OTP_CODE",
    "EMAIL_OTP": "EMAIL_OTP_CODE",
    "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE",
}
CODE: Final = "0123456"
# The challenges that in all documented exchanges come without the user's name.
SILENT: Final = ("SELECT_CHALLENGE", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN", "PASSWORD", "PASSWORD_SRP")
PASSKEY: Final = {"id": "a2V5", "rawId": "a2V5", "type": "public-key", "response": {"signature": "c2ln"}}
GROUP: Final = "-gr0up"


class Refusal(Exception):
    """One of the service's exceptions."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.body = {"__type": code, "message": message}


WRONG: Final = ("NotAuthorizedException", "Incorrect username or password.")


def numbered() -> Callable[[int], bytes]:
    """Randomness that is the same in every run, and never twice the same in one."""
    numbers = count(1)
    return lambda size: hashlib.shake_128(b"%d" % next(numbers)).digest(size)


def x_of(group: str, name: str, password: str, salt: int) -> int:
    return hashed(padded(salt), hashlib.sha256(f"{group}{name}:{password}".encode()).digest())


@dataclass
class Exchange:
    """One SRP exchange, as the side that knows the verifier has it."""

    group: str
    name: str
    v: int
    salt: int
    b: int
    block: bytes
    A: int

    @property
    def B(self) -> int:
        return (K * self.v + power(2, self.b)) % N

    def parameters(self) -> dict[str, str]:
        block = base64.b64encode(self.block).decode()
        return {"SALT": f"{self.salt:x}", "SECRET_BLOCK": block, "SRP_B": f"{self.B:x}"}

    def proves(self, responses: Mapping[str, str]) -> bool:
        u = hashed(padded(self.A), padded(self.B))
        S = power(self.A * power(self.v, u) % N, self.b)
        prk = hmac.digest(padded(u), padded(S), "sha256")
        key = hmac.digest(prk, b"Caldera Derived Key\x01", "sha256")[:16]
        claim = self.group.encode() + self.name.encode() + self.block + responses["TIMESTAMP"].encode()
        expected = base64.b64encode(hmac.digest(key, claim, "sha256")).decode()
        same_block = responses["PASSWORD_CLAIM_SECRET_BLOCK"] == base64.b64encode(self.block).decode()
        return same_block and responses["PASSWORD_CLAIM_SIGNATURE"] == expected


@dataclass
class Ticket:
    """What a session stands for: the challenge that it was given with, what follows, and the exchange under way."""

    name: str
    rest: tuple[str, ...]
    exchange: Exchange | None = None


@dataclass
class Service:
    """The pool, its one user, and what comes after the first factor.

    then: the challenges after it. tracks: whether it tracks devices. secret: of the app client.
    """

    then: tuple[str, ...] = ()
    tracks: bool = False
    secret: str | None = None
    available: tuple[str, ...] = ("PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN")
    rounds: int = 1  # of the custom challenge
    totp: str | None = None  # the secret of an app that is being set up
    devices: dict[str, tuple[int, int]] = field(default_factory=dict)  # salt and verifier
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    password: str = PASSWORD
    tickets: dict[str, Ticket] = field(default_factory=dict)
    blocks: dict[str, Ticket] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    number: int = 0

    def send(self, request: Request) -> Result[Reply]:
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        body = json.loads(request.body)
        self.asked.append((operation, body))
        try:
            answer: Mapping[str, object] = getattr(self, f"on_{operation}")(body)
        except Refusal as refusal:
            return Ok(Reply(400, {}, json.dumps(refusal.body).encode()))
        return Ok(Reply(200, {"date": "Tue, 07 Jul 2026 09:05:03 GMT"}, json.dumps(answer).encode()))

    # --- the two calls of a sign-in

    def on_InitiateAuth(self, body: dict[str, Any]) -> Mapping[str, object]:
        assert body["ClientId"] == CLIENT_ID
        parameters = body["AuthParameters"]
        assert parameters["USERNAME"] in ALIASES
        self._check_hash(parameters)
        flow = body["AuthFlow"]
        if flow == "USER_SRP_AUTH":
            return self._ask_proof(parameters, self.then, session=False)
        if flow == "USER_PASSWORD_AUTH":
            return self._password(parameters)
        if flow == "CUSTOM_AUTH":
            rest = ("CUSTOM_CHALLENGE",) * self.rounds
            if "CHALLENGE_NAME" not in parameters:
                return self._first_factor(parameters, rest)
            assert parameters["CHALLENGE_NAME"] == "SRP_A"
            return self._ask_proof(parameters, rest)
        assert flow == "USER_AUTH"
        if "Session" in body:
            return self._go_on(self._take(body["Session"], "SIGN_UP").rest)
        preferred = parameters.get("PREFERRED_CHALLENGE")
        return self._choose(preferred, parameters) if preferred in self.available else self._ask("SELECT_CHALLENGE", ())

    def on_RespondToAuthChallenge(self, body: dict[str, Any]) -> Mapping[str, object]:
        assert body["ClientId"] == CLIENT_ID
        name, responses = body["ChallengeName"], body["ChallengeResponses"]
        # Only some challenges say the internal name; what needs it has heard it.
        assert responses["USERNAME"] in (ALIASES if name in SILENT else (USER,))
        self._check_hash(responses)
        if "Session" in body:
            ticket = self._take(body["Session"], name)
        else:
            ticket = self.blocks.pop(responses["PASSWORD_CLAIM_SECRET_BLOCK"])
        try:
            return self._answered(name, responses, ticket)
        except Refusal as refusal:
            if refusal.body["__type"] in ("CodeMismatchException", "InvalidPasswordException"):
                self.tickets[body["Session"]] = ticket
            raise

    def _answered(self, name: str, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        if name in CODES:
            if responses[CODES[name]] != CODE:
                raise Refusal("CodeMismatchException", "Invalid code or auth state for the user.")
            return self._first_factor(responses, ticket.rest)
        answers: dict[str, Callable[[dict[str, str], Ticket], Mapping[str, object]]] = {
            "PASSWORD_VERIFIER": self._on_proof,
            "DEVICE_PASSWORD_VERIFIER": self._on_device_proof,
            "DEVICE_SRP_AUTH": self._on_device,
            "NEW_PASSWORD_REQUIRED": self._on_new_password,
            "CUSTOM_CHALLENGE": self._on_custom,
            "PASSWORD": lambda responses, _: self._password(responses),
            "PASSWORD_SRP": lambda responses, ticket: self._ask_proof(responses, ticket.rest),
            "SELECT_CHALLENGE": lambda responses, _: self._choose(responses["ANSWER"], responses),
            "SELECT_MFA_TYPE": lambda responses, ticket: self._ask(responses["ANSWER"], ticket.rest),
            "WEB_AUTHN": self._on_passkey,
            "MFA_SETUP": self._on_setup,
        }
        return answers[name](responses, ticket)

    # --- first factors

    def _choose(self, choice: str, parameters: dict[str, str]) -> Mapping[str, object]:
        assert choice in self.available
        if choice == "PASSWORD_SRP":
            return self._ask_proof(parameters, self.then)
        return self._password(parameters) if choice == "PASSWORD" else self._ask(choice, self.then)

    def _password(self, parameters: dict[str, str]) -> Mapping[str, object]:
        if parameters["PASSWORD"] != self.password:
            raise Refusal(*WRONG)
        return self._first_factor(parameters, self.then)

    def _ask_proof(
        self, parameters: dict[str, str], rest: tuple[str, ...], *, session: bool = True
    ) -> Mapping[str, object]:
        salt = 0x9A3F
        v = power(2, x_of(POOL, USER, self.password, salt))
        exchange = self._exchange(POOL, USER, v, salt, parameters["SRP_A"])
        body = self._ask("PASSWORD_VERIFIER", rest, exchange)
        named = {**exchange.parameters(), "USERNAME": USER, "USER_ID_FOR_SRP": USER}
        if not session:
            self.blocks[named["SECRET_BLOCK"]] = self.tickets.pop(body.pop("Session"))
        return {**body, "ChallengeParameters": named}

    def _exchange(self, group: str, name: str, v: int, salt: int, srp_a: str) -> Exchange:
        A = int(srp_a, 16)
        assert A not in self.seen, "an exponent was used twice"
        self.seen.add(A)
        self.number += 1
        return Exchange(group, name, v, salt, 0xB0B5 << (200 + self.number), b"block %d" % self.number, A)

    def _on_proof(self, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        assert ticket.exchange is not None
        if not ticket.exchange.proves(responses):
            raise Refusal(*WRONG)
        return self._first_factor(responses, ticket.rest)

    def _on_passkey(self, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        if json.loads(responses["CREDENTIAL"]) != PASSKEY:
            raise Refusal("NotAuthorizedException", "Invalid session for the user.")
        return self._first_factor(responses, ticket.rest)

    # --- what comes after

    def _first_factor(self, named: dict[str, str], rest: tuple[str, ...]) -> Mapping[str, object]:
        """A factor is proven; a device that is named must prove itself before the others are left out."""
        key = named.get("DEVICE_KEY")
        if key is None:
            return self._go_on(rest)
        if key not in self.devices:
            raise Refusal("ResourceNotFoundException", "Device does not exist.")
        return self._ask("DEVICE_SRP_AUTH", rest)

    def _on_device(self, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        key = responses["DEVICE_KEY"]
        salt, v = self.devices[key]
        exchange = self._exchange(GROUP, key, v, salt, responses["SRP_A"])
        body = self._ask("DEVICE_PASSWORD_VERIFIER", ticket.rest, exchange)
        return {**body, "ChallengeParameters": {**exchange.parameters(), "USERNAME": USER, "DEVICE_KEY": key}}

    def _on_device_proof(self, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        assert ticket.exchange is not None
        assert responses["DEVICE_KEY"] == ticket.exchange.name
        if not ticket.exchange.proves(responses):
            raise Refusal(*WRONG)
        # A remembered device takes the place of the second factors.
        rest = tuple(name for name in ticket.rest if not name.endswith(("_MFA", "_TYPE")))
        return self._go_on(rest, ticket.exchange.name)

    def _on_new_password(self, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        if len(responses["NEW_PASSWORD"]) < 6:
            raise Refusal("InvalidPasswordException", "Password does not conform to policy")
        assert responses["userAttributes.email"] == "jane@example.com"
        self.password = responses["NEW_PASSWORD"]
        return self._first_factor(responses, ticket.rest)

    def _on_custom(self, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        if responses["ANSWER"] == "give up":
            raise Refusal(*WRONG)
        if responses["ANSWER"] != "2":
            return self._ask("CUSTOM_CHALLENGE", ticket.rest)
        return self._first_factor(responses, ticket.rest)

    def _on_setup(self, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        if "EMAIL" in responses:
            return self._ask("EMAIL_OTP", ticket.rest)
        assert self.totp == "verified"
        return self._first_factor(responses, ticket.rest)

    def on_AssociateSoftwareToken(self, body: dict[str, Any]) -> Mapping[str, object]:
        ticket = self._take(body["Session"], "MFA_SETUP")
        self.totp = "JBSWY3DPEHPK3PXP"
        return {"SecretCode": self.totp, "Session": self._issue(ticket)}

    def on_VerifySoftwareToken(self, body: dict[str, Any]) -> Mapping[str, object]:
        assert self.totp is not None
        ticket = self._take(body["Session"], "MFA_SETUP")
        if body["UserCode"] == "000000":
            return {"Status": "ERROR", "Session": self._issue(ticket)}
        if body["UserCode"] != CODE:
            self.tickets[body["Session"]] = ticket
            raise Refusal("EnableSoftwareTokenMFAException", "Code mismatch")
        self.totp = "verified"
        return {"Status": "SUCCESS", "Session": self._issue(ticket)}

    def on_ConfirmDevice(self, body: dict[str, Any]) -> Mapping[str, object]:
        assert body["AccessToken"].count(".") == 2
        config = body["DeviceSecretVerifierConfig"]
        salt, v = (base64.b64decode(config[name], validate=True) for name in ("Salt", "PasswordVerifier"))
        assert salt == padded(int.from_bytes(salt, "big"))
        assert v == padded(int.from_bytes(v, "big"))
        self.devices[body["DeviceKey"]] = int.from_bytes(salt, "big"), int.from_bytes(v, "big")
        return {"UserConfirmationNecessary": False}

    def on_RevokeToken(self, body: dict[str, Any]) -> Mapping[str, object]:
        assert body["Token"] == "refresh-1"
        return {}

    def _go_on(self, rest: tuple[str, ...], device: str | None = None) -> Mapping[str, object]:
        if rest:
            return self._ask(rest[0], rest[1:])
        body: dict[str, Any] = authentication_result()
        named = {"username": USER, "exp": NOW + 3600, **({"device_key": device} if device else {})}
        body["AuthenticationResult"]["AccessToken"] = unsigned_token(**named)
        if self.tracks and device is None:
            self.number += 1
            metadata = {"DeviceKey": f"eu-west-1_d3v-{self.number}", "DeviceGroupKey": GROUP}
            body["AuthenticationResult"]["NewDeviceMetadata"] = metadata
        return body

    def _ask(self, name: str, rest: tuple[str, ...], exchange: Exchange | None = None) -> dict[str, Any]:
        said = {
            "NEW_PASSWORD_REQUIRED": {"requiredAttributes": '["userAttributes.email"]', "userAttributes": "{}"},
            "SELECT_MFA_TYPE": {"MFAS_CAN_CHOOSE": '["SMS_MFA","SOFTWARE_TOKEN_MFA","EMAIL_OTP"]'},
            "MFA_SETUP": {"MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]'},
            "CUSTOM_CHALLENGE": {"question": "1 + 1?"},
            "WEB_AUTHN": {"CREDENTIAL_REQUEST_OPTIONS": '{"challenge":"Y2g"}'},
        }.get(name, {})
        named = {} if name in SILENT or name.startswith("DEVICE_") else {"USERNAME": USER}
        body = {"ChallengeName": name, "ChallengeParameters": {**said, **named}}
        if name == "SELECT_CHALLENGE":
            body["AvailableChallenges"] = [*self.available]
        return {**body, "Session": self._issue(Ticket(name, rest, exchange))}

    def _issue(self, ticket: Ticket) -> str:
        self.number += 1
        session = f"session number {self.number} of the service"
        self.tickets[session] = ticket
        return session

    def sign_up_session(self) -> str:
        """What ConfirmSignUp gives to go on with."""
        return self._issue(Ticket("SIGN_UP", ()))

    def _take(self, session: str, name: str) -> Ticket:
        ticket = self.tickets.pop(session, None)
        if ticket is None:
            raise Refusal("NotAuthorizedException", "Invalid session for the user, session can only be used once.")
        assert ticket.name == name
        return ticket

    def _check_hash(self, named: Mapping[str, str]) -> None:
        if self.secret is None:
            assert "SECRET_HASH" not in named
            return
        digest = hmac.digest(self.secret.encode(), f"{named['USERNAME']}{CLIENT_ID}".encode(), "sha256")
        assert named["SECRET_HASH"] == base64.b64encode(digest).decode()
