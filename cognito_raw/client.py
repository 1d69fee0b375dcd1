"""Stateless clients: one method for each operation, made from its flow, under the service's name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from . import flows
from .config import Config
from .flow import Flow
from .pages import Asking, AsyncPages, Page, Pages
from .result import Result
from .retry import Budget
from .runner import AsyncRunner, Runner, as_async_method, as_method

P = ParamSpec("P")
T = TypeVar("T")


class _Runner(Runner):
    def run(self, flow: Flow[T]) -> Result[T]:
        """Run a flow to its end: one of `cognito_raw.flows`, or your own."""
        return self._drive(flow, self._deadline)


class _AsyncRunner(AsyncRunner):
    async def run(self, flow: Flow[T]) -> Result[T]:
        """Run a flow to its end: one of `cognito_raw.flows`, or your own."""
        return await self._drive(flow, self._deadline)


def _method(flow: Callable[Concatenate[Config, P], Flow[T]]) -> Callable[Concatenate[_Runner, P], Result[T]]:
    return as_method(flow, lambda self, start: self._drive(start(self.config), self._deadline, Budget()))


def _async_method(
    flow: Callable[Concatenate[Config, P], Flow[T]],
) -> Callable[Concatenate[_AsyncRunner, P], Coroutine[Any, Any, Result[T]]]:
    return as_async_method(flow, lambda self, start: self._drive(start(self.config), self._deadline, Budget()))


# For lists. Their flows request one page; the argument of this name selects it.


def _pages(
    flow: Callable[Concatenate[Config, P], Flow[Page[T]]], token: str
) -> Callable[Concatenate[_Runner, P], Pages[T]]:
    return as_method(flow, lambda self, start: Pages(self.run, _page(start, self.config, token)), gives=Pages)


def _async_pages(
    flow: Callable[Concatenate[Config, P], Flow[Page[T]]], token: str
) -> Callable[Concatenate[_AsyncRunner, P], AsyncPages[T]]:
    return as_method(flow, lambda self, start: AsyncPages(self.run, _page(start, self.config, token)), gives=AsyncPages)


def _page(start: Callable[..., Flow[Page[T]]], config: Config, token: str) -> Asking[T]:
    """Return a function that starts the flow of a page. The caller's arguments choose the first page."""
    return lambda after: start(config) if after is None else start(config, **{token: after})


class Client(_Runner):
    """A thread-safe client with one method for each operation of a user pool. It remembers nothing between calls.

    transport: sends the requests: your own, such as an `HttpxTransport`, or `"standard"`, which needs the
        standard library alone and starts faster than httpx. By default, the whole process shares one over httpx.
    """

    sign_up = _method(flows.sign_up)
    confirm_sign_up = _method(flows.confirm_sign_up)
    resend_confirmation_code = _method(flows.resend_confirmation_code)
    sign_in = _method(flows.sign_in)
    answer_challenge = _method(flows.answer_challenge)
    respond_to_new_password_required = _method(flows.respond_to_new_password_required)
    begin_totp_setup = _method(flows.begin_totp_setup)
    confirm_new_device = _method(flows.confirm_new_device)
    initiate_auth = _method(flows.initiate_auth)
    respond_to_auth_challenge = _method(flows.respond_to_auth_challenge)
    get_tokens_from_refresh_token = _method(flows.get_tokens_from_refresh_token)
    revoke_token = _method(flows.revoke_token)
    global_sign_out = _method(flows.global_sign_out)
    forgot_password = _method(flows.forgot_password)
    confirm_forgot_password = _method(flows.confirm_forgot_password)
    change_password = _method(flows.change_password)
    get_user = _method(flows.get_user)
    update_user_attributes = _method(flows.update_user_attributes)
    delete_user_attributes = _method(flows.delete_user_attributes)
    get_user_attribute_verification_code = _method(flows.get_user_attribute_verification_code)
    verify_user_attribute = _method(flows.verify_user_attribute)
    get_user_auth_factors = _method(flows.get_user_auth_factors)
    set_user_settings = _method(flows.set_user_settings)
    delete_user = _method(flows.delete_user)
    associate_software_token = _method(flows.associate_software_token)
    verify_software_token = _method(flows.verify_software_token)
    set_user_mfa_preference = _method(flows.set_user_mfa_preference)
    start_web_authn_registration = _method(flows.start_web_authn_registration)
    complete_web_authn_registration = _method(flows.complete_web_authn_registration)
    list_web_authn_credentials = _pages(flows.list_web_authn_credentials, "next_token")
    delete_web_authn_credential = _method(flows.delete_web_authn_credential)
    confirm_device = _method(flows.confirm_device)
    get_device = _method(flows.get_device)
    list_devices = _pages(flows.list_devices, "pagination_token")
    update_device_status = _method(flows.update_device_status)
    forget_device = _method(flows.forget_device)
    list_user_sessions = _pages(flows.list_user_sessions, "next_token")
    revoke_user_session = _method(flows.revoke_user_session)
    update_auth_event_feedback = _method(flows.update_auth_event_feedback)
    call = _method(flows.call)


