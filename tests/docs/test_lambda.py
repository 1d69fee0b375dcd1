"""The page on Lambda functions: its function, as containers run it, and its commands."""

from __future__ import annotations

import json
import py_compile
import re
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from cognito_raw import Config, Err, Ok, Reply, Result
from examples.local_pool import Pool
from tests.support.conversation import Answering, refused
from tests.support.hostile import ignoring, refusing
from tests.support.pages import LAMBDA, Context, examples_of, run
from tests.support.paths import ROOT

OUTPUT: Final = (
    "",
    r"200 new-password-challenge\n200 \['session', 'until'\]\n",
    r"""\{'statusCode': 200, 'body': '\{"caller": "charles"\}'\}\n""",
    r"ada@example\.com True\n",
    "",
    r"""\{.* 200, .*"caller": "charles"\}'\}\n\{.* 401, .*"error": "token-malformed"\}'\}\n""",
    r"ada@example\.com\n",
)


@pytest.fixture(autouse=True)
def table(table_store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table that all containers see, as a module of the function."""
    module = ModuleType("dynamo_store")
    module.__dict__["table_store"] = table_store
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setenv("SESSION_KEY", secrets.token_hex(32))


def test_every_example_prints_what_it_should(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, to the end."""
    names: dict[str, Any] = {"context": Context()}
    for example, output in zip(examples_of(LAMBDA), OUTPUT, strict=True):
        run(example, pool, names=names)
        said = capsys.readouterr()
        assert re.fullmatch(output, said.out), said.out
        assert said.err == ""


def test_the_bytecode_of_a_bundle_fits_whatever_its_times_say(tmp_path: Path) -> None:
    """The command of the page compiles anew what `pip` compiled, so that other times of the files do not matter."""
    [command] = re.findall(r"`python (-m compileall .*) bundle/`", (ROOT / LAMBDA).read_text(encoding="utf-8"))
    source = tmp_path / "module.py"
    source.write_text("", encoding="utf-8")
    by_time = py_compile.PycInvalidationMode.TIMESTAMP
    checked = Path(py_compile.compile(str(source), doraise=True, invalidation_mode=by_time) or "")
    before = checked.read_bytes()
    subprocess.run([sys.executable, *command.split(), str(tmp_path)], check=True, timeout=300)
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


def test_the_answer_may_come_to_another_container(pool: Pool, table_store: Any) -> None:
    """It finds the challenge in the table, which shows nothing of the user."""
    status, body = sign_in(container(pool), "charles", "Temporary-1822")
    assert (status, body["next"]) == (200, "new-password-challenge")
    assert b"charles" not in table_store.load(body["session"]).value
    answer = posted(session=body["session"], password="Permanent-1823")
    status, body = said(container(pool)["new_password"](answer, Context()))
    assert (status, sorted(body)) == (200, ["session", "until"])
    assert sign_in(container(pool), "charles", "Permanent-1823")[0] == 200


def test_an_unknown_session_answers_nothing(pool: Pool) -> None:
    """Whoever made its id up signs in again."""
    function = container(pool)
    for bad in ("", "made up", "é" * 5000):
        answer = function["new_password"](posted(session=bad, password="Permanent-1823"), Context())
        assert said(answer) == (401, {"error": "no-session"})
        assert said(function["orders"]({"session": bad}, Context())) == (401, {"error": "no-session"})


def test_a_wrong_password_is_reported(pool: Pool) -> None:
    """In the reason's own word."""
    assert sign_in(container(pool), "ada", "Wrong-1843") == (422, {"error": "incorrect-username-or-password"})


def test_after_a_weak_password_the_challenge_waits_for_another_try(pool: Pool) -> None:
    """The same session finishes the sign-in."""
    function = container(pool)
    session = sign_in(function, "charles", "Temporary-1822")[1]["session"]
    strict = Answering(lambda _: refused("InvalidPasswordException", "Password not long enough"))
    usual = function["Session"]
    function["Session"] = partial(usual, transport=strict)
    answered = said(function["new_password"](posted(session=session, password="weak"), Context()))
    assert answered == (422, {"error": "invalid-password"})
    function["Session"] = usual
    status, _ = said(function["new_password"](posted(session=session, password="Permanent-1823"), Context()))
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
def test_a_failure_is_named_by_its_kind(
    pool: Pool, trouble: Result[Reply], status: int, error: str, *, waits: bool
) -> None:
    """No outage and no mistake of ours looks like a wrong password."""
    function = container(pool)
    session = sign_in(function, "charles", "Temporary-1822")[1]["session"]
    function["Session"] = partial(function["Session"], transport=Answering(lambda _: trouble))
    if waits:
        answer = said(function["new_password"](posted(session=session, password="Permanent-1823"), Context()))
    else:
        answer = sign_in(function, "charles", "Temporary-1822")
    assert answer == (status, {"error": error})


def test_any_other_challenge_is_the_next_step(pool: Pool) -> None:
    """The page is told its name, and the session takes the answer."""
    function = container(pool)
    body = {"ChallengeName": "SMS_MFA", "Session": "s" * 20, "ChallengeParameters": {"USER_ID_FOR_SRP": "ada"}}
    asking = Answering(lambda _: Ok(Reply(200, {}, json.dumps(body).encode())))
    function["Session"] = partial(function["Session"], transport=asking)
    status, answer = sign_in(function, "ada", "An-Engine-1843")
    assert (status, answer["next"]) == (200, "sms-mfa-challenge")
    waiting = function["session_of"](answer["session"])
    waiting.id_token()
    assert waiting.challenge.name == "SMS_MFA"


def signed_in(pool: Pool) -> tuple[dict[str, Any], str]:
    """A container in which ada signed in, and her session."""
    function = container(pool)
    return function, sign_in(function, "ada", "An-Engine-1843")[1]["session"]


def later(function: dict[str, Any], seconds: float) -> None:
    """So much later in this container."""
    config: Config = function["CONFIG"]
    clock = config.clock
    function["CONFIG"] = replace(config, clock=lambda: clock() + seconds)


@pytest.mark.parametrize("seconds", [3600 - 880, 4000], ids=["near their end", "after it"])
def test_a_resumed_container_saves_the_tokens_that_it_renews(pool: Pool, seconds: float) -> None:
    """Before the handler returns. Another container goes on with them."""
    function, session = signed_in(pool)
    token = function["id_token"](session, Context()).unwrap()
    assert container(pool)["id_token"](session, Context()) == Ok(token)
    later(function, seconds)
    renewed = function["id_token"](session, Context()).unwrap()
    assert renewed != token
    assert container(pool)["id_token"](session, Context()) == Ok(renewed)


def test_an_end_is_reported_and_an_outage_changes_nothing(pool: Pool) -> None:
    """A session that is over is 401. An outage is 503, as long as it lasts."""
    function, session = signed_in(pool)
    later(function, 4000)
    usual = function["CONFIG"]
    with refusing() as nowhere:
        function["CONFIG"] = replace(usual, endpoint=nowhere)
        assert said(function["orders"]({"session": session}, Context())) == (503, {"error": "connection-failed"})
    function["CONFIG"] = usual
    assert said(function["orders"]({"session": session}, Context())) == (200, {"caller": "ada"})
    function["session_of"](session).logout().unwrap()
    assert said(container(pool)["orders"]({"session": session}, Context())) == (401, {"error": "no-session"})


def test_the_time_that_is_left_limits_every_method(pool: Pool) -> None:
    """Even where nothing is left, there is a limit that the library takes."""
    function = container(pool)
    assert [function["seconds_left"](Context(left)) for left in (20_000, 600, 500, 0)] == [19.5, 0.1, 0.1, 0.1]
    with ignoring(full=True) as deaf:
        function["CONFIG"] = replace(function["CONFIG"], endpoint=deaf)
        answer = function["sign_in"](posted(username="ada", password="An-Engine-1843"), Context(0))
    assert said(answer) == (503, {"error": "timed-out"})
