"""Put the function and its packages into one zip file: `make lambda-zip`.

The packages are those of this environment, so build it on the function's own system: Linux, with the function's version
of Python and its processor. httpx stays out, since the function uses the standard transport. Bytecode goes with them:
a function cannot write it into its own folder.
"""

from __future__ import annotations

import compileall
import py_compile
import re
import shutil
import sys
import tempfile
import zipfile
from importlib.metadata import distribution, requires
from pathlib import Path

import cognito_raw

HERE = Path(__file__).parent


def build(target: Path) -> Path:
    """Write the zip file and return its path."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shutil.copy(HERE / "handler.py", folder)
        package = Path(cognito_raw.__file__).parent
        shutil.copytree(package, folder / "cognito_raw", ignore=shutil.ignore_patterns("__pycache__"))
        for name in needed("cryptography", "pyjwt"):
            copy_distribution(name, folder)
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(folder, quiet=2, force=True, invalidation_mode=mode)
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
    return target


def needed(*names: str) -> list[str]:
    """Return the names of distributions with all that they require."""
    found: list[str] = []
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            plain = [one for one in requires(name) or () if "extra ==" not in one and "python_version" not in one]
            waiting += [re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0].lower() for one in plain]
    return found


def copy_distribution(name: str, folder: Path) -> None:
    """Copy the modules of an installed distribution."""
    for file in distribution(name).files or ():
        source = Path(str(file.locate()))
        if ".." not in file.parts and "__pycache__" not in file.parts and source.is_file():
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


if __name__ == "__main__":
    written = build(Path(sys.argv[1]))
    print(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
