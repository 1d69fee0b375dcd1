"""The pytest plugin, in suites as users write them, each run in a folder of its own."""

from __future__ import annotations

import json
import re

import pytest

from examples.local_pool import Pool
from tests.support.paths import EXAMPLES
from tests.testing.conftest import PASSWORD

SIGNS_IN = f"""
    import asyncio

    def test_signs_in(cognito_session):
        assert cognito_session.login("ada", "{PASSWORD}").unwrap().payload["cognito:username"] == "ada"
"""


def record(suite: pytest.Pytester, pool: Pool) -> pytest.RunResult:
    return suite.runpytest_inprocess(f"--cognito-record={pool.endpoint}")


def replay(suite: pytest.Pytester) -> pytest.RunResult:
    return suite.runpytest_inprocess()


def cassettes(suite: pytest.Pytester) -> list[str]:
    folder = suite.path / "cassettes"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.json"))


def test_a_test_is_recorded_and_replayed(suite: pytest.Pytester, pool: Pool) -> None:
    """The cassette lies in a folder beside the test, named after its module and itself."""
    suite.makepyfile(test_mine=SIGNS_IN)
    record(suite, pool).assert_outcomes(passed=1)
    assert cassettes(suite) == ["test_mine/test_signs_in.json"]
    replay(suite).assert_outcomes(passed=1)


def test_without_a_cassette_the_command_that_records_it_is_reported(suite: pytest.Pytester) -> None:
    """A missing cassette is an error that says how to make it."""
    suite.makepyfile(test_mine=SIGNS_IN)
    result = replay(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*no cassette *test_signs_in.json; record it with: pytest --cognito-record=ENDPOINT 'test_mine.py::*"]
    )


def test_the_marker_names_a_cassette_that_tests_share_sync_and_async(suite: pytest.Pytester, pool: Pool) -> None:
    """A named cassette is `cassettes/<name>.json`; blocking and asynchronous sessions replay it alike."""
    suite.makepyfile(
        f"""
        import asyncio
        import pytest

        pytestmark = pytest.mark.cognito_replay("shared", proof=True, password="{PASSWORD}")

        def test_blocking(cognito_session):
            cognito_session.login("ada", "{PASSWORD}").unwrap()

        def test_asynchronous(cognito_async_session):
            assert asyncio.run(cognito_async_session.login("ada", "{PASSWORD}")).unwrap()

        def test_by_name(cognito_replay):
            assert cognito_replay.session().login("ada", "{PASSWORD}").unwrap()
        """
    )
    record(suite, pool).assert_outcomes(passed=3)
    assert cassettes(suite) == ["shared.json"]
    assert json.loads((suite.path / "cassettes" / "shared.json").read_text())["proof"]["password"] == PASSWORD
    replay(suite).assert_outcomes(passed=3)


def test_parameters_make_cassettes_of_their_own(suite: pytest.Pytester, pool: Pool) -> None:
    """Each parameter has its file, whose name holds nothing that a file system minds."""
    suite.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.parametrize("name", ["plain", "a/b", "a b", "c d?"])
        def test_unknown(cognito_session, name):
            assert cognito_session.login(name, "x").reason == "user-not-found"
        """
    )
    record(suite, pool).assert_outcomes(passed=4)
    assert len(cassettes(suite)) == 4
    for name in cassettes(suite):
        assert re.fullmatch(r"test_mine/test_unknown-(plain|a-b-[0-9a-f]{6}|c-d-[0-9a-f]{6})\.json", name)
    replay(suite).assert_outcomes(passed=4)


def test_a_difference_fails_the_test_and_names_the_field(suite: pytest.Pytester, pool: Pool) -> None:
    """A test that no longer does what was recorded fails with the field's path."""
    suite.makepyfile(test_mine=SIGNS_IN)
    record(suite, pool)
    suite.makepyfile(test_mine=SIGNS_IN.replace('login("ada"', 'login("bob"'))
    result = replay(suite)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['*AuthParameters.USERNAME: "ada" was recorded, "bob" was sent*'])


