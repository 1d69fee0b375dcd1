"""An `Auth` of httpx and of httpx2 that sends a session's token to an API, for sync and async clients.

httpx calls it once for each request and follows redirects itself. It relies on three rules of httpx, which the tests
check. A redirect to another origin drops the header, except from port 80 to port 443 of one host. A redirect does not
call it again. `Response.next_request` keeps the request's extensions, which hold the token's origin.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, get_args

from .flow import advance
from .models.hosts import is_this_machine
from .models.tokens import Tokens, TokenUse
from .result import Err, Ok, Result
from .session.asynchronous import AsyncSession
from .session.blocking import Session
from .transport.library import load, loaded

if TYPE_CHECKING:
    import httpx
    import httpx2

    _Request: TypeAlias = httpx.Request | httpx2.Request
    _Response: TypeAlias = httpx.Response | httpx2.Response

    class _Auth(httpx.Auth, httpx2.Auth):  # type: ignore[misc]  # each has the requests of its own library
        """The base for type checkers."""

else:
    _Auth = object

_USES: Final[tuple[TokenUse, ...]] = get_args(TokenUse)
_PORTS: Final = {"http": 80, "https": 443}
_ORIGIN_KEY: Final = "cognito_raw.origin"
# The name of httpx's extension, and the event before the first byte of a request.
_TRACE: Final = "trace"
_SENDING: Final = "http11.send_request_headers.started"

_NO_SESSION: Final = Err("no-session")
_UNFIT: Final = Err("malformed-reply", "the token has characters that a header cannot carry")
_NOT_SYNC: Final = "an httpx.Client cannot await: give it the SessionAuth of a Session, not of an AsyncSession"
_NOT_ASYNC: Final = (
    "an httpx.AsyncClient must not block its loop: give it the SessionAuth of an AsyncSession, not of a Session"
)


class SessionAuth(_Auth):
    """Send the token of a signed-in session with every request: `httpx.Client(auth=SessionAuth(session))`.

    Clients of httpx2 take it too.

    session: a `Session` for an `httpx.Client`, an `AsyncSession` for an `httpx.AsyncClient`. The token is as fresh as
        that of `id_token()`. `session.within(seconds)` limits the wait for it; no timeout of httpx does.
    token: "id" or "access". It is sent as `Authorization: Bearer ...`.
    origins: one or several origins that get the token, such as "https://api.example.com". Other requests go out without
        it. Name them if addresses come from elsewhere, such as links in an API's replies. By default, the token goes to
        the origin of each address that you request. This must be https, or http to this machine: any other address is a
        `ValueError`. To send the token by http, name the origin.

    A request to this machine by http is refused with `ValueError` if the client sends it to a proxy.

    After a redirect, the token goes only to the same scheme, host and port, also in `Response.next_request`. It also
    goes from http to https of the same host, on their usual ports.

    After a 401, the session is refreshed, unless it has newer tokens already. Then the request is sent once more, for
    the same user. Requests that are refused together cause one refresh. A second 401 is returned, and no later 401
    renews these tokens. The first 401 is returned if the refresh fails, or if another user has signed in meanwhile. It
    is also returned if the body cannot be sent twice. Such bodies are generators, files and multipart forms, unless
    `request.read()` has read them into memory.

    Raises `CognitoError` with the `Err` if the session has no token, and `ValueError` for a session of the other kind.
    """

    def __init__(
        self,
        session: Session | AsyncSession,
        *,
        token: TokenUse = "id",  # noqa: S107  # which of the tokens, not a token
        origins: str | Collection[str] | None = None,
    ) -> None:
        if not isinstance(session, Session | AsyncSession):
            raise ValueError(f"session must be a Session or an AsyncSession, not {type(session).__name__}")
        if token not in _USES:
            raise ValueError('token must be "id" or "access"')
        self._session = session
        self._use: TokenUse = token
        self._fresh: Any = session.access_token if self._use == "access" else session.id_token
        self._origins = None if origins is None else _origins(origins)
        self._refused_again: Tokens | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(token={self._use!r})"

    if not TYPE_CHECKING:

        @property
        def __class__(self) -> type:
            """A class that is an `Auth` of each loaded library too: their clients take no other."""
            return _accepted(type(self), *(library.Auth for library in loaded() if hasattr(library, "Auth")))

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        if not isinstance(self._session, Session):
            raise ValueError(_NOT_SYNC)
        steps = self._steps(request, _ignore)
        step: Any = advance(steps)
        while step is not None:
            step = advance(steps, (yield step) if hasattr(step, "url") else step())

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        if not isinstance(self._session, AsyncSession):
            raise ValueError(_NOT_ASYNC)
        steps = self._steps(request, _async_ignore)
        step: Any = advance(steps)
        while step is not None:
            step = advance(steps, (yield step) if hasattr(step, "url") else await step())

    def _steps(self, request: _Request, ignore: Callable[..., Any]) -> Generator[Any, Any, None]:
        """Yield each request to send, and each function to call. An async client awaits what it returns."""
        if not self._gets_token(request):
            yield request
            return
        tokens = self._sign(request, (yield self._fresh)).unwrap()
        _trace(request, ignore)
        refused = self._refused((yield request), tokens)
        if refused is None or isinstance((yield partial(self._session.refresh, seen=tokens)), Err):
            return
        if _is_repeatable(refused):
            signed = self._sign(refused, (yield self._fresh), tokens)
            if isinstance(signed, Ok):
                self._note_refusal((yield refused), signed.value)

    def _gets_token(self, request: _Request) -> bool:
        """Tell if the request gets the token. If not, drop the token that it was sent with elsewhere."""
        origin = _origin(request.url)
        before = request.extensions.get(_ORIGIN_KEY, origin)
        if self._origins is not None and origin in self._origins:
            return True
        if self._origins is not None or before != origin:  # such as the `next_request` of a redirect elsewhere
            if _ORIGIN_KEY in request.extensions and origin != before.encrypted():
                request.headers.pop("Authorization", None)
            return False
        if not _is_private(origin):
            raise ValueError(
                f"a token goes out by https only; to send it to {origin} all the same, give origins={str(origin)!r}"
            )
        return True

    def _sign(self, request: _Request, given: Result[object], refused: Tokens | None = None) -> Result[Tokens]:
        """Put the token into the request, and return the session's tokens; after a refusal only the same user's."""
        if isinstance(given, Err):
            return given
        tokens = self._session.state.tokens
        # Signed out just now, or another user has signed in.
        if tokens is None or (refused is not None and _user(tokens) != _user(refused)):
            return _NO_SESSION
        token = tokens.access_token if self._use == "access" else tokens.id_token.jwt
        # httpx would show such a header in its error.
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            return _UNFIT
        request.headers["Authorization"] = f"Bearer {token}"
        request.extensions = {**request.extensions, _ORIGIN_KEY: _origin(request.url)}
        return Ok(tokens)

    def _refused(self, response: _Response, tokens: Tokens) -> _Request | None:
        """Return the request that was refused with the token, the last one after a redirect, if new tokens may help."""
        refused = response.request  # without the header, after a redirect elsewhere: not about the token
        is_about_it = response.status_code == 401 and "Authorization" in refused.headers
        return refused if is_about_it and tokens is not self._refused_again else None

    def _note_refusal(self, response: _Response, tokens: Tokens) -> None:
        # An API that refuses every token must not cause a refresh with each request.
        if self._refused(response, tokens) is not None:
            self._refused_again = tokens


@cache
def _accepted(kind: type[SessionAuth], *auths: type) -> type:
    return type(kind.__name__, (kind, *auths), {})


def _user(tokens: Tokens) -> object:
    return tokens.id_token.payload.get("sub")


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS.get(self.scheme) else f":{self.port}")

    def encrypted(self) -> _Origin:
        """Return the only other origin to which httpx takes the header along in a redirect."""
        return _Origin("https", self.host, 443) if (self.scheme, self.port) == ("http", 80) else self


def _origin(url: Any) -> _Origin:
    return _Origin(url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS.get(url.scheme))


def _origins(named: str | Collection[str]) -> frozenset[_Origin]:
    return frozenset(_named_origin(text) for text in ((named,) if isinstance(named, str) else named))


def _named_origin(text: str) -> _Origin:
    library = next(iter(loaded()), None) or load("httpx")
    try:
        url = library.URL(text)
    except (library.InvalidURL, TypeError):
        url = library.URL()
    if url.scheme not in _PORTS or not url.host or url.userinfo or url.raw_path != b"/" or url.fragment:
        raise ValueError('origins must be addresses without a path, such as "https://api.example.com"')
    return _origin(url)


def _is_private(origin: _Origin) -> bool:
    """Tell if the connection is encrypted or stays on this machine."""
    return origin.scheme == "https" or (origin.scheme == "http" and is_this_machine(origin.host))


def _trace(request: _Request, ignore: Callable[[str, Mapping[str, Any]], Any]) -> None:
    """Refuse proxies for a request to this machine by http. No authentication sees a client's proxies by itself.

    ignore: takes the events of the request, unless something else does already.
    """
    if request.url.scheme == "http" and is_this_machine(_origin(request.url).host):
        trace = request.extensions.get(_TRACE) or ignore

        def note(event: str, info: Mapping[str, Any]) -> Any:
            _check_route(event, info)
            return trace(event, info)

        request.extensions = {**request.extensions, _TRACE: note}


def _ignore(event: str, info: Mapping[str, Any]) -> None:
    """Do nothing."""


async def _async_ignore(event: str, info: Mapping[str, Any]) -> None:
    """Do nothing."""


def _check_route(event: str, info: Mapping[str, Any]) -> None:
    """Raise `ValueError` before a token goes to a proxy. The request line of what it forwards has a whole URL."""
    if event != _SENDING or not info["request"].url.target.startswith(b"http://"):
        return
    if any(name.lower() == b"authorization" for name, _ in info["request"].headers):
        raise ValueError(
            "a token for this machine by http must not go through a proxy: name the machine in NO_PROXY, "
            "or in mounts= of the client"
        )


def _is_repeatable(request: _Request) -> bool:
    # A file that was read to its end would silently be sent as an empty body.
    return any(isinstance(request.stream, library.ByteStream) for library in loaded())
