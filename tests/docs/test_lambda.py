"""The page on Lambda functions: its function, as containers run it, and its commands."""

from __future__ import annotations

import json
import py_compile
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from cognito_raw import Config, Err, Ok, Reply, Result
from examples.local_pool import Pool
from tests.support.conversation import Answering, refused
from tests.support.hostile import ignoring, refusing
from tests.support.pages import LAMBDA, Context, examples_of, run
from tests.support.paths import ROOT


def test_the_bytecode_of_a_bundle_fits_whatever_its_times_say(tmp_path: Path) -> None:
    """The command of the page compiles anew what `pip` compiled, so that other times of the files do not matter."""
    [command] = re.findall(r"`python (-m compileall .*) bundle/`", (ROOT / LAMBDA).read_text(encoding="utf-8"))
    source = tmp_path / "module.py"
    source.write_text("", encoding="utf-8")
    by_time = py_compile.PycInvalidationMode.TIMESTAMP
    checked = Path(py_compile.compile(str(source), doraise=True, invalidation_mode=by_time) or "")
    before = checked.read_bytes()
    subprocess.run([sys.executable, *command.split(), str(tmp_path)], check=True, timeout=60)
    # PEP 552: after the magic number, 0 for a time stamp and 1 for a hash that is not checked.
    assert [int.from_bytes(kept[4:8], "little") for kept in (before, checked.read_bytes())] == [0, 1]


def container(pool: Pool) -> dict[str, Any]:
    """The function's modules, loaded anew; what is only shown of their use is left out."""
    loaded: dict[str, Any] = {}
    first, _, third, *_ = examples_of(LAMBDA)
    for example in (first, third.partition("\n\n\nsession_id = ")[0]):
        run(example, pool, names=loaded)
    return loaded


def posted(**body: str) -> dict[str, str]:
    return {"body": json.dumps(body)}


def said(answer: Mapping[str, Any]) -> tuple[int, Any]:
    return answer["statusCode"], json.loads(answer["body"])


def sign_in(function: Mapping[str, Any], username: str, password: str) -> tuple[int, Any]:
    return said(function["sign_in"](posted(username=username, password=password), Context()))


def test_the_answer_may_come_to_another_container(pool: Pool) -> None:
    """All that it needs is the sealed state, which shows nothing of the user."""
    status, body = sign_in(container(pool), "charles", "Temporary-1822")
    assert (status, body["next"]) == (200, "new-password-challenge")
    assert "charles" not in body["state"]
    answer = posted(state=body["state"], password="Permanent-1823")
    status, body = said(container(pool)["new_password"](answer, Context()))
    assert (status, sorted(body)) == (200, ["session", "until"])
    assert sign_in(container(pool), "charles", "Permanent-1823")[0] == 200


def test_a_forged_or_old_state_is_refused(pool: Pool) -> None:
    """Whoever changed it, kept it too long, or sealed it with another key signs in again."""
    function = container(pool)
    state = sign_in(function, "charles", "Temporary-1822")[1]["state"]
    key = Fernet(Fernet.generate_key())
    old = function["BOX"].encrypt_at_time(function["BOX"].decrypt(state), 1_000_000_000).decode()
    forged = state[:40] + ("B" if state[40] == "A" else "A") + state[41:]
    for bad in ("", "abc", state[:-8], forged, old, key.encrypt(b"{}").decode()):
        answer = function["new_password"](posted(state=bad, password="Permanent-1823"), Context())
        assert said(answer) == (401, {"error": "challenge-session-invalid"})


def test_a_wrong_password_is_told(pool: Pool) -> None:
    """In the reason's own word."""
    assert sign_in(container(pool), "ada", "Wrong-1843") == (422, {"error": "incorrect-username-or-password"})


def test_after_a_weak_password_the_challenge_waits_for_another_try(pool: Pool) -> None:
    """The state that comes back with the refusal finishes the sign-in."""
    function = container(pool)
    state = sign_in(function, "charles", "Temporary-1822")[1]["state"]
    strict = Answering(lambda _: refused("InvalidPasswordException", "Password not long enough"))
    usual = function["Session"]
    function["Session"] = partial(usual, transport=strict)
    status, body = said(function["new_password"](posted(state=state, password="weak"), Context()))
    assert (status, body["error"]) == (422, "invalid-password")
    function["Session"] = usual
    status, _ = said(function["new_password"](posted(state=body["state"], password="Permanent-1823"), Context()))
    assert status == 200


@pytest.mark.parametrize(
    ("trouble", "status", "error"),
    [
        (Err("timed-out", sent="maybe"), 503, "timed-out"),
        (Ok(Reply(500, {}, b"")), 503, "service-unavailable"),
        (refused("ResourceNotFoundException", "User pool client 1 does not exist."), 500, "client-not-found"),
        (refused("UserNotConfirmedException"), 403, "account-unverified"),
    ],
    ids=["time-out", "outage", "set-up", "unverified"],
)
@pytest.mark.parametrize("waits", [False, True], ids=["sign-in", "answer"])
def test_a_failure_is_told_by_its_kind(
    pool: Pool, trouble: Result[Reply], status: int, error: str, *, waits: bool
) -> None:
    """No outage and no mistake of ours looks like a wrong password."""
    function = container(pool)
    state = sign_in(function, "charles", "Temporary-1822")[1]["state"]
    function["Session"] = partial(function["Session"], transport=Answering(lambda _: trouble))
    if waits:
        answer = said(function["new_password"](posted(state=state, password="Permanent-1823"), Context()))
    else:
        answer = sign_in(function, "charles", "Temporary-1822")
    assert (answer[0], answer[1]["error"]) == (status, error)
    assert ("state" in answer[1]) == (waits and error != "account-unverified")