class AsyncClient(_AsyncRunner):
    """The async client, with the same methods.

    transport: sends the requests, such as an `AsyncHttpxTransport`. By default, the whole process shares one.
    """

    sign_up = _async_method(flows.sign_up)
    confirm_sign_up = _async_method(flows.confirm_sign_up)
    resend_confirmation_code = _async_method(flows.resend_confirmation_code)
    sign_in = _async_method(flows.sign_in)
    answer_challenge = _async_method(flows.answer_challenge)
    respond_to_new_password_required = _async_method(flows.respond_to_new_password_required)
    begin_totp_setup = _async_method(flows.begin_totp_setup)
    confirm_new_device = _async_method(flows.confirm_new_device)
    initiate_auth = _async_method(flows.initiate_auth)
    respond_to_auth_challenge = _async_method(flows.respond_to_auth_challenge)
    get_tokens_from_refresh_token = _async_method(flows.get_tokens_from_refresh_token)
    revoke_token = _async_method(flows.revoke_token)
    global_sign_out = _async_method(flows.global_sign_out)
    forgot_password = _async_method(flows.forgot_password)
    confirm_forgot_password = _async_method(flows.confirm_forgot_password)
    change_password = _async_method(flows.change_password)
    get_user = _async_method(flows.get_user)
    update_user_attributes = _async_method(flows.update_user_attributes)
    delete_user_attributes = _async_method(flows.delete_user_attributes)
    get_user_attribute_verification_code = _async_method(flows.get_user_attribute_verification_code)
    verify_user_attribute = _async_method(flows.verify_user_attribute)
    get_user_auth_factors = _async_method(flows.get_user_auth_factors)
    set_user_settings = _async_method(flows.set_user_settings)
    delete_user = _async_method(flows.delete_user)
    associate_software_token = _async_method(flows.associate_software_token)
    verify_software_token = _async_method(flows.verify_software_token)
    set_user_mfa_preference = _async_method(flows.set_user_mfa_preference)
    start_web_authn_registration = _async_method(flows.start_web_authn_registration)
    complete_web_authn_registration = _async_method(flows.complete_web_authn_registration)
    list_web_authn_credentials = _async_pages(flows.list_web_authn_credentials, "next_token")
    delete_web_authn_credential = _async_method(flows.delete_web_authn_credential)
    confirm_device = _async_method(flows.confirm_device)
    get_device = _async_method(flows.get_device)
    list_devices = _async_pages(flows.list_devices, "pagination_token")
    update_device_status = _async_method(flows.update_device_status)
    forget_device = _async_method(flows.forget_device)
    list_user_sessions = _async_pages(flows.list_user_sessions, "next_token")
    revoke_user_session = _async_method(flows.revoke_user_session)
    update_auth_event_feedback = _async_method(flows.update_auth_event_feedback)
    call = _async_method(flows.call)
