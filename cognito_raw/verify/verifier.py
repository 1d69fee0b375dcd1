"""The sync and the async verifier, which get the keys and check tokens by the rules of `claims`."""

from __future__ import annotations

import json
import urllib.parse  # noqa: F401  # for a configuration that is made in an event loop
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, Generic, TypeVar

from ..call import Reply, Request, render_get
from ..concurrency.background import Loop, in_thread, log_error, running_loop
from ..concurrency.clock import Instant
from ..config import Config
from ..models.fields import UnexpectedJson
from ..models.frozen import replace
from ..models.tokens import TokenUse
from ..reasons import is_passing
from ..result import Err, Result
from ..retry import ATTEMPTS
from ..runner import AsyncRunner, Runner, arun, run
from ..transport import AsyncTransportName, TransportName
from ..transport.limits import SettingsError
from ..transport.protocol import AsyncTransport, Transport
from .claims import AnyClient, Check, Claims, Rules
from .jws import Jws, read, read_object
from .key_cache import LATE, Fetch, FixedSource, Lookup, keys_of, source_of
from .keys import Key, KeySet, rs256

W = TypeVar("W", Transport | TransportName, AsyncTransport | AsyncTransportName)

_WRONG_SIGNATURE: Final = Err("token-signature-invalid", "the signature is not that of the key that kid names")
_NO_CLAIMS: Final = Err("token-malformed", "the claims of the token are not a strict JSON object")


class _Verifier(Generic[W]):
    """The common part of both verifiers."""

    config: Config
    _deadline: float

    def __init__(
        self,
        config: Config,
        token_use: TokenUse | Collection[TokenUse] = "id",  # noqa: S107  # the use of a token, not a token
        *,
        client_ids: str | Collection[str] | AnyClient | None = None,
        additional_issuers: str | Collection[str] = (),
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        check: Check | None = None,
        leeway: float = 0.0,
        transport: W | None = None,
        keys: Mapping[str, Any] | str | bytes | None = None,
        fetch: bool = True,
    ) -> None:
        super().__init__(config, transport=transport)  # type: ignore[call-arg]  # the runner's, which comes next
        self._require_packages()
        self._rules = Rules(config, token_use, client_ids, additional_issuers, groups, scopes, check, leeway)
        if keys is None and not fetch:
            raise ValueError("fetch=False needs keys=, since no others are fetched")
        self._source = source_of(config, transport) if fetch else FixedSource(config, transport)
        if keys is not None:
            self._load(keys, if_needed=True)

    def _require_packages(self) -> None:
        rs256()  # raises here, not at the first token, if a package is missing

    def preload(self, keys: Mapping[str, Any] | str | bytes, *, as_new: bool = False) -> None:
        """Use this key set. The next fetch is due when it is an hour old, or for an unknown key id.

        keys: a `jwks.json` as a string, bytes or a mapping. It counts as fetched now. Or a result of `snapshot`, which
            keeps its age.
        as_new: True makes a snapshot count as fetched now too, whatever its age.

        It applies to all verifiers that share their keys with this one. Newer keys stay. Raises `ValueError` if it has
        no usable key, or is a snapshot of more than a day.
        """
        self._load(keys, as_new=as_new)

    def snapshot(self) -> dict[str, object] | None:
        """Return the key set as plain JSON, for `keys=` or `preload` in another process. None if there is none yet.

        It has only public keys and nothing secret, but whoever can change it can sign in as anybody.
        """
        return self._source.snapshot()

    def _load(self, keys: Mapping[str, Any] | str | bytes, *, as_new: bool = False, if_needed: bool = False) -> None:
        try:
            self._source.load(_object_of(keys), self._now(), as_new=as_new, if_needed=if_needed)
        except UnexpectedJson as error:
            raise ValueError(f"keys: {error}") from None

    def _now(self) -> Instant:
        return Instant.now(self.config)

    def _look_up(self, kid: str, loop: Loop | None = None) -> Lookup:
        return self._source.look_up(kid, self._now(), self._deadline, loop)

    def _steps(self, fetch: Fetch) -> Generator[Request, Any, KeySet | Err]:
        reply = yield self._request(fetch)
        if (second := self._second_request(fetch, reply)) is not None:
            reply = yield second
        return keys_of(reply)

    @contextmanager
    def _ending(self, fetch: Fetch) -> Iterator[None]:
        """End the fetch, however it goes. One that was stopped leaves the keys as they are."""
        try:
            yield
        except SettingsError as error:
            self._source.refuse(fetch, self._now(), error)
        except Exception as error:
            log_error("the transport of a token verifier failed", error)
            self._complete(fetch, Err("unknown-error"))
        finally:
            fetch.finish(None)

    def _request(self, fetch: Fetch) -> Request:
        uri, config = self._source.jwks_uri, self.config
        if not uri.startswith(f"{config.endpoint}/"):  # another server than that of the calls, whose secret they may be
            config = replace(config, headers={})
        return render_get(uri, fetch.timeout, config.request_headers)

    def _second_request(self, fetch: Fetch, reply: Result[Reply]) -> Request | None:
        """Return the request that is sent at once if the first connection of a process failed."""
        failed = (
            isinstance(reply, Err) and reply.reason == "connection-failed" and is_passing(reply.reason, reply.message)
        )
        left = fetch.timeout - (self.config.monotonic() - fetch.began.monotonic)
        return replace(self._request(fetch), timeout=left) if failed and left > 0 and self._source.is_new() else None

    def _complete(self, fetch: Fetch, keys: KeySet | Err) -> None:
        # Drawn only for a failure, since a recording keeps the draws.
        share = int.from_bytes(self.config.randomness(2), "big") / 0xFFFF if isinstance(keys, Err) else 0.0
        self._source.complete(fetch, self._now(), keys, share)

    def _validated(self, jws: Jws, key: Key, now: Instant) -> Result[Claims]:
        if not key.has_signed(jws.signed, jws.signature):
            return _WRONG_SIGNATURE
        try:
            payload = read_object(jws.payload)
        except UnexpectedJson:
            return _NO_CLAIMS
        return self._rules.validate(payload, now.wall)


