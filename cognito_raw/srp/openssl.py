"""Modular powers at OpenSSL's speed and in constant time, with no dependency: `power(b, e, m)` is `pow(b, e, m)`.

CPython's own module `_ssl` is linked with libcrypto. `ctypes` calls the function there that OpenSSL's own key exchange
uses. It takes a tenth of the time of `pow`, hides the exponent from timing, and lets other threads run. The library is
found through the handle of `_ssl` and never searched for, so it is always the one of this interpreter.

`pow` replaces it if `_ssl` is built into the interpreter or hides its symbols, or if there is no `ctypes`. The
environment's `COGNITO_RAW_OPENSSL=0` also selects `pow`. Nothing is loaded before the first power.
OpenSSL's copies of the numbers are cleared before they are freed. Python's own copies cannot be cleared.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeAlias

Power: TypeAlias = Callable[[int, int, int], int]
"""Takes the base, the exponent and the modulus, as `pow` does."""

SWITCH: Final = "COGNITO_RAW_OPENSSL"
# BN_FLG_CONSTTIME of openssl/bn.h: the number is a secret, whose length must not show either.
_SECRET: Final = 0x04
# OpenSSL itself accepts no key with more bits.
_LONGEST: Final = 16384
# A wide modulus with a short exponent, a short one with a long exponent.
# OpenSSL treats the wide one as it does SRP's, which also has a multiple of eight words.
_SAMPLES: Final = (
    ((1 << 1535) + 12345, 11, (1 << 1536) - 1103717),
    ((1 << 255) + 12345, (1 << 64) - 59, (1 << 256) - 189),
    (2, 0, 7),
    (0, 5, 7),
)


def power(base: int, exponent: int, modulus: int) -> int:
    """Return `pow(base, exponent, modulus)`, computed by OpenSSL if possible.

    OpenSSL takes an odd modulus above 1, and a base and an exponent of at least 0. Anything else goes to `pow`.
    """
    return _chosen()(base, exponent, modulus)


@cache
def _chosen() -> Power:
    return pow if os.environ.get(SWITCH) == "0" else find_power()


def find_power(extension: str = "_ssl") -> Power:
    """Return the power of an extension module's libcrypto; `pow` if none works. Tests pass another module."""
    try:
        import ctypes

        file = getattr(__import__(extension), "__file__", None)
        # Without a file it is built in, and its libcrypto is unknown.
        return checked(Libcrypto(ctypes.CDLL(file)).power) if file else pow
    except Exception:  # of any kind: a hardened system may even refuse the memory that ctypes needs
        return pow


def checked(candidate: Power) -> Power:
    """Return the candidate if it computes as `pow` does, else `pow`."""
    return candidate if all(candidate(*sample) == pow(*sample) for sample in _SAMPLES) else pow


class Libcrypto:
    """The functions of libcrypto for a power. `AttributeError` if the library, of `ctypes.CDLL`, lacks one."""

    def __init__(self, library: Any) -> None:
        from ctypes import c_char_p, c_int, c_void_p

        def function(name: str, result: object, *arguments: object) -> Any:
            found = getattr(library, name)
            found.restype, found.argtypes = result, arguments
            return found

        self._new_context = function("BN_CTX_new", c_void_p)
        self._free_context = function("BN_CTX_free", None, c_void_p)
        self._new = function("BN_new", c_void_p)
        self._free = function("BN_clear_free", None, c_void_p)
        self._read = function("BN_bin2bn", c_void_p, c_char_p, c_int, c_void_p)
        self._write = function("BN_bn2binpad", c_int, c_void_p, c_void_p, c_int)
        self._mark = function("BN_set_flags", None, c_void_p, c_int)
        self._raise = function("BN_mod_exp_mont_consttime", c_int, *[c_void_p] * 6)

    def power(self, base: int, exponent: int, modulus: int) -> int:
        """Compute as the module's `power`. It keeps nothing between calls, so threads and forks do not matter."""
        longest = max(exponent.bit_length(), modulus.bit_length())
        if base < 0 or exponent < 0 or modulus < 3 or not modulus % 2 or longest > _LONGEST:
            return pow(base, exponent, modulus)
        context, numbers = self._new_context(), [self._new() for _ in range(4)]
        try:
            result = self._compute(context, numbers, base % modulus, exponent, modulus)
        finally:  # both take NULL as free() does
            for number in numbers:
                self._free(number)
            self._free_context(context)
        return pow(base, exponent, modulus) if result is None else result

    def _compute(self, context: object, numbers: list[object], *values: int) -> int | None:
        """Return the power of the three values, computed in these numbers; None if OpenSSL has no memory for it."""
        result, *operands = numbers
        if not context or not all(numbers) or not all(map(self._fill, operands, values)):
            return None
        for secret in operands[:2]:
            self._mark(secret, _SECRET)
        if not self._raise(result, *operands, context, None):
            return None
        return self._value(result, _byte_length(values[2]))

    def _fill(self, number: object, value: int) -> bool:
        size = _byte_length(value)
        return bool(self._read(value.to_bytes(size, "big"), size, number))

    def _value(self, number: object, size: int) -> int | None:
        from ctypes import create_string_buffer, memset

        buffer = create_string_buffer(size)
        try:
            return int.from_bytes(buffer.raw, "big") if self._write(number, buffer, size) == size else None
        finally:
            memset(buffer, 0, size)


def _byte_length(value: int) -> int:
    return (value.bit_length() + 7) // 8
