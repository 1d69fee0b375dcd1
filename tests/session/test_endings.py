"""Ends of a process: nothing hangs, and nothing raises or warns."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.programs import run

PRELUDE: Final = """
import base64, json, time
from cognito_raw import AsyncSession, Config, Ok, Reply, Session
CONFIG = Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123", "client")

def jwt(**claims):
    parts = (b'{"alg":"RS256"}', json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

class Service:
    def send(self, request):
        now = int(time.time())
        claims = dict(iat=now, exp=now + 3600, sub="u")
        result = {"IdToken": jwt(**claims), "AccessToken": jwt(**claims), "RefreshToken": "r", "ExpiresIn": 3600}
        return Ok(Reply(200, {}, json.dumps({"AuthenticationResult": result}).encode()))

    async def asend(self, request):
        return Service.send(self, request)

class AsyncService:
    async def send(self, request):
        return Service().send(request)

session = Session(CONFIG, transport=Service())
session.login("ada", "secret", flow="USER_PASSWORD_AUTH").unwrap()
"""
PROGRAMS: Final = {
    "keep_fresh is entered": "context = session.keep_fresh()\ncontext.__enter__()\nprint('ended')",
    "keep_fresh is entered in a generator": """
def forever():
    with session.keep_fresh():
        yield
generator = forever()
next(generator)
print('ended')""",
    "a refresh is under way": """
class Slow:
    def send(self, request):
        time.sleep(3600)
session._transport = Slow()
session.within(0.1).refresh()
print('ended')""",
    "a fetch of keys is under way": """
from cognito_raw import TokenVerifier
class Slow:
    def send(self, request):
        time.sleep(3600)
token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ." + session.id_token().unwrap().jwt.partition(".")[2]
print('ended', TokenVerifier(CONFIG, transport=Slow()).within(0.1).verify(token).reason)""",
    "an async fetch of keys is under way": """
import asyncio
from cognito_raw import AsyncTokenVerifier
class Slow:
    async def send(self, request):
        await asyncio.sleep(3600)
token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ." + session.id_token().unwrap().jwt.partition(".")[2]
verifier = AsyncTokenVerifier(CONFIG, transport=Slow()).within(0.1)
print('ended', asyncio.run(verifier.verify(token)).reason)""",
    "an async keep_fresh is entered": """
import asyncio
async def main():
    session = AsyncSession(CONFIG, transport=AsyncService())
    await session.login("ada", "secret", flow="USER_PASSWORD_AUTH")
    global context
    context = session.keep_fresh()
    await context.__aenter__()
asyncio.run(main())
print('ended')""",
    "a session is used in an exit function": """
import atexit
atexit.register(lambda: print('ended', isinstance(session.refresh(), Ok)))""",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_process_ends_whatever_is_under_way(program: str) -> None:
    """At once, with nothing on its standard error."""
    output = run(PRELUDE + program)
    assert output.startswith("ended")
    assert "False" not in output
