"""Base64url in its one form."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw.verify.jws import octets


@given(st.binary(min_size=1))
def test_whatever_is_written_canonically_is_read(raw: bytes) -> None:
    """Any bytes come back from their base64url without padding."""
    assert octets(base64.urlsafe_b64encode(raw).rstrip(b"=")) == raw


@given(st.binary(max_size=8) | st.text("AB-_Qgw8=+/ \n", max_size=8).map(str.encode))
def test_only_what_is_written_canonically_is_read(text: bytes) -> None:
    """What is read is written back as the very same text: there is one text for each value."""
    raw = octets(text)
    assert raw is None or base64.urlsafe_b64encode(raw).rstrip(b"=") == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"A", id="one character"),
        pytest.param(b"AAAAA", id="one character too many"),
        pytest.param(b"QQ==", id="padding"),
        pytest.param(b"QUI=", id="less padding"),
        pytest.param(b"====", id="only padding"),
        pytest.param(b"QR", id="four bits left over"),
        pytest.param(b"QUJ", id="two bits left over"),
        pytest.param(b"QU+/", id="the other alphabet"),
        pytest.param(b"QU I", id="a space"),
        pytest.param(b"QUJD\n", id="a line end"),
        pytest.param(b"QUJ\n", id="a line end in place of a character"),
        pytest.param(b"QU!J", id="no alphabet"),
        pytest.param(b"QU\x00J", id="a null byte"),
        pytest.param(b"QU.J", id="a dot"),
    ],
)
def test_what_others_read_all_the_same_is_refused(text: bytes) -> None:
    """Padding, white space, another alphabet and bits left over are not skipped."""
    assert octets(text) is None
