"""The types that users see: what they write checks, and their mistakes do not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.once

HERE: Final = Path(__file__).parent / "typing"
ROOT: Final = HERE.parent.parent
_IGNORE: Final = re.compile(r"  # type: ignore\[[^]]*\](?=.*  # refused: )")


def complaints(source: Path, cache: Path) -> list[int]:
    """The lines of which mypy, in its strict mode, reports an error."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "--no-error-summary", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert all(line.startswith(str(source)) for line in errors), errors
    return sorted({int(line.removeprefix(f"{source}:").partition(":")[0]) for line in errors})


def test_users_code_checks_and_their_mistakes_do_not(tmp_path: Path) -> None:
    """mypy finds nothing in the examples of use, and an error on just those lines that are marked as mistakes."""
    text = (HERE / "refused.py").read_text(encoding="utf-8")
    bare = tmp_path / "refused.py"
    bare.write_text(_IGNORE.sub("", text), encoding="utf-8")
    marked = [number for number, line in enumerate(text.splitlines(), 1) if "# refused: " in line]
    assert len(marked) > 20
    assert "type: ignore[" not in bare.read_text(encoding="utf-8")
    assert complaints(bare, tmp_path / "cache") == marked
    assert complaints(HERE / "api.py", tmp_path / "cache") == []
