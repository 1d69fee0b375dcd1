"""Redaction of exchanges, before they are written to disk.

Default-deny: a string or number stays only if `allowlist` names its member. Any other string gets a stand-in such as
`<Password 1>`, and any other number becomes 0. Tokens, secret blocks and addresses, which a client must read, get
stand-ins of the same form. The same value always gets the same stand-in. A stand-in stays as it is: a replay sends
the recorded stand-ins, and redacts its requests to the recorded ones.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from .allowlist import CLAIMS, HOLDERS, PARAMETERS, REPLY, REQUEST, SECRETS, WORDS
from .echoes import find, forms

# The inputs of a password's proof. They stay only if the recording keeps the proof.
_PROOF: Final = frozenset(
    ("PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "SECRET_BLOCK", "SRP_A", "USER_ID_FOR_SRP")
)
_SECRET_BLOCKS: Final = frozenset(("PASSWORD_CLAIM_SECRET_BLOCK", "SECRET_BLOCK"))
# An ANSWER may be one of the service's names, or a secret.
_CHOICES: Final = frozenset(
    ("EMAIL_OTP", "PASSWORD", "PASSWORD_SRP", "SMS_MFA", "SMS_OTP", "SOFTWARE_TOKEN_MFA", "WEB_AUTHN")
)
_HEADERS: Final = (
    "content-type date retry-after x-amzn-errormessage x-amzn-errortype x-amzn-requestid x-amzn-waf-action".split()
)
_SIGNATURE: Final = "redacted"
# The service's numbers and enumerations, which stay even if a secret looks like a part of them.
_NUMBER: Final = re.compile(r"[0-9a-fA-F]{8,}|[A-Z_]+")
# An address as a whole value, and as a word of a string. Masked ones have asterisks.
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
# The start and the negative end of a match in a string, and the function that makes its stand-in.
_Span: TypeAlias = tuple[int, int, Callable[[], str]]


def _numbered(name: str) -> Callable[[int], str]:
    return lambda number: f"<{name} {number}>"


_person: Final = "person{}@redacted.example".format
_phone: Final = "+1555010{:04}".format
_uuid: Final = "00000000-0000-4000-8000-{:012}".format
# The forms of a whole value that identifies a person.
_IDENTITIES: Final = ((_ADDRESS, "an address", _person), (_PHONE, "a telephone", _phone), (_UUID, "an id", _uuid))
# A string without the first item cannot match the form, and a vain search takes long in a long string.
_FORMS: Final = (
    ("@", _EMAIL, "an address", _person),
    ("%40", _EMAIL, "an address", _person),
    ("+", _PHONE, "a telephone", _phone),
    ("-", _UUID, "an id", _uuid),
    ("eyj", _TOKEN_WITHIN, "token", _numbered("token")),
    ("<token ", _TOKEN_STAND_IN, "token", _numbered("token")),  # counted in a replay as the recording counted the token
)


class Redaction:
    """The stand-ins of one cassette.

    proof: True keeps the inputs of the SRP proof, so that a replay can compute it. Only for throwaway users.
    keep: names of further members that stay, wherever they are.
    """

    def __init__(self, *, proof: bool = False, keep: frozenset[str] = frozenset()) -> None:
        self._proof = proof
        self._keep = keep
        self._stand_ins: dict[str, str] = {}
        self._made: set[str] = set()
        self._counts: dict[str, int] = {}
        # Secrets to search for in strings that stay, as `echoes` finds them.
        self._echoes: dict[str, str] = {}

    def request(self, body: Any) -> Any:
        """Return a request's body without secrets."""
        return self._whole(body, REQUEST)

    def reply(self, body: Any, headers: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
        """Return a reply's body without secrets, and the headers that a client reads.

        A body that is no JSON object, such as a page, is replaced as a whole.
        """
        try:
            kept = self._page(body) if isinstance(body, str) else self._whole(body, REPLY)
        except RecursionError:  # only an attack nests so deep
            kept = self._page("nested too deeply")
        return kept, {name: self._text(value) for name, value in headers.items() if name in _HEADERS}

    def recognize(self, recorded: Any, sent: Any, name: str = "") -> None:
        """In a replay, let a sent value match a recorded stand-in from a reply, such as the user's own address.

        Only addresses, telephone numbers, user ids and attributes match, and one value for each stand-in.
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
        """Tell if the stand-in comes from a reply and has no other value yet, and the value has no stand-in."""
        taken = any(made == stand_in != other for other, made in self._stand_ins.items())
        return bool(value) and stand_in in self._made and value not in self._made | self._stand_ins.keys() and not taken

    def _page(self, body: str) -> str:
        return body and self._for(body, "page", _numbered("page"))

    def _whole(self, body: Any, names: frozenset[str]) -> Any:
        """Redact twice, since a string may quote a secret that comes later."""
        self._object(body, names, "member", str)
        return self._object(body, names, "member", self._text)

    def _object(self, body: Mapping[str, Any], names: _Names, outer: str, plain: _Plain) -> dict[str, Any]:
        """Redact an object. Members called `names` may stay. None means an unknown object.

        outer: the object's name. Stand-ins of unknown members get it, since their own names may be secret.
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
        return value if stays or value is None or isinstance(value, bool) else self._number(value)

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

    def _number(self, value: float) -> int:
        self._echo(str(value).lstrip("-"), "0")
        return 0

    def _plain(self, value: str, key: str, plain: _Plain) -> str:
        if key not in WORDS:
            if _NUMBER.fullmatch(value):
                return value
            if _ADDRESS.fullmatch(value):
                return self._for(value, "an address", _person)
        return plain(value)

    def _identity(self, value: str) -> str | None:
        """Return a stand-in of the same form for a value that is an address or a user id."""
        found = next((form for form in _IDENTITIES if form[0].fullmatch(value)), None)
        return None if found is None else self._for(value, *found[1:])

    def _json(self, value: str, name: str) -> str | None:
        """Redact JSON within a string, such as a challenge parameter, as an unknown object."""
        if not value.lstrip().startswith(("{", "[")):
            return None
        try:
            kept = self._value(json.loads(value), "", None, name, self._text)
            stand_in = json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
        except (ValueError, RecursionError):
            return None
        self._echo(value, stand_in)
        return stand_in

    def _token(self, token: str, name: str) -> str:
        """Return the token with its identifying claims replaced, and without its signature."""
        payload = token.split(".")[1]
        try:
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            stand_in = unsigned(self._object(claims, CLAIMS, "claim", self._text))
        except (ValueError, AttributeError, RecursionError):
            return self._for(token, name, _numbered(name))
        return self._remember(token, stand_in)

    def _for(self, value: str, kind: str, write: Callable[[int], str]) -> str:
        """Return the stand-in of a value. A stand-in stays as it is, since a replay's replies already have them."""
        if value in self._made:
            return value
        if value not in self._stand_ins:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._remember(value, write(self._counts[kind]))
        return self._stand_ins[value]

    def _remember(self, value: str, stand_in: str) -> str:
        self._stand_ins[value] = stand_in
        self._made.add(stand_in)
        self._echo(value, stand_in)
        # A stand-in matches as a whole, so that nothing is found within it.
        self._echoes[stand_in.casefold()] = stand_in
        return stand_in

    def _echo(self, secret: str, stand_in: str) -> None:
        self._echoes.update(dict.fromkeys(forms(secret), stand_in))

    def _text(self, value: str) -> str:
        """Replace the addresses, user ids, tokens and known secrets within a string that stays."""
        kept, end = [], 0
        for start, back, write in sorted(self._found(value), key=lambda span: span[:2]):
            if start >= end:
                kept += [value[end:start], write()]
            end = max(end, -back)  # an overlapping match is replaced too
        return "".join((*kept, value[end:]))

    def _found(self, value: str) -> Iterator[_Span]:
        for start, end, stand_in in find(self._echoes, value):
            yield start, -end, partial(str, stand_in)
        lowered = value.lower()
        for hint, form, kind, written in _FORMS:
            if hint in lowered:
                for found in form.finditer(value):
                    yield found.start(), -found.end(), partial(self._for, found[0], kind, written)


def unsigned(claims: Mapping[str, Any]) -> str:
    """Return a well-formed token with these claims and no valid signature. It expires, but gives no access."""
    header = _base64url({"alg": "RS256", "kid": _SIGNATURE})
    return f"{header}.{_base64url(claims)}.{_SIGNATURE}"


def _base64url(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "backslashreplace")
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
