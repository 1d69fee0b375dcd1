"""Secrets that the server echoes: no form of them is found in a cassette."""

from __future__ import annotations

import base64
import html
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

import pytest

from tests.support.cassettes import once, recorded, reply


def mixed(secret: str) -> str:
    """Every second character as an escape of JSON, and the others as they are."""
    return "".join(
        escaped(letter) if place % 2 else json.dumps(letter, ensure_ascii=False)[1:-1]
        for place, letter in enumerate(secret)
    )


def escaped(letter: str) -> str:
    """A character as the escapes of its UTF-16."""
    return "".join(f"\\u{unit:04X}" for unit in memoryview(letter.encode("utf-16-le")).cast("H"))


def percent_every(secret: str) -> str:
    return "".join(f"%{byte:02x}" for byte in secret.encode())


FORMS: Final = {
    "as it is": str,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "in HTML": html.escape,
    "in JSON": lambda secret: json.dumps(secret)[1:-1],
    "in JSON of letters": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1].replace("/", r"\/"),
    "in mixed JSON": mixed,
    "in JSON in JSON": lambda secret: json.dumps(json.dumps(secret))[3:-3],
    "in an address": lambda secret: quote(secret, safe=""),
    "in a form": quote_plus,
    "in percents": percent_every,
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in base64 of addresses": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "in a header": lambda secret: secret.encode().decode("latin-1"),
}


def places(secret: Any) -> list[dict[str, Any]]:
    """Requests with the secret in a member of each kind."""
    return [
        {"Password": secret},
        {"AuthParameters": {"PASSWORD": secret}},
        {"ChallengeResponses": {"SMS_MFA_CODE": secret, "USERNAME": "ada"}},
        {"UserAttributes": [{"Name": "custom:x", "Value": secret}]},
        {"ClientMetadata": {"x": secret}},
        {"Brand": {"New": [secret, [secret]]}},
        {"Password": json.dumps({"deep": [secret]})},
        {"Password": json.dumps([secret])},
    ]


ALPHABETS: Final = (
    "0123456789",
    "abcXYZ &<>\"'+%/\\={}[]:,;#?!",
    "aİ\u0131ßǰŉΣςéÄ\xd7Ã\x85 +%&",
    "日本語🎉🔑ñ\n\t ",
)


def invented(dice: random.Random) -> str:
    """A secret of eight or more characters: of digits, of marks, or of many scripts."""
    return "".join(dice.choices(dice.choice(ALPHABETS), k=dice.randrange(8, 16)))


def texts(value: Any) -> Iterator[str]:
    """All strings and numbers of a JSON value, and of those within its strings."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from (name, *texts(member))
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)
    else:
        yield str(value)
        if isinstance(value, str) and value[:1] in ("{", "["):
            yield from texts(json.loads(value))


def kept(path: Path, sent: Mapping[str, Any], echo: str) -> str:
    """All that a cassette holds after a refusal that quotes an echo in its message, a header and a name."""
    said = {"__type": "X", "message": f"Value '{echo}' is wrong", "Unknown": {f"about {echo}": 1}}
    recorded(path, ("GetUser", sent, reply(said, 400, x_amzn_errormessage=f"not {echo}!")))
    return "\n".join(texts(json.loads(path.read_text(encoding="utf-8"))))


@pytest.mark.once
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_no_secret_of_any_member_is_in_a_file_however_it_is_echoed(form: Any, tmp_path: Path) -> None:
    """Secrets of many scripts, in members of each kind: neither they nor their echo stay."""
    dice = random.Random(5)  # the same in every run
    for _ in range(25):
        secret = invented(dice)
        for sent in places(secret):
            found = kept(tmp_path / "c", sent, form(secret)).casefold()
            assert secret.casefold() not in found, (secret, sent)
            assert form(secret).casefold() not in found, (secret, sent)
            assert "is wrong" in found


@pytest.mark.parametrize(
    ("value", "echo"),
    [
        pytest.param("[184312]", "[184312]", id="a list"),
        pytest.param("[184312]", "184312", id="a number of a list"),
        pytest.param("[1, 2, 3]", "[1, 2, 3]", id="a list of short numbers"),
        pytest.param('{"ssn": 123456789}', '{"ssn": 123456789}', id="an object"),
        pytest.param('{"ssn": 123456789}', '{"ssn":123456789}', id="an object in another form"),
        pytest.param('{"ssn": 123456789}', "123456789", id="a number of an object"),
        pytest.param(123456789, "123456789", id="a number"),
        pytest.param(-1234567, "-1234567", id="a negative number"),
        pytest.param(1234.567, "1234.567", id="a number with a point"),
    ],
)
def test_a_secret_that_is_json_is_one(value: Any, echo: str, tmp_path: Path) -> None:
    """The whole text is a secret, and so are its numbers."""
    for sent in places(value):
        said = kept(tmp_path / "c", sent, echo)
        assert echo not in said
        assert echo.strip('-{}[]"sn: ') not in said


@pytest.mark.parametrize(
    ("secret", "echo", "expected"),
    [
        ("Pasİsword", "Pasİsword", "<Password 1>"),
        ("Pasİsword", "pasi\u0307sword", "<Password 1>"),
        ("straße-1", "STRASSE-1", "<Password 1>"),
        ("a b+c d", "x=a+b%2Bc+d&y", "x=<Password 1>&y"),
        ('quo"ted\u00e9', r"\u0071\u0075o\"ted\u00E9", "<Password 1>"),
        ("sl/ashes", r"sl\/ashes", "<Password 1>"),
        ("hunter22", "%68unter22%2f&amp;", "<Password 1>%2f&amp;"),
        ("hunter22", "%FFhunter22", "%FF<Password 1>"),
    ],
)
def test_nothing_beside_an_echo_is_replaced(secret: str, echo: str, expected: str, tmp_path: Path) -> None:
    """Its place is known to the letter, whatever the escapes and the case."""
    said = once(tmp_path / "c", {"Password": secret}, {"__type": "X", "message": f"İ {echo} ß"})[1]
    assert said["message"] == f"İ {expected} ß"
