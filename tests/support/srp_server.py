"""The other side of an SRP exchange: what the service computes, from the formulas and with nothing of `srp` but N.

The service knows the verifier v and its own secret b, never the password: S = (A * v^u)^b. That the two sides meet
in one S is what the protocol promises, so this is an independent check of everything that the client computes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cognito_raw.srp.exchange import N

K = int.from_bytes(hashlib.sha256(bytes(1) + N.to_bytes(384, "big") + b"\x02").digest(), "big")


def padded(n: int) -> bytes:
    """PAD by its text rule: an even number of hexadecimal digits, of which the first is below 8."""
    digits = f"{n:x}"
    digits = digits if len(digits) % 2 == 0 else f"0{digits}"
    return bytes.fromhex(digits if digits[0] in "01234567" else f"00{digits}")


def hashed(*parts: bytes) -> int:
    """SHA-256 of the parts one after the other, as a number."""
    return int(hashlib.sha256(b"".join(parts)).hexdigest(), 16)


@lru_cache(1000)
def power(base: int, exponent: int) -> int:
    """A power modulo N. One that a test has computed lately costs nothing."""
    return pow(base, exponent, N)


def verifier(x: int) -> int:
    """v = g^x mod N, which the service keeps instead of the password."""
    return power(2, x)


@dataclass(frozen=True)
class Exchange:
    """One sign-in as the service sees it, with the secrets of both sides known."""

    a: int
    b: int
    salt: int
    pool_name: str = "AbCdEf123"
    user_id: str = "0e4b2a1c-1111-4222-8333-944455556666"
    password: str = "Corr3ct-horse!"

    @cached_property
    def x(self) -> int:
        identity = hashlib.sha256(f"{self.pool_name}{self.user_id}:{self.password}".encode()).digest()
        return hashed(padded(self.salt), identity)

    @cached_property
    def A(self) -> int:
        return power(2, self.a)

    @cached_property
    def B(self) -> int:
        return (K * verifier(self.x) + power(2, self.b)) % N

    @cached_property
    def u(self) -> int:
        return hashed(padded(self.A), padded(self.B))

    @cached_property
    def S(self) -> int:
        return power(self.A * power(verifier(self.x), self.u) % N, self.b)
