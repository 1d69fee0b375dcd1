"""An event loop never waits for files, imports, certificates or look-ups, from the first call on."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Final

import certifi
import pytest

from tests.session.test_cold_start import REPLIES
from tests.support.hostile import Peer, reply, serving
from tests.support.libraries import LIBRARIES
from tests.support.programs import run
from tests.support.samples import ISS
from tests.support.tokens import key_set, token

PROGRAM: Final = f"""
import asyncio
import json
import os
import sys
from tests.support import held_loop

import cognito_raw
from cognito_raw import AsyncClient, AsyncSession, AsyncTokenVerifier, Config, Err

library, endpoint, token, debug = sys.argv[1:]
held_loop.install()

async def main():
    asyncio.get_running_loop().slow_callback_duration = 3600.0
    with held_loop.calls_on_the_loop() as calls:
        config = Config("{ISS}", "client", "s3cret", endpoint)
        if debug:  # the first call is a refresh
            carried = AsyncSession.from_refresh_token(config, "refresh", transport=library)
            (await carried.access_token()).unwrap()
        async with AsyncSession(config, transport=library) as session:
            (await session.login("bob", "hunter2")).unwrap()
            print((await session.id_token()).unwrap().payload["email"])
            (await session.refresh()).unwrap()
            async with session.keep_fresh():
                (await session.logout()).unwrap()
        print((await AsyncClient(config, transport=library).get_user("access")).unwrap().username)
        print((await AsyncClient(config, transport=library).call("Refused", {{}})).reason)
        verifier = AsyncTokenVerifier(config, transport=library)
        print((await verifier.verify(token)).reason)
    print(json.dumps(calls), flush=True)

asyncio.run(main(), debug=bool(debug))
os._exit(0)  # what blockbuster does to built-in classes may crash the end of an interpreter
"""
RESULT: Final = {**REPLIES["RespondToAuthChallenge"]["AuthenticationResult"], "RefreshToken": "refresh"}
ANSWERS: Final = {
    **REPLIES,
    "RespondToAuthChallenge": {"AuthenticationResult": RESULT},
    "GetTokensFromRefreshToken": {"AuthenticationResult": RESULT},
    "GetUser": {"Username": "bob", "UserAttributes": []},
    "RevokeToken": {},
    "Refused": {"__type": "CodeMismatchException"},
}


KEPT = f"""
import asyncio
import json
import os
import sys
from tests.support import held_loop

from cognito_raw import AsyncSession, Config

library, endpoint = sys.argv[1:]
held_loop.install()

async def main():
    told = asyncio.Event()
    with held_loop.calls_on_the_loop() as calls:
        config = Config("{ISS}", "client", "s3cret", endpoint)
        session = AsyncSession.from_refresh_token(config, "refresh-token", transport=library)
        session.subscribe(lambda _: told.set())
        async with session, session.keep_fresh():
            await asyncio.wait_for(told.wait(), 60)
    print(json.dumps(calls), flush=True)

asyncio.run(main())
os._exit(0)
"""


async def service(peer: Peer) -> None:
    """Answers each operation with its canned reply, and everything else with the key set."""
    while (received := await peer.receive()) is not None:
        operation = received.headers.get("x-amz-target", "").rpartition(".")[2]
        await peer.send(reply(json.dumps(ANSWERS[operation]).encode() if operation else key_set()))


@pytest.mark.parametrize("debug", ["", "debug"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_from_the_import_to_the_tokens_the_loop_waits_for_nothing(
    library: str, debug: str, certificate: Path, server_side: ssl.SSLContext, tmp_path: Path
) -> None:
    """Sessions, clients and verifiers load what they need in a thread, and the roots beside Amazon's too."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(Path(certifi.where()).read_bytes() + certificate.read_bytes().rpartition(b"-----BEGIN EC")[0])
    with serving(service, server_side) as server:
        arguments = library, server.url.rstrip("/"), token(), debug
        printed = run(PROGRAM, *arguments, environment={"SSL_CERT_FILE": str(roots)})
    assert printed.splitlines() == ["bob@e", "bob", "code-mismatch", "token-client-refused", "[]"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_loop_waits_for_nothing_where_a_session_is_kept_fresh(library: str) -> None:
    """Nor does it for the first thing that a program does."""
    with serving(service) as server:
        assert run(KEPT, library, server.url.rstrip("/")).splitlines() == ["[]"]
