"""A watch over what an event loop must not wait for: files, imports, certificates and look-ups. It counts calls."""

from __future__ import annotations

import asyncio
import builtins
import glob
import importlib
import linecache
import os
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from blockbuster import blockbuster_ctx

_EVENTS: Final = ("open", "import", "os.listdir", "os.scandir", "ctypes.dlopen", "socket.getaddrinfo")
# Those that programs such as Home Assistant watch, and have no event of their own.
_FUNCTIONS: Final[tuple[tuple[Any, str], ...]] = (
    (builtins, "open"),
    (time, "sleep"),
    (os, "walk"),
    (os, "stat"),
    (glob, "glob"),
    (importlib, "import_module"),
    (ssl.SSLContext, "load_verify_locations"),
    (ssl.SSLContext, "load_default_certs"),
    (ssl.SSLContext, "set_default_verify_paths"),
    (ssl.SSLContext, "load_cert_chain"),
)

_calls: list[str] = []
_watching = False


def _note(name: str, arguments: tuple[Any, ...]) -> None:
    global _watching
    if _watching and asyncio._get_running_loop() is not None:
        _watching = False  # or the note itself would be one
        places = [f"{frame.f_code.co_filename}:{frame.f_lineno}" for frame in _callers()]
        if not any(place.startswith(linecache.__file__) for place in places):  # asyncio's debug mode reads sources
            ours = (place for place in places if "cognito_raw" in place)
            _calls.append(f"{name} {arguments[:2]!r} in {next(ours, '?')}")
        _watching = True


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _watch(owner: Any, name: str) -> None:
    original = getattr(owner, name)

    def watched(*arguments: Any, **options: Any) -> Any:
        _note(name, arguments)
        return original(*arguments, **options)

    setattr(owner, name, watched)


def install() -> None:
    """Begin to look, for the rest of the process."""
    sys.addaudithook(lambda event, arguments: _note(event, arguments) if event in _EVENTS else None)
    for owner, name in _FUNCTIONS:
        _watch(owner, name)


@contextmanager
def calls_on_the_loop() -> Iterator[list[str]]:
    """Collect the calls that a running event loop waits for. Those that blockbuster knows raise."""
    global _watching
    with blockbuster_ctx():
        _watching = True
        try:
            yield _calls
        finally:
            _watching = False
