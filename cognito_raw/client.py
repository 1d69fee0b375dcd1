"""Stateless clients: one method for each operation, made from its flow, under the service's name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from . import flows
from .config import Config
from .flow import Flow, MethodOfFlow, Methods
from .pages import Asking, AsyncPages, Page, Pages
from .result import Result
from .retry import Budget
from .runner import AsyncRunner, Runner

if TYPE_CHECKING:
    from .flow import Method

P = ParamSpec("P")
T = TypeVar("T")


def _method(
    flow: Callable[Concatenate[Config, P], Flow[T]],
) -> Method[P, Result[T], Coroutine[Any, Any, Result[T]]]:
    return MethodOfFlow(flow, lambda self, start: self._drive(start(self.config), self._deadline, Budget()))


def _pages(flow: Callable[Concatenate[Config, P], Flow[Page[T]]], token: str) -> Method[P, Pages[T], AsyncPages[T]]:
    """Return a method for a list. Its flow requests one page; the argument `token` selects it."""
    return MethodOfFlow(
        flow, lambda self, start: self._pages(self.run, _page(start, self.config, token)), (Pages, AsyncPages)
    )


def _page(start: Callable[..., Flow[Page[T]]], config: Config, token: str) -> Asking[T]:
    """Return a function that starts the flow of a page. The caller's arguments choose the first page."""
    return lambda after: start(config) if after is None else start(config, **{token: after})


class _Operations(Methods):
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


def _checked(flow: Flow[T]) -> Flow[T]:
    if not isinstance(flow, Generator):
        raise ValueError(f"flow must be a flow that has begun, such as flows.get_user(...), not {type(flow).__name__}")
    return flow


class Client(_Operations, Runner):
    """A thread-safe client with one method for each operation of a user pool. It remembers nothing between calls.

    transport: sends the requests. `"standard"` needs the standard library alone, and starts faster than httpx. Or your
        own, such as an `HttpxTransport`. By default, the whole process shares one over httpx.
    """

    _pages = Pages

    def run(self, flow: Flow[T]) -> Result[T]:
        """Run a flow to its end: one of `cognito_raw.flows`, or your own."""
        return self._drive(_checked(flow), self._deadline)


class AsyncClient(_Operations, AsyncRunner):
    """The async client, with the same methods.

    transport: sends the requests, such as an `AsyncHttpxTransport`, or is `"httpx2"`. By default, the whole process
        shares one over httpx.
    """

    _pages = AsyncPages

    async def run(self, flow: Flow[T]) -> Result[T]:
        """Run a flow to its end: one of `cognito_raw.flows`, or your own."""
        return await self._drive(_checked(flow), self._deadline)
