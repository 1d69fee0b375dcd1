"""A small user pool inside the process whose user has passkeys: it offers them, and judges what comes back.

Whether an attestation or an assertion holds is for py_webauthn alone to say; what is done here is to keep the
passkeys and to name the service's exception for a refusal. Sign-in with a password and the chain of challenges are
those of `challenge_service`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    parse_attestation_object,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException

from cognito_raw import Ok, Reply, Request, Result
from tests.support.challenge_service import USER, Refusal, Service, Ticket
from tests.support.conversation import CLIENT_ID, NOW, authentication_result, unsigned_token
from tests.support.hostile import Peer, reply, serving

RELYING_PARTY: Final = "auth.example.com"
ORIGIN: Final = f"https://{RELYING_PARTY}"
LIFE: Final = 60.0  # seconds, as the documented options have it
_PASSWORDS: Final = ("PASSWORD_SRP", "PASSWORD")


@dataclass
class Passkey:
    """What the pool keeps of one: the public key, the authenticator's counter, and how it is told of."""

    key: bytes
    counter: int
    described: dict[str, object]


@dataclass
class Started:
    """A registration under way."""

    challenge: bytes
    client: str
    until: float


@dataclass
class PasskeyTicket(Ticket):
    """What a session stands for whose challenge is WEB_AUTHN."""

    challenge: bytes = b""