class TokenVerifier(_Verifier["Transport | TransportName"], Runner):
    """Verifies that a token is this pool's, has not expired, and is for you. Sync, and safe to use from many threads.

    token_use: "id", "access", or both as ("id", "access"). No other use is accepted.
    client_ids: the app clients whose tokens are accepted. The default is the configuration's own.
        `cognito_raw.verify.ANY_CLIENT` accepts all of the pool.
    additional_issuers: further values of `iss` to accept beside the pool's own two. The keys stay the pool's.
    groups, scopes: a token must have all of these. Names are compared whole: "admins" is not "admin".
    check: a function of your own, called last, with the `Claims`. It must return True.
    leeway: seconds by which the clocks may differ, at most 300.
    transport: fetches the key set, such as an `HttpxTransport` of your own; or `"standard"`. Without one of your own,
        all verifiers of a pool in the process share their keys.
    keys: a key set to begin with, as for `preload`. A usable set that the process already has is kept instead.
    fetch: False uses these keys alone, of whatever age, and never fetches others. An unknown key refuses the token.

    Raises `ValueError` for arguments that make no sense, and `ImportError` if the extra `verify` is not installed.
    """

    def verify(self, token: str) -> Result[Claims]:
        """Return the claims of a token that can be trusted, or an `Err` with one of the reasons `token-...`.

        The only `retryable` reason is `key-set-unavailable`: the pool's keys are unknown and cannot be fetched now.
        No token raises an exception. A revoked token is accepted until it expires. `ValueError` if the proxy or
        certificate settings of the environment cannot be used for the fetch.
        """
        jws = read(token)
        if isinstance(jws, Err):
            return jws
        now = self._now()
        key: Key | Err | None = self._source.fresh(jws.kid, now)
        if key is None:
            key, now = self._find(jws.kid), self._now()
        return key if isinstance(key, Err) else self._validated(jws, key, now)

    def _find(self, kid: str) -> Key | Err:
        ends = self.config.monotonic() + self._deadline
        for _ in range(ATTEMPTS):
            outcome, start = self._look_up(kid)
            if start is not None and not start.start(partial(self._fetch, start), "cognito_raw"):
                self._fetch(start) if outcome is start else start.finish(None)
            if not isinstance(outcome, Fetch):
                return outcome
            outcome.wait(ends - self.config.monotonic())
            if not outcome.done:
                break
            outcome.value()  # raises if the environment's settings cannot be used
        return LATE

    def _fetch(self, fetch: Fetch) -> None:
        with self._ending(fetch):
            self._complete(fetch, run(self._steps(fetch), self._sender()))


class AsyncTokenVerifier(_Verifier["AsyncTransport | AsyncTransportName"], AsyncRunner):
    """Verifies that a token is this pool's, has not expired, and is for you. Async, in one event loop or several.

    The arguments are those of `TokenVerifier`. transport: fetches the key set, such as an `AsyncHttpxTransport`.

    One that is made in a running event loop loads the extra `verify` with the first token, in a thread. An
    `ImportError` comes then.
    """

    def _require_packages(self) -> None:
        try:
            running_loop()
        except RuntimeError:
            rs256()

    async def verify(self, token: str) -> Result[Claims]:
        """Return the claims of a token that can be trusted, or an `Err`, as `TokenVerifier.verify` does."""
        jws = read(token)
        if isinstance(jws, Err):
            return jws
        if not rs256.cache_info().currsize:
            try:
                await in_thread(rs256, rs256, self._deadline)
            except TimeoutError:
                return LATE
        now = self._now()
        key: Key | Err | None = self._source.fresh(jws.kid, now)
        if key is None:
            key, now = await self._find(jws.kid), self._now()
        return key if isinstance(key, Err) else self._validated(jws, key, now)

    async def _find(self, kid: str) -> Key | Err:
        loop = running_loop()
        ends = self.config.monotonic() + self._deadline
        for _ in range(ATTEMPTS):
            outcome, start = self._look_up(kid, loop)
            if start is not None:
                start.start_async(partial(self._fetch, start), lost=None)
            if not isinstance(outcome, Fetch):
                return outcome
            await outcome.wait_async(ends - self.config.monotonic())
            if not outcome.done:
                break
            outcome.value()  # raises if the environment's settings cannot be used
        return LATE

    async def _fetch(self, fetch: Fetch) -> None:
        with self._ending(fetch):
            self._complete(fetch, await arun(self._steps(fetch), await self._ready_sender(fetch.timeout, flows=False)))


def _object_of(keys: object) -> dict[str, Any]:
    """Return the JSON object of a key set or a snapshot."""
    if isinstance(keys, Mapping):
        try:
            keys = json.dumps(dict(keys))
        except (TypeError, ValueError, RecursionError):
            keys = None
    raw = keys.encode("utf-8", "surrogatepass") if isinstance(keys, str) else keys
    if not isinstance(raw, bytes):
        raise UnexpectedJson("neither a mapping, a string nor bytes that hold JSON")
    return read_object(raw)
