"""Folders of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FIXTURES: Final = ROOT / "fixtures"
EXAMPLES: Final = ROOT / "examples"
# The packages that `make test` has npm install.
NODE_MODULES: Final = ROOT / ".venv" / "npm" / "node_modules"
