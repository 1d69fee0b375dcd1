"""Claims held against the rules of a verifier."""

from __future__ import annotations

from typing import Any, Final

from cognito_raw import Claims, Config, Err, Result
from cognito_raw.verify.claims import Rules
from tests.support.samples import CLIENT, ISS
from tests.support.tokens import NOW

CONFIG: Final = Config(ISS, CLIENT)


def judged(claims: dict[str, Any], now: float = NOW, use: Any = ("id", "access"), **demands: Any) -> Result[Claims]:
    return Rules(CONFIG, use, **demands).validate(claims, now)


def reason(result: Result[Claims]) -> str:
    return result.reason if isinstance(result, Err) else "Ok"
