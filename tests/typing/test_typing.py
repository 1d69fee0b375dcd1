"""The types that users see: what they write checks, and their mistakes do not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.paths import ROOT
from tests.typing.__main__ import program_of

HERE: Final = Path(__file__).parent
_IGNORE: Final = re.compile(r"  # type: ignore\[[^]]*\](?=.*  # refused: )")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy has read of the library, for all tests."""
    return tmp_path_factory.mktemp("cache")


def complaints(source: Path, cache: Path, *options: str) -> list[int]:
    """The lines of which mypy, in its strict mode, reports an error."""
    options = ("--strict", "--no-error-summary", "--cache-dir", str(cache), *options)
    command = [sys.executable, "-m", "mypy", *options, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, cwd=ROOT, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert all(line.startswith(str(source)) for line in errors), errors
    return sorted({int(line.removeprefix(f"{source}:").partition(":")[0]) for line in errors})


def pyright_complaints(source: Path) -> list[int]:
    """The lines of which pyright reports an error."""
    command = [program_of("pyright"), "--pythonpath", sys.executable, "--outputjson", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, cwd=ROOT, check=False)
    errors = json.loads(done.stdout)["generalDiagnostics"]
    return [error["range"]["start"]["line"] + 1 for error in errors]


def test_pyright_reports_every_condition_on_a_result_and_every_misspelt_reason(tmp_path: Path) -> None:
    """`if result:` and `case Err("code-missmatch")` are errors on their lines; and nothing else in the file is."""
    text = (HERE / "truth.py").read_text(encoding="utf-8")
    bare = tmp_path / "truth.py"
    bare.write_text(re.sub(r"# pyright: ignore.*", "", text), encoding="utf-8")
    marked = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# refused")]
    assert len(marked) == 8
    assert pyright_complaints(bare) == marked
    assert pyright_complaints(HERE / "truth.py") == []


def test_users_code_checks_and_their_mistakes_do_not(tmp_path: Path, cache: Path) -> None:
    """mypy finds nothing in the examples of use, and an error on just those lines that are marked as mistakes."""
    text = (HERE / "refused.py").read_text(encoding="utf-8")
    bare = tmp_path / "refused.py"
    bare.write_text(_IGNORE.sub("", text), encoding="utf-8")
    marked = [number for number, line in enumerate(text.splitlines(), 1) if "# refused: " in line]
    assert len(marked) > 20
    assert "type: ignore[" not in bare.read_text(encoding="utf-8")
    assert complaints(bare, cache) == marked
    assert [complaints(HERE / name, cache) for name in ("api.py", "operations.py")] == [[], []]


def test_mypy_reports_a_misspelt_reason_where_it_warns_of_code_that_is_not_reached(tmp_path: Path, cache: Path) -> None:
    """The line after `case Err("code-missmatch")` is an error."""
    lines = (HERE / "truth.py").read_text(encoding="utf-8").splitlines()
    after = [number for number, line in enumerate(lines, 2) if "case Err" in line]
    copy = tmp_path / "truth.py"
    copy.write_text("\n".join(lines), encoding="utf-8")
    assert set(after) <= set(complaints(copy, cache, "--warn-unreachable"))
