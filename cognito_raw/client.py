"""The stateless face, in Cognito's own words: a method an operation, each lifted from its flow."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from . import flows
from .config import Config
from .flow import Flow
from .pages import Asking, AsyncPages, Page, Pages
from .result import Result
from .runner import Asynchronous, Blocking, dressed

P = ParamSpec("P")
T = TypeVar("T")


class _Runner(Blocking):
    def run(self, flow: Flow[T]) -> Result[T]:
        """Run a flow to its end: one of `cognito_raw.flows`, or your own."""
        return self._drive(flow, self._deadline)


class _AsyncRunner(Asynchronous):
    async def run(self, flow: Flow[T]) -> Result[T]:
        """Run a flow to its end: one of `cognito_raw.flows`, or your own."""
        return await self._drive(flow, self._deadline)


def _blocking(flow: Callable[Concatenate[Config, P], Flow[T]]) -> Callable[Concatenate[_Runner, P], Result[T]]:
    def method(self: _Runner, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return self.run(flow(self.config, *args, **kwargs))

    return dressed(method, flow)


def _asynchronous(
    flow: Callable[Concatenate[Config, P], Flow[T]],
) -> Callable[Concatenate[_AsyncRunner, P], Coroutine[Any, Any, Result[T]]]:
    async def method(self: _AsyncRunner, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return await self.run(flow(self.config, *args, **kwargs))

    return dressed(method, flow)


def _paged(
    flow: Callable[Concatenate[Config, P], Flow[Page[T]]], token: str
) -> Callable[Concatenate[_Runner, P], Pages[T]]:
    """A list: its flow asks for one page, the one that the argument `token` names."""

    def method(self: _Runner, /, *args: P.args, **kwargs: P.kwargs) -> Pages[T]:
        return Pages(self.run, _asking(partial(flow, self.config, *args, **kwargs), token))

    return dressed(method, flow, gives=Pages)


def _paged_asynchronous(
    flow: Callable[Concatenate[Config, P], Flow[Page[T]]], token: str
) -> Callable[Concatenate[_AsyncRunner, P], AsyncPages[T]]:
    def method(self: _AsyncRunner, /, *args: P.args, **kwargs: P.kwargs) -> AsyncPages[T]:
        return AsyncPages(self.run, _asking(partial(flow, self.config, *args, **kwargs), token))

    return dressed(method, flow, gives=AsyncPages)


def _asking(first: Callable[..., Flow[Page[T]]], token: str) -> Asking[T]:
    """The flow for the page after another; the first begins where the caller's arguments say."""
    return lambda after: first() if after is None else first(**{token: after})


class Client(_Runner):
    """Calls of a user pool's operations, blocking; it remembers nothing between them.

    transport: what sends the requests, such as an `HttpxTransport` of your own; or `"standard"`, for the standard
    library's http.client, which starts faster than httpx. Without one, all clients and sessions of the process share
    one over httpx. Safe to use from many threads.
    """

    sign_up = _blocking(flows.sign_up)
    confirm_sign_up = _blocking(flows.confirm_sign_up)
    resend_confirmation_code = _blocking(flows.resend_confirmation_code)
    sign_in = _blocking(flows.sign_in)
    answer_challenge = _blocking(flows.answer_challenge)
    respond_to_new_password_required = _blocking(flows.respond_to_new_password_required)
    begin_totp_setup = _blocking(flows.begin_totp_setup)
    confirm_new_device = _blocking(flows.confirm_new_device)
    initiate_auth = _blocking(flows.initiate_auth)
    respond_to_auth_challenge = _blocking(flows.respond_to_auth_challenge)
    get_tokens_from_refresh_token = _blocking(flows.get_tokens_from_refresh_token)
    revoke_token = _blocking(flows.revoke_token)
    global_sign_out = _blocking(flows.global_sign_out)
    forgot_password = _blocking(flows.forgot_password)
    confirm_forgot_password = _blocking(flows.confirm_forgot_password)
    change_password = _blocking(flows.change_password)
    get_user = _blocking(flows.get_user)
    update_user_attributes = _blocking(flows.update_user_attributes)
    delete_user_attributes = _blocking(flows.delete_user_attributes)
    get_user_attribute_verification_code = _blocking(flows.get_user_attribute_verification_code)
    verify_user_attribute = _blocking(flows.verify_user_attribute)
    get_user_auth_factors = _blocking(flows.get_user_auth_factors)
    set_user_settings = _blocking(flows.set_user_settings)
    delete_user = _blocking(flows.delete_user)
    associate_software_token = _blocking(flows.associate_software_token)
    verify_software_token = _blocking(flows.verify_software_token)
    set_user_mfa_preference = _blocking(flows.set_user_mfa_preference)
    start_web_authn_registration = _blocking(flows.start_web_authn_registration)
    complete_web_authn_registration = _blocking(flows.complete_web_authn_registration)
    list_web_authn_credentials = _paged(flows.list_web_authn_credentials, "next_token")
    delete_web_authn_credential = _blocking(flows.delete_web_authn_credential)
    confirm_device = _blocking(flows.confirm_device)
    get_device = _blocking(flows.get_device)
    list_devices = _paged(flows.list_devices, "pagination_token")
    update_device_status = _blocking(flows.update_device_status)
    forget_device = _blocking(flows.forget_device)
    list_user_sessions = _paged(flows.list_user_sessions, "next_token")
    revoke_user_session = _blocking(flows.revoke_user_session)
    update_auth_event_feedback = _blocking(flows.update_auth_event_feedback)
    call = _blocking(flows.call)


