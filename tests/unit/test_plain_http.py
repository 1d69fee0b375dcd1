"""Plain http:// goes to this machine alone, unless the configuration says otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cognito_raw import Config
from cognito_raw.testing import Recorder, Replay, Scripted
from tests.support.samples import CLIENT, ISS

ELSEWHERE = ["ministack", "10.0.0.1", "[fd00::1]", "127.0.0.1.example.com", "127.1", "host.docker.internal"]
HERE = ["localhost", "pool.localhost", "127.0.0.1", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]"]


def places(host: str) -> list[tuple[str, str, str | None]]:
    """Return what is plain in a configuration, its iss and its endpoint."""
    return [
        ("endpoint", ISS, f"http://{host}:4566"),
        ("iss", f"http://{host}:4566/local_abc", "https://pool.example"),
        ("iss", f"http://{host}:4566/local_abc", f"http://{host}:4566"),
    ]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_another_machine_is_reached_by_https(host: str) -> None:
    """An endpoint, and an issuer with its key set: the error names the value, and what allows it."""
    for name, iss, endpoint in places(host):
        with pytest.raises(ValueError, match=f"^{name} 'http://.*allow_http=True"):
            Config(iss, CLIENT, endpoint=endpoint)
        config = Config(iss, CLIENT, endpoint=endpoint, allow_http=True)
        assert (config.iss, config.endpoint, config.allow_http) == (iss, endpoint, True)
        with pytest.raises(ValueError, match="allow_http=True"):
            replace(config, allow_http=False)


@pytest.mark.parametrize("host", HERE)
def test_this_machine_is_reached_by_http(host: str) -> None:
    """As an emulator is."""
    for _, iss, endpoint in places(host):
        config = Config(iss, CLIENT, endpoint=endpoint)
        assert (config.endpoint, config.allow_http) == (endpoint, False)


def test_the_services_own_issuers_are_never_plain() -> None:
    """Whatever is allowed."""
    with pytest.raises(ValueError, match="the service's issuers start with https://"):
        Config(ISS.replace("https", "http"), CLIENT, allow_http=True)


@pytest.mark.parametrize("value", [None, 0, 1, "", "false", "true"], ids=repr)
def test_it_is_allowed_by_true_alone(value: Any) -> None:
    """A text from the environment is no switch."""
    with pytest.raises(ValueError, match=f"^allow_http must be True or False, not {type(value).__name__}$"):
        Config(ISS, CLIENT, allow_http=value)


def test_what_was_recorded_from_another_machine_can_be_replayed(tmp_path: Path) -> None:
    """Nothing is sent there."""
    config = Config("http://ministack:4566/local_abc", CLIENT, endpoint="http://ministack:4566", allow_http=True)
    service, file = Scripted(("ForgotPassword", {})), tmp_path / "cassette.json"
    with Recorder(file, config, service) as recorder:
        recorder.session().request_password_reset("ada")
    assert json.loads(file.read_text())["pool"]["iss"] == config.iss
    with Replay(file) as replay:
        replay.session().request_password_reset("ada")
