"""The stateless face, in Cognito's own words: a method an operation, each lifted from its flow."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from . import flows
from .config import Config
from .face import Asynchronous, Blocking, dressed
from .flow import Flow
from .result import Result

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


class Client(_Runner):
    """Calls of a user pool's operations, blocking; it remembers nothing between them.

    transport: what sends the requests, such as `HttpxTransport`. Without one, all clients and sessions of the process
    share one. Safe to use from many threads.
    """

    sign_up = _blocking(flows.sign_up)
    confirm_sign_up = _blocking(flows.confirm_sign_up)
    resend_confirmation_code = _blocking(flows.resend_confirmation_code)
    sign_in = _blocking(flows.sign_in)
    answer_challenge = _blocking(flows.answer_challenge)
    respond_to_new_password_required = _blocking(flows.respond_to_new_password_required)
    begin_totp_setup = _blocking(flows.begin_totp_setup)
    confirm_new_device = _blocking(flows.confirm_new_device)
    forgot_password = _blocking(flows.forgot_password)
    confirm_forgot_password = _blocking(flows.confirm_forgot_password)
    change_password = _blocking(flows.change_password)
    get_tokens_from_refresh_token = _blocking(flows.get_tokens_from_refresh_token)
    revoke_token = _blocking(flows.revoke_token)
    global_sign_out = _blocking(flows.global_sign_out)
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
    forgot_password = _asynchronous(flows.forgot_password)
    confirm_forgot_password = _asynchronous(flows.confirm_forgot_password)
    change_password = _asynchronous(flows.change_password)
    get_tokens_from_refresh_token = _asynchronous(flows.get_tokens_from_refresh_token)
    revoke_token = _asynchronous(flows.revoke_token)
    global_sign_out = _asynchronous(flows.global_sign_out)
    call = _asynchronous(flows.call)
