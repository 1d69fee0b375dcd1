"""Recording: from the local server sync and async, around any transport, and what becomes of failures."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from cognito_raw import (
    AsyncClient,
    Client,
    Config,
    Err,
    Ok,
    Reply,
    Request,
    Result,
)
from cognito_raw.call import render_get
from cognito_raw.testing import (
    Broken,
    Cassette,
    Recorder,
    Refusal,
    Replay,
    Scripted,
    Timeout,
    password_verifier,
    tokens,
)
from cognito_raw.testing import recorder as recorder_module
from tests.support.cassettes import CONFIG, Canned, recorded, reply, request
from tests.support.modes import MODES
from tests.support.programs import PACKAGES, modules_after
from tests.support.samples import CLIENT, ISS

PASSWORD: Final = "Corr3ct-horse!"
SIGN_IN: Final = (("InitiateAuth", password_verifier()), ("RespondToAuthChallenge", tokens()))


FAILURES: Final = {
    "timed out": (Timeout("maybe"), Err("timed-out", sent="maybe")),
    "never sent": (Timeout("no"), Err("timed-out", sent="no")),
    "a page": (Broken(b"<html>", 502, {"content-type": "text/html"}), Err("service-unavailable", sent="yes")),
    "no UTF-8": (Broken(b'{"a":"\xff\xfe'), Err("malformed-reply", sent="maybe")),
    "a list": (Broken(b"[]"), Err("malformed-reply", sent="maybe")),
    "nothing": (Broken(), Err("malformed-reply", sent="maybe")),
    "a refusal": (Refusal("UsernameExistsException"), Err("username-exists", sent="yes")),
}


@pytest.mark.parametrize(("step", "expected"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
def test_failures_are_recorded_and_replayed_as_such(step: Any, expected: Err, mode: Any, tmp_path: Path) -> None:
    """What made no sense, or did not come, does so again."""
    made, sender, path = mode(), Scripted(step), tmp_path / "c"
    with Recorder(path, CONFIG, sender) as recorder:
        first = made.session(recorder.config, transport=recorder).register("ada", PASSWORD)
    with Replay(path) as replay:
        again = made.session(replay.config, transport=replay).register("ada", PASSWORD)
    made.close()
    for result in (first, again):
        assert (result.reason, result.sent) == (expected.reason, expected.sent)
    assert (first.code, first.status) == (again.code, again.status)


def test_transports_of_ones_own_are_recorded_in_either_mode(tmp_path: Path) -> None:
    """Whatever has a `send` that gives a result, or one to be awaited."""

    class Awaiting:
        async def send(self, request: Request) -> Result[Reply]:
            await asyncio.sleep(0)
            return Canned(reply({"Username": "ada"})).send(request)

    with Recorder(tmp_path / "b", CONFIG, Canned(reply({"Username": "ada"}))) as blocking:
        assert Client(blocking.config, transport=blocking).call("GetUser", {}) == Ok({"Username": "ada"})
    with Recorder(tmp_path / "a", CONFIG, Awaiting()) as awaited:
        client = AsyncClient(awaited.config, transport=awaited)
        assert asyncio.run(client.call("GetUser", {})) == Ok({"Username": "ada"})
    assert Cassette.load(tmp_path / "a").exchanges == Cassette.load(tmp_path / "b").exchanges


def test_what_is_fetched_passes_and_is_not_recorded(tmp_path: Path) -> None:
    """A pool's keys go through a recorder, and have no place in its cassette."""
    with Recorder(tmp_path / "c", CONFIG, Canned(reply({"keys": []}), reply({}))) as recorder:
        assert recorder.send(render_get(CONFIG.jwks_uri, 1.0)) == reply({"keys": []})
        recorder.send(request("GetUser", {}))
    assert [exchange.operation for exchange in Cassette.load(tmp_path / "c").exchanges] == ["GetUser"]


def session_for(request: Request) -> Result[Reply]:
    return reply({"Session": f"session for {request.body.decode()}"})


class Overlapping:
    """Answers the call of u0 only after u1 was answered, sync or async."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.sent = threading.Event()

    def send(self, request: Request) -> Result[Reply]:
        self.sent.set()
        if b"u1" not in request.body:
            assert self.answered.wait(60)
        return session_for(request)


class AsyncOverlapping:
    """The async twin."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    async def send(self, request: Request) -> Result[Reply]:
        if b"u1" in request.body:
            self.answered.set()
        await self.answered.wait()
        return session_for(request)


