"""The page on passkeys against the code: its examples are run as one program, a software authenticator between them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, get_args

import pytest

from cognito_raw import Reason
from examples.local_pool import Pool
from tests.support.browser import Browser
from tests.support.conversation import CLIENT_ID
from tests.support.pages import examples_of, run
from tests.support.passkey_service import ORIGIN, PasskeyService, listening
from tests.support.paths import ROOT

PAGE: Final = "docs/passkeys.md"
# What each example prints, and what the page's script has the browser do with what it was sent.
PLAY: Final = (
    ("auth.example.com jane\n", "create"),
    ("Passkey 1 auth.example.com\n", None),
    ("web-authn-challenge\n", "get"),
    ("True\n", None),
    ("Ok(None)\nselect-challenge\n", None),
)


@pytest.fixture
def pool() -> Iterator[Pool]:
    """The service, where the page's examples find their pool."""
    with listening(PasskeyService()) as endpoint:
        yield Pool("eu-west-1_AbCdEf123", CLIENT_ID, None, endpoint, None)


def test_every_example_prints_what_it_should(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """A passkey is registered, signs in, and is deleted."""
    browser, names = Browser(ORIGIN), dict[str, Any]()
    for example, (output, does) in zip(examples_of(PAGE), PLAY, strict=True):
        run(example, pool, names=names)
        assert capsys.readouterr().out == output
        if does is not None:
            names["posted"] = json.dumps(getattr(browser, does)(json.loads(names["to_browser"])))


def test_a_refused_registration_is_reported(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    """As the example says it."""
    names = dict[str, Any]()
    first, second, *_ = examples_of(PAGE)
    run(first, pool, names=names)
    names["posted"] = json.dumps(Browser("https://evil.test").create(json.loads(names["to_browser"])))
    capsys.readouterr()
    run(second, pool, names=names)
    assert capsys.readouterr().out == "not registered: web-authn-origin-not-allowed\n"


def test_the_reasons_of_the_page_are_reasons() -> None:
    """Every one in its table."""
    rows = re.findall(r"\| (?:the options|registering|signing in) \| (.*?) \|", (ROOT / PAGE).read_text("utf-8"))
    found = {reason for row in rows for reason in re.findall(r"`([\w-]+)`", row)}
    assert len(rows) == 8
    assert found <= set(get_args(Reason))
