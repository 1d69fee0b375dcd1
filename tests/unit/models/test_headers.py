"""Headers of a program's own: which can be sent, and that none is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from cognito_raw import AsyncSession, Client, Config, Session
from cognito_raw.call import Call, render
from tests.support.cases import each_case
from tests.support.samples import CLIENT, ISS

CONFIG: Final = Config(ISS, CLIENT, user_agent="engines/1.0", headers={"X-Token": "hunter2"})
REFUSED: Final[dict[str, tuple[Any, str]]] = {
    "no mapping": ([("X-Token", "hunter2")], "headers must be a mapping of strings, not list"),
    "nothing": (None, "headers must be a mapping of strings, not NoneType"),
    "a name that is no string": ({5: "hunter2"}, "headers: 5 is no name of a header"),
    "a name with a colon": ({"X:": "hunter2"}, "headers: 'X:' is no name of a header"),
    "an empty name": ({"": "hunter2"}, "headers: '' is no name of a header"),
    "a name of another script": ({"\xe9": "hunter2"}, "headers: '\xe9' is no name of a header"),
    "a number": ({"X-Token": 5}, r"headers\['X-Token'\] must be a string, not int"),
    "bytes": ({"X-Token": b"hunter2"}, r"headers\['X-Token'\] must be a string, not bytes"),
    "two lines": (
        {"X-Token": "hunter2\r\nHost: a"},
        r"headers\['X-Token'\] is empty, begins or ends with a blank, or ",
    ),
    "a blank at the end": ({"X-Token": "hunter2 "}, r"headers\['X-Token'\] is empty, begins or ends with a blank, or "),
    "nothing in it": (
        {"X-Token": ""},
        r"headers\['X-Token'\] is empty, begins or ends with a blank, or holds more than ",
    ),
    "another script": ({"X-Token": "hunter2\xe9"}, r"headers\['X-Token'\] is empty, begins or ends with a blank, or "),
    "one name twice": ({"X-Token": "hunter2", "x-token": "b"}, "headers: one is given twice, in capital and in small "),
    "the agent": ({"user-agent": "hunter2"}, "headers: user-agent is set by the protocol: use Config"),
    **{
        name: ({name: "hunter2"}, f"headers: {name} is set by the protocol$")
        for name in (*render(Call("GetUser", {}), "", 1).headers, "Host", "Content-Length", "Transfer-Encoding")
        if name != "User-Agent"
    },
}


@each_case("case", REFUSED)
def test_headers_that_cannot_be_sent_are_refused(case: str) -> None:
    """In the configuration and for one call, with words that show no value."""
    given, words = REFUSED[case]
    with pytest.raises(ValueError, match=f"^{words}") as caught:
        Config(ISS, CLIENT, headers=given)
    assert "hunter2" not in str(caught.value)
    if given is not None:
        with pytest.raises(ValueError, match=f"^{words}"):
            Session(CONFIG).within(headers=given)


@pytest.mark.parametrize("given", ["", " a", "a\n", "\xe9", 5, b"a"])
def test_an_agent_is_the_value_of_a_header(given: Any) -> None:
    """As any other."""
    with pytest.raises(ValueError, match=r"^user_agent (must be a string|is empty, begins or ends)"):
        Config(ISS, CLIENT, user_agent=given)


def test_headers_are_hidden() -> None:
    """In every `repr`, also of the request that has them."""
    request = render(Call("GetUser", {}), CONFIG.endpoint, 1, CONFIG.request_headers)
    assert request.headers["X-Token"] == "hunter2"
    assert request.headers["User-Agent"] == "engines/1.0"
    assert "hunter2" not in f"{CONFIG!r} {request!r} {Session(CONFIG)!r} {AsyncSession(CONFIG)!r} {Client(CONFIG)!r}"


def test_headers_are_copied_and_compared() -> None:
    """They are a part of the configuration, which can be a key all the same."""
    given = {"X-Token": "hunter2"}
    config = Config(ISS, CLIENT, headers=given)
    given["X-Token"] = "other"
    assert config.headers == {"X-Token": "hunter2"}
    assert (config == replace(config, headers=given), config == replace(config, deadline=10.0)) == (False, True)
    assert hash(config) == hash(Config(ISS, CLIENT))


def test_the_headers_of_a_call_are_its_own() -> None:
    """They replace those of the same name, in whatever letters, and leave the others and the deadline."""
    client = Client(Config(ISS, CLIENT, headers={"X-Token": "a", "X-Team": "b"}))
    other = client.within(2.5).within(headers={"x-token": "c"})
    assert (other.config.headers, other._deadline) == ({"X-Team": "b", "x-token": "c"}, 2.5)
    assert client.config.headers == {"X-Token": "a", "X-Team": "b"}