def test_what_is_left_over_is_an_error_at_the_end(suite: pytest.Pytester, pool: Pool) -> None:
    """A test that passes without asking for all that was recorded is not let off."""
    suite.makepyfile(test_mine=SIGNS_IN)
    record(suite, pool)
    suite.makepyfile(test_mine="def test_signs_in(cognito_session): pass")
    result = replay(suite)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*2 recorded exchanges were left over: InitiateAuth, RespondToAuthChallenge*"])


def test_a_test_may_replay_loosely(suite: pytest.Pytester, pool: Pool) -> None:
    """With strict=False the operation alone decides."""
    suite.makepyfile(test_mine=SIGNS_IN)
    record(suite, pool)
    loose = SIGNS_IN.replace("def test", "import pytest\n\n    @pytest.mark.cognito_replay(strict=False)\n    def test")
    suite.makepyfile(test_mine=loose.replace('login("ada"', 'login("bob"'))
    replay(suite).assert_outcomes(passed=1)


def test_a_failing_test_records_nothing(suite: pytest.Pytester, pool: Pool) -> None:
    """What a failing test did is not kept."""
    suite.makepyfile(test_mine=SIGNS_IN.replace(PASSWORD, "Wrong-1843"))
    record(suite, pool).assert_outcomes(failed=1)
    assert cassettes(suite) == []


def test_the_pool_can_come_from_a_fixture(suite: pytest.Pytester, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite overrides `cognito_config` instead of setting the environment; 'aws' keeps its endpoint."""
    monkeypatch.delenv("COGNITO_ISS")
    suite.makeconftest(
        f"""
        import pytest
        from cognito_raw import Config

        @pytest.fixture
        def cognito_config():
            return Config("{pool.config().iss}", "{pool.client_id}", endpoint="{pool.endpoint}")
        """
    )
    suite.makepyfile(test_mine=SIGNS_IN)
    suite.runpytest_inprocess("--cognito-record=aws").assert_outcomes(passed=1)
    replay(suite).assert_outcomes(passed=1)


def test_the_command_lines_endpoint_takes_the_place_of_the_switches(suite: pytest.Pytester, pool: Pool) -> None:
    """A pool whose calls go to FIPS or dual-stack endpoints is recorded where the command line says, all the same."""
    own = pool.config()
    suite.makeconftest(
        f"""
        import pytest
        from cognito_raw import Config

        @pytest.fixture
        def cognito_config():
            iss = "https://cognito-idp.{own.region}.amazonaws.com/{own.pool_id}"
            return Config(iss, "{own.client_id}", fips=True, dual_stack=True)
        """
    )
    suite.makepyfile(test_mine=SIGNS_IN)
    record(suite, pool).assert_outcomes(passed=1)


def test_a_recording_without_a_pool_is_reported(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a pool to record, the error says what to set."""
    monkeypatch.delenv("COGNITO_CLIENT_ID")
    suite.makepyfile(test_mine=SIGNS_IN)
    result = suite.runpytest_inprocess("--cognito-record=aws")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*set COGNITO_ISS and COGNITO_CLIENT_ID, or override the fixture cognito_config*"])


def test_equal_names_in_two_classes_are_two_cassettes(suite: pytest.Pytester, pool: Pool) -> None:
    """A test in a class has the class in its file's name."""
    suite.makepyfile(
        test_mine="""
        class TestKnown:
            def test_it(self, cognito_session):
                assert cognito_session.login("ada", "wrong").reason == "incorrect-username-or-password"

        class TestUnknown:
            def test_it(self, cognito_session):
                assert cognito_session.login("bob", "wrong").reason == "user-not-found"
        """
    )
    record(suite, pool).assert_outcomes(passed=2)
    assert cassettes(suite) == ["test_mine/TestKnown.test_it.json", "test_mine/TestUnknown.test_it.json"]
    replay(suite).assert_outcomes(passed=2)


SHARED = f"""
    import pytest

    @pytest.mark.cognito_replay("shared", proof=True, password="{PASSWORD}")
    @pytest.mark.parametrize("user", ["ada", "%s"])
    def test_signs_in(cognito_session, user):
        cognito_session.login(user, "{PASSWORD}").unwrap()
"""


def test_two_tests_cannot_record_different_calls_under_one_name(suite: pytest.Pytester, pool: Pool) -> None:
    """The second replays what the first recorded, so that a different call of another user fails."""
    pool.add_user("bob", PASSWORD)
    suite.makepyfile(SHARED % "bob")
    result = record(suite, pool)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_signs_in?ada? has just recorded *shared.json, which this test replays",
            '*USERNAME: "ada" was recorded*',
        ]
    )
    suite.makepyfile(SHARED % "ada")
    record(suite, pool).assert_outcomes(passed=2)
    replay(suite).assert_outcomes(passed=2)


