"""Search for secrets in the service's words: in whatever letters and escapes it quotes them.

A text is read in several ways: as it is, and with the escapes of HTML, JSON and addresses decoded. At most two escapes
are within each other. Each reading knows the places of its letters in the text. Secrets are compared without regard
to case.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

# Shorter values are too common to search for in other strings, unless they are quoted.
_SHORTEST: Final = 6
_QUOTED: Final = r"""(?<=["'`]){}(?=["'`])"""
# A code of six digits may occur within an id.
_ALONE: Final = r"(?<![^\W_]){}(?![^\W_])"
_CONTROLS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

# Letters of a text, each with its start and its end there.
_Reading: TypeAlias = list[tuple[str, int, int]]


def forms(secret: str) -> set[str]:
    """Return what to search for: the secret in one case, and its base64."""
    raw = secret.encode("utf-8", "surrogatepass")
    encoded = {coded(raw).decode().rstrip("=") for coded in (base64.b64encode, base64.urlsafe_b64encode)}
    return {form.casefold() for form in (secret, secret.upper(), secret.lower(), *encoded)}


def find(echoes: Mapping[str, str], text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start and the end of each echo in a text, and what stands for it.

    echoes: by their `forms`.
    """
    for reading in _readings([(letter, place, place + 1) for place, letter in enumerate(text)], 2):
        folded = [(part, start, end) for letter, start, end in reading for part in letter.casefold()]
        words = "".join([part for part, *_ in folded])
        for echo, stand_in in echoes.items():
            if echo in words:
                for found in re.finditer(_looked_for(echo), words):
                    yield folded[found.start()][1], folded[found.end() - 1][2], stand_in


def _looked_for(echo: str) -> str:
    form = _QUOTED if len(echo) < _SHORTEST else _ALONE if echo.isdigit() else "{}"
    return form.format(re.escape(echo))


def _readings(reading: _Reading, depth: int) -> Iterator[_Reading]:
    """Yield a reading, and those that decode its escapes."""
    yield reading
    text = "".join([letter for letter, *_ in reading])
    for escape, decode in _ESCAPES if depth else ():
        if escape.search(text):
            yield from _readings(list(_decoded(reading, text, escape, decode)), depth - 1)


def _decoded(
    reading: _Reading, text: str, escape: re.Pattern[str], decode: Callable[[str], str]
) -> Iterator[tuple[str, int, int]]:
    done = 0
    for found in escape.finditer(text):
        yield from reading[done : found.start()]
        done = found.end()
        for letter in decode(found[0]):
            yield letter, reading[found.start()][1], reading[done - 1][2]
    yield from reading[done:]


def _json(escape: str) -> str:
    if escape.startswith(r"\u"):
        return bytes.fromhex(escape.replace(r"\u", "")).decode("utf-16-be", "surrogatepass")
    return _CONTROLS.get(escape[1], escape[1])


def _percent(escape: str) -> str:
    return " " if escape == "+" else _utf8(unquote_to_bytes(escape))


def _latin1(letters: str) -> str:
    return _utf8(letters.encode("latin-1"))


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except ValueError:
        return raw.decode("latin-1")


# As few letters at once as can be decoded, so that nothing beside a secret is replaced.
_PERCENT: Final = "%[0-7][0-9a-fA-F]|(?:%[89a-fA-F][0-9a-fA-F])+"
_ESCAPES: Final = (
    (re.compile(r"&#?\w+;"), html.unescape),
    (re.compile(r"(?:\\u[dD][89abAB][0-9a-fA-F]{2})?\\u[0-9a-fA-F]{4}|\\[^u]"), _json),
    (re.compile(_PERCENT), _percent),
    (re.compile(_PERCENT + r"|\+"), _percent),
    (re.compile("[\xc2-\xf4][\x80-\xbf]{1,3}"), _latin1),  # UTF-8 in a header
)
