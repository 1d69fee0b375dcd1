"""A look-up of hosts that finds what a test says, when it says so: a resolver is a part of the world."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest


class Resolver:
    """Finds the ports of some servers of this machine under any name, in their order.

    threads: in which it was asked. answers: set while it answers.
    """

    def __init__(self, *urls: str) -> None:
        self.threads: list[threading.Thread] = []
        self.answers = threading.Event()
        self.answers.set()
        self._process = os.getpid()
        self._urls = [urlsplit(url) for url in urls]

    def __call__(self, *_: object, **__: object) -> list[tuple[Any, ...]]:
        self.threads.append(threading.current_thread())
        if self._process == os.getpid():  # in a fork it answers at once
            self.answers.wait(60)
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (url.hostname, url.port, 0, 0))
            if ":" in str(url.hostname)
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (url.hostname, url.port))
            for url in self._urls
        ]


@contextmanager
def resolving(*urls: str) -> Iterator[Resolver]:
    """The resolver of this process while the test runs. In the end it answers everybody."""
    resolver = Resolver(*urls)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolver)
        try:
            yield resolver
        finally:
            resolver.answers.set()


def named(url: str) -> str:
    """The URL with a name that only a resolver knows."""
    return url.replace("127.0.0.1", "pool.test")
