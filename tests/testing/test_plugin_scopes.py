"""The pytest plugin where tests share something: a process, a cassette, or the workers of xdist."""

from __future__ import annotations

import pytest

from examples.local_pool import Pool
from tests.testing.conftest import PASSWORD
from tests.testing.test_plugin import SIGNS_IN, cassettes, record, replay

SHARED = f"""
    import pytest
    from cognito_raw.testing.plugin import use_cassette

    @pytest.fixture(scope="SCOPE")
    def session(request):
        with use_cassette(request, "signed_in", proof=True, password="{PASSWORD}") as replay:
            session = replay.session()
            session.login("ada", "{PASSWORD}").unwrap()
            yield session
"""
TWO = """
    def test_one(session):
        assert session.state.username == "ada"

    def test_two(session):
        assert session.state.tokens is not None
"""


def test_a_run_that_uses_nothing_loads_nothing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin imports neither the library nor what it needs."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
        import sys

        def test_light(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("pytest_cognito_raw")
            assert {"cognito_raw", "httpx", "ssl", "jwt", "cryptography"} & sys.modules.keys() == set()
        """
    )
    pytester.runpytest_subprocess("-p", "pytest_cognito_raw").assert_outcomes(passed=1)


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The options of a process of pytest with our plugin and pytest-xdist alone, since all others take long."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return ("-p", "pytest_cognito_raw", "-p", "xdist.plugin")


def test_two_workers_do_not_record_one_cassette(
    suite: pytest.Pytester, pool: Pool, few_plugins: tuple[str, ...]
) -> None:
    """The second test, which begins while the first one records, fails and says so."""
    suite.makeconftest(
        """
        import pathlib, time, pytest

        @pytest.fixture
        def there(request):
            def wait(name):
                ends = time.monotonic() + 60
                while not (request.config.rootpath / name).exists() and time.monotonic() < ends:
                    time.sleep(0.01)
            return wait

        def pytest_runtest_logreport(report):
            if report.when == "setup" and report.failed:
                pathlib.Path("refused").touch()
        """
    )
    marked = 'import pathlib, pytest\n\n    pytestmark = pytest.mark.cognito_replay("shared")\n'
    suite.makepyfile(
        test_first=f"""
    {marked}
    def test_first(cognito_session, there):
        pathlib.Path("begun").touch()
        there("refused")
        cognito_session.login("ada", "{PASSWORD}").unwrap()
    """,
        test_second=f"""
    {marked}
    @pytest.fixture
    def later(there):
        there("begun")

    def test_second(later, cognito_session):
        cognito_session.login("ada", "{PASSWORD}").unwrap()
    """,
    )
    result = suite.runpytest_subprocess(*few_plugins, f"--cognito-record={pool.endpoint}", "-n2", "--dist=loadfile")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*test_first is recording *shared.json at the same time: name another*"])
    assert cassettes(suite) == ["shared.json"]
    suite.runpytest_subprocess(*few_plugins, "-n2", "--dist=loadfile").assert_outcomes(passed=2)


@pytest.mark.parametrize("scope", ["class", "module", "session"])
def test_tests_share_a_cassette_of_a_wider_scope(suite: pytest.Pytester, pool: Pool, scope: str) -> None:
    """A fixture signs in once for all its tests. Its cassette is beside the module, or below the root."""
    suite.makeconftest(SHARED.replace("SCOPE", scope))
    path = suite.mkpydir("folder") / "test_mine.py"
    path.write_text("class TestMine:\n" + TWO.replace("(session", "(self, session"), encoding="utf-8")
    record(suite, pool).assert_outcomes(passed=2)
    folder = suite.path if scope == "session" else suite.path / "folder"
    assert [file.name for file in (folder / "cassettes").iterdir()] == ["signed_in.json"]
    replay(suite).assert_outcomes(passed=2)


def test_a_shared_recording_needs_all_its_tests(suite: pytest.Pytester, pool: Pool) -> None:
    """If one of them fails, nothing is kept."""
    suite.makepyfile(test_mine=SHARED.replace("SCOPE", "module") + TWO.replace("is not None", "is None"))
    record(suite, pool).assert_outcomes(passed=1, failed=1)
    assert cassettes(suite) == []


def test_a_shared_cassette_needs_a_name(suite: pytest.Pytester, pool: Pool) -> None:
    """It belongs to no test whose name it could have."""
    suite.makepyfile(test_mine=SHARED.replace("SCOPE", "module").replace('"signed_in", ', "") + TWO)
    result = record(suite, pool)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*a cassette that tests share needs a name*"])


SUBTESTS = {
    "the fixture": f"""
    def test_mine(cognito_session, subtests):
        with subtests.test("a sign-in"):
            cognito_session.login("ada", "{PASSWORD}").unwrap()
        with subtests.test("a failure"):
            assert OUTCOME
    """,
    "unittest": f"""
    import unittest
    import pytest

    class TestMine(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def take(self, cognito_session):
            self.session = cognito_session

        def test_mine(self):
            with self.subTest("a sign-in"):
                self.session.login("ada", "{PASSWORD}").unwrap()
            with self.subTest("a failure"):
                assert OUTCOME
    """,
}


@pytest.mark.parametrize("kind", SUBTESTS)
def test_a_test_whose_subtest_failed_keeps_no_recording(suite: pytest.Pytester, pool: Pool, kind: str) -> None:
    """Only if all of them pass, it is kept."""
    suite.makepyfile(test_mine=SUBTESTS[kind].replace("OUTCOME", "False"))
    assert record(suite, pool).ret == pytest.ExitCode.TESTS_FAILED
    assert cassettes(suite) == []
    suite.makepyfile(test_mine=SUBTESTS[kind].replace("OUTCOME", "True"))
    assert record(suite, pool).ret == pytest.ExitCode.OK
    assert len(cassettes(suite)) == 1
    assert replay(suite).ret == pytest.ExitCode.OK


def test_a_test_that_was_interrupted_keeps_no_recording(
    suite: pytest.Pytester, pool: Pool, few_plugins: tuple[str, ...]
) -> None:
    """It has no report, and its fixtures end all the same."""
    suite.makepyfile(test_mine=SIGNS_IN + "\n        raise KeyboardInterrupt")
    result = suite.runpytest_subprocess(*few_plugins, f"--cognito-record={pool.endpoint}")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert cassettes(suite) == []


def test_a_suite_verifies_signed_tokens_with_nothing_of_another_test(pytester: pytest.Pytester) -> None:
    """Two tests have two keys of one name for one pool."""
    pytester.makepyfile(
        """
        import pytest
        from cognito_raw import Config, TokenVerifier
        from cognito_raw.testing import SigningKey, tokens

        config = Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123", "client")

        @pytest.mark.usefixtures("cognito_reset")
        @pytest.mark.parametrize("round", [0, 1])
        def test_accepts(cognito_signing_key, round):
            key = (cognito_signing_key, SigningKey())[round]
            token = tokens("ada", key=key, config=config)["AuthenticationResult"]["IdToken"]
            assert TokenVerifier(config, keys=key.key_set).verify(token).unwrap().username == "ada"
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2)