def test_no_two_parameters_share_a_cassette(suite: pytest.Pytester, pool: Pool) -> None:
    """However alike their names become in a file system."""
    names = ["a-b", "a[b", "a]b", "a[b]", "a-b-", "a::b", "a.b", "[a-b", "a--b"]
    suite.makepyfile(
        test_mine=f"""
        import pytest

        @pytest.mark.parametrize("name", {names})
        def test_unknown(cognito_session, name):
            assert cognito_session.login(name, "x").reason == "user-not-found"
        """
    )
    record(suite, pool).assert_outcomes(passed=len(names))
    assert len(cassettes(suite)) == len(names)
    assert {"test_mine/test_unknown-a-b.json", "test_mine/test_unknown-a.b.json"} < set(cassettes(suite))
    replay(suite).assert_outcomes(passed=len(names))


@pytest.mark.parametrize("endpoint", ["", " "])
def test_an_empty_endpoint_records_nothing(suite: pytest.Pytester, endpoint: str) -> None:
    """A variable of the shell that is not set sends nothing to the real service."""
    suite.makepyfile(test_mine=SIGNS_IN)
    result = suite.runpytest_inprocess(f"--cognito-record={endpoint}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --cognito-record is empty: give an endpoint, or 'aws'*"])
    assert cassettes(suite) == []


def test_a_recording_of_nothing_is_reported(suite: pytest.Pytester, pool: Pool) -> None:
    """A program that uses a session of its own would go on using the network; the cassette would hide it."""
    suite.makepyfile(test_mine="def test_nothing(cognito_session): pass")
    result = record(suite, pool)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*nothing was recorded*"])
    assert cassettes(suite) == []


def test_a_proof_that_the_marker_wants_must_be_there(suite: pytest.Pytester, pool: Pool) -> None:
    """A recording without it would pass with any password."""
    suite.makepyfile(test_mine=SIGNS_IN)
    record(suite, pool)
    marked = SIGNS_IN.replace("def test", "import pytest\n\n    @pytest.mark.cognito_replay(proof=True)\n    def test")
    suite.makepyfile(test_mine=marked)
    result = replay(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*was recorded without its proof, which the marker needs*"])


def test_a_difference_that_the_program_swallowed_is_shown(suite: pytest.Pytester, pool: Pool) -> None:
    """A failed test tells what the replay said, also where the code under test caught it."""
    suite.makepyfile(test_mine=SIGNS_IN)
    record(suite, pool)
    suite.makepyfile(
        test_mine="""
        def test_signs_in(cognito_session):
            try:
                answer = cognito_session.login("bob", "x")
            except Exception:
                answer = "sorry"
            assert answer == "hello"
        """
    )
    result = replay(suite)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['*AuthParameters.USERNAME: "ada" was recorded, "bob" was sent*'])


