"""Every public method of sessions, accounts and clients, as calls, with the content of each that may arrive once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cognito_raw import AsyncSession, Challenge, MfaOption, MfaSettings, NewDevice, Ok, RememberedDevice, State, ask
from tests.faults.ledger import USER
from tests.support.conversation import tokens

PASSWORD, NEW, CODE, SECRET = "Once-Password-1", "Once-Password-2", "719283", "once-handle-3"


@dataclass(frozen=True)
class Method:
    """One call.

    name: the method's, and after a comma its case. once: what may arrive once only. after: how many of its requests
    are answered before the fault. state: of a session. None is a client's call.
    """

    name: str
    call: Callable[[Any], Any]
    once: tuple[str, ...] = ()
    after: int = 0
    state: State | None = None

    @property
    def public_name(self) -> str:
        return self.name.partition(",")[0]

    @property
    def signs_out(self) -> bool:
        return self.public_name in ("logout", "forget", "account.delete_user")


def waiting(name: str, **parameters: str) -> Challenge:
    """A challenge that waits for an answer."""
    return Challenge(name, USER, SECRET, parameters)


def _state(challenge: Challenge | None = None, *, fresh: bool = False) -> State:
    at = time.time() if fresh else 0
    return State(USER, challenge=challenge, tokens=tokens(at=at), sign_up_session=None, reset_username=USER)


OLD: Final = _state()
FRESH: Final = _state(fresh=True)
NEW_PASSWORD: Final = waiting("NEW_PASSWORD_REQUIRED", requiredAttributes="[]", userAttributes="{}")
DEVICE: Final = RememberedDevice("eu-west-1_d3v", "-gr0up", "device-password", USER)


def _keep_fresh(session: Any) -> Any:
    async def keep() -> Ok[None]:
        async with session.keep_fresh():
            await asyncio.sleep(0.1)
        return Ok(None)

    if isinstance(session, AsyncSession):
        return keep()
    with session.keep_fresh():
        time.sleep(0.1)
    return Ok(None)


def _session(name: str, call: Callable[[Any], Any], *once: str, after: int = 0, state: State = FRESH) -> Method:
    return Method(name, call, once, after, state)


SESSION: Final = (
    _session("register", lambda s: s.register(USER, PASSWORD, {"email": "a@example.com"}), PASSWORD),
    _session("confirm_registration", lambda s: s.confirm_registration(CODE), CODE),
    _session("resend_verification_code", lambda s: s.resend_verification_code()),
    _session("login", lambda s: s.login(USER, PASSWORD), PASSWORD),
    _session("login, proof", lambda s: s.login(USER, PASSWORD), "PASSWORD_CLAIM_SIGNATURE", after=1),
    _session("login, device", lambda s: s.login(USER, PASSWORD), "PASSWORD_CLAIM_SIGNATURE", after=2),
    _session("login, password", lambda s: s.login(USER, PASSWORD, flow="USER_PASSWORD_AUTH"), PASSWORD),
    _session("login, choice", lambda s: s.login(USER, flow="USER_AUTH")),
    _session("new_password_challenge", lambda s: s.new_password_challenge(NEW), NEW, state=_state(NEW_PASSWORD)),
    _session("answer_challenge", lambda s: s.answer_challenge(CODE), CODE, state=_state(waiting("SMS_MFA"))),
    _session("begin_totp_setup", lambda s: s.begin_totp_setup(), SECRET, state=_state(waiting("MFA_SETUP"))),
    _session("logout", lambda s: s.logout()),
    _session("logout, everywhere", lambda s: s.logout(everywhere=True)),
    _session("logout, renewed", lambda s: s.logout(everywhere=True), after=1, state=OLD),
    _session("request_password_reset", lambda s: s.request_password_reset(USER)),
    _session("reset_password_confirmation", lambda s: s.reset_password_confirmation(NEW, CODE), NEW, CODE),
    _session("change_password", lambda s: s.change_password(PASSWORD, NEW), PASSWORD, NEW),
    _session("change_password, old", lambda s: s.change_password(PASSWORD, NEW), PASSWORD, NEW, state=OLD),
    _session("change_password, renewed", lambda s: s.change_password(PASSWORD, NEW), PASSWORD, NEW, after=1, state=OLD),
    _session("id_token", lambda s: s.id_token(), state=OLD),
    _session("access_token", lambda s: s.access_token(), state=OLD),
    _session("refresh", lambda s: s.refresh()),
    _session("keep_fresh", _keep_fresh, state=OLD),
    _session("forget", lambda s: s.forget()),
)
ACCOUNT: Final = (
    _session("account.get_user", lambda s: s.account.get_user()),
    _session("account.get_user, renewed", lambda s: s.account.get_user(), after=1, state=OLD),
    _session("account.update_user_attributes", lambda s: s.account.update_user_attributes({"email": "a@example.com"})),
    _session("account.delete_user_attributes", lambda s: s.account.delete_user_attributes(["nickname"])),
    _session(
        "account.get_user_attribute_verification_code",
        lambda s: s.account.get_user_attribute_verification_code("email"),
    ),
    _session("account.verify_user_attribute", lambda s: s.account.verify_user_attribute("email", CODE), CODE),
    _session("account.get_user_auth_factors", lambda s: s.account.get_user_auth_factors()),
    _session("account.delete_user", lambda s: s.account.delete_user()),
    _session("account.delete_user, old", lambda s: s.account.delete_user(), state=OLD),
    _session("account.enable_totp", lambda s: s.account.enable_totp()),
    _session("account.confirm_totp", lambda s: s.account.confirm_totp(CODE), CODE),
    _session("account.confirm_totp, verified", lambda s: s.account.confirm_totp(CODE), CODE, after=1),
    _session(
        "account.set_user_mfa_preference",
        lambda s: s.account.set_user_mfa_preference(email_mfa_settings=MfaSettings(enabled=True)),
    ),
    _session("account.start_web_authn_registration", lambda s: s.account.start_web_authn_registration()),
    _session(
        "account.complete_web_authn_registration",
        lambda s: s.account.complete_web_authn_registration({"id": SECRET}),
        SECRET,
    ),
    _session("account.list_web_authn_credentials", lambda s: s.account.list_web_authn_credentials()),
    _session("account.delete_web_authn_credential", lambda s: s.account.delete_web_authn_credential("id")),
    _session("account.get_device", lambda s: s.account.get_device("key")),
    _session("account.list_devices", lambda s: s.account.list_devices()),
    _session("account.update_device_status", lambda s: s.account.update_device_status("key", "remembered")),
    _session("account.forget_device", lambda s: s.account.forget_device("key")),
    _session("account.list_user_sessions", lambda s: s.account.list_user_sessions()),
    _session("account.revoke_user_session", lambda s: s.account.revoke_user_session("id")),
)
CLIENT: Final = (
    Method("sign_up", lambda c: c.sign_up(USER, PASSWORD), (PASSWORD,)),
    Method("confirm_sign_up", lambda c: c.confirm_sign_up(USER, CODE), (CODE,)),
    Method("resend_confirmation_code", lambda c: c.resend_confirmation_code(USER)),
    Method("sign_in", lambda c: c.sign_in(USER, PASSWORD), (PASSWORD,)),
    Method("sign_in, proof", lambda c: c.sign_in(USER, PASSWORD), ("PASSWORD_CLAIM_SIGNATURE",), 1),
    Method("answer_challenge", lambda c: c.answer_challenge(waiting("SMS_MFA"), CODE), (CODE, SECRET)),
    Method(
        "answer_challenge, device",
        lambda c: c.answer_challenge(waiting("DEVICE_SRP_AUTH"), DEVICE, device=DEVICE),
        ("DEVICE_SRP_AUTH", SECRET),
    ),
    Method(
        "respond_to_new_password_required",
        lambda c: c.respond_to_new_password_required(NEW_PASSWORD, NEW),
        (NEW, SECRET),
    ),
    Method("begin_totp_setup", lambda c: c.begin_totp_setup(waiting("MFA_SETUP")), (SECRET,)),
    Method("confirm_new_device", lambda c: c.confirm_new_device("access", NewDevice("key", "group"), USER)),
    Method(
        "initiate_auth",
        lambda c: c.initiate_auth("USER_PASSWORD_AUTH", {"USERNAME": USER, "PASSWORD": PASSWORD}),
        (PASSWORD,),
    ),
    Method(
        "respond_to_auth_challenge",
        lambda c: c.respond_to_auth_challenge("SMS_OTP", {"USERNAME": USER, "SMS_OTP_CODE": CODE}, session=SECRET),
        (CODE, SECRET),
    ),
    Method("get_tokens_from_refresh_token", lambda c: c.get_tokens_from_refresh_token("refresh")),
    Method("revoke_token", lambda c: c.revoke_token("refresh")),
    Method("global_sign_out", lambda c: c.global_sign_out("access")),
    Method("forgot_password", lambda c: c.forgot_password(USER)),
    Method("confirm_forgot_password", lambda c: c.confirm_forgot_password(USER, NEW, CODE), (NEW, CODE)),
    Method("change_password", lambda c: c.change_password("access", PASSWORD, NEW), (PASSWORD, NEW)),
    Method("get_user", lambda c: c.get_user("access")),
    Method("update_user_attributes", lambda c: c.update_user_attributes("access", {"email": "a@example.com"})),
    Method("delete_user_attributes", lambda c: c.delete_user_attributes("access", ["nickname"])),
    Method("get_user_attribute_verification_code", lambda c: c.get_user_attribute_verification_code("access", "email")),
    Method("verify_user_attribute", lambda c: c.verify_user_attribute("access", "email", CODE), (CODE,)),
    Method("get_user_auth_factors", lambda c: c.get_user_auth_factors("access")),
    Method("set_user_settings", lambda c: c.set_user_settings("access", [MfaOption("SMS", "phone_number")])),
    Method("delete_user", lambda c: c.delete_user("access")),
    Method("associate_software_token", lambda c: c.associate_software_token(access_token="access")),
    Method("verify_software_token", lambda c: c.verify_software_token(CODE, session=SECRET), (CODE, SECRET)),
    Method(
        "set_user_mfa_preference",
        lambda c: c.set_user_mfa_preference("access", email_mfa_settings=MfaSettings(enabled=True)),
    ),
    Method("start_web_authn_registration", lambda c: c.start_web_authn_registration("access")),
    Method(
        "complete_web_authn_registration",
        lambda c: c.complete_web_authn_registration("access", {"id": SECRET}),
        (SECRET,),
    ),
    Method("list_web_authn_credentials", lambda c: c.list_web_authn_credentials("access").all()),
    Method("delete_web_authn_credential", lambda c: c.delete_web_authn_credential("access", "id")),
    Method("confirm_device", lambda c: c.confirm_device("access", "key")),
    Method("get_device", lambda c: c.get_device("access", "key")),
    Method("list_devices", lambda c: c.list_devices("access").page()),
    Method("update_device_status", lambda c: c.update_device_status("access", "key", "remembered")),
    Method("forget_device", lambda c: c.forget_device("access", "key")),
    Method("list_user_sessions", lambda c: c.list_user_sessions("access").all()),
    Method("revoke_user_session", lambda c: c.revoke_user_session("access", "id")),
    Method("update_auth_event_feedback", lambda c: c.update_auth_event_feedback(USER, "event", "feedback", "Valid")),
    Method("call", lambda c: c.call("SignUp", {"Username": USER, "Password": PASSWORD}), (PASSWORD,)),
    Method("run", lambda c: c.run(ask("ConfirmSignUp", {"Username": USER, "ConfirmationCode": CODE})), (CODE,)),
)
METHODS: Final = (*SESSION, *ACCOUNT, *CLIENT)