@dataclass
class PasskeyService(Service):
    """The pool and its one user, who has a password, and no passkeys yet.

    enabled, configured: whether passkeys are switched on, and whether there is a relying party. algorithms: those of
    keys that it takes. clock: the service's own.
    """

    available: tuple[str, ...] = _PASSWORDS
    enabled: bool = True
    configured: bool = True
    algorithms: tuple[int, ...] = (-7, -257)
    clock: Callable[[], float] = lambda: NOW
    passkeys: dict[str, Passkey] = field(default_factory=dict)
    access: dict[str, str] = field(default_factory=dict)  # the access tokens that were given out, and to which client
    started: Started | None = None

    async def asend(self, request: Request) -> Result[Reply]:
        return self.send(request)

    # --- registration

    def on_StartWebAuthnRegistration(self, body: dict[str, Any]) -> Mapping[str, object]:
        client = self._client(body)
        if not self.enabled:
            raise Refusal("WebAuthnNotEnabledException", "")
        if not self.configured:
            raise Refusal("WebAuthnConfigurationMissingException", "")
        self.started = Started(secrets.token_bytes(32), client, self.clock() + LIFE)
        options = {
            "rp": {"id": RELYING_PARTY, "name": RELYING_PARTY},
            "user": {"id": bytes_to_base64url(USER.encode()), "name": "jane", "displayName": "jane"},
            "challenge": bytes_to_base64url(self.started.challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": known} for known in self.algorithms],
            "timeout": int(LIFE * 1000),
            "excludeCredentials": [{"type": "public-key", "id": known} for known in self.passkeys],
            "authenticatorSelection": {
                "requireResidentKey": True,
                "residentKey": "required",
                "userVerification": "preferred",
            },
        }
        return {"CredentialCreationOptions": options}

    def on_CompleteWebAuthnRegistration(self, body: dict[str, Any]) -> Mapping[str, object]:
        client, posted = self._client(body), body["Credential"]
        assert isinstance(posted, dict), "a document is an object, not its text"
        started, self.started = self.started, None
        if started is None or started.until <= self.clock():
            raise Refusal("WebAuthnChallengeNotFoundException", "")
        if started.client != client:
            raise Refusal("WebAuthnClientMismatchException", "")
        try:
            verified = verify_registration_response(
                credential=posted,
                expected_challenge=started.challenge,
                expected_rp_id=RELYING_PARTY,
                expected_origin=ORIGIN,
                supported_pub_key_algs=[COSEAlgorithmIdentifier(known) for known in self.algorithms],
            )
        except WebAuthnException:
            raise _fault(posted, started.challenge, self.algorithms) from None
        self._keep(posted, verified.credential_public_key, verified.sign_count)
        return {}

    def _keep(self, posted: Mapping[str, Any], key: bytes, counter: int) -> None:
        described = {
            "CredentialId": posted["id"],
            "FriendlyCredentialName": f"Passkey {len(self.passkeys) + 1}",
            "RelyingPartyId": RELYING_PARTY,
            "AuthenticatorAttachment": posted["authenticatorAttachment"],
            "AuthenticatorTransports": posted["response"]["transports"],
            "CreatedAt": self.clock(),
        }
        self.passkeys[posted["id"]] = Passkey(key, counter, described)
        self.available = (*_PASSWORDS, "WEB_AUTHN")

    def on_ListWebAuthnCredentials(self, body: dict[str, Any]) -> Mapping[str, object]:
        self._client(body)
        begin, size = int(body.get("NextToken", 0)), body.get("MaxResults", 20)
        found = [passkey.described for passkey in self.passkeys.values()]
        more = {"NextToken": str(begin + size)} if begin + size < len(found) else {}
        return {"Credentials": found[begin : begin + size], **more}

    def on_DeleteWebAuthnCredential(self, body: dict[str, Any]) -> Mapping[str, object]:
        self._client(body)
        if self.passkeys.pop(body["CredentialId"], None) is None:
            raise Refusal("ResourceNotFoundException", "")
        if not self.passkeys:
            self.available = _PASSWORDS
        return {}

    # --- sign-in

    def _ask(self, name: str, rest: tuple[str, ...], exchange: Any = None) -> dict[str, Any]:
        body = super()._ask(name, rest, exchange)
        if name != "WEB_AUTHN":
            return body
        challenge = secrets.token_bytes(32)
        self.tickets[body["Session"]] = PasskeyTicket(name, rest, challenge=challenge)
        options = {
            "challenge": bytes_to_base64url(challenge),
            "timeout": 180000,
            "rpId": RELYING_PARTY,
            "allowCredentials": [{"type": "public-key", "id": known, "transports": []} for known in self.passkeys],
            "userVerification": "preferred",
        }
        return {**body, "ChallengeParameters": {"CREDENTIAL_REQUEST_OPTIONS": json.dumps(options)}}

    def _on_passkey(self, responses: dict[str, str], ticket: Ticket) -> Mapping[str, object]:
        assert isinstance(ticket, PasskeyTicket)
        posted = json.loads(responses["CREDENTIAL"])
        passkey = self.passkeys.get(posted["id"])
        # No public recording of the service's text is known: there is none, rather than one made up.
        refusal = Refusal("NotAuthorizedException", "")
        if passkey is None or posted["response"].get("userHandle") != bytes_to_base64url(USER.encode()):
            raise refusal
        try:
            verified = verify_authentication_response(
                credential=posted,
                expected_challenge=ticket.challenge,
                expected_rp_id=RELYING_PARTY,
                expected_origin=ORIGIN,
                credential_public_key=passkey.key,
                credential_current_sign_count=passkey.counter,
            )
        except WebAuthnException:
            raise refusal from None
        passkey.counter = verified.new_sign_count
        return self._first_factor(responses, ticket.rest)

    def _go_on(self, rest: tuple[str, ...], device: str | None = None) -> Mapping[str, object]:
        if rest:
            return super()._go_on(rest, device)
        body: dict[str, Any] = authentication_result(self.clock())
        body["AuthenticationResult"]["AccessToken"] = self.access_token()
        return body

    def access_token(self, client: str = CLIENT_ID) -> str:
        """A new access token of the user, for this app client."""
        token = unsigned_token(username=USER, jti=len(self.access), exp=int(self.clock()) + 3600)
        self.access[token] = client
        return token

    def _client(self, body: Mapping[str, Any]) -> str:
        if body["AccessToken"] not in self.access:
            raise Refusal("NotAuthorizedException", "Invalid Access Token")
        return self.access[body["AccessToken"]]


def _fault(posted: Mapping[str, Any], challenge: bytes, algorithms: tuple[int, ...]) -> Refusal:
    """The service's name for a refusal of the verifier: what its documentation tells apart, and the rest."""
    try:
        said = parse_client_data_json(base64url_to_bytes(posted["response"]["clientDataJSON"]))
        made = parse_attestation_object(base64url_to_bytes(posted["response"]["attestationObject"])).auth_data
        assert made.attested_credential_data is not None
        key = decode_credential_public_key(made.attested_credential_data.credential_public_key)
    except Exception:
        return Refusal("InvalidParameterException", "Credential data is not valid")
    if said.challenge != challenge:
        return Refusal("WebAuthnChallengeNotFoundException", "")
    if said.origin != ORIGIN:
        return Refusal("WebAuthnOriginNotAllowedException", "")
    if made.rp_id_hash != hashlib.sha256(RELYING_PARTY.encode()).digest():
        return Refusal("WebAuthnRelyingPartyMismatchException", "")
    if key.alg not in algorithms:
        return Refusal("WebAuthnCredentialNotSupportedException", "")
    return Refusal("InvalidParameterException", "Credential data is not valid")


@contextmanager
def listening(service: PasskeyService) -> Iterator[str]:
    """The address of the same service behind a socket, with the time of this machine."""
    service.clock = time.time

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            headers = {"X-Amz-Target": received.headers["x-amz-target"]}
            answer = service.send(Request("", headers, received.body, 1.0))
            assert isinstance(answer, Ok)
            await peer.send(reply(answer.value.body, answer.value.status))

    with serving(behaviour) as server:
        yield server.url.rstrip("/")
