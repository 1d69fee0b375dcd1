"""The claims of a token: their values, and the rules for them.

Rules are checked after the signature. The order gives the most helpful failure: the issuer, the use and the app client
come first, then the times, then groups and scopes. A rule that cannot be checked fails.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeAlias, get_args

from ..concurrency.background import log_error
from ..concurrency.locks import is_from_signal
from ..config import Config
from ..models.fields import END_OF_TIME
from ..models.frozen import Frozen, field
from ..models.tokens import TokenUse
from ..result import Err, Ok, Result

LONGEST_LEEWAY: Final = 300.0
# How far the service's clock may be ahead of ours when it issues a token, since tokens are used at once.
_AHEAD: Final = 60
_TIMES: Final = ("nbf", "iat", "auth_time")


class AnyClient:
    """The type of `ANY_CLIENT`."""

    def __repr__(self) -> str:
        return "ANY_CLIENT"


ANY_CLIENT: Final = AnyClient()
"""In place of client ids, this accepts the tokens of every app client of the pool."""


class Claims(Frozen):
    """The claims of a verified token.

    payload: all claims. client_id: the app client of the token (`aud` of an ID token).
    username: the user's name in the pool, or None if a client signed in for itself.
    groups: of `cognito:groups`. scopes: of `scope`, which only access tokens have.
    exp, iat, auth_time: seconds since the epoch.
    """

    sub: str
    token_use: TokenUse
    client_id: str
    exp: int
    iat: int | None = None
    auth_time: int | None = None
    groups: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    username: str | None = field(default=None, repr=False)
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


Check: TypeAlias = Callable[[Claims], bool]

# A message shows at most so many characters of a signed token.
_SHOWN: Final = 100
_SHOWN_DEMANDS: Final = 200


class Rules:
    """The rules of one verifier for every token. Raises `ValueError` if they make no sense."""

    def __init__(
        self,
        config: Config,
        token_use: TokenUse | Collection[TokenUse],
        client_ids: str | Collection[str] | AnyClient | None = None,
        additional_issuers: str | Collection[str] = (),
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        check: Check | None = None,
        leeway: float = 0.0,
    ) -> None:
        self._uses = _uses(token_use)
        self._issuers = frozenset(config.issuers) | _strings("additional_issuers", additional_issuers or None)
        ids = config.client_id if client_ids is None else client_ids
        self._clients = None if isinstance(ids, AnyClient) else _strings("client_ids", ids)  # None accepts any client
        self._groups = _strings("groups", groups)
        self._scopes = _strings("scopes", scopes)
        if any(len(scope.split()) != 1 for scope in self._scopes):
            raise ValueError("scopes: a scope has no space in it; give several as a list")
        self._check = _checked(check)
        self._leeway = _checked_leeway(leeway)

    def validate(self, payload: Mapping[str, Any], now: float) -> Result[Claims]:
        """Return the claims if the payload passes all rules, or the failure of the first rule that it breaks.

        now: seconds since the epoch. The signature must have been checked, since a failure's message shows claims.
        """
        use = payload.get("token_use")
        name = "aud" if use == "id" else "client_id"
        issuer, client = payload.get("iss"), payload.get(name)
        if type(issuer) is not str or issuer not in self._issuers:
            return Err("token-issuer-refused", _found(payload, "iss", "an issuer that is not accepted"))
        if type(use) is not str or use not in self._uses:
            return Err("token-use-refused", self._found_use(payload))
        if type(client) is not str or (not client if self._clients is None else client not in self._clients):
            return Err("token-client-refused", _found(payload, name, "an app client that is not allowed"))
        claims = _read(payload, use, client)
        if isinstance(claims, Err):
            return claims
        broken = self._broken(claims, now)
        return self._checked(claims) if broken is None else broken

    def _broken(self, claims: Claims, now: float) -> Err | None:
        # Written with `not`, so that a clock that returns NaN breaks the rules.
        if not now < claims.exp + self._leeway:
            return Err("token-expired", f"exp is {now - claims.exp:.0f} s in the past")
        begins = claims.payload.get("nbf", 0)
        if not now >= begins - self._leeway:
            return Err("token-not-yet-valid", f"nbf is {begins - now:.0f} s in the future")
        issued = claims.iat or 0
        if not now >= issued - self._leeway - _AHEAD:
            return Err("token-not-yet-valid", f"iat is {issued - now:.0f} s in the future")
        if not self._groups.issubset(claims.groups):
            return Err("token-group-missing", _missing("cognito:groups", self._groups.difference(claims.groups)))
        if not self._scopes.issubset(claims.scopes):
            return Err("token-scope-missing", _missing("scope", self._scopes.difference(claims.scopes)))
        return None

    def _checked(self, claims: Claims) -> Result[Claims]:
        if self._check is None:
            return Ok(claims)
        try:
            # Not only truthy, as the coroutine of an async function is.
            if self._check(claims) is True:
                return Ok(claims)
        except Exception as error:
            if is_from_signal(error):
                raise
            log_error("the check of a token verifier failed", error)
            return Err("token-check-failed", "the verifier's own check raised an exception, which is in the log")
        return Err("token-check-failed", "the verifier's own check did not return True")

    def _found_use(self, payload: Mapping[str, Any]) -> str:
        use = payload.get("token_use")
        if use in get_args(TokenUse):
            return f"token_use is {use!r}, and {_quoted(self._uses)} is demanded"
        return "token_use is neither 'id' nor 'access'" if "token_use" in payload else "token_use is missing"


def _found(payload: Mapping[str, Any], name: str, meaning: str) -> str:
    value = payload.get(name)
    if isinstance(value, str) and value:
        return f"{name} is {_cut(repr(value), _SHOWN)}, {meaning}"
    return f"{name} is not a string, or empty" if name in payload else f"{name} is missing"


def _missing(name: str, demanded: frozenset[str]) -> str:
    return f"{name} lacks {_cut(_quoted(demanded), _SHOWN_DEMANDS)}"


def _quoted(words: Collection[str]) -> str:
    return ", ".join(map(repr, sorted(words)))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _read(payload: Mapping[str, Any], use: Any, client: Any) -> Claims | Err:
    get = payload.get
    sub, exp = get("sub"), get("exp")
    if type(sub) is not str or not sub:
        return _invalid(payload, "sub", "a string, or empty")
    if type(exp) is not int:  # `type`, since a boolean is an integer to Python
        return _invalid(payload, "exp", "an integer")
    if exp > END_OF_TIME:
        return _invalid(payload, "exp", "before the year 10000")
    if not type(get("nbf", 0)) is type(get("iat")) is type(get("auth_time", 0)) is int:
        wrong = next(name for name in _TIMES if type(get(name, 0 if name != "iat" else None)) is not int)
        return _invalid(payload, wrong, "an integer")
    if type(get("jti", "")) is not str:
        return _invalid(payload, "jti", "a string")
    name = "cognito:username" if use == "id" else "username"
    username = get(name)
    if type(username) is not str and name in payload:
        return _invalid(payload, name, "a string")
    groups = get("cognito:groups", [])
    if type(groups) is not list or not {str}.issuperset(map(type, groups)):
        return _invalid(payload, "cognito:groups", "a list of strings")
    scope = get("scope", "")
    if type(scope) is not str:
        return _invalid(payload, "scope", "a string")
    scopes = tuple([name for name in scope.split(" ") if name])
    return Claims(sub, use, client, exp, get("iat"), get("auth_time"), tuple(groups), scopes, username, payload)


def _invalid(payload: Mapping[str, Any], name: str, wanted: str) -> Err:
    """Describe a claim by its name and type only."""
    return Err("token-claim-invalid", f"{name} is not {wanted}" if name in payload else f"{name} is missing")


def _uses(token_use: object) -> frozenset[str]:
    known = get_args(TokenUse)
    given = (token_use,) if isinstance(token_use, str) else token_use
    if not isinstance(given, Collection) or not given or any(use not in known for use in given):
        raise ValueError('token_use must be "id", "access", or ("id", "access") for both')
    return frozenset(given)


def _strings(name: str, values: object) -> frozenset[str]:
    """Return one string or several as a set. None demands nothing."""
    if values is None:
        return frozenset()
    given = (values,) if isinstance(values, str) else values
    if not isinstance(given, Collection) or not all(isinstance(value, str) and value for value in given):
        raise ValueError(f"{name} must be a string, or a list of strings that are not empty")
    if not given:
        way = "say ANY_CLIENT to accept every app client" if name == "client_ids" else "leave it out to demand none"
        raise ValueError(f"{name} is empty: {way}")
    return frozenset(given)


def _checked(check: Check | None) -> Check | None:
    import inspect  # here: only a new verifier needs it

    if inspect.iscoroutinefunction(check):
        raise ValueError("check is a coroutine function: it must be a plain one, which returns True or False")
    if check is not None and not callable(check):
        raise ValueError("check must be a function that takes Claims and returns True or False")
    return check


def _checked_leeway(seconds: object) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= LONGEST_LEEWAY:
        raise ValueError(f"leeway {seconds!r}: must be a number of seconds from 0 to {LONGEST_LEEWAY:.0f}")
    return seconds