def in_two_threads(transport: Any, sent: threading.Event, answered: threading.Event) -> None:
    """Call for u0, and for u1 once the first was sent."""
    client = Client(transport.config, transport=transport)
    first = threading.Thread(target=client.call, args=("GetUser", {"Username": "u0", "Session": "0"}))
    first.start()
    assert sent.wait(60)
    client.call("GetUser", {"Username": "u1", "Session": "1"}).unwrap()
    answered.set()
    first.join()


async def in_two_tasks(transport: Any) -> None:
    client = AsyncClient(transport.config, transport=transport)
    calls = (client.call("GetUser", {"Username": f"u{i}", "Session": str(i)}) for i in range(2))
    for result in await asyncio.gather(*calls):
        result.unwrap()


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_calls_that_overlap_keep_the_order_in_which_they_are_sent(asynchronous: bool, tmp_path: Path) -> None:
    """However they end, a replay is asked for them in this order, and finds the same stand-ins."""
    path = tmp_path / "c"
    slow: Any = AsyncOverlapping() if asynchronous else Overlapping()
    with Recorder(path, CONFIG, slow) as recorder:
        if asynchronous:
            asyncio.run(in_two_tasks(recorder))
        else:
            in_two_threads(recorder, slow.sent, slow.answered)
    assert [exchange.request["Username"] for exchange in Cassette.load(path).exchanges] == ["u0", "u1"]
    with Replay(path) as replay:
        asyncio.run(in_two_tasks(replay))


def test_a_call_without_an_answer_has_no_place(tmp_path: Path) -> None:
    """A call that was interrupted is not recorded."""

    class Interrupted:
        def send(self, request: Request) -> Result[Reply]:  # noqa: ARG002  # every request is interrupted
            raise KeyboardInterrupt

    recorder = Recorder(tmp_path / "c", CONFIG, Interrupted())
    with pytest.raises(KeyboardInterrupt):
        recorder.send(request("GetUser", {}))
    assert recorder.cassette().exchanges == ()


def test_a_recorder_never_blocks_the_event_loop(tmp_path: Path) -> None:
    """A sync transport is refused to async clients with words, and an async one to sync clients."""
    recorder = Recorder(tmp_path / "c", CONFIG, Canned())
    for make in (recorder.async_session, recorder.as_async, lambda: AsyncClient(CONFIG, transport=recorder)):
        with pytest.raises(ValueError, match="has a sync transport: an async client needs an async one"):
            make()
    awaited = Recorder(tmp_path / "c", CONFIG, AsyncOverlapping())
    with pytest.raises(ValueError, match="has an async transport: a sync client needs a sync one"):
        awaited.session().login("ada", PASSWORD)


def test_no_two_threads_draw_the_same_bytes_or_instant(tmp_path: Path) -> None:
    """Before each line of a draw another one happens, as if a second thread drew: each gets its own."""
    numbers, instants = count(), count()
    source = replace(CONFIG, randomness=lambda size: next(numbers).to_bytes(size, "big"), clock=lambda: next(instants))
    recorder = Recorder(tmp_path / "c", source, Canned(), proof=True)
    drawn: list[object] = []

    def draw() -> None:
        drawn.extend((recorder.config.randomness(4), recorder.config.clock()))

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename == recorder_module.__file__ and event == "line":
            sys.settrace(None)
            draw()
            sys.settrace(trace)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        draw()
    finally:
        sys.settrace(before)
    assert len(drawn) == len(set(drawn)) > 10
    assert set(recorder.cassette().randomness or ()) < set(drawn)


def test_a_password_is_kept_with_the_proof_only(tmp_path: Path) -> None:
    """To give one for a recording without proof is a mistake."""
    with pytest.raises(ValueError, match="say proof=True"):
        Recorder(tmp_path / "c", CONFIG, password=PASSWORD)


def test_what_is_kept_is_a_list(tmp_path: Path) -> None:
    """One name alone would keep each of its letters."""
    with pytest.raises(ValueError, match="a list of names"):
        Recorder(tmp_path / "c", CONFIG, keep="GetUser")


