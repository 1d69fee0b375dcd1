"""The configuration of a pool and an app client, the same for all calls.

Everything derives from the issuer URL: the pool, its tokens and the users' settings have it in common. The module
performs no I/O. The clock and the source of randomness are fields, so that other modules can be pure functions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from .concurrency.clock import steady, wall_clock
from .models.frozen import Frozen, field
from .models.hosts import is_this_machine

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_EXAMPLE: Final = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123"
# Longer waits overflow the timers of some platforms.
_LONGEST_DEADLINE: Final = 86_400.0


def _random_bytes(count: int) -> bytes:
    return os.urandom(count)  # looked up when it is called, since tests replace it


class Config(Frozen):
    """A user pool and an app client of it.

    iss: the pool's issuer URL, in either official form (`https://cognito-idp.{region}...` or
        `https://issuer-cognito-idp.{region}...`). Any other host also needs an `endpoint`.
    client_id: the id of the app client.
    client_secret: its secret. Omit it if the client has none.
    endpoint: the address of calls instead of the service's own: an emulator or a proxy.
    deadline: seconds that one method may take in all, with every request, pause and retry; at most a day.
    clock: seconds since the epoch. For tests and replay: a wrong clock makes tokens look fresh or stale.
    monotonic: seconds that never go back, for deadlines. For tests. By default a clock that no library freezes.
    randomness: returns so many random bytes. For tests and replay: predictable bytes reveal the password.
    fips: whether calls go to the region's FIPS endpoint. It exists in the United States only: elsewhere, calls end in
        `connection-failed`.
    dual_stack: whether calls go to an endpoint that also answers over IPv6. Like `fips`, it changes only the address of
        calls, not the issuer or the key set's address. Neither can be combined with `endpoint`.
    allow_http: whether `iss` and `endpoint` may begin with http:// on other machines than this one. Others on the
        network can then read passwords and tokens. For private networks, such as `http://ministack:4566` of a compose
        file.
    user_agent: the User-Agent of requests. By default `cognito_raw`, or that of an httpx client of your own.
    headers: further headers of every call, such as a firewall's token. `within(headers=...)` is for some calls.

    Raises `ValueError` for a malformed value. The message names the value and the reason.
    """

    iss: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    endpoint: str = ""
    deadline: float = 10.0
    clock: Callable[[], float] = field(default=wall_clock, repr=False, compare=False)
    monotonic: Callable[[], float] = field(default=steady, repr=False, compare=False)
    randomness: Callable[[int], bytes] = field(default=_random_bytes, repr=False, compare=False)
    fips: bool = field(default=False, kw_only=True)
    dual_stack: bool = field(default=False, kw_only=True)
    allow_http: bool = field(default=False, kw_only=True)
    user_agent: str | None = field(default=None, repr=False, kw_only=True)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False, kw_only=True)
    # The endpoint if the issuer determines it. `dataclasses.replace` passes both on, perhaps with another issuer.
    _own_endpoint: str = field(default="", repr=False, compare=False, kw_only=True)
    region: str = field(init=False, repr=False)
    pool_id: str = field(init=False, repr=False)
    issuers: tuple[str, ...] = field(init=False, repr=False)

    if TYPE_CHECKING:  # the argument may be None, such as a missing environment variable; the field never is

        def __init__(
            self,
            iss: str,
            client_id: str,
            client_secret: str | None = None,
            endpoint: str | None = None,
            deadline: float = 10.0,
            clock: Callable[[], float] = wall_clock,
            monotonic: Callable[[], float] = steady,
            randomness: Callable[[int], bytes] = _random_bytes,
            *,
            fips: bool = False,
            dual_stack: bool = False,
            allow_http: bool = False,
            user_agent: str | None = None,
            headers: Mapping[str, str] = {},
        ) -> None: ...

    def __post_init__(self) -> None:
        iss = _checked_text("iss", self.iss).removesuffix("/")
        given = "" if self.endpoint == self._own_endpoint else _checked_endpoint(self.endpoint)
        _checked_switches(given, fips=self.fips, dual_stack=self.dual_stack, allow_http=self.allow_http)
        host, pool_id = _split_issuer(iss)
        official = official_region(host)
        if not given:
            _require_official(iss, host, pool_id)
        if not self.allow_http:
            _require_private(iss=iss, endpoint=given)
        _checked_client(self.client_id, self.client_secret)
        checked_deadline(self.deadline)
        if self.headers != {} or self.user_agent is not None:
            self._check_headers()
        region, own = pool_id.partition("_")[0], ""
        issuers: tuple[str, ...] = (iss,)
        if official:
            region, suffix = official
            own = "https://" + official_host(region, suffix, fips=self.fips, dual_stack=self.dual_stack)
            plain = official_host(region, suffix, fips=False, dual_stack=False)
            issuers = (f"https://{plain}/{pool_id}", f"https://issuer-{plain}/{pool_id}")
        for name, value in (
            ("iss", iss),
            ("endpoint", given or own),
            ("_own_endpoint", "" if given else own),
            ("region", region),
            ("pool_id", pool_id),
            ("issuers", issuers),
        ):
            object.__setattr__(self, name, value)

    def _check_headers(self) -> None:
        from .models.headers import checked_headers, require_sendable  # here: few programs have some

        object.__setattr__(self, "headers", checked_headers(self.headers))
        if self.user_agent is not None:
            require_sendable("user_agent", self.user_agent)

    @property
    def request_headers(self) -> Mapping[str, str]:
        """The headers that each request has besides those of the protocol."""
        return self.headers if self.user_agent is None else {**self.headers, "User-Agent": self.user_agent}

    @property
    def pool_name(self) -> str:
        """The pool id after its first `_`: the name that an SRP proof hashes."""
        return self.pool_id.partition("_")[2]

    def secret_hash(self, username: str) -> str | None:
        """Return the SECRET_HASH for a user name; None for an app client without a secret.

        It is base64(HMAC-SHA256(client secret, user name + client id)). The call must send exactly the same user name.
        """
        if self.client_secret is None:
            return None
        import base64  # here: most app clients have no secret
        import hmac

        digest = hmac.digest(self.client_secret.encode(), (username + self.client_id).encode(), "sha256")
        return base64.b64encode(digest).decode()

    @property
    def jwks_uri(self) -> str:
        """The address of the pool's key set: below the issuer, or below an `endpoint` given for an official issuer."""
        elsewhere = len(self.issuers) == 2 and not self._own_endpoint
        return f"{f'{self.endpoint}/{self.pool_id}' if elsewhere else self.iss}/.well-known/jwks.json"


