"""Sending a session's token to an API: an `httpx.Auth`, for blocking and asynchronous clients.

httpx asks it once for each request of the caller, and follows redirects on its own. What it promises rests on three
rules of httpx, which the tests hold it to: a redirect to another origin drops the header (but from port 80 to 443 of
the same host), a redirect is not asked for again, and the request that `Response.next_request` offers has the
extensions of the one before it, where the origin that the token was for is noted.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Generator
from ipaddress import ip_address
from typing import Final, NamedTuple, get_args

import httpx

from .models.tokens import Tokens, TokenUse
from .result import CognitoError, Err, Result
from .session.asynchronous import AsyncSession
from .session.blocking import Session

_USES: Final[tuple[TokenUse, ...]] = get_args(TokenUse)
_PORTS: Final = {"http": 80, "https": 443}
_NOTE: Final = "cognito_raw.origin"

_NO_SESSION: Final = Err("no-session")
_UNFIT: Final = Err("malformed-reply", "the token is none that a header can carry")
_BLOCKING: Final = "an httpx.Client awaits nothing: give it the SessionAuth of a Session, not of an AsyncSession"
_ASYNCHRONOUS: Final = (
    "an httpx.AsyncClient must not block its loop: give it the SessionAuth of an AsyncSession, not of a Session"
)


class SessionAuth(httpx.Auth):
    """Sends the token of a signed-in session with every request: `httpx.Client(auth=SessionAuth(session))`.

    session: a `Session` for an `httpx.Client`, an `AsyncSession` for an `httpx.AsyncClient`. The token is fresh, as
        `id_token()` gives it; `session.within(seconds)` limits the waiting for it, which no timeout of httpx does.
    token: "id" or "access", which goes out as `Authorization: Bearer ...`.
    origins: where the token may go, such as "https://api.example.com", or several. Other requests of the client go out
        without it. Name them wherever addresses come from elsewhere, such as links in an API's answers. Left out, the
        token goes to the scheme, host and port of each address that you ask for, by https only, or by http to this very
        machine: any other address is a `ValueError`. Name an origin to send it by http all the same.

    After a redirect the token goes to the same scheme, host and port only (and from http to https of the same host, by
    their usual ports), also in `Response.next_request`.

    Where the API answers 401, the session is refreshed, unless it has newer tokens by then, and the refused request is
    sent once more: one refresh, however many requests were refused together. A second 401 is the answer, and these
    tokens are not renewed again for a 401. So is the first, where the refresh fails, and where the body cannot be sent
    twice: a generator, a file or a multipart form, unless `request.read()` took it into memory.

    Raises `CognitoError` with the `Err` where the session has no token, and `ValueError` for a session of the other
    kind.
    """

    def __init__(
        self,
        session: Session | AsyncSession,
        *,
        token: TokenUse = "id",  # noqa: S107  # which of the tokens, not a token
        origins: str | Collection[str] | None = None,
    ) -> None:
        if not isinstance(session, Session | AsyncSession):
            raise ValueError(f"session is a Session or an AsyncSession, not {type(session).__name__}")
        if token not in _USES:
            raise ValueError('token is "id" or "access"')
        self._session = session
        self._use: TokenUse = token
        self._origins = None if origins is None else _origins(origins)
        self._useless: Tokens | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(token={self._use!r})"

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """What `httpx.Client` asks for each request."""
        session = self._session
        if not isinstance(session, Session):
            raise ValueError(_BLOCKING)
        if not self._may_have_it(request):
            yield request
            return
        tokens = self._sign(request, _fresh(session, self._use))
        refused = self._refused((yield request), tokens)
        if refused is not None and not isinstance(session.refresh(seen=tokens), Err) and _is_repeatable(refused):
            tokens = self._sign(refused, _fresh(session, self._use))
            self._learn((yield refused), tokens)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """What `httpx.AsyncClient` asks for each request."""
        session = self._session
        if not isinstance(session, AsyncSession):
            raise ValueError(_ASYNCHRONOUS)
        if not self._may_have_it(request):
            yield request
            return
        tokens = self._sign(request, await _async_fresh(session, self._use))
        refused = self._refused((yield request), tokens)
        if refused is not None and not isinstance(await session.refresh(seen=tokens), Err) and _is_repeatable(refused):
            tokens = self._sign(refused, await _async_fresh(session, self._use))
            self._learn((yield refused), tokens)

    def _may_have_it(self, request: httpx.Request) -> bool:
        origin = _origin(request.url)
        if self._origins is not None:
            return origin in self._origins
        if request.extensions.get(_NOTE, origin) != origin:
            return False  # the `next_request` of a redirect that leads elsewhere
        if not _is_private(origin):
            raise ValueError(f"a token goes out by https; to send it to {origin} all the same: origins={str(origin)!r}")
        return True

    def _sign(self, request: httpx.Request, given: Result[object]) -> Tokens:
        """Put the token into the request, and give the tokens that it is of."""
        if isinstance(given, Err):
            raise CognitoError(given)
        tokens = self._session.state.tokens
        if tokens is None:  # signed out this very moment
            raise CognitoError(_NO_SESSION)
        token = tokens.access_token if self._use == "access" else tokens.id_token.jwt
        # Errors of httpx about such a header would show it.
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise CognitoError(_UNFIT)
        request.headers["Authorization"] = f"Bearer {token}"
        request.extensions = {**request.extensions, _NOTE: _origin(request.url)}
        return tokens

    def _refused(self, response: httpx.Response, tokens: Tokens) -> httpx.Request | None:
        """The request that was refused with the token, if new tokens may help; the last one, where it was redirected.

        Whoever answers without having had the token, after a redirect elsewhere, says nothing about it.
        """
        refused = response.request
        is_about_it = response.status_code == httpx.codes.UNAUTHORIZED and "Authorization" in refused.headers
        return refused if is_about_it and tokens is not self._useless else None

    def _learn(self, response: httpx.Response, tokens: Tokens) -> None:
        # An API that refuses every token must not cause a refresh with each request.
        if self._refused(response, tokens) is not None:
            self._useless = tokens


def _fresh(session: Session, use: TokenUse) -> Result[object]:
    return session.access_token() if use == "access" else session.id_token()


async def _async_fresh(session: AsyncSession, use: TokenUse) -> Result[object]:
    return await session.access_token() if use == "access" else await session.id_token()


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS.get(self.scheme) else f":{self.port}")


def _origin(url: httpx.URL) -> _Origin:
    return _Origin(url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS.get(url.scheme))


def _origins(named: str | Collection[str]) -> frozenset[_Origin]:
    return frozenset(_named_origin(text) for text in ((named,) if isinstance(named, str) else named))


def _named_origin(text: str) -> _Origin:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        url = httpx.URL()
    if url.scheme not in _PORTS or not url.host or url.userinfo or url.raw_path != b"/" or url.fragment:
        raise ValueError('origins holds addresses without path, such as "https://api.example.com"')
    return _origin(url)


def _is_private(origin: _Origin) -> bool:
    """Whether nobody on the way can read what is sent there."""
    return origin.scheme == "https" or (origin.scheme == "http" and _is_here(origin.host))


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_repeatable(request: httpx.Request) -> bool:
    # A file that was read to its end would silently be sent as an empty body.
    return isinstance(request.stream, httpx.ByteStream)
