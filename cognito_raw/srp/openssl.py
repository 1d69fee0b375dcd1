"""Modular powers at OpenSSL's speed and in constant time, with no dependency: `power(b, e, m)` is `pow(b, e, m)`.

CPython brings libcrypto along: its own module `_ssl` is linked with it. Through ctypes, the function that OpenSSL's own
key exchange uses takes a tenth of the time of `pow`, does not tell the exponent by its timing, and lets other threads
run meanwhile. The library is asked for through the handle of `_ssl` itself and never searched for, so that it is always
the very one that this interpreter was built with.

Where that cannot be (`_ssl` built into the interpreter, its symbols hidden, no ctypes, another linker), or
where the environment says `COGNITO_RAW_OPENSSL=0`, `pow` does it. Nothing is loaded before the first power. OpenSSL's
copies of the numbers are cleared before they are freed; those that Python makes of its integers are not ours to clear.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeAlias

Power: TypeAlias = Callable[[int, int, int], int]
"""The base, the exponent and the modulus, as `pow` takes them."""

SWITCH: Final = "COGNITO_RAW_OPENSSL"
# BN_FLG_CONSTTIME of openssl/bn.h: the number is a secret, whose length must not show either.
_SECRET: Final = 0x04
# Bits beyond which OpenSSL itself takes no key.
_LONGEST: Final = 16384
# A wide modulus with a short exponent, a short one with a long exponent.
# The wide one takes the same way through OpenSSL as SRP's does, whose words are a multiple of eight as well.
_SAMPLES: Final = (
    ((1 << 1535) + 12345, 11, (1 << 1536) - 1103717),
    ((1 << 255) + 12345, (1 << 64) - 59, (1 << 256) - 189),
    (2, 0, 7),
    (0, 5, 7),
)

# The first is in use: two threads may find one at the same time.
_found: list[Power] = []


def power(base: int, exponent: int, modulus: int) -> int:
    """`pow(base, exponent, modulus)`: by OpenSSL where it is there and the numbers are such as it takes.

    It takes an odd modulus above 1, and a base and an exponent of at least 0; anything else is left to `pow`.
    """
    if not _found:
        _found.append(pow if os.environ.get(SWITCH) == "0" else find_power())
    return _found[0](base, exponent, modulus)


def find_power(extension: str = "_ssl") -> Power:
    """The power of the libcrypto that an extension module of Python is linked with; `pow` where none works.

    extension: another one is for tests.
    """
    try:
        import ctypes

        file = getattr(__import__(extension), "__file__", None)
        # Without a file it is built in, and nothing says which libcrypto other handles would lead to.
        return checked(Libcrypto(ctypes.CDLL(file)).power) if file else pow
    except Exception:  # of whichever kind: a hardened system may even refuse the memory that ctypes needs
        return pow


def checked(candidate: Power) -> Power:
    """The candidate if it computes as `pow` does, else `pow`."""
    return candidate if all(candidate(*sample) == pow(*sample) for sample in _SAMPLES) else pow


class Libcrypto:
    """The functions of a libcrypto that a power takes. `AttributeError` where the library has not all of them.

    library: what `ctypes.CDLL` gives, whose functions run without the interpreter's lock.
    """

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
        """As the module's `power`. Nothing is kept between calls, so neither threads nor forks matter."""
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
        """The power of the three values, computed in these numbers; None if OpenSSL finds no memory for it."""
        result, *operands = numbers
        if not context or not all(numbers) or not all(map(self._fill, operands, values)):
            return None
        for secret in operands[:2]:
            self._mark(secret, _SECRET)
        if not self._raise(result, *operands, context, None):
            return None
        return self._value(result, _size(values[2]))

    def _fill(self, number: object, value: int) -> bool:
        size = _size(value)
        return bool(self._read(value.to_bytes(size, "big"), size, number))

    def _value(self, number: object, size: int) -> int | None:
        from ctypes import create_string_buffer, memset

        buffer = create_string_buffer(size)
        try:
            return int.from_bytes(buffer.raw, "big") if self._write(number, buffer, size) == size else None
        finally:
            memset(buffer, 0, size)


def _size(value: int) -> int:
    """The bytes that a number >= 0 takes."""
    return (value.bit_length() + 7) // 8
