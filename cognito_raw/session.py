"""The stateful face: one user's session with the pool.

What a session does is in `flows.journey`, as functions of what it knows; `shell` runs them. Here they become methods.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from .face import dressed
from .flows.journey import Journey, Journeys
from .lease import Kind
from .result import Result
from .shapes import IdToken, Tokens
from .shell import AsyncShell, Shell

P = ParamSpec("P")
T = TypeVar("T")


# `first`: the token that the journey needs, renewed before it so that an interruption of the journey hurts no refresh.


def _blocking(
    journey: Callable[Concatenate[Journeys, P], Journey[T]], *, first: Kind | None = None
) -> Callable[Concatenate[Shell, P], Result[T]]:
    def method(self: Shell, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return self._go(lambda journeys: journey(journeys, *args, **kwargs), first=first)

    return dressed(method, journey)


def _asynchronous(
    journey: Callable[Concatenate[Journeys, P], Journey[T]], *, first: Kind | None = None
) -> Callable[Concatenate[AsyncShell, P], Coroutine[Any, Any, Result[T]]]:
    async def method(self: AsyncShell, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        return await self._go(lambda journeys: journey(journeys, *args, **kwargs), first=first)

    return dressed(method, journey)


class Session(Shell):
    """One user's session with the pool, blocking. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as an `HttpxTransport` of your own; or `"standard"`, for the standard
    library's http.client, which starts faster than httpx. Without one, all clients and sessions of the process share
    one over httpx. Safe to use from many threads: its methods take turns, but a fresh token is given without waiting.
    remember_device: whether a device that the pool begins to track at a login is confirmed and kept in the state, so
    that it may skip the second factor at the user's next login.
    """

    register = _blocking(Journeys.register)
    confirm_registration = _blocking(Journeys.confirm_registration)
    resend_verification_code = _blocking(Journeys.resend_verification_code)
    login = _blocking(Journeys.login)
    new_password_challenge = _blocking(Journeys.new_password_challenge)
    answer_challenge = _blocking(Journeys.answer_challenge)
    begin_totp_setup = _blocking(Journeys.begin_totp_setup)
    logout = _blocking(Journeys.logout)
    request_password_reset = _blocking(Journeys.request_password_reset)
    reset_password_confirmation = _blocking(Journeys.reset_password_confirmation)
    change_password = _blocking(Journeys.change_password, first="access")

    def id_token(self) -> Result[IdToken]:
        """The ID token, renewed ahead of its end, so that it is good for a while yet.

        At about four fifths of its life one caller renews it, and all others go on with the one there is; they wait
        only in its last minute. Where the refresh fails without ending the session, a token that is still valid is
        given all the same. Reasons: `no-session` (nobody is signed in), `refresh-token-expired`,
        `refresh-token-revoked`, `refresh-token-reused`, `refresh-answer-lost`, `user-deleted` and `user-not-found`
        (each ends the session), `refresh-token-invalid`, `disabled-user`, `foreign-tokens`.
        """
        holding = self._memory.holding
        given = None if holding is None else holding.fresh("id")
        return given or self._token("id")

    def access_token(self) -> Result[str]:
        """The access token, which the service's own operations take; renewed, and failing, as `id_token`."""
        holding = self._memory.holding
        given = None if holding is None else holding.fresh("access")
        return given or self._token("access")

    def refresh(self, *, seen: Tokens | None = None) -> Result[IdToken]:
        """Renew the tokens now, whatever is left of them: after a 401, or to have changed attributes in the ID token.

        seen: the tokens of `state` that an API refused. Where the session holds others by now, these are given, and
            nothing is asked; nor is it a moment after a refresh that failed, whose failure is given.

        Who asks while a refresh is under way gets what that one gives. Reasons: those of `id_token`.
        """
        return self._refreshed(seen)


class AsyncSession(AsyncShell):
    """One user's session with the pool, with `await`. Every method returns `Ok` or `Err`.

    state: what an earlier session knew, to go on from there.
    transport: what sends the requests, such as `AsyncHttpxTransport`. Without one, all clients and sessions of the
    process share one. Its methods take turns, but a fresh token is given without waiting; use it in one event loop at
    a time.
    remember_device: whether a device that the pool begins to track at a login is confirmed and kept in the state, so
    that it may skip the second factor at the user's next login.
    """

    register = _asynchronous(Journeys.register)
    confirm_registration = _asynchronous(Journeys.confirm_registration)
    resend_verification_code = _asynchronous(Journeys.resend_verification_code)
    login = _asynchronous(Journeys.login)
    new_password_challenge = _asynchronous(Journeys.new_password_challenge)
    answer_challenge = _asynchronous(Journeys.answer_challenge)
    begin_totp_setup = _asynchronous(Journeys.begin_totp_setup)
    logout = _asynchronous(Journeys.logout)
    request_password_reset = _asynchronous(Journeys.request_password_reset)
    reset_password_confirmation = _asynchronous(Journeys.reset_password_confirmation)
    change_password = _asynchronous(Journeys.change_password, first="access")

    async def id_token(self) -> Result[IdToken]:
        """The ID token, renewed ahead of its end, so that it is good for a while yet.

        At about four fifths of its life one caller renews it, and all others go on with the one there is; they wait
        only in its last minute. Where the refresh fails without ending the session, a token that is still valid is
        given all the same. Reasons: `no-session` (nobody is signed in), `refresh-token-expired`,
        `refresh-token-revoked`, `refresh-token-reused`, `refresh-answer-lost`, `user-deleted` and `user-not-found`
        (each ends the session), `refresh-token-invalid`, `disabled-user`, `foreign-tokens`.
        """
        holding = self._memory.holding
        given = None if holding is None else holding.fresh("id")
        return given or await self._token("id")

    async def access_token(self) -> Result[str]:
        """The access token, which the service's own operations take; renewed, and failing, as `id_token`."""
        holding = self._memory.holding
        given = None if holding is None else holding.fresh("access")
        return given or await self._token("access")

    async def refresh(self, *, seen: Tokens | None = None) -> Result[IdToken]:
        """Renew the tokens now, whatever is left of them: after a 401, or to have changed attributes in the ID token.

        seen: the tokens of `state` that an API refused. Where the session holds others by now, these are given, and
            nothing is asked; nor is it a moment after a refresh that failed, whose failure is given.

        Who asks while a refresh is under way gets what that one gives. Reasons: those of `id_token`.
        """
        return await self._refreshed(seen)
