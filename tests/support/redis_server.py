"""A real Redis on a socket of this machine, which a test stops, kills and starts again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from examples.kept_server import start

NAME: Final = "redis-server"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


class RedisServer:
    """A server on a free port. It keeps its data over a restart."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._keeper: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self.port = free_port()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._keeper = start([shutil.which(NAME) or NAME, *self._arguments()], os.environ, self._folder, is_kept=True)
        with redis.Redis(port=self.port) as client:
            for _ in range(600):
                try:
                    self._pid = client.info("server")["process_id"]
                except redis.ConnectionError:
                    time.sleep(0.05)
                else:
                    return
        raise AssertionError("Redis does not answer")

    def _arguments(self) -> list[str]:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]
        return [*arguments, "--appendfsync", "no", "--dir", str(self._folder), "--loglevel", "warning", *self._options]

    def stop(self, kind: signal.Signals = signal.SIGTERM) -> None:
        """End it. A killed one may lose what it wrote last."""
        if self._keeper is not None:
            os.kill(self._pid, signal.SIGCONT)
            os.kill(self._pid, kind)
            self._keeper.wait(60)
            self._keeper = None

    def hang(self) -> None:
        """Let it take connections, and answer nothing."""
        os.kill(self._pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def client(self, **options: Any) -> redis.Redis:
        """A client that tries nothing twice."""
        return redis.Redis(**(self._once() | options))

    def async_client(self, **options: Any) -> redis.asyncio.Redis:
        return redis.asyncio.Redis(**(self._once() | options))

    def _once(self) -> dict[str, Any]:
        return {"port": self.port, "socket_timeout": 30, "retry": Retry(NoBackoff(), 0)}


class RedisSentinel(RedisServer):
    """A Sentinel, which watches the server of this port under the name `engines`."""

    def __init__(self, folder: Path, watched: int) -> None:
        super().__init__(folder)
        self._watched = watched

    def _arguments(self) -> list[str]:
        path = self._folder / "sentinel.conf"  # where it keeps what it learns
        lines = [f"port {self.port}", "bind 127.0.0.1", f"sentinel monitor engines 127.0.0.1 {self._watched} 1"]
        path.write_text("\n".join([*lines, f"dir {self._folder}", ""]), encoding="utf-8")
        return [str(path), "--sentinel", "--loglevel", "warning"]


Server = TypeVar("Server", bound=RedisServer)


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """A running server; the test is skipped where it is not installed."""
    with running(RedisServer(folder, *options)) as server:
        yield server


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The same server, started, and ended after the block."""
    if shutil.which(NAME) is None:
        pytest.skip(f"{NAME} is not installed: apt-get install {NAME}")
    server.start()
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)


@contextmanager
def redis_cluster(folder: Path) -> Iterator[RedisServer]:
    """A cluster of one server."""
    with redis_server(folder, "--cluster-enabled", "yes") as server, server.client() as client:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        for _ in range(600):
            if client.cluster("INFO")["cluster_state"] == "ok":
                break
            time.sleep(0.05)
        yield server
