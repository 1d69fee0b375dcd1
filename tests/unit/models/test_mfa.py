"""Second factors: the secret of an authenticator app in all its forms, and settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import MfaSettings, SoftwareToken, SoftwareTokenVerification, WebAuthnMfaSettings

TOKEN = SoftwareToken("JBSWY3DPEHPK3PXP")


def test_a_secret_is_read_and_not_shown() -> None:
    """Whoever has it can make the user's codes; the session signs in."""
    token = SoftwareToken.read({"SecretCode": "hunter2", "Session": "hunter2-s"})
    assert (token.secret, token.session) == ("hunter2", "hunter2-s")
    assert SoftwareToken.read({"SecretCode": "hunter2"}).session is None
    assert "hunter2" not in repr(token)


def test_a_verification_is_read_and_its_session_not_shown() -> None:
    """The status is the service's own word."""
    verified = SoftwareTokenVerification.read({"Status": "SUCCESS", "Session": "hunter2"})
    assert verified == SoftwareTokenVerification("SUCCESS", "hunter2")
    assert "hunter2" not in repr(verified)


@pytest.mark.parametrize(
    ("account", "issuer", "uri"),
    [
        ("ada@example.com", "Engines", "Engines:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Engines"),
        (
            "ada lovelace",
            "A & B Co/Ltd?",
            "A%20%26%20B%20Co%2FLtd%3F:ada%20lovelace?secret=JBSWY3DPEHPK3PXP&issuer=A%20%26%20B%20Co%2FLtd%3F",
        ),
        ("a:b+c#d", "Zoë", "Zo%C3%AB:a%3Ab%2Bc%23d?secret=JBSWY3DPEHPK3PXP&issuer=Zo%C3%AB"),
    ],
    ids=["plain", "spaces and signs", "colon and accents"],
)
def test_the_address_for_the_app_is_escaped(account: str, issuer: str, uri: str) -> None:
    """Spaces are %20, never a plus, and nothing of a name can end its part."""
    assert TOKEN.uri(account, issuer) == f"otpauth://totp/{uri}"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(TEXT, TEXT.filter(lambda issuer: ":" not in issuer), TEXT)
def test_what_goes_into_the_address_comes_out_of_it(account: str, issuer: str, secret: str) -> None:
    """Whatever names and secret, a reader of addresses finds just them."""
    uri = SoftwareToken(secret).uri(account, issuer)
    assert uri.isascii()
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    assert unquote(parts.path) == f"/{issuer}:{account}"
    assert parse_qs(parts.query) == {"secret": [secret], "issuer": [issuer]}


@pytest.mark.parametrize(
    ("account", "issuer", "complaint"),
    [
        ("", "Engines", "must not be empty"),
        ("ada", "", "must not be empty"),
        ("ada", "Engines: Co", "holds a colon"),
        (None, "Engines", "^account must be a string"),
        ("ada", "\ud800", "^issuer holds half of a surrogate pair"),
    ],
)
def test_names_that_the_app_could_not_show_raise(account: Any, issuer: Any, complaint: str) -> None:
    """They are the caller's mistake."""
    with pytest.raises(ValueError, match=complaint):
        TOKEN.uri(account, issuer)


def test_the_code_to_scan_is_drawn() -> None:
    """An element to put into a page, of the size that was asked for, without the secret in letters."""
    drawn = TOKEN.qr_svg("ada@example.com", "Engines", scale=2)
    element = ElementTree.fromstring(drawn)
    assert element.tag.endswith("svg")
    assert int(element.attrib["width"]) * 2 == int(
        ElementTree.fromstring(TOKEN.qr_svg("ada@example.com", "Engines")).attrib["width"]
    )
    assert "JBSWY3DPEHPK3PXP" not in drawn


def test_the_code_to_scan_is_written_for_a_terminal() -> None:
    """Half of a square in each character, without colours or the secret in letters."""
    lines = TOKEN.qr_text("ada@example.com", "Engines").splitlines()
    assert set("".join(lines)) == set(" \u2580\u2584\u2588")
    assert {len(line) for line in lines} == {2 * len(lines) - 1}


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library does without segno, and a drawn code does not."""
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ImportError, match=r"pip install 'cognito-raw\[qr\]'") as caught:
        TOKEN.qr_svg("ada", "Engines")
    assert "JBSWY3DPEHPK3PXP" not in str(caught.value)


def test_an_extra_that_does_not_load_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is installed, so that installing it would not help."""
    (tmp_path / "segno.py").write_text("import a_package_of_its_own", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "segno", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"^No module named 'a_package_of_its_own'$"):
        TOKEN.qr_svg("ada", "Engines")


def test_settings_say_what_is_given() -> None:
    """What is None stays as it is."""
    assert MfaSettings().to_wire() == {}
    assert MfaSettings(enabled=True).to_wire() == {"Enabled": True}
    assert MfaSettings(False, False).to_wire() == {"Enabled": False, "PreferredMfa": False}
    assert WebAuthnMfaSettings(True).to_wire() == {"Enabled": True}
