"""What the tests of the testing kit share: recording what passes without a server, and sending single requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cognito_raw import Call, Config, Err, Ok, Reply, Request, Result
from cognito_raw.call import render
from cognito_raw.testing import Cassette, Recorder, Replay
from tests.support.samples import CLIENT, ISS

CONFIG: Final = Config(ISS, CLIENT, clock=lambda: 1_783_415_103.0)


def request(operation: str, parameters: Mapping[str, Any]) -> Request:
    """The request of one call."""
    return render(Call(operation, parameters), CONFIG.endpoint, 5.0)


class Canned:
    """A transport that gives one result after the other, whatever it is asked."""

    def __init__(self, *results: Result[Reply]) -> None:
        self._results = list(results)

    def send(self, request: Request) -> Result[Reply]:  # noqa: ARG002  # every request is answered alike
        return self._results.pop(0)


def reply(body: Any, status: int = 200, **headers: str) -> Ok[Reply]:
    """A reply: an object as JSON, text and bytes as they are; `_` in the names of headers stands for `-`."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return Ok(Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw))


Exchanged = tuple[str, Mapping[str, Any], Result[Reply]]


def recorded(path: Path, *exchanges: Exchanged, proof: bool = False, **options: Any) -> Cassette:
    """The cassette of these exchanges, as it is read back from its file."""
    inner = Canned(*(result for _, _, result in exchanges))
    with Recorder(path, CONFIG, inner, proof=proof, **options) as recorder:
        recorder.config.randomness(32)  # as a client that proves a password does
        for operation, parameters, _ in exchanges:
            recorder.send(request(operation, parameters))
    return Cassette.load(path)


def once(path: Path, parameters: Mapping[str, Any], body: Any, operation: str = "GetUser", **options: Any) -> Any:
    """One exchange as it is kept: the request's body and the reply's."""
    kept = recorded(path, (operation, parameters, reply(body)), **options).exchanges[0]
    return kept.request, kept.body


def body_of(result: Result[Reply]) -> Any:
    """The JSON of a reply that came."""
    assert not isinstance(result, Err), result
    return json.loads(result.value.body)


def replayed(cassette: Cassette, *calls: tuple[str, Mapping[str, Any]]) -> list[Any]:
    """What a strict replay answers to these calls."""
    with Replay(cassette) as replay:
        return [replay.send(request(*call)) for call in calls]
