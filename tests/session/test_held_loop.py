"""An event loop never waits for files, imports, certificates or look-ups, from the first call on."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import certifi
import pytest

from tests.session.test_cold_start import REPLIES
from tests.support.hostile import Peer, reply, serving
from tests.support.libraries import LIBRARIES
from tests.support.programs import run
from tests.support.samples import ISS
from tests.support.tokens import key_set, token

PROGRAM = f"""
import asyncio
import json
import os
import sys
from tests.support import held_loop

import cognito_raw
from cognito_raw import AsyncSession, AsyncTokenVerifier, Config, Err

library, endpoint, token = sys.argv[1:]
held_loop.install()

async def main():
    with held_loop.calls_on_the_loop() as calls:
        config = Config("{ISS}", "client", "s3cret", endpoint)
        async with AsyncSession(config, transport=library) as session:
            (await session.login("bob", "hunter2")).unwrap()
            print((await session.id_token()).unwrap().payload["email"])
        verifier = AsyncTokenVerifier(config, transport=library)
        print((await verifier.verify(token)).reason)
    print(json.dumps(calls), flush=True)

asyncio.run(main())
os._exit(0)  # what blockbuster does to built-in classes may crash the end of an interpreter
"""


async def service(peer: Peer) -> None:
    """Answers each operation with its canned reply, and everything else with the key set."""
    while (received := await peer.receive()) is not None:
        operation = received.headers.get("x-amz-target", "").rpartition(".")[2]
        await peer.send(reply(json.dumps(REPLIES[operation]).encode() if operation else key_set()))


@pytest.mark.parametrize("library", LIBRARIES)
def test_from_the_import_to_the_tokens_the_loop_waits_for_nothing(
    library: str, certificate: Path, server_side: ssl.SSLContext, tmp_path: Path
) -> None:
    """Sessions and verifiers load what they need in a thread, and the roots beside Amazon's too."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(Path(certifi.where()).read_bytes() + certificate.read_bytes().rpartition(b"-----BEGIN EC")[0])
    with serving(service, server_side) as server:
        printed = run(PROGRAM, library, server.url.rstrip("/"), token(), environment={"SSL_CERT_FILE": str(roots)})
    assert printed.splitlines() == ["bob@e", "token-client-refused", "[]"]
