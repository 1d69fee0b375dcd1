"""The usable keys of a key set: public RSA keys for RS256, of a secure size, in canonical form.

pyjwt does the RSA step and nothing else, so that its changing strictness never changes ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..concurrency.locks import is_from_signal
from ..models.fields import UnexpectedJson
from .jws import octets

if TYPE_CHECKING:
    from jwt.algorithms import RSAAlgorithm

LARGEST_KEY_SET: Final = 128 * 1024
"""In bytes, of one that is fetched. A pool has two keys, in about 800 bytes."""

_SMALLEST, _LARGEST = 2048, 8192  # bits of a modulus: RFC 7518, section 3.3, and a limit on the cost of a verification
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = 65537, 2**64 - 1  # likewise; OpenSSL refuses larger ones with large keys
_PRIVATE: Final = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))

KeySet: TypeAlias = "Mapping[str, Key]"
"""The usable keys, by id."""


@dataclass(frozen=True, slots=True)
class Key:
    """A usable key: its public members as in the key set, and pyjwt's key object."""

    jwk: Mapping[str, str]
    public: Any = field(repr=False, compare=False)

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Tell if this key has signed the message."""
        try:
            return rs256().verify(message, self.public, signature) is True
        except Exception as error:  # odd bytes raise different errors in versions of pyjwt and its backend
            if is_from_signal(error):
                raise
            return False


@cache
def rs256() -> RSAAlgorithm:
    """Return the RSA step of pyjwt. An `ImportError` names the package to install, or says why it does not load."""
    try:
        import cryptography  # pyjwt would hide why it does not load
        import cryptography.hazmat.primitives.asymmetric.rsa  # noqa: F401
        import jwt  # noqa: F401
        from jwt.algorithms import RSAAlgorithm
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name in ("cryptography", "jwt"):
            words = f"verifying tokens needs the package {error.name}: pip install 'cognito-raw[verify]'"
            raise ImportError(words) from None
        raise ImportError(f"verifying tokens needs cryptography and pyjwt, which do not load: {error}") from error
    return RSAAlgorithm(RSAAlgorithm.SHA256)


def usable(key_set: Mapping[str, object]) -> KeySet:
    """Return the usable keys of a parsed key set, none with an id of two keys. `UnexpectedJson` if there is none."""
    entries = key_set.get("keys")
    if not isinstance(entries, list):
        raise UnexpectedJson("a key set is an object with a list of keys")
    named: dict[str, list[Key | None]] = {}
    for entry in entries:
        if isinstance(entry, dict):
            named.setdefault(_kid(entry), []).append(_key(entry))
    # The same key may be listed twice.
    found = {kid: keys[0] for kid, keys in named.items() if keys[0] and keys.count(keys[0]) == len(keys)}
    if not found:
        raise UnexpectedJson("a key set with no usable key")
    return found


def _kid(entry: Mapping[str, object]) -> str:
    kid = entry.get("kid")
    return kid if isinstance(kid, str) else ""


def _key(entry: Mapping[str, object]) -> Key | None:
    modulus, exponent = _number(entry.get("n")), _number(entry.get("e"))
    if not (_kid(entry) and _is_for_rs256(entry) and _is_sound(modulus, exponent)):
        return None
    jwk = {name: str(entry[name]) for name in ("kid", "kty", "n", "e")}
    try:
        return Key({**jwk, "alg": "RS256", "use": "sig"}, rs256().from_jwk(jwk))
    except Exception:  # a version of pyjwt or its backend may refuse more than we do
        return None


def _is_for_rs256(entry: Mapping[str, object]) -> bool:
    """Tell if it is a public RSA key for RS256 signatures."""
    return (
        entry.get("kty") == "RSA"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "RS256") == "RS256"
        and _may_verify(entry.get("key_ops", ["verify"]))
        and not _PRIVATE & entry.keys()
    )


def _may_verify(operations: object) -> bool:
    return isinstance(operations, list) and operations.count("verify") == 1


def _is_sound(modulus: int, exponent: int) -> bool:
    odd = modulus & exponent & 1
    bits = _SMALLEST <= modulus.bit_length() <= _LARGEST
    return bool(odd) and bits and _SMALLEST_EXPONENT <= exponent <= _LARGEST_EXPONENT


def _number(text: object) -> int:
    """Decode a canonical Base64urlUInt (RFC 7518, section 2). Return 0, which no key has, for anything else."""
    raw = octets(text.encode()) if isinstance(text, str) and text.isascii() else None
    return int.from_bytes(raw) if raw and raw[0] else 0
