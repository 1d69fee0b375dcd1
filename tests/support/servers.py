"""Further servers that nobody here wrote: moto, and cognito-local, which needs npm. Neither checks SRP proofs.

Each listens on a free port of this machine, and ends with the tests, also where these are killed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from examples.kept_server import keep
from examples.local_pool import Pool
from tests.support.paths import NODE_MODULES

# Where `make test` has npm put it.
COGNITO_LOCAL: Final = NODE_MODULES / "cognito-local" / "lib" / "bin" / "start.js"
# moto takes unsigned requests for this region's; the others are told it, too.
REGION: Final = "us-east-1"
# What cognito-local sends out, since it is told to.
CODE: Final = "424242"
_PATIENCE: Final = 300.0


@dataclass(frozen=True)
class Elsewhere:
    """A running server."""

    endpoint: str
    admin: Any = field(repr=False)

    def pool(self, *, secret: bool = False, **settings: Any) -> Pool:
        """A new pool whose client signs in with the password itself."""
        pool_id = self.admin.create_user_pool(PoolName="local", **settings)["UserPool"]["Id"]
        client = self.admin.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName="local",
            GenerateSecret=secret,
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]
        return Pool(pool_id, client["ClientId"], client.get("ClientSecret"), self.endpoint, self.admin)


@contextmanager
def moto() -> Iterator[Elsewhere]:
    """moto in its server mode."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, port, "/moto-api/", {}) as server:
        yield server


def missing() -> str | None:
    """Why cognito-local cannot be had, if so."""
    if shutil.which("node") is None:
        return "cognito-local needs node and npm, which are not on this machine"
    return None if COGNITO_LOCAL.is_file() else "cognito-local is not installed; with npm, `make test` installs it"


@contextmanager
def cognito_local() -> Iterator[Elsewhere]:
    """cognito-local, which writes what it knows into a folder of its own."""
    port = _free_port()
    environment = {"HOST": "127.0.0.1", "PORT": str(port), "CODE": CODE}
    with _running(["node", str(COGNITO_LOCAL)], port, "/health", environment) as server:
        yield server


@contextmanager
def _running(command: list[str], port: int, health: str, environment: Mapping[str, str]) -> Iterator[Elsewhere]:
    endpoint = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="cognito_raw-") as name:
        folder = Path(name)
        with keep(command, {**os.environ, **environment}, folder) as process:
            _wait_until_up(process, f"{endpoint}{health}", folder / "log")
            yield Elsewhere(endpoint, _admin(endpoint))


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends = time.monotonic() + _PATIENCE
    while not _is_up(url):
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < ends, log.read_text(errors="replace")
        time.sleep(0.1)


def _is_up(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _admin(endpoint: str) -> Any:
    import boto3  # here: it takes long, and few tests start a server
    from botocore.config import Config as BotoConfig

    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return session.client("cognito-idp", endpoint_url=endpoint, config=BotoConfig(proxies={}))