def test_any_other_challenge_is_the_next_step(pool: Pool) -> None:
    """The page is told its name, and gets the state that takes the answer."""
    function = container(pool)
    body = {"ChallengeName": "SMS_MFA", "Session": "s" * 20, "ChallengeParameters": {"USER_ID_FOR_SRP": "ada"}}
    asking = Answering(lambda _: Ok(Reply(200, {}, json.dumps(body).encode())))
    function["Session"] = partial(function["Session"], transport=asking)
    status, answer = sign_in(function, "ada", "An-Engine-1843")
    assert (status, answer["next"]) == (200, "sms-mfa-challenge")
    assert function["unseal"](answer["state"]).challenge.name == "SMS_MFA"


def signed_in(pool: Pool) -> tuple[dict[str, Any], str]:
    """A container in which ada signed in, and her id in the table."""
    function = container(pool)
    return function, sign_in(function, "ada", "An-Engine-1843")[1]["session"]


def later(function: dict[str, Any], seconds: float) -> None:
    """So much later in this container; those that load the table's states judge them by its clock."""
    config: Config = function["CONFIG"]
    clock = config.clock
    function["CONFIG"] = replace(config, clock=lambda: clock() + seconds)


def test_a_resumed_container_saves_the_tokens_that_it_renewed(pool: Pool) -> None:
    """After an hour it has new ones, and what it saved is what another container goes on with."""
    function, session_id = signed_in(pool)
    before = function["TABLE"][session_id]
    assert function["id_token"](session_id, Context()).unwrap()
    assert function["TABLE"][session_id] == before
    later(function, 4000)
    token = function["id_token"](session_id, Context()).unwrap()
    assert function["TABLE"][session_id] != before
    other = container(pool)
    other["TABLE"] = function["TABLE"]
    assert other["id_token"](session_id, Context()) == Ok(token)


class Raced(dict[str, str]):
    """A table into which another container saves between the first look and the second."""

    def get(self, name: str, _: object = None) -> str:
        return self.pop("before", None) or self[name]


def test_a_container_that_was_too_slow_takes_what_another_saved(pool: Pool) -> None:
    """Where its own refresh fails, and the table has other tokens meanwhile."""
    function, session_id = signed_in(pool)
    before = function["TABLE"][session_id]
    function["unseal"](before).logout().unwrap()
    saved = sign_in(function, "ada", "An-Engine-1843")[1]["session"]
    function["TABLE"] = Raced(function["TABLE"], before=before)
    later(function, 4000)
    result = function["id_token"](saved, Context())
    assert isinstance(result, Ok)
    assert result.value == function["unseal"](function["TABLE"][saved]).state.tokens.id_token


def test_an_end_is_told_and_nothing_is_saved(pool: Pool) -> None:
    """A session that is over is 401, an outage 503, and the stored state is left alone in both."""
    function, session_id = signed_in(pool)
    function["unseal"](function["TABLE"][session_id]).logout().unwrap()
    later(function, 4000)
    before, usual = dict(function["TABLE"]), function["CONFIG"]
    with refusing() as nowhere:
        function["CONFIG"] = replace(usual, endpoint=nowhere)
        assert said(function["orders"]({"session": session_id}, Context())) == (503, {"error": "connection-failed"})
    function["CONFIG"] = usual
    assert said(function["orders"]({"session": session_id}, Context())) == (401, {"error": "no-session"})
    assert function["TABLE"] == before


def test_a_token_near_its_end_is_renewed_before_the_handler_returns(pool: Pool) -> None:
    """Also where it is good for a while yet: nothing goes on in the background."""
    function, session_id = signed_in(pool)
    before = function["TABLE"][session_id]
    later(function, 3600 - 880)
    function["id_token"](session_id, Context()).unwrap()
    assert function["TABLE"][session_id] != before


def test_a_session_that_is_not_in_the_table_is_over(pool: Pool) -> None:
    """Whatever id the browser sends."""
    assert said(container(pool)["orders"]({"session": "made up"}, Context())) == (401, {"error": "no-session"})


def test_the_time_that_is_left_limits_every_method(pool: Pool) -> None:
    """Even where nothing is left, there is a limit that the library takes."""
    function = container(pool)
    assert [function["seconds_left"](Context(left)) for left in (20_000, 600, 500, 0)] == [19.5, 0.1, 0.1, 0.1]
    with ignoring(full=True) as deaf:
        function["CONFIG"] = replace(function["CONFIG"], endpoint=deaf)
        answer = function["sign_in"](posted(username="ada", password="An-Engine-1843"), Context(0))
    assert said(answer) == (503, {"error": "timed-out"})
