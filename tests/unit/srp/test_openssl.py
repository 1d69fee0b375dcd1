"""Modular powers by the interpreter's own libcrypto: the numbers of `pow`, whatever the numbers, threads and forks."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from cognito_raw.srp import exchange as srp
from cognito_raw.srp import openssl
from cognito_raw.srp.openssl import Libcrypto, checked, find_power, power
from tests.support.programs import run

OPENSSL: Final = find_power()

needs_openssl = pytest.mark.skipif(OPENSSL is pow, reason="this interpreter hides its libcrypto")


def test_an_interpreter_linked_with_a_libcrypto_of_its_own_shows_it() -> None:
    """Where `_ssl` is a shared module beside a shared libcrypto, as in Linux's pythons, it is found."""
    import _ssl

    if sys.platform != "linux" or not getattr(_ssl, "__file__", None):
        pytest.skip("no shared _ssl on Linux here")
    linked = Path(f"/proc/{os.getpid()}/maps").read_text(encoding="utf-8")
    assert ("libcrypto" in linked) == (OPENSSL is not pow)


EDGES: Final = [
    0,
    1,
    2,
    3,
    255,
    256,
    2**63 - 1,
    2**64,
    2**64 + 1,
    2**255 - 19,
    2**521 - 1,
    srp.N - 1,
    srp.N,
    srp.N + 1,
    2**3072,
    2**4096 + 1,
]


def test_every_pair_of_edges_computes_as_pow_does() -> None:
    """Zeros, ones, whole words, N and its neighbours, as base and as exponent, under odd and even moduli."""
    moduli = [1, 2, 3, 255, 256, 2**64 - 1, 2**64 + 1, 2**521 - 1, srp.N]
    for modulus in moduli:
        for base in EDGES:
            for exponent in (*EDGES[:10], 2**521 - 1):
                assert OPENSSL(base, exponent, modulus) == pow(base, exponent, modulus), (base, exponent, modulus)


@pytest.mark.once
def test_thousands_of_random_powers_compute_as_pow_does() -> None:
    """Whatever the lengths of the three numbers, the result is that of `pow`."""
    rng = random.Random(1)
    for _ in range(5000):
        base, exponent, modulus = (rng.getrandbits(rng.randrange(1, 700)) for _ in range(3))
        assert OPENSSL(base, exponent, modulus | 1) == pow(base, exponent, modulus | 1)


def test_powers_of_the_size_of_a_sign_in_compute_as_pow_does() -> None:
    """So do powers under N, with exponents of 256 and 512 bits, and results with zeros in front."""
    rng = random.Random(2)
    for bits in (256, 512) * 20:
        base, exponent = rng.getrandbits(3072), rng.getrandbits(bits)
        assert OPENSSL(base, exponent, srp.N) == pow(base, exponent, srp.N)
    assert OPENSSL(srp.N + 7, 1, srp.N) == 7


@pytest.mark.parametrize(
    "numbers",
    [(-3, 5, 7), (3, -1, 7), (3, 5, -7), (3, 5, 8), (3, 5, 1), (3, 2**16384, 7), (3, 5, 2**16385 + 1)],
    ids=["negative base", "inverse", "negative modulus", "even modulus", "modulus 1", "huge exponent", "huge modulus"],
)
def test_what_openssl_does_not_take_is_left_to_pow(numbers: tuple[int, int, int]) -> None:
    """The result is still that of `pow`, and so is the error."""
    assert OPENSSL(*numbers) == pow(*numbers)


def test_a_modulus_of_zero_is_the_error_of_pow() -> None:
    """As `pow` says it."""
    with pytest.raises(ValueError, match="cannot be 0"):
        OPENSSL(3, 5, 0)


@pytest.mark.parametrize(
    "extension",
    ["sys", "_ctypes", "json", "no_such_module"],
    ids=["built in", "without the symbols", "not a library", "not there"],
)
def test_where_there_is_no_libcrypto_pow_does_it(extension: str) -> None:
    """An interpreter whose `_ssl` is built in, or hides what it is linked with, silently uses `pow`."""
    assert find_power(extension) is pow


class FakePower:
    """A power that is not `pow` itself."""

    def __call__(self, base: int, exponent: int, modulus: int) -> int:
        return pow(base, exponent, modulus)


def test_a_library_that_computes_wrongly_is_not_used() -> None:
    """Before its first use, the power is held to `pow`; a wrong result or an error leaves `pow`."""
    assert checked(lambda b, e, m: pow(b, e, m) ^ 1) is pow
    right = FakePower()
    assert checked(right) is right


class FakeLibcrypto:
    """A libcrypto of Python functions that counts what it gives out, and fails at one call."""

    def __init__(self, failing: str = "", at: int = 1) -> None:
        self.held: list[int] = []
        self.freed: list[int | None] = []
        self._failing, self._left = failing, at
        for name in ("BN_CTX_new", "BN_new"):
            setattr(self, name, self._giving(name))
        for name in ("BN_bin2bn", "BN_bn2binpad", "BN_mod_exp_mont_consttime"):
            setattr(self, name, self._answering(name))
        self.BN_set_flags = lambda *_: None
        self.BN_clear_free = self.BN_CTX_free = self._taking()

    def _taking(self) -> Callable[[int | None], None]:
        def take(given: int | None) -> None:
            self.freed.append(given)

        return take

    def _fails(self, name: str) -> bool:
        self._left -= name == self._failing
        return name == self._failing and self._left == 0

    def _giving(self, name: str) -> Callable[[], int | None]:
        def give() -> int | None:
            if self._fails(name):
                return None
            self.held.append(len(self.held) + 1)
            return self.held[-1]

        return give

    def _answering(self, name: str) -> Callable[..., int]:
        # BN_bn2binpad gives the number of bytes it wrote: of the modulus below, one.
        return lambda *_: 0 if self._fails(name) else 1


