"""Python programs in processes of their own, in which every warning is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import cognito_raw
from tests.support.paths import ROOT

# The folder that the package was imported from: the project's own, or the one that a wheel was installed into.
PACKAGES: Final = str(Path(cognito_raw.__file__).parents[1])
# All of the environment that a program has, beside what a test gives it: no proxy, no language, no switch of ours.
_KEPT: Final = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")


def run(
    program: str,
    *arguments: str,
    options: Sequence[str] = (),
    environment: Mapping[str, str] = MappingProxyType({}),
    stdin: str = "",
    timeout: float = 300.0,
) -> str:
    """Run a program and return its output. It must end in time, with status 0, and print no errors.

    options: of the interpreter; `-I` hides the project and the package, which the program must find by itself.
    environment: variables beside the few that every program has.
    """
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    ended = subprocess.run(
        [sys.executable, *options, "-W", "error", "-c", program, *arguments],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": os.pathsep.join((PACKAGES, str(ROOT))), **environment},
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    return ended.stdout.strip()


def begin(
    *arguments: str, environment: Mapping[str, str] = MappingProxyType({}), **options: Any
) -> subprocess.Popen[str]:
    """Start Python with these arguments, and pipes to talk to it.

    environment: variables beside those of this process. options: of `Popen`.
    """
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((PACKAGES, str(ROOT))), **environment},
        encoding="utf-8",
        **options,
    )


def modules_after(code: str, *path: str, argument: str = "") -> set[str]:
    """The modules that the code loads in a new interpreter, which finds only what is in `path`.

    The interpreter runs isolated and without `site`, so that nothing of the machine is loaded beforehand.
    """
    script = f"""
import sys
argument = sys.argv.pop()
sys.path[:0] = sys.argv[1:]
before = set(sys.modules)
{code}
print(*sorted(set(sys.modules) - before))
"""
    return set(run(script, *path, argument, options=("-I", "-S")).split())