class AsyncClient(_AsyncRunner):
    """Calls of a user pool's operations, with `await`; it remembers nothing between them.

    transport: what sends the requests, such as `AsyncHttpxTransport`. Without one, all clients and sessions of the
    process share one.
    """

    sign_up = _asynchronous(flows.sign_up)
    confirm_sign_up = _asynchronous(flows.confirm_sign_up)
    resend_confirmation_code = _asynchronous(flows.resend_confirmation_code)
    sign_in = _asynchronous(flows.sign_in)
    answer_challenge = _asynchronous(flows.answer_challenge)
    respond_to_new_password_required = _asynchronous(flows.respond_to_new_password_required)
    begin_totp_setup = _asynchronous(flows.begin_totp_setup)
    confirm_new_device = _asynchronous(flows.confirm_new_device)
    initiate_auth = _asynchronous(flows.initiate_auth)
    respond_to_auth_challenge = _asynchronous(flows.respond_to_auth_challenge)
    get_tokens_from_refresh_token = _asynchronous(flows.get_tokens_from_refresh_token)
    revoke_token = _asynchronous(flows.revoke_token)
    global_sign_out = _asynchronous(flows.global_sign_out)
    forgot_password = _asynchronous(flows.forgot_password)
    confirm_forgot_password = _asynchronous(flows.confirm_forgot_password)
    change_password = _asynchronous(flows.change_password)
    get_user = _asynchronous(flows.get_user)
    update_user_attributes = _asynchronous(flows.update_user_attributes)
    delete_user_attributes = _asynchronous(flows.delete_user_attributes)
    get_user_attribute_verification_code = _asynchronous(flows.get_user_attribute_verification_code)
    verify_user_attribute = _asynchronous(flows.verify_user_attribute)
    get_user_auth_factors = _asynchronous(flows.get_user_auth_factors)
    set_user_settings = _asynchronous(flows.set_user_settings)
    delete_user = _asynchronous(flows.delete_user)
    associate_software_token = _asynchronous(flows.associate_software_token)
    verify_software_token = _asynchronous(flows.verify_software_token)
    set_user_mfa_preference = _asynchronous(flows.set_user_mfa_preference)
    start_web_authn_registration = _asynchronous(flows.start_web_authn_registration)
    complete_web_authn_registration = _asynchronous(flows.complete_web_authn_registration)
    list_web_authn_credentials = _paged_asynchronous(flows.list_web_authn_credentials, "next_token")
    delete_web_authn_credential = _asynchronous(flows.delete_web_authn_credential)
    confirm_device = _asynchronous(flows.confirm_device)
    get_device = _asynchronous(flows.get_device)
    list_devices = _paged_asynchronous(flows.list_devices, "pagination_token")
    update_device_status = _asynchronous(flows.update_device_status)
    forget_device = _asynchronous(flows.forget_device)
    list_user_sessions = _paged_asynchronous(flows.list_user_sessions, "next_token")
    revoke_user_session = _asynchronous(flows.revoke_user_session)
    update_auth_event_feedback = _asynchronous(flows.update_auth_event_feedback)
    call = _asynchronous(flows.call)