def _checked_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, not {type(value).__name__}")
    if not value:
        raise ValueError(f"{name} is empty")
    return value


def _split_url(name: str, value: str) -> SplitResult:
    from urllib.parse import urlsplit  # here: an import of the library does not need it

    if "@" in value:  # not quoted: a password may precede it
        raise ValueError(f"{name} holds '@': it must not have a user or a password")
    try:
        parts = urlsplit(value)
        _ = parts.port  # reading it checks it
    except ValueError as error:
        raise ValueError(f"{name} {value!r}: {error}") from None
    # Checked in the string, since urlsplit drops control characters and lowers the case of the scheme.
    if not (value.startswith(("https://", "http://")) and parts.hostname and _is_visible(value)):
        raise ValueError(
            f"{name} {value!r}: not a URL such as {_EXAMPLE if name == 'iss' else 'http://127.0.0.1:4566'}"
        )
    if "?" in value or "#" in value:
        raise ValueError(f"{name} {value!r}: it must not have a query or a fragment")
    return parts


def _is_visible(text: str) -> bool:
    return text.isprintable() and " " not in text


def _split_issuer(iss: str) -> tuple[str, str]:
    parts = _split_url("iss", iss)
    pool_id = parts.path.removeprefix("/")
    if not _is_pool_id(pool_id):
        raise ValueError(f"iss {iss!r}: {pool_id!r} is not a pool id such as eu-west-1_AbCdEf123")
    if parts.scheme == "http" and official_region(parts.netloc):
        raise ValueError(f"iss {iss!r}: the service's issuers start with https://")
    return parts.netloc, pool_id


def _require_official(iss: str, host: str, pool_id: str) -> None:
    """Raise `ValueError` unless the issuer determines the endpoint."""
    official = official_region(host)
    if official is None:
        raise ValueError(
            f"iss {iss!r}: {host!r} is not a host of Amazon Cognito's issuers, which look like {_EXAMPLE}; "
            + (
                "for FIPS and IPv6 leave the issuer as it is and pass fips=True or dual_stack=True"
                if is_variant(host)
                else "for another server, pass its address as endpoint="
            )
        )
    if official[0] != pool_id.partition("_")[0]:
        raise ValueError(
            f"iss {iss!r}: the host is in {official[0]} but the pool id has {pool_id.partition('_')[0]}; "
            "for a replica in another region, pass its address as endpoint="
        )


def _is_pool_id(text: str) -> bool:
    r"""Tell if it matches the service's own pattern, `[\w-]+_[0-9a-zA-Z]+`."""
    prefix, _, name = text.rpartition("_")
    return text.isascii() and name.isalnum() and prefix.replace("-", "_").replace("_", "a").isalnum()