def test_nothing_of_the_proof_is_kept_without_it(tmp_path: Path) -> None:
    """Neither the draws nor what is computed from them, though a sign-in replays."""
    drawn: list[bytes] = []

    def draw(size: int) -> bytes:
        drawn.append(bytes(range(size)))
        return drawn[-1]

    with Recorder(tmp_path / "c", replace(CONFIG, randomness=draw), Scripted(*SIGN_IN)) as recorder:
        assert isinstance(recorder.session().login("ada", PASSWORD), Ok)
    said = (tmp_path / "c").read_text(encoding="utf-8")
    assert Cassette.load(tmp_path / "c").randomness is None
    assert drawn[0].hex() not in said
    assert '"SRP_A": "<SRP_A 1>"' in said
    assert '"PASSWORD_CLAIM_SIGNATURE": "<PASSWORD_CLAIM_SIGNATURE 1>"' in said
    with Replay(tmp_path / "c") as replay:
        assert isinstance(replay.session().login("ada", PASSWORD), Ok)


AGAINST: Final = {
    "the service": (CONFIG, None, "Amazon Cognito in eu-west-1"),
    "another address": (replace(CONFIG, endpoint="http://127.0.0.1:1"), None, "an emulator or a proxy"),
    "another issuer": (
        Config("http://localhost:9229/local_1", CLIENT, endpoint="http://localhost:9229"),
        None,
        "an emulator or a proxy",
    ),
    "the other issuer": (Config(ISS.replace("//", "//issuer-"), CLIENT), None, "Amazon Cognito in eu-west-1"),
    "its FIPS endpoint": (replace(CONFIG, fips=True), None, "Amazon Cognito in eu-west-1"),
    "its dual-stack endpoint": (
        Config("https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_a", CLIENT, dual_stack=True),
        None,
        "Amazon Cognito in us-gov-west-1",
    ),
    "the user's words": (CONFIG, "our own pool", "our own pool"),
}


@pytest.mark.parametrize(("config", "against", "words"), AGAINST.values(), ids=AGAINST)
def test_a_cassette_says_against_what_it_was_recorded(
    config: Config, against: str | None, words: str, tmp_path: Path
) -> None:
    """And by what, and when."""
    provenance = Recorder(tmp_path / "c", config, against=against).cassette().provenance
    assert provenance["against"] == words
    assert provenance["recorded_by"] == "cognito_raw.testing.Recorder"
    assert provenance["recorded_at"].endswith("+00:00")


def test_a_block_that_fails_writes_nothing(tmp_path: Path) -> None:
    """A recording that was cut short is none."""
    with pytest.raises(KeyError), Recorder(tmp_path / "c", CONFIG, Canned()):
        raise KeyError
    assert not (tmp_path / "c").exists()


def test_a_recorder_may_be_saved_by_hand(tmp_path: Path) -> None:
    """Without a block."""
    recorder = Recorder(str(tmp_path / "c.json"), CONFIG, Canned())
    recorder.save()
    assert Cassette.load(tmp_path / "c.json").exchanges == recorded(tmp_path / "d.json").exchanges == ()


def test_the_kit_is_imported_without_what_it_may_not_need() -> None:
    """Neither pytest, which need not be installed, nor what only real requests need."""
    late = {"httpx", "asyncio", "jwt", "pytest", "ssl"}
    assert modules_after("import cognito_raw.testing", PACKAGES) & late == set()


def test_a_proof_whose_draws_were_not_seen_is_not_written(tmp_path: Path) -> None:
    """A session with a configuration of its own draws elsewhere, and could never be replayed."""
    recorder = Recorder(tmp_path / "c.json", CONFIG, Canned(reply({})), proof=True)
    recorder.send(request("InitiateAuth", {"AuthParameters": {"USERNAME": "ada", "SRP_A": "ab"}}))
    with pytest.raises(ValueError, match="use this recorder's config"):
        recorder.save()
    assert not (tmp_path / "c.json").exists()


def test_the_password_is_at_hand_as_in_a_replay(tmp_path: Path) -> None:
    """A test may use it in both."""
    assert Recorder(tmp_path / "c.json", CONFIG, proof=True, password="x").password == "x"
