"""The Secure Remote Password protocol as Amazon Cognito speaks it: arithmetic on integers and bytes, nothing else.

SRP proves to the service that the user knows the password without sending it, as RFC 5054 describes. This module uses
the letters of the RFC: N and g, the group; a and A, the client's ephemeral pair; B, the service's public value; u, the
scrambling parameter; x, the private key made of the salt and the password; S, the premaster secret.

Cognito departs from RFC 5054 in these points, so it refuses a textbook implementation:

 1. The group is the 3072-bit prime with g = 2 (RFC 3526, group 15). RFC 5054 lists g = 5 for that size.
 2. PAD() does not pad to the length of N. It is Java's BigInteger.toByteArray(): the shortest big-endian two's
    complement. A zero byte leads if the top bit is set, and short numbers stay short. This holds for k, u, the salt,
    and both inputs of the key derivation. k = SHA256(00 N 02): g is not padded.
 3. The hash is SHA-256 throughout.
 4. The identity hashed into x is "pool name + user id + ':' + password". The user id is the challenge's
    USER_ID_FOR_SRP. After a sign-in by e-mail address, it differs from the name that the user typed.
 5. The session key is not S or H(S) but 16 bytes of one round of HKDF with the info "Caldera Derived Key".
 6. The proof is not M1 but an HMAC with that key over pool name, user id, the secret block and a timestamp string.

The private exponent has 256 bits: RFC 5054 (2.5.4) asks for at least that, and more would only cost time. Secrets never
appear in a `repr`. `power` is `pow` by OpenSSL. It is imported and not an argument, so that no caller can lose its
constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final

from ..models.frozen import Frozen, field
from .openssl import power

# RFC 3526, section 4: 2^3072 - 2^3008 - 1 + 2^64 * (floor(2^2942 * pi) + 1690314)
N: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
g: Final = 2
# SHA256(PAD(N) PAD(g)), written out since it never changes.
k: Final = 0x538282C4354742D7CBBDE2359FCF67F9F5B3A6B08791E5011B43B8A5B66D9EE6

EXPONENT_BYTES: Final = 32
_INFO: Final = b"Caldera Derived Key\x01"
# Twice the digits of N: far more than any value needs, and still fast to parse.
_LONGEST: Final = 1536
_DIGITS: Final = frozenset("0123456789abcdefABCDEF")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class UnsafeValue(ValueError):
    """A value from the service that is malformed, or that would reveal the password."""


class Ephemeral(Frozen):
    """The pair of one sign-in: the private exponent a, and A = g^a mod N, which is sent. Never used twice."""

    a: int = field(repr=False)
    A: int = field(repr=False)

    @classmethod
    def draw(cls, randomness: Callable[[int], bytes]) -> Ephemeral:
        """Return a new pair, with an exponent of 256 random bits."""
        return cls.of(int.from_bytes(randomness(EXPONENT_BYTES), "big"))

    @classmethod
    def of(cls, a: int) -> Ephemeral:
        """Return the pair of a known exponent. Zero is no secret: `ValueError`."""
        if a <= 0:
            raise ValueError("the private exponent must be above 0")
        return cls(a, power(g, a, N))


def pad(n: int) -> bytes:
    """PAD(n): the shortest big-endian bytes of a number in two's complement."""
    return n.to_bytes((n if n >= 0 else ~n).bit_length() // 8 + 1, "big", signed=True)


def number(text: str) -> int:
    """Parse a hexadecimal number from the wire; `UnsafeValue` for anything but digits."""
    # `int(text, 16)` alone would accept signs, spaces, underscores and digits of other scripts.
    if not text or len(text) > _LONGEST or not _DIGITS.issuperset(text):
        raise UnsafeValue("not a hexadecimal number")
    return int(text, 16)


def signed_number(text: str) -> int:
    """Parse a SALT, the only number that may be negative: the service sent such ones for users who do not exist."""
    return -number(text[1:]) if text.startswith("-") else number(text)


def scramble(A: int, B: int) -> int:
    """u = H(PAD(A) PAD(B)). `UnsafeValue` if B mod N = 0 (RFC 5054, 2.5.3), or if u = 0 (a safeguard of SRP-6a)."""
    if B % N == 0:
        raise UnsafeValue("B is a multiple of N")
    u = _hash(pad(A), pad(B))
    if u == 0:
        raise UnsafeValue("u is zero")
    return u


def private_key(salt: int, pool_name: str, user_id: str, password: str) -> int:
    """x = H(PAD(salt) H(pool name, user id, ":", password)). For a device: its group key, key and password."""
    identity = hashlib.sha256(f"{pool_name}{user_id}:{password}".encode()).digest()
    return _hash(pad(salt), identity)


def verifier(x: int) -> int:
    """v = g^x mod N: the service checks a device's proof with it. It does not reveal the password."""
    return power(g, x, N)


def premaster(pair: Ephemeral, B: int, u: int, x: int) -> int:
    """S = (B - k * g^x)^(a + u * x) mod N, the base reduced first since it is usually negative."""
    return power((B - k * power(g, x, N)) % N, pair.a + u * x, N)


def session_key(S: int, u: int) -> bytes:
    """The 16-byte key of the signature: HKDF-SHA256 (RFC 5869) of PAD(S) with the salt PAD(u), its first round."""
    prk = hmac.digest(pad(u), pad(S), "sha256")
    return hmac.digest(prk, _INFO, "sha256")[:16]


def signature(key: bytes, pool_name: str, user_id: str, secret_block: bytes, timestamp: str) -> bytes:
    """PASSWORD_CLAIM_SIGNATURE before base64: HMAC(key, pool name, user id, secret block, timestamp)."""
    return hmac.digest(key, pool_name.encode() + user_id.encode() + secret_block + timestamp.encode(), "sha256")


def secret_bytes(secret_block: str) -> bytes:
    """Return what is signed of a SECRET_BLOCK: its bytes in base64, or else its text.

    Any form of base64 is read: without padding, with line breaks, or in the alphabet for URLs. moto sends a UUID.
    """
    text = "".join(secret_block.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return secret_block.encode()


def timestamp(seconds: float) -> str:
    """Return the TIMESTAMP to sign and send, `EEE MMM d HH:mm:ss z yyyy`: `Tue Jul 7 09:05:03 UTC 2026`.

    It is in English and UTC in every locale, the day without a leading zero, midnight as 00. The service parses it and
    signs the string that it would have written. So a padded day looks like a wrong password.
    """
    t = time.gmtime(seconds)
    clock = f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    return f"{_DAYS[t.tm_wday]} {_MONTHS[t.tm_mon - 1]} {t.tm_mday} {clock} UTC {t.tm_year}"


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")