def test_an_asynchronous_client_records_and_replays(suite: pytest.Pytester, pool: Pool) -> None:
    """The fixture serves as transport of clients and sessions, sync or async."""
    suite.makepyfile(
        test_mine=f"""
        import asyncio
        from cognito_raw import AsyncClient, Tokens

        def test_signs_in(cognito_replay):
            client = AsyncClient(cognito_replay.config, transport=cognito_replay)
            assert isinstance(asyncio.run(client.sign_in("ada", "{PASSWORD}")).unwrap(), Tokens)
        """
    )
    record(suite, pool).assert_outcomes(passed=1)
    replay(suite).assert_outcomes(passed=1)


def test_a_damaged_cassette_and_a_wrong_endpoint_are_reported_in_a_sentence(suite: pytest.Pytester, pool: Pool) -> None:
    """No traceback, which would show what was given."""
    suite.makepyfile(test_mine=SIGNS_IN)
    record(suite, pool)
    (suite.path / "cassettes" / "test_mine" / "test_signs_in.json").write_text("{")
    for result in (replay(suite), suite.runpytest_inprocess("--cognito-record=127.0.0.1:4566")):
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*: not a *"])
        assert "Traceback" not in result.stdout.str()
        assert "plugin.py" not in result.stdout.str()


@pytest.mark.parametrize("marker", ['"a", "b"', '"a", name="b"', 'nmae="a"'])
def test_a_slip_in_the_marker_is_reported(suite: pytest.Pytester, marker: str) -> None:
    """A marker with too much, or with a misspelt word, is an error with words."""
    suite.makepyfile(f"import pytest\n@pytest.mark.cognito_replay({marker})\ndef test_slips(cognito_session): pass\n")
    result = replay(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the marker cognito_replay takes a name, strict, proof, password and keep*"])


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ('"../a"', "is no name of a cassette"),
        ("5", "is no name of a cassette"),
        ('strict="no"', "are True or False"),
        ('proof="no"', "are True or False"),
    ],
)
def test_a_wrong_value_in_the_marker_is_reported(suite: pytest.Pytester, marker: str, words: str) -> None:
    """A name that leads elsewhere, or a text that would count as true, is an error with words."""
    suite.makepyfile(f"import pytest\n@pytest.mark.cognito_replay({marker})\ndef test_slips(cognito_session): pass\n")
    result = replay(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{words}*"])


@pytest.mark.parametrize("marker", ['password="canary-1843"', 'keep="email"'])
def test_a_slip_in_what_is_recorded_shows_no_secret(suite: pytest.Pytester, pool: Pool, marker: str) -> None:
    """What the recorder refuses is told without what was given."""
    suite.makepyfile(f"import pytest\n@pytest.mark.cognito_replay({marker})\ndef test_slips(cognito_session): pass\n")
    result = record(suite, pool)
    result.assert_outcomes(errors=1)
    assert "canary" not in result.stdout.str()


def test_the_marker_and_the_option_are_documented(suite: pytest.Pytester) -> None:
    """`pytest --markers`, `--help` and `--fixtures` tell of what the plugin adds."""
    suite.runpytest_inprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.cognito_replay(name=None*"])
    suite.runpytest_inprocess("--help").stdout.fnmatch_lines(["*--cognito-record=ENDPOINT*"])
    fixtures = suite.runpytest_inprocess("--fixtures").stdout.str()
    names = ("replay", "session", "async_session", "config", "reset", "signing_key")
    assert [name for name in names if not re.search(rf"\ncognito_{name} (\[session scope\] )?-- ", fixtures)] == []


@pytest.mark.usefixtures("offline")
def test_the_example_suite_passes_anywhere(pytester: pytest.Pytester) -> None:
    """The suite of examples/testing runs in another folder, with no pool and no network."""
    example = EXAMPLES / "testing"
    for path in example.rglob("*"):
        if path.suffix in (".py", ".json"):
            copy = pytester.path / path.relative_to(example)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    pytester.syspathinsert()
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=7)
