"""What may be written to disk of an exchange, and what stands in for the rest.

Default-deny: a text or a number stays only where `plain` names its member; every other text gets a stand-in,
`<Password 1>` or the like, and every other number becomes 0. What a client must be able to read (tokens, secret
blocks, addresses) gets a stand-in of the same form. The same value always gets the same stand-in, and a stand-in
stays as it is, so that a replay, which is given stand-ins and sends them back, redacts its requests to what was
recorded.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from .allowlist import CLAIMS, HOLDERS, PARAMETERS, REPLY, REQUEST, SECRETS, WORDS

# What the proof of a password is made of; it stays only where the recording says so.
_PROOF: Final = frozenset(
    ("PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "SECRET_BLOCK", "SRP_A", "USER_ID_FOR_SRP")
)
_SECRET_BLOCKS: Final = frozenset(("PASSWORD_CLAIM_SECRET_BLOCK", "SECRET_BLOCK"))
# An answer may be a choice among names of the service, or a secret.
_CHOICES: Final = frozenset(
    ("EMAIL_OTP", "PASSWORD", "PASSWORD_SRP", "SMS_MFA", "SMS_OTP", "SOFTWARE_TOKEN_MFA", "WEB_AUTHN")
)
_HEADERS: Final = (
    "content-type",
    "date",
    "x-amzn-errormessage",
    "x-amzn-errortype",
    "x-amzn-requestid",
    "x-amzn-waf-action",
)
_SIGNATURE: Final = "redacted"
# Shorter values are too common to be looked for within other texts, but where they are quoted.
_SHORTEST: Final = 6

_QUOTED: Final = r"""(?<=["'`]){}(?=["'`])"""
# A code of six digits may well stand within an id.
_ALONE: Final = r"(?<![^\W_]){}(?![^\W_])"
# The service's numbers and enumerations: a secret that looks like a part of one must not spoil them.
_NUMBER: Final = re.compile(r"[0-9a-fA-F]{8,}|[A-Z_]+")
# An address as a whole value, and as a word of a text; masked ones have asterisks.
_ADDRESS: Final = re.compile(r"[^\s*]+@[^\s*]+")
_EMAIL: Final = re.compile(r"""(?:"[^"@]+"|[^\s@"'<>,;:()*\\]+)(?:@|%40)\[?[\w.:-]*\w\]?""")
_PHONE: Final = re.compile(r"\+\d{7,}")
_UUID: Final = re.compile(
    r"(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE
)
_TOKEN: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
_TOKEN_WITHIN: Final = re.compile(r"eyJ[\w-]+(?:\.[\w-]*){2,4}")
_TOKEN_STAND_IN: Final = re.compile(r"<token \d+>")

_Plain: TypeAlias = Callable[[str], str]
_Names: TypeAlias = frozenset[str] | None
# From where to where (negative) in a text, and what writes what stands in for it.
_Span: TypeAlias = tuple[int, int, Callable[[], str]]


def _numbered(name: str) -> Callable[[int], str]:
    return lambda number: f"<{name} {number}>"


def _person(number: int) -> str:
    return f"person{number}@redacted.example"


def _phone(number: int) -> str:
    return f"+1555010{number:04}"


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


# The forms of a whole value that tells who somebody is.
_IDENTITIES: Final = ((_ADDRESS, "an address", _person), (_PHONE, "a telephone", _phone), (_UUID, "an id", _uuid))
# What must stand in a text for a form to be in it, since looking for nothing takes long in a long text.
_FORMS: Final = (
    ("@", _EMAIL, "an address", _person),
    ("%40", _EMAIL, "an address", _person),
    ("+", _PHONE, "a telephone", _phone),
    ("-", _UUID, "an id", _uuid),
    ("eyj", _TOKEN_WITHIN, "token", _numbered("token")),
    ("<token ", _TOKEN_STAND_IN, "token", _numbered("token")),  # counted in a replay as the token itself was
)


class Redaction:
    """The stand-ins of one cassette.

    proof: whether what the SRP proof is made of stays, so that a replay can compute it anew; for throwaway users.
    keep: further member names whose texts and numbers stay, wherever they are.
    """

    def __init__(self, *, proof: bool = False, keep: frozenset[str] = frozenset()) -> None:
        self._proof = proof
        self._keep = keep
        self._stand_ins: dict[str, str] = {}
        self._made: set[str] = set()
        self._counts: dict[str, int] = {}
        # What is looked for within the texts that stay: secrets, in all forms in which they are echoed.
        self._echoes: dict[str, str] = {}

    def request(self, body: Any) -> Any:
        """A request's body without what is secret in it."""
        return self._whole(body, REQUEST)

    def reply(self, body: Any, headers: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
        """A reply's body and those of its headers that a client reads.

        A body that is no JSON object, as a page or half a reply, may hold anything, so it is replaced as a whole.
        """
        try:
            kept = self._page(body) if isinstance(body, str) else self._whole(body, REPLY)
        except RecursionError:  # it nests as deep as only an attack does
            kept = self._page("nested too deeply")
        return kept, {name: self._text(value) for name, value in headers.items() if name in _HEADERS}

    def recognize(self, recorded: Any, sent: Any, name: str = "") -> None:
        """In a replay, take what its user knows for what the service told first, such as the user's own address.

        The stand-in of an address, a user id or an attribute may so be claimed once, and by one value.
        """
        if isinstance(recorded, Mapping) and isinstance(sent, Mapping):
            for key in recorded:
                self.recognize(recorded[key], sent.get(key), key)
        elif isinstance(recorded, list) and isinstance(sent, list):
            for one, other in zip(recorded, sent, strict=False):
                self.recognize(one, other, name)
        elif isinstance(recorded, str) and isinstance(sent, str) and self._is_free(recorded, sent):
            attribute = name == "Value" or name.startswith("userAttributes.")
            if attribute or any(form.fullmatch(recorded) and form.fullmatch(sent) for form, *_ in _IDENTITIES):
                self._remember(sent, recorded)

    def _is_free(self, stand_in: str, value: str) -> bool:
        """Whether nothing but the service's replies had the stand-in so far, and the value has none."""
        taken = any(made == stand_in != other for other, made in self._stand_ins.items())
        return bool(value) and stand_in in self._made and value not in self._made | self._stand_ins.keys() and not taken

    def _page(self, body: str) -> str:
        return body and self._for(body, "page", _numbered("page"))

    def _whole(self, body: Any, names: frozenset[str]) -> Any:
        """Twice, since a text may quote a secret that stands behind it."""
        self._object(body, names, "member", str)
        return self._object(body, names, "member", self._text)

    def _object(self, body: Mapping[str, Any], names: _Names, outer: str, plain: _Plain) -> dict[str, Any]:
        """The members of an object in which those called `names` may stay; None where nothing is known of it.

        outer: what the object is called, after which the texts of its unknown members are named: their own names may
            be as secret.
        """
        kept = {}
        for key, member in body.items():
            known = names is not None and (key in names or key in HOLDERS or key in SECRETS)
            name = key if known else self._text(key)
            kept[name] = self._value(member, key, names, key if known else outer, plain)
        return kept

    def _value(self, value: Any, key: str, names: _Names, name: str, plain: _Plain) -> Any:
        if isinstance(value, Mapping):
            return self._object(value, None if names is None else HOLDERS.get(key), name, plain)
        if isinstance(value, list):
            return [self._value(member, key, names, name, plain) for member in value]
        stays = key in self._keep or (names is not None and key in names)
        if isinstance(value, str):
            return self._member(value, key, stays, names is PARAMETERS, name, plain)
        return value if stays or value is None or isinstance(value, bool) else 0

    def _member(self, value: str, key: str, stays: bool, parameter: bool, name: str, plain: _Plain) -> str:
        if not value or (parameter and self._proof and key in _PROOF):
            return value
        if parameter and key == "ANSWER" and value in _CHOICES:
            return value
        if stays:
            return self._plain(value, key, plain)
        if value in self._stand_ins or value in self._made:
            return self._stand_ins.get(value, value)
        if parameter and key in _SECRET_BLOCKS:
            return self._for(value, "secret block", lambda number: _base64(f"<secret block {number}>"))
        if _TOKEN.fullmatch(value):
            return self._token(value, name)
        return self._json(value, name) or self._identity(value) or self._for(value, name, _numbered(name))

    def _plain(self, value: str, key: str, plain: _Plain) -> str:
        if key not in WORDS:
            if _NUMBER.fullmatch(value):
                return value
            if _ADDRESS.fullmatch(value):
                return self._for(value, "an address", _person)
        return plain(value)

    def _identity(self, value: str) -> str | None:
        """An address or a user id that is the whole value keeps its form."""
        found = next((form for form in _IDENTITIES if form[0].fullmatch(value)), None)
        return None if found is None else self._for(value, *found[1:])

    def _json(self, value: str, name: str) -> str | None:
        """JSON within a text, as some challenge parameters are, stays JSON; nothing is known of what it holds."""
        if not value.lstrip().startswith(("{", "[")):
            return None
        try:
            kept = self._value(json.loads(value), "", None, name, self._text)
            return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
        except (ValueError, RecursionError):
            return None

    def _token(self, token: str, name: str) -> str:
        """The same token with its identifying claims replaced, and without its signature."""
        payload = token.split(".")[1]
        try:
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            stand_in = unsigned(self._object(claims, CLAIMS, "claim", self._text))
        except (ValueError, AttributeError, RecursionError):
            return self._for(token, name, _numbered(name))
        return self._remember(token, stand_in)

    def _for(self, value: str, kind: str, write: Callable[[int], str]) -> str:
        """The stand-in of a value; of a stand-in, itself. In a replay the next one is what the reply holds already."""
        if value in self._made:
            return value
        if value not in self._stand_ins:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._remember(value, write(self._counts[kind]))
        return self._stand_ins[value]

    def _remember(self, value: str, stand_in: str) -> str:
        self._stand_ins[value] = stand_in
        self._made.add(stand_in)
        self._echoes.update(dict.fromkeys(_echoes(value), stand_in))
        # A stand-in in a text is what nothing is looked for within.
        self._echoes[stand_in.lower()] = stand_in
        return stand_in

    def _text(self, value: str) -> str:
        """A text that stays, without the addresses, user ids, tokens and known secrets within it."""
        kept, end = [], 0
        for start, back, write in sorted(self._found(value), key=lambda span: span[:2]):
            if start >= end:
                kept += [value[end:start], write()]
            end = max(end, -back)  # what overlaps goes with it
        return "".join((*kept, value[end:]))

    def _found(self, value: str) -> Iterator[_Span]:
        lowered = value.lower()
        for echo, stand_in in self._echoes.items():
            if echo in lowered:
                for found in re.finditer(_looked_for(echo), value, re.IGNORECASE):
                    yield found.start(), -found.end(), partial(str, stand_in)
        for hint, form, kind, written in _FORMS:
            if hint in lowered:
                for found in form.finditer(value):
                    yield found.start(), -found.end(), partial(self._for, found[0], kind, written)


def _echoes(secret: str) -> set[str]:
    """The forms in which a page, a header or a message may quote a secret, in small letters."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = (secret, html.escape(secret), json.dumps(secret)[1:-1], quote(raw, safe=""), raw.decode("latin-1"))
    return {form.lower() for form in (*forms, base64.b64encode(raw).decode())}


def _looked_for(echo: str) -> str:
    form = _QUOTED if len(echo) < _SHORTEST else _ALONE if echo.isdigit() else "{}"
    return form.format(re.escape(echo))


def unsigned(claims: Mapping[str, Any]) -> str:
    """A well-formed token with these claims and no signature: it reads and expires as any, and opens nothing."""
    header = _base64url({"alg": "RS256", "kid": _SIGNATURE})
    return f"{header}.{_base64url(claims)}.{_SIGNATURE}"


def _base64url(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "backslashreplace")
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