@pytest.mark.parametrize(
    ("failing", "at"),
    [
        ("BN_CTX_new", 1),
        *[("BN_new", at) for at in (1, 2, 3, 4)],
        *[("BN_bin2bn", at) for at in (1, 2, 3)],
        ("BN_mod_exp_mont_consttime", 1),
        ("BN_bn2binpad", 1),
    ],
)
def test_whatever_fails_everything_is_freed_and_pow_does_it(failing: str, at: int) -> None:
    """Where OpenSSL finds no memory, every number and the context that it had given are freed, and cleared."""
    library = FakeLibcrypto(failing, at)
    assert Libcrypto(library).power(3, 5, 7) == 5
    assert sorted(given for given in library.freed if given) == library.held


def test_whatever_raises_everything_is_freed() -> None:
    """An exception on the way, such as Control-C, leaves nothing behind either."""
    library = FakeLibcrypto()

    def interrupted(*_: Any) -> int:
        raise KeyboardInterrupt

    library.BN_mod_exp_mont_consttime = interrupted  # type: ignore[attr-defined]  # set by name above
    with pytest.raises(KeyboardInterrupt):
        Libcrypto(library).power(3, 5, 7)
    assert sorted(given for given in library.freed if given) == library.held


def test_a_library_without_one_of_the_functions_is_none() -> None:
    """What is missing is noticed before the first power."""
    library = FakeLibcrypto()
    del library.BN_set_flags
    with pytest.raises(AttributeError):
        Libcrypto(library)


def resident() -> int:
    """The pages of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])


@pytest.mark.once
@needs_openssl
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_thousands_of_powers_leave_no_memory_behind() -> None:
    """Every number that OpenSSL makes is freed: 3,000 powers would otherwise hold on to 4.5 MB."""
    for _ in range(1000):
        OPENSSL(2, 3, srp.N)
    before = resident()
    for _ in range(3000):
        OPENSSL(2, 3, srp.N)
    assert (resident() - before) * os.sysconf("SC_PAGE_SIZE") < 1024 * 1024


@pytest.mark.once
def test_many_threads_compute_at_once() -> None:
    """Each thread gets its own result."""

    def some(seed: int) -> bool:
        rng = random.Random(seed)
        numbers = [(rng.getrandbits(3000), rng.getrandbits(16), srp.N) for _ in range(50)]
        return [OPENSSL(*three) for three in numbers] == [pow(*three) for three in numbers]

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(some, range(16)))


@needs_openssl
def test_other_threads_run_meanwhile() -> None:
    """A power does not hold the interpreter's lock: while one goes on for long, another thread counts."""
    modulus, ticks, over = (1 << 16383) + 1, 0, threading.Event()

    def count() -> None:
        nonlocal ticks
        while not over.wait(0.001):
            ticks += 1

    counting = threading.Thread(target=count)
    counting.start()
    began = time.monotonic()
    OPENSSL(3, (1 << 16000) - 1, modulus)
    took, counted = time.monotonic() - began, ticks
    over.set()
    counting.join()
    assert took > 0.05, "too quick to tell"
    assert counted > 5


PROGRAM: Final = """
import sys
{before}
from cognito_raw.srp import exchange as srp
from cognito_raw.srp import openssl
assert "ctypes" not in sys.modules
pair = srp.Ephemeral.of(5)
assert pair.A == 32
print(openssl._chosen() is pow)
"""


@pytest.mark.parametrize(
    ("switch", "slow"), [("0", True), ("1", OPENSSL is pow), (None, OPENSSL is pow)], ids=["off", "on", "not set"]
)
def test_the_environment_turns_it_off(switch: str | None, slow: bool) -> None:
    """`COGNITO_RAW_OPENSSL=0` leaves the powers to `pow`; nothing is loaded before the first one."""
    environment = {} if switch is None else {openssl.SWITCH: switch}
    assert run(PROGRAM.format(before=""), environment=environment) == str(slow)


def test_without_ctypes_pow_does_it() -> None:
    """Some interpreters are built without ctypes."""
    assert run(PROGRAM.format(before="sys.modules['_ctypes'] = None")) == "True"


def test_a_fork_computes_while_a_thread_of_its_parent_does() -> None:
    """A child that was forked in the middle of another thread's power computes rightly, and ends."""
    if sys.platform == "win32":
        pytest.skip("no forks here")
    program = """
import os, threading, warnings
from cognito_raw.srp import exchange as srp
from cognito_raw.srp.openssl import power
warnings.simplefilter("ignore", DeprecationWarning)  # of forks in a process with threads

power(2, 3, srp.N)  # what Python loads at first, under locks of its own, is no part of it

def compute():
    while not over:
        power(2, 1 << 255, srp.N)

over = False
threads = [threading.Thread(target=compute) for _ in range(3)]
for thread in threads:
    thread.start()
for number in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if power(3, 65537, srp.N) == pow(3, 65537, srp.N) else 1)
    assert os.waitpid(child, 0)[1] == 0
over = True
for thread in threads:
    thread.join()
print("done")
"""
    assert run(program) == "done"


def test_the_first_power_is_found_once() -> None:
    """The module's own function is the one that sign-ins use, whichever way it computes."""
    assert power(3, 5, 7) == power(3, 5, 7) == 5
    assert power(2, 2**255 - 19, srp.N) == pow(2, 2**255 - 19, srp.N)
