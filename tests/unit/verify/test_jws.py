"""The outer form of a token."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from cognito_raw import Err
from cognito_raw.verify.jws import LARGEST_TOKEN, Jws, read
from tests.support.cases import each_case
from tests.support.tokens import encoded

PAYLOAD: Final = b'{"sub":"x"}'
HEADER: Final[dict[str, Any]] = {"kid": "one", "alg": "RS256"}


def headed(raw: bytes | None = None, **changes: Any) -> str:
    """A token with such a header; a change to None leaves a member out."""
    members = {name: value for name, value in {**HEADER, **changes}.items() if value is not None}
    return f"{encoded(json.dumps(members).encode() if raw is None else raw)}.{encoded(PAYLOAD)}.{encoded(b'signature')}"


class Text(str):
    """A text that says something else when it is asked."""

    __slots__ = ()

    def isascii(self) -> bool:
        raise AssertionError("asked")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(headed(), id="as the service makes them"),
        pytest.param(headed(typ="JWT"), id="JWT"),
        pytest.param(headed(typ="jwt"), id="jwt"),
        pytest.param(headed(typ="at+jwt"), id="an access token's type"),
        pytest.param(headed(x="y", x5t="z"), id="members that say nothing to us"),
        pytest.param(headed(jku="https://evil.example", jwk={"kty": "RSA"}, x5u="u", x5c=["c"]), id="keys of its own"),
        pytest.param(Text(headed()), id="a text of another class"),
    ],
)
def test_a_token_is_taken_apart(token: str) -> None:
    """The id of the key, what was signed, the signature and the claims; whatever else the header says is not used."""
    jws = read(token)
    assert jws == Jws("one", token.rpartition(".")[0].encode(), b"signature", PAYLOAD)
    assert repr(jws) == "Jws(<hidden>)"


GOOD: Final = headed().split(".")
MALFORMED: Final[dict[str, Any]] = {
    "None": None,
    "bytes": headed().encode(),
    "a number": 5,
    "a list": [headed()],
    "an object": object(),
    "nothing": "",
    "white space": " ",
    "no dots": "token",
    "one dot": "a.b",
    "only dots": "..",
    "three dots": headed() + ".",
    "five parts, as encrypted ones have": ".".join([*GOOD, "AA", "AA"]),
    "a megabyte of dots": "." * 1_000_000,
    "a character too many": headed(x="y" * LARGEST_TOKEN),
    "letters beyond ASCII": "é.é.é",
    "full-width letters": headed().replace("e", "\uff45"),
    "half a surrogate pair": headed() + "\ud800",
    "an empty header": f".{GOOD[1]}.{GOOD[2]}",
    "an empty payload": f"{GOOD[0]}..{GOOD[2]}",
    "an empty signature": f"{GOOD[0]}.{GOOD[1]}.",
    "padding": f"{GOOD[0]}.{GOOD[1]}=.{GOOD[2]}",
    "a space before": " " + headed(),
    "a line end behind": headed() + "\n",
    "Bearer": "Bearer " + headed(),
    "a header that is no JSON": headed(b"header"),
    "a header that is a list": headed(b'["RS256"]'),
    "a header that says it twice": headed(b'{"kid":"one","alg":"RS256","alg":"RS256"}'),
    "a header in JSON serialisation": '{"protected":"e30","payload":"e30","signature":"AA"}',
    "20,000 brackets": headed(b"[" * 20_000),
    "no kid": headed(kid=None),
    "an empty kid": headed(kid=""),
    "a kid that is a number": headed(kid=1),
    "a kid that is a list": headed(kid=["one"]),
    "crit": headed(crit=["exp"]),
    "an empty crit": headed(crit=[]),
    "b64": headed(b64=True),
    "b64 with crit": headed(b64=False, crit=["b64"]),
    "zip": headed(zip="DEF"),
    "enc": headed(enc="A128GCM"),
    "cty": headed(cty="JWT"),
    "another type": headed(typ="dpop+jwt"),
    "a type that is no text": headed(typ=["JWT"]),
    "null in place of a type": headed(b'{"kid":"one","alg":"RS256","typ":null}'),
}


@each_case("token", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_token_is_malformed(token: Any) -> None:
    """Anything else, of whatever type and size, is `token-malformed`, and the message says what is wrong."""
    result = read(token)
    assert isinstance(result, Err)
    assert result.reason == "token-malformed"
    assert result.message is not None
    assert re.match("(the|a part of the|kid in the header of the|typ in the header of the) ", result.message)
    assert " token" in result.message


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  ", "  Bearer "])
def test_the_value_of_a_header_is_no_token(scheme: str) -> None:
    """Whoever forgot to take the scheme off is told so, whether or not a good token follows."""
    for text in (".".join(GOOD), "abc", "a.b", ""):
        result = read(scheme + text)
        assert isinstance(result, Err)
        assert (result.reason, result.message) == (
            "token-malformed",
            "the token begins with 'Bearer ': give what follows it",
        )


@pytest.mark.parametrize(
    ("size", "message"), [(LARGEST_TOKEN, None), (LARGEST_TOKEN + 4, "the token is larger than 64 kB")]
)
def test_a_token_has_64_kb_at_most(size: int, message: str | None) -> None:
    """Up to the cap a token is read."""
    rest = f"{GOOD[0]}.AA."
    result = read(rest + "A" * (size - len(rest)))
    assert (result.message if isinstance(result, Err) else None) == message


@pytest.mark.parametrize(
    "alg",
    [
        "none",
        "None",
        "NONE",
        "HS256",
        "RS384",
        "RS512",
        "PS256",
        "ES256",
        "EdDSA",
        "rs256",
        "RS256 ",
        "",
        5,
        True,
        ["RS256"],
        {},
    ],
)
def test_any_other_algorithm_is_refused(alg: Any) -> None:
    """The algorithm is exactly RS256."""
    result = read(headed(alg=alg))
    assert isinstance(result, Err)
    assert result.reason == "token-algorithm-refused"


def test_a_header_without_an_algorithm_is_refused() -> None:
    """There is no algorithm that goes without saying."""
    for token in (headed(alg=None), headed(b'{"kid":"one","alg":null}'), headed(b"{}")):
        assert isinstance(result := read(token), Err)
        assert result.reason == "token-algorithm-refused"
