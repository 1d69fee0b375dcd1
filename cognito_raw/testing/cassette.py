"""A cassette: the exchanges of one recording, in one JSON file with readable diffs.

It holds its provenance, the pool, the clock readings and the exchanges in order. If the recording keeps the proof, it
also holds the inputs of the SRP proofs.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeGuard, get_args

from ..call import Reply, Request
from ..config import Config
from ..models.fields import (
    UnexpectedJson,
    boolean,
    integer,
    is_time,
    listed,
    mapping,
    objects,
    optional_integer,
    optional_string,
    string,
    string_map,
    strings,
)
from ..reasons import Reason
from ..result import Err, Ok, Result

SCHEMA: Final = 1
_HEXADECIMAL: Final = re.compile("([0-9a-f]{2})*")


class CassetteError(ValueError):
    """Raised if a cassette cannot be read, with the reason in one sentence."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One redacted call, and its reply or failure.

    body: the reply's JSON object, or a string for any other body.
    """

    operation: str
    request: Mapping[str, Any] = field(repr=False)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default="", repr=False)
    failure: Mapping[str, Any] | None = None

    def result(self) -> Result[Reply]:
        """Return the recorded result, as a transport does."""
        if self.failure is not None:
            reason, sent = self.failure["reason"], self.failure["sent"]
            return Err(reason, "as it was recorded", status=self.failure.get("status"), sent=sent)
        written = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        return Ok(Reply(self.status, self.headers, _utf8(written)))

    def to_dict(self) -> dict[str, Any]:
        if self.failure is not None:
            return {"operation": self.operation, "request": self.request, "failure": self.failure}
        reply = {"status": self.status, "headers": self.headers, "body": self.body}
        return {"operation": self.operation, "request": self.request, "reply": reply}

    @classmethod
    def read(cls, saved: Mapping[str, object]) -> Exchange:
        operation, request = string(saved, "operation"), _object(saved, "request")
        if "failure" in saved:
            return cls(operation, request, failure=_failure(_object(saved, "failure")))
        reply = _object(saved, "reply")
        body = reply.get("body")
        if not isinstance(body, (str, dict)):
            raise UnexpectedJson("body is neither an object nor a string")
        return cls(operation, request, integer(reply, "status"), _strings(reply, "headers"), body)


def _failure(saved: Mapping[str, object]) -> Mapping[str, Any]:
    reason, sent = string(saved, "reason"), string(saved, "sent")
    if reason not in get_args(Reason) or sent not in ("no", "maybe", "yes"):
        raise UnexpectedJson("failure is not one of a transport")
    return {"reason": reason, "sent": sent, "status": optional_integer(saved, "status")}


@dataclass(frozen=True, slots=True)
class Cassette:
    """One recording.

    clock: the readings of the clock in order, in seconds since the epoch.
    randomness: the random draws in order, or None if the recording keeps no proof.
    password: the throwaway user's, if it was given to a recording that keeps the proof.
    kept: the names of further members that were not replaced, from the recorder's `keep`.
    """

    provenance: Mapping[str, str]
    iss: str
    client_id: str
    has_secret: bool
    clock: tuple[float, ...] = field(repr=False)
    randomness: tuple[bytes, ...] | None = field(repr=False)
    exchanges: tuple[Exchange, ...]
    password: str | None = field(default=None, repr=False)
    kept: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Write the whole file or nothing: an interrupted write leaves the file as it was."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            unfinished.write_bytes(_utf8(json.dumps(self._to_dict(), indent=2, ensure_ascii=False) + "\n"))
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Cassette:
        """Read a cassette. Raise `CassetteError` if it is damaged or of another schema."""
        saved = _json(path)
        if not isinstance(saved, dict) or type(saved.get("schema")) is not int:
            raise CassetteError(f"{path}: not a cassette: it has no schema number")
        if saved["schema"] != SCHEMA:
            raise CassetteError(
                f"{path}: a cassette of schema {saved['schema']}; this version of cognito_raw reads schema {SCHEMA}"
            )
        try:
            return cls._read(saved)
        except UnexpectedJson as error:
            raise CassetteError(f"{path}: a damaged cassette: {error}") from None

    def _to_dict(self) -> dict[str, Any]:
        proof = None
        if self.randomness is not None:
            note = "what the SRP proofs are computed from, beside the password: only for throwaway users"
            draws = [drawn.hex() for drawn in self.randomness]
            proof = {"note": note, "password": self.password, "randomness": draws}
        return {
            "schema": SCHEMA,
            "provenance": self.provenance,
            "pool": {"iss": self.iss, "client_id": self.client_id, "has_secret": self.has_secret},
            "kept": self.kept,
            "clock": self.clock,
            "proof": proof,
            "exchanges": [exchange.to_dict() for exchange in self.exchanges],
        }

    @classmethod
    def _read(cls, saved: Mapping[str, object]) -> Cassette:
        _require(saved, "clock", "exchanges", "kept")
        if "proof" not in saved:
            raise UnexpectedJson("proof is not there")
        proof = None if saved["proof"] is None else _object(saved, "proof")
        pool = _object(saved, "pool")
        iss, client_id = string(pool, "iss"), string(pool, "client_id")
        _check_pool(iss, client_id)
        return cls(
            provenance=_strings(saved, "provenance"),
            iss=iss,
            client_id=client_id,
            has_secret=boolean(pool, "has_secret"),
            clock=listed(saved, "clock", is_time, "times"),
            randomness=None if proof is None else _draws(proof),
            exchanges=tuple(map(Exchange.read, objects(saved, "exchanges"))),
            password=None if proof is None else optional_string(proof, "password"),
            kept=strings(saved, "kept"),
        )


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fault = "there is no such cassette"
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    except (ValueError, RecursionError):
        fault = "not a cassette, or cut short: it is not JSON"
    # Not raised in a handler: it would keep the first error, which contains the whole string.
    raise CassetteError(f"{path}: {fault}")


def _require(saved: Mapping[str, object], *names: str) -> None:
    for name in names:
        if saved.get(name) is None:
            raise UnexpectedJson(f"{name} is not there")


def _object(saved: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a required object."""
    _require(saved, name)
    return mapping(saved, name)


def _strings(saved: Mapping[str, object], name: str) -> dict[str, str]:
    """Return a required object of strings, none of them null."""
    _require(_object(saved, name), *_object(saved, name))
    return string_map(saved, name)


def _is_hexadecimal(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _HEXADECIMAL.fullmatch(value) is not None


def _draws(proof: Mapping[str, object]) -> tuple[bytes, ...]:
    _require(proof, "randomness")
    return tuple(map(bytes.fromhex, listed(proof, "randomness", _is_hexadecimal, "hexadecimal strings")))


def _check_pool(iss: str, client_id: str) -> None:
    try:
        Config(iss, client_id, endpoint="https://replay.invalid", allow_http=True)
    except ValueError as error:
        raise UnexpectedJson(f"its pool: {error}") from None


def _utf8(text: str) -> bytes:
    """Encode JSON. Half a surrogate pair, which UTF-8 cannot encode, becomes a JSON escape."""
    return text.encode("utf-8", "backslashreplace")


def operation_of(request: Request) -> str:
    """Return the operation of a request, or "GET" and the name of a fetched document."""
    if request.method != "POST":
        return f"{request.method} {request.url.rpartition('/')[2]}"
    return request.headers["X-Amz-Target"].partition(".")[2]


def parameters_of(request: Request) -> Any:
    """Return the JSON of a request's body, which is empty for a fetched document."""
    return json.loads(request.body) if request.body else {}
