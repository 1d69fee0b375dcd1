"""A pool as a transport: it checks whose things a request has, performs it or fails, and notes what is heard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from cognito_raw import Config, Err, Ok, Reply, Request, Result
from tests.support.challenge_service import Refusal
from tests.support.model_service.operations import REVOKED, Operations
from tests.support.model_service.world import UNKNOWN, Ear, Outcome, Rules, World
from tests.support.rotation import INSTEAD, SWALLOWED


def leaves(value: object) -> Iterator[str]:
    """The strings of a request, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from leaves(inner)


def is_refresh(operation: str, body: Mapping[str, Any]) -> bool:
    return operation == "GetTokensFromRefreshToken" or body.get("AuthFlow") == "REFRESH_TOKEN_AUTH"


def _without_device(body: dict[str, Any]) -> object:
    return {
        name: _without_device(value) if isinstance(value, dict) else value
        for name, value in body.items()
        if name != "DEVICE_KEY"
    }


_TOLD: Final[dict[str, Outcome]] = {
    "Device": "no device",
    REVOKED: "ended",
    "Reuse": "ended",
    "deleted": "ended",
    "Unknown": "no operation",
}


class Pool(Operations):
    """A pool and its one app client. `ear` is the session that uses it."""

    def __init__(self, world: World, region: str, rules: Rules) -> None:
        name = f"Of{region[:2]}"
        super().__init__(
            world, rules, name, f"clientOf{region[:2]}", f"https://cognito-idp.{region}.amazonaws.com/{region}_{name}"
        )
        numbers = count()
        self.config = Config(
            self.iss,
            self.client,
            rules.secret,
            clock=world.time.wall,
            monotonic=world.time.monotonic,
            randomness=lambda size: bytes((7 + next(numbers) % 2,)) * size,  # few, so that powers are found again
        )
        self.ear = Ear(world.time)
        self._handles: dict[str, Outcome] = {}

    def send(self, request: Request) -> Result[Reply]:
        operation, body = request.headers["X-Amz-Target"].rpartition(".")[2], json.loads(request.body)
        fault = self.world.faults.pop(0) if self.world.faults else "none"
        if fault != "unsent":
            self._check(operation, body)
        outcome: Outcome = fault
        reply: Result[Reply] = INSTEAD.get(fault, Err("unknown-error"))
        if fault == "none" or fault in SWALLOWED:
            answer, outcome = self._perform(operation, body)
            if fault == "none":
                self._heard(body, answer, outcome)
                reply = Ok(Reply(200 if outcome == "ok" else 400, {}, json.dumps(answer).encode()))
            outcome = outcome if fault == "none" else fault
        if fault in ("hangs", "stalls"):
            self.world.time.passes(int(request.timeout) + 1)
        self.world.log.append((operation, body, outcome))
        self.ear.troubled |= outcome != "ok" and is_refresh(operation, body)
        if fault != "unsent" and "AuthFlow" in body and "Session" in body:
            self._handles[body["Session"]] = outcome
        return reply

    def _perform(self, operation: str, body: dict[str, Any]) -> tuple[dict[str, Any], Outcome]:
        try:
            answer: dict[str, Any] = getattr(self, operation)(body)
        except Refusal as refusal:
            said = " ".join(refusal.body.values())
            word = next((word for word in _TOLD if word in said), None)
            return refusal.body, "refused" if word is None else _TOLD[word]
        return answer, "ok"

    def _check(self, operation: str, body: dict[str, Any]) -> None:
        """Whose things these are, that they belong together, and that none comes twice that works once."""
        require = self.world.require
        mine = [owner for text in leaves(body) if (owner := self.names.get(text) or self.world.owners.get(text))]
        require(len(set(mine)) <= 1, f"{operation} mixes {sorted({owner.name for owner in mine})}: {body}")
        require(all(owner in self.users for owner in mine), f"{operation} has things of another pool")
        named = body.get("AuthParameters") or body.get("ChallengeResponses") or {"USERNAME": body.get("Username")}
        proof = named.get("SECRET_HASH", body.get("SecretHash"))
        if proof is not None and (name := named.get("USERNAME")):
            require(proof == self.hash_of(name), f"{operation} proves another name")
        self._check_once(operation, body)

    def _check_once(self, operation: str, body: dict[str, Any]) -> None:
        same = _without_device(body)
        before = [
            outcome for name, sent, outcome in self.world.log if name == operation and _without_device(sent) == same
        ]
        is_proof = body.get("AuthFlow") == "USER_SRP_AUTH"
        again = is_proof or operation == "RevokeToken" or is_refresh(operation, body)
        passed = all(outcome in ("throttled", "no device", "unsent") for outcome in before)
        self.world.require(again or passed, f"{operation} came twice, after {before}")
        if body.get("AuthFlow") == "USER_AUTH" and "Session" in body:
            used = self._handles.get(body["Session"])
            self.world.require(used != "ok" and used not in UNKNOWN, f"a handle came twice, after {used}")

    def _heard(self, body: dict[str, Any], answer: dict[str, Any], outcome: Outcome) -> None:
        if "AuthenticationResult" in answer:
            result, now = answer["AuthenticationResult"], self.world.time.now
            expire = (now + self.rules.lasts, now + self.rules.access_lasts)
            self.ear.hear(self.families[result["AccessToken"]], result, expire, dated=self.rules.issued == "right")
        elif outcome == "ended":
            self.ear.end()
        elif outcome == "ok" and "Session" in answer and "Username" in body:
            self.ear.handle = (body["Username"], answer["Session"])
