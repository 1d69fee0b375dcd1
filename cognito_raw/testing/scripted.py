"""Answers that the test defines, for cases that no recording has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from ..call import Reply, Request
from ..config import Config
from ..models.lazy import LateType
from ..result import Err, Ok, Result, Sent
from .cassette import operation_of, parameters_of
from .kit import KitTransport, TransportResult
from .redaction import unsigned

if TYPE_CHECKING:
    from .signing import SigningKey
else:  # imported by who asks for the types
    SigningKey = LateType(f"{__package__}.signing", "SigningKey")

_ISS: Final = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Scripted1"
_CLIENT_ID: Final = "scripted1client2id3"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of the service: the name and the message of its exception."""

    code: str
    message: str = ""
    status: int = 400

    def result(self) -> Result[Reply]:
        body = json.dumps({"__type": self.code, "message": self.message}).encode()
        return Ok(Reply(self.status, {"x-amzn-errortype": f"{self.code}:"}, body))


@dataclass(frozen=True, slots=True)
class Timeout:
    """No answer in time. sent: whether the request was sent, "no" or "maybe"."""

    sent: Sent = "maybe"

    def result(self) -> Result[Reply]:
        return Err("timed-out", "scripted", sent=self.sent)


@dataclass(frozen=True, slots=True)
class Broken:
    """A malformed reply: any bytes, with any status and headers."""

    body: bytes = field(default=b"", repr=False)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def result(self) -> Result[Reply]:
        return Ok(Reply(self.status, self.headers, self.body))


ScriptedAnswer: TypeAlias = Mapping[str, Any] | Refusal | Timeout | Broken
Step: TypeAlias = tuple[str, ScriptedAnswer] | Refusal | Timeout | Broken


class Scripted(KitTransport):
    """A transport for sync and async clients that gives the test's answers in order.

    steps: each is `(operation, answer)`, or a `Refusal`, `Timeout` or `Broken` alone for any operation. An answer is
        the reply's JSON object or one of these. A verifier's fetch of the pool's keys is "GET jwks.json".
    config: for `session()` and `async_session()`. The default is an invented pool.

    `calls` has the operations that were sent, with their parameters. A call out of order raises `AssertionError`, at
    once and at the end. So do steps that are left over.
    """

    def __init__(self, *steps: Step, config: Config | None = None) -> None:
        self.config = config or Config(_ISS, _CLIENT_ID)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._left = list(map(_read, steps))
        self._mistake: AssertionError | None = None

    def send(self, request: Request) -> TransportResult:
        """Return the next answer of the script."""
        operation = operation_of(request)
        self.calls.append((operation, parameters_of(request)))
        if not self._left:
            self._fail(f"{operation} was sent, but the script is over")
        expected, _, result = self._left.pop(0)
        if expected not in (None, operation):
            self._fail(f"{operation} was sent where the script has {expected}")
        return result

    def finish(self) -> None:
        """Raise `AssertionError` if the script was not followed to its end."""
        if self._mistake is not None:
            raise self._mistake
        if self._left:
            names = ", ".join(name for _, name, _ in self._left)
            raise AssertionError(f"{len(self._left)} steps of the script were left over: {names}")

    _on_success = finish

    def _fail(self, words: str) -> NoReturn:
        mistake = AssertionError(words)
        self._mistake = self._mistake or mistake  # the first, which explains the others
        raise mistake


def tokens(
    username: str = "ada",
    *,
    lifetime: int = 3600,
    at: float | None = None,
    key: SigningKey | None = None,
    config: Config | None = None,
    scope: str = "aws.cognito.signin.user.admin",
    **claims: Any,
) -> dict[str, Any]:
    """Return the reply of a finished sign-in, with well-formed tokens. The ID token gets `claims`.

    lifetime: seconds from `at`, or from now, until they expire.
    key: signs the tokens. Without one, they have no valid signature.
    config: the pool and the app client that the tokens name. The default is that of `Scripted`.
    scope: of the access token, which also gets the claim `cognito:groups`.
    """
    import time

    sign, pool = unsigned if key is None else key.sign, config or Config(_ISS, _CLIENT_ID)
    issued, groups = int(time.time() if at is None else at), claims.get("cognito:groups")
    common = {"sub": f"sub-of-{username}", "iss": pool.iss, "iat": issued, "exp": issued + lifetime}
    common |= {"auth_time": issued} if groups is None else {"auth_time": issued, "cognito:groups": groups}
    id_claims = {**common, "token_use": "id", "aud": pool.client_id, "cognito:username": username, **claims}
    access_claims = {**common, "token_use": "access", "client_id": pool.client_id, "username": username, "scope": scope}
    return {
        "AuthenticationResult": {
            "AccessToken": sign(access_claims),
            "ExpiresIn": lifetime,
            "IdToken": sign(id_claims),
            "RefreshToken": f"refresh-token-of-{username}",
            "TokenType": "Bearer",
        },
        "ChallengeParameters": {},
    }


def password_verifier(username: str = "ada") -> dict[str, Any]:
    """Return a well-formed reply to the first call of an SRP sign-in. Any password leads to a proof."""
    parameters = {
        "SALT": "1f2e3d4c5b6a7988",
        "SECRET_BLOCK": "c2NyaXB0ZWQ=",
        "SRP_B": "2",
        "USERNAME": username,
        "USER_ID_FOR_SRP": username,
    }
    return {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": parameters}


def _read(step: object) -> tuple[str | None, str, Result[Reply]]:
    """Return the operation of a step, or None for any, its name, and the result of the call."""
    operation: str | None = None
    answer = step
    if isinstance(step, tuple) and len(step) == 2 and isinstance(step[0], str):
        operation, answer = step
    name = operation or type(answer).__name__
    if isinstance(answer, (Refusal, Timeout, Broken)):
        return operation, name, answer.result()
    if operation is None or not isinstance(answer, Mapping):
        raise ValueError(
            "a step of a script is (operation, answer), or a Refusal, Timeout or Broken alone; an answer may also be "
            f"the reply's JSON object: {type(answer).__name__} is none of them"
        )
    try:
        return operation, name, Ok(Reply(200, {}, json.dumps(dict(answer)).encode()))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"an answer of a script is not JSON: {error}") from None
