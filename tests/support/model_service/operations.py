"""The operations of a pool. Each takes the body of a request, and returns that of the reply or raises a `Refusal`."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any, Final

from tests.support.challenge_service import CODES, WRONG, Exchange, Refusal, x_of
from tests.support.conversation import unsigned_token
from tests.support.model_service.world import Family, Rules, Ticket, User, World
from tests.support.srp_server import power

Body = dict[str, Any]

GROUP: Final = "-gr0up"
REVOKED: Final = "Refresh Token has been revoked"
_SALT: Final = 0x9A3F
_B: Final = 0xB0B5  # short, so that its powers cost little


class Operations:
    """The users of a pool, their sign-ins, and the operations on them."""

    def __init__(self, world: World, rules: Rules, name: str, client: str, iss: str) -> None:
        self.world, self.rules = world, rules
        self.name, self.client, self.iss = name, client, iss
        self.users = [User(name, "") for name in ("ada", "bob")]
        self.names = {name: user for user in self.users for name in user.names}
        for user in self.users:
            user.password = world.new("password", user)
            world.owners.update({self.hash_of(name): user for name in user.names} if rules.secret else {})
        self.tickets: dict[str, Ticket] = {}
        self.codes: dict[str, bool] = {}
        self.families: dict[str, Family] = {}

    def hash_of(self, name: str) -> str:
        message = f"{name}{self.client}".encode()
        return base64.b64encode(hmac.digest((self.rules.secret or "").encode(), message, "sha256")).decode()

    def code(self, user: User, *, right: bool) -> str:
        """A new code for this user, right or wrong."""
        code = self.world.new("code", user)
        self.codes[code] = right
        return code

    def _take_code(self, code: str) -> None:
        if not self.codes.pop(code, False):
            raise Refusal("CodeMismatchException", "Invalid verification code provided, please try again.")

    def _user(self, name: str) -> User:
        user = self.names[name]
        if not user.exists:
            raise Refusal("UserNotFoundException", "User does not exist.")
        return user

    # --- sign-up and passwords

    def SignUp(self, body: Body) -> Body:
        user = self.names[body["Username"]]
        if user.exists:
            raise Refusal("UsernameExistsException", "User already exists")
        user.exists, user.confirmed, user.temporary, user.password = True, False, False, body["Password"]
        return {"UserSub": user.id, "UserConfirmed": False, "Session": self._issue(Ticket(user, "SIGN_UP"))}

    def ConfirmSignUp(self, body: Body) -> Body:
        user = self._user(body["Username"])
        if user.confirmed:
            raise Refusal("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
        self._take_code(body["ConfirmationCode"])
        user.confirmed = True
        return {"Session": self._issue(Ticket(user, "SIGN_UP"))}

    def ForgotPassword(self, body: Body) -> Body:
        self._user(body["Username"])
        return {"CodeDeliveryDetails": {}}

    def ConfirmForgotPassword(self, body: Body) -> Body:
        user = self._user(body["Username"])
        self._take_code(body["ConfirmationCode"])
        user.password, user.temporary = body["Password"], False
        return {}

    def ChangePassword(self, body: Body) -> Body:
        user = self._by_access(body).user
        if body["PreviousPassword"] != user.password:
            raise Refusal(*WRONG)
        user.password = body["ProposedPassword"]
        return {}

    # --- sign-in

    def InitiateAuth(self, body: Body) -> Body:
        named, flow = body["AuthParameters"], body["AuthFlow"]
        if flow == "REFRESH_TOKEN_AUTH":
            return self._renew_by_auth(named)
        user = self._user(named["USERNAME"])
        self._require_device(user, named)
        if flow == "USER_SRP_AUTH":
            return self._ask_proof(user, named["SRP_A"])
        if flow == "USER_AUTH" and "Session" not in body:
            return self._ask(user, "EMAIL_OTP", silent=True)
        if flow == "USER_AUTH":
            self._take(body["Session"], "SIGN_UP")
        elif named["PASSWORD"] != user.password:
            raise Refusal(*WRONG)
        return self._first_factor(user, named)

    def RespondToAuthChallenge(self, body: Body) -> Body:
        name, responses = body["ChallengeName"], body["ChallengeResponses"]
        user = self._user(responses["USERNAME"])
        self._require_device(user, responses)
        ticket = self._take(body["Session"], name)
        if name in CODES:
            if not self.codes.pop(responses[CODES[name]], False):
                self.tickets[body["Session"]] = ticket
                raise Refusal("CodeMismatchException", "Invalid code or auth state for the user.")
            return self._first_factor(user, responses) if name == "EMAIL_OTP" else self._finish(user, None)
        if name == "NEW_PASSWORD_REQUIRED":
            user.password, user.temporary = responses["NEW_PASSWORD"], False
            return self._first_factor(user, responses)
        if name == "DEVICE_SRP_AUTH":
            return self._ask_device_proof(user, responses)
        assert ticket.exchange is not None
        if not ticket.exchange.proves(responses):
            raise Refusal(*WRONG)
        is_device = name == "DEVICE_PASSWORD_VERIFIER"
        return self._finish(user, responses["DEVICE_KEY"]) if is_device else self._first_factor(user, responses)

    def _require_device(self, user: User, named: Mapping[str, str]) -> None:
        if "DEVICE_KEY" in named and named["DEVICE_KEY"] not in user.devices:
            raise Refusal("ResourceNotFoundException", "Device does not exist.")

    def _ask_proof(self, user: User, srp_a: str) -> Body:
        v = power(2, x_of(self.name, user.id, user.password, _SALT))
        ids = {"USERNAME": user.id, "USER_ID_FOR_SRP": user.id}
        return self._ask_srp(user, "PASSWORD_VERIFIER", self.name, user.id, (_SALT, v), srp_a, ids)

    def _ask_device_proof(self, user: User, responses: Mapping[str, str]) -> Body:
        key = responses["DEVICE_KEY"]
        ids = {"USERNAME": user.id, "DEVICE_KEY": key}
        name = "DEVICE_PASSWORD_VERIFIER"
        return self._ask_srp(user, name, GROUP, key, user.devices[key], responses["SRP_A"], ids)

    def _ask_srp(
        self, user: User, challenge: str, group: str, name: str, known: tuple[int, int], srp_a: str, ids: Body
    ) -> Body:
        block = self.world.new("block", None)
        exchange = Exchange(group, name, known[1], known[0], _B, block.encode(), int(srp_a, 16))
        parameters = exchange.parameters()
        self.world.owners[parameters["SECRET_BLOCK"]] = user
        session = self._issue(Ticket(user, challenge, exchange))
        return {"ChallengeName": challenge, "ChallengeParameters": {**parameters, **ids}, "Session": session}

    def _first_factor(self, user: User, named: Mapping[str, str]) -> Body:
        if not user.confirmed:
            raise Refusal("UserNotConfirmedException", "User is not confirmed.")
        if user.temporary:
            return self._ask(user, "NEW_PASSWORD_REQUIRED")
        if "DEVICE_KEY" in named:
            return self._ask(user, "DEVICE_SRP_AUTH")
        return self._finish(user, None) if self.rules.factor is None else self._ask(user, self.rules.factor)

    def _finish(self, user: User, device: str | None) -> Body:
        metadata: Body = {}
        if device is None and self.rules.tracks:
            device = self.world.new("device", user)
            metadata = {"NewDeviceMetadata": {"DeviceKey": device, "DeviceGroupKey": GROUP}}
        family = Family(user, device)
        body = self._tokens(family, self._new_refresh_token(family))
        return {"AuthenticationResult": {**body["AuthenticationResult"], **metadata}}

    def _ask(self, user: User, name: str, *, silent: bool = False) -> Body:
        parameters = {} if silent else {"USERNAME": user.id}
        return {
            "ChallengeName": name,
            "ChallengeParameters": parameters,
            "Session": self._issue(Ticket(user, name)),
        }

    def _issue(self, ticket: Ticket) -> str:
        session = self.world.new("session", ticket.user)
        self.tickets[session] = ticket
        return session

    def _take(self, session: str, name: str) -> Ticket:
        ticket = self.tickets.pop(session, None)
        if ticket is None or ticket.name != name:
            raise Refusal("NotAuthorizedException", "Invalid session for the user, session can only be used once.")
        return ticket

    # --- devices and tokens

    def ConfirmDevice(self, body: Body) -> Body:
        family, config = self._by_access(body), body["DeviceSecretVerifierConfig"]
        salt, v = (int.from_bytes(base64.b64decode(config[name]), "big") for name in ("Salt", "PasswordVerifier"))
        family.user.devices[body["DeviceKey"]] = salt, v
        return {}

    def GetTokensFromRefreshToken(self, body: Body) -> Body:
        if self.rules.operations == "old":
            raise Refusal("UnknownOperationException", "")
        self.world.require(body.get("ClientSecret") == self.rules.secret, "a refresh without the client's secret")
        return self._renew(body["RefreshToken"], body.get("DeviceKey"))

    def _renew_by_auth(self, named: Mapping[str, str]) -> Body:
        if self.rules.operations == "new":
            raise Refusal("InvalidParameterException", "Initiate Auth method not supported.")
        family = self.families[named["REFRESH_TOKEN"]]
        proof = self.hash_of(family.user.id) if self.rules.secret else None
        self.world.require(named.get("SECRET_HASH") == proof, "a refresh proves another name")
        return self._renew(named["REFRESH_TOKEN"], named.get("DEVICE_KEY"))

    def _renew(self, token: str, device: str | None) -> Body:
        family = self.families[token]
        self.world.require(token == family.heard, "a refresh token came for which the session has another")
        if family.ended is None and family.ends.get(token, self.world.time.now) < self.world.time.now:
            family.ended = "RefreshTokenReuseException"
        if not family.user.exists:
            raise Refusal("NotAuthorizedException", "User deleted for the associated refresh token")
        if family.ended is not None:
            raise Refusal(family.ended, REVOKED if family.ended == "NotAuthorizedException" else "")
        confirmed = family.user.devices
        if device is not None and device not in confirmed:
            raise Refusal("ResourceNotFoundException", "Device does not exist.")
        if family.device in confirmed and device != family.device:
            raise Refusal("NotAuthorizedException", "Invalid Refresh Token.")
        if not self.rules.rotates:
            return self._tokens(family, None)
        family.ends.setdefault(token, self.world.time.now + self.rules.grace)
        return self._tokens(family, self._new_refresh_token(family))

    def RevokeToken(self, body: Body) -> Body:
        self.world.require(body.get("ClientSecret") == self.rules.secret, "a revocation without the client's secret")
        self.revoke(self.families[body["Token"]])
        return {}

    def GlobalSignOut(self, body: Body) -> Body:
        self.revoke_all(self._by_access(body).user)
        return {}

    def revoke_all(self, user: User) -> None:
        for family in self.families.values():
            if family.user is user:
                self.revoke(family)

    def steal(self, family: Family) -> None:
        """Somebody else uses the refresh token of the session."""
        if family.heard is not None and self.rules.rotates:
            family.ends.setdefault(family.heard, self.world.time.now + self.rules.grace)
            self._new_refresh_token(family)

    def revoke(self, family: Family) -> None:
        family.ended = family.ended or "NotAuthorizedException"

    def _by_access(self, body: Body) -> Family:
        family = self.families[body["AccessToken"]]
        if not family.user.exists:
            raise Refusal("UserNotFoundException", "User does not exist.")
        if family.expire[body["AccessToken"]] < self.world.time.now:
            raise Refusal("NotAuthorizedException", "Access Token has expired")
        if family.ended is not None:
            raise Refusal("NotAuthorizedException", "Access Token has been revoked")
        return family

    def _new_refresh_token(self, family: Family) -> str | None:
        if not self.rules.refresh_tokens:
            return None
        family.newest = self.world.new("refresh", family.user)
        self.families[family.newest] = family
        return family.newest

    def _tokens(self, family: Family, refresh: str | None) -> Body:
        now, rules, user = self.world.time.now, self.rules, family.user
        said = {"sub": user.id, "iss": self.iss, "n": self.world.new("n", None)}
        issued = {"right": {"iat": now}, "zero": {"iat": 0}, "absent": {}}[rules.issued]
        device = {"device_key": family.device} if rules.names_device and family.device else {}
        access = unsigned_token(**said, client_id=self.client, username=user.id, exp=now + rules.access_lasts, **device)
        identity = unsigned_token(**said, **issued, aud=self.client, exp=now + rules.lasts)
        self.families[access] = family
        family.expire[access] = now + rules.access_lasts
        self.world.owners.update({access: user, identity: user})
        result = {"IdToken": identity, "AccessToken": access, "ExpiresIn": rules.lasts}
        return {"AuthenticationResult": result if refresh is None else {**result, "RefreshToken": refresh}}
