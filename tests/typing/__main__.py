"""Check what users write with other type checkers than our own, and with pylint: `python -m tests.typing`.

That is `api.py`, `operations.py`, and the examples of the README and the pages, each page's as one program.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.pages import ISS, PAGES, examples_of
from tests.support.paths import ROOT

# What the tests give to the examples of a page.
GIVEN: Final = {
    "docs/client.md": """
from cognito_raw import Client, Config, MfaSetup, NewDevice
authenticator = str
client = Client(Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", "abc"))
access_token = refresh_token = device_key = session_id = event_id = feedback_token = posted = "given"
mfa_setup = MfaSetup("MFA_SETUP", "ada", "given")
new_device = NewDevice("given", "given")
""",
    "docs/lambda.md": "import typing\ncontext: typing.Any = None\n",
    "docs/passkeys.md": 'posted = "given"\n',
}
# pyright's own settings are in pyproject.toml; the others have their defaults here, for mypy those of its strict mode.
CHECKERS: Final = {
    "mypy": ("--config-file=", "--check-untyped-defs", "--no-error-summary"),
    "pyright": ("--pythonpath", sys.executable),
    "basedpyright": ("--level", "error", "--pythonpath", sys.executable),
    "ty": ("check", "--output-format=concise", "--python", sys.prefix, "--extra-search-path", str(ROOT)),
    "pyrefly": (
        "check",
        "--python-interpreter-path",
        sys.executable,
        "--search-path",
        str(ROOT),
        "--summary=none",
        "--preset=default",
    ),
    # Without what examples in one program cause: unused names, repeated imports, and names of other examples.
    "pylint": ("--disable=C,R,W0404,W0611,W0621", "--score=n"),
}


def programs() -> Iterator[tuple[str, str]]:
    """The examples of each page, of which one that names a pool begins a program; each of the client's is one."""
    for page in PAGES:
        found = [GIVEN.get(page, "")]
        for example in examples_of(page):
            if ISS in example or page == "docs/client.md":
                found.append(GIVEN.get(page, ""))
            found[-1] += "\n" + example
        name = page.removesuffix(".md").replace("/", "_").lower()
        yield from ((f"{name}_{number}.py", program) for number, program in enumerate(found))


def program_of(checker: str) -> str:
    """The checker of this environment, or the one among the tools."""
    own = Path(sys.executable).parent / checker
    return str(own if own.exists() else ROOT / ".venv" / "tools" / "bin" / checker)


def main() -> int:
    """Run every checker on all files, and tell how many complain."""
    complaints = 0
    with tempfile.TemporaryDirectory() as folder:
        [recipe] = [example for example in examples_of("docs/stores.md") if "class DynamoStore" in example]
        Path(folder, "dynamo_store.py").write_text(recipe, encoding="utf-8")  # which the page on Lambda imports
        files = [ROOT / "tests" / "typing" / name for name in ("api.py", "operations.py")]
        for name, program in programs():
            files.append(Path(folder, name))
            files[-1].write_text(program, encoding="utf-8")
        for checker, options in CHECKERS.items():
            command = [program_of(checker), *options, *map(str, files)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
            if done.returncode:
                complaints += 1
                print(f"--- {checker}\n{done.stdout}{done.stderr}", file=sys.stderr)
    return complaints


if __name__ == "__main__":
    raise SystemExit(main())
