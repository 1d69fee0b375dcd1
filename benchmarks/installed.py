"""The size of each peer's installation with its dependencies, for Python's distributions and for npm's packages."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

PYTHON: Final = (
    "cognito-raw",
    "cognito-raw[verify]",
    "pycognito",
    "warrant-lite",
    "boto3",
    "PyJWT[crypto]",
    "fastapi-cognito",
)
NODE: Final = ("amazon-cognito-identity-js", "aws-jwt-verify")


def python_size(name: str) -> tuple[float, int]:
    """Return the megabytes of a distribution with its dependencies, and the number of distributions."""
    names = {distribution for distribution, _ in _closure(Requirement(name), set())}
    return sum(map(_bytes, names)) / 1e6, len(names)


def node_size(name: str, modules: Path) -> tuple[float, int]:
    """Return the same for an npm package, which is installed in a separate folder."""
    folder = modules / name / "node_modules"
    files = [file for file in folder.rglob("*") if file.is_file()]
    packages = [file for file in folder.rglob("package.json") if _is_package(file.parents[1].name)]
    return sum(file.stat().st_size for file in files) / 1e6, len(packages)


def _is_package(above: str) -> bool:
    return above == "node_modules" or above.startswith("@")


def _closure(wanted: Requirement, seen: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the required distributions, each with the extra that requires it, or an empty string."""
    for extra in ("", *wanted.extras):
        mark = _canonical(wanted.name), extra
        if mark in seen:
            continue
        seen.add(mark)
        for needed in map(Requirement, importlib.metadata.requires(wanted.name) or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                _closure(needed, seen)
    return seen


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _bytes(name: str) -> int:
    files = importlib.metadata.files(name) or []
    paths = [Path(str(file.locate())) for file in files if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file())
