"""A real Redis on a socket of this machine, which a test stops, kills and starts again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

NAME: Final = "redis-server"


class RedisServer:
    """A server on a free port. It keeps its data over a restart."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [NAME, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]
        command += ["--appendfsync", "no", "--dir", str(self._folder), "--loglevel", "warning", *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with redis.Redis(port=self.port) as client:
            for _ in range(600):
                try:
                    client.ping()
                except redis.ConnectionError:
                    time.sleep(0.05)
                else:
                    return
        raise AssertionError("Redis does not answer")

    def stop(self, kind: signal.Signals = signal.SIGTERM) -> None:
        """End it. A killed one may lose what it wrote last."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(kind)
            self._process.wait(60)
            self._process = None

    def hang(self) -> None:
        """Let it take connections, and answer nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def client(self, **options: Any) -> redis.Redis:
        """A client that tries nothing twice."""
        return redis.Redis(port=self.port, **(self._once() | options))

    def async_client(self, **options: Any) -> redis.asyncio.Redis:
        return redis.asyncio.Redis(port=self.port, **(self._once() | options))

    @staticmethod
    def _once() -> dict[str, Any]:
        return {"socket_timeout": 5, "retry": Retry(NoBackoff(), 0)}


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """A running server; the test is skipped where it is not installed."""
    if shutil.which(NAME) is None:
        pytest.skip(f"{NAME} is not installed: apt-get install {NAME}")
    server = RedisServer(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)