def _checked_endpoint(endpoint: object) -> str:
    """Return the given endpoint, or "" if the issuer determines it."""
    if endpoint is None or endpoint == "":
        return ""
    text = _checked_text("endpoint", endpoint)
    _split_url("endpoint", text)
    return text.removesuffix("/")


def _require_private(**urls: str) -> None:
    """Raise `ValueError` for plain http:// to another machine."""
    for name, url in urls.items():
        if url.startswith("http://") and not is_this_machine(_split_url(name, url).hostname or ""):
            raise ValueError(
                f"{name} {url!r}: plain http:// to another machine shows passwords and tokens to all on the way; "
                "use https://, or say allow_http=True for a private network"
            )


def _checked_switches(endpoint: str, **switches: object) -> None:
    for name, value in switches.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be True or False, not {type(value).__name__}")
        if value and endpoint and name != "allow_http":
            raise ValueError(
                f"{name}=True chooses among the service's own endpoints, but endpoint={endpoint!r} is given: "
                "leave one of them out"
            )


def _checked_client(client_id: object, client_secret: object) -> None:
    text = _checked_text("client_id", client_id)
    # The service's own pattern is [\w+]+; anything else is a copy error.
    if not text.isascii() or not text.replace("_", "a").replace("+", "a").isalnum():
        raise ValueError(f"client_id {text!r}: only letters, digits, '_' and '+' occur in the id of an app client")
    if client_secret is None:
        return
    if not isinstance(client_secret, str) or not client_secret:
        raise ValueError("client_secret must be a string and not empty: leave it out for an app client without one")
    if not (client_secret.isascii() and _is_visible(client_secret)):
        raise ValueError("client_secret holds white space or characters that no secret of the service has")


def checked_deadline(seconds: object) -> float:
    """Return the seconds. `ValueError` unless it is a number of seconds above 0 and at most a day."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= _LONGEST_DEADLINE:
        raise ValueError(f"deadline {seconds!r}: must be a number of seconds above 0, and at most a day")
    return seconds


# The DNS suffix of each partition, and that of its dual-stack hosts. AWS and GovCloud (US) share them.
_SUFFIXES: Final = {
    "amazonaws.com": "api.aws",
    "amazonaws.eu": "api.amazonwebservices.eu",
    "amazonaws.com.cn": "api.amazonwebservices.com.cn",
    "c2s.ic.gov": "api.aws.ic.gov",
    "sc2s.sgov.gov": "api.aws.scloud",
    "cloud.adc-e.uk": "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov": "api.aws.hci.ic.gov",
}
# From the service's endpoint rule set: their FIPS hosts are dual-stack under the plain suffix.
_DUAL_STACK_FIPS: Final = ("us-east-1", "us-east-2", "us-west-1", "us-west-2")


def official_region(host: str) -> tuple[str, str] | None:
    """Return the region and the DNS suffix of a host in official issuers; None for any other host."""
    service, region, suffix = _split(host)
    official = service in ("cognito-idp", "issuer-cognito-idp") and suffix in _SUFFIXES
    return (region, suffix) if official and _is_region(region) else None


def _is_region(text: str) -> bool:
    """Tell if it fits `[a-z]{2,}(-[a-z]+)+-[0-9]+`, as no other service's name in the same place does."""
    first, *middle, last = text.split("-") if text.count("-") > 1 else ("", "")
    words = bool(middle) and len(first) > 1 and all(word.isalpha() and word.islower() for word in (first, *middle))
    return text.isascii() and words and last.isdigit()


def is_variant(host: str) -> bool:
    """Tell if it is a FIPS or dual-stack host. Calls may go there, but no issuer has such a host."""
    service, _, suffix = _split(host)
    return service == "cognito-idp-fips" or (service == "cognito-idp" and suffix in _SUFFIXES.values())


def official_host(region: str, suffix: str, *, fips: bool, dual_stack: bool) -> str:
    """Return the host for calls to a region. `suffix` is the plain DNS suffix of its partition."""
    service = "cognito-idp-fips" if fips else "cognito-idp"
    return f"{service}.{region}.{_SUFFIXES[suffix] if dual_stack and not _is_both(region, suffix, fips) else suffix}"


def _is_both(region: str, suffix: str, fips: bool) -> bool:
    """Tell if the host under the plain suffix is also the dual-stack host."""
    if fips:
        return region in _DUAL_STACK_FIPS
    # All plain hosts of AWS are. For GovCloud (US) the rule set, evaluated, gives api.aws.
    return suffix == "amazonaws.com" and not region.startswith("us-gov-")


def _split(host: str) -> tuple[str, str, str]:
    service, _, rest = host.partition(".")
    region, _, suffix = rest.partition(".")
    return service, region, suffix
