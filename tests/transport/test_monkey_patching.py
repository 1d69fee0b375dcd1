"""gevent and eventlet, which put sockets and threads of their own in the place of Python's."""

from __future__ import annotations

import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.support.hostile import deaf, dripping, echoing, serving, together
from tests.support.programs import run

PROGRAM: Final = """
import sys
import warnings
from contextlib import suppress

tool, *urls, answering, meeting = sys.argv[1:]
warnings.simplefilter("ignore")
if tool == "gevent":
    from gevent import monkey
    monkey.patch_all()
    from gevent.pool import Pool
    both = Pool(2).map
else:
    with suppress(ImportError):
        import trio  # httpx imports it where it is there, and it cannot be imported later
    import eventlet
    eventlet.monkey_patch()
    both = eventlet.GreenPool(2).imap
warnings.simplefilter("error")

import httpx
from cognito_raw import Client, Config, HttpxTransport, Request, StandardTransport

def summary(result):
    return getattr(result, "reason", "Ok")

with httpx.Client(verify=False) as own:
    for transport in HttpxTransport(), StandardTransport(), HttpxTransport(own):
        print([summary(transport.send(Request(url, {}, b"{}", 0.2))) for url in urls])
        print([summary(transport.send(Request(answering, {}, b"{}", 60.0))) for _ in range(2)])
        print([summary(one) for one in both(transport.send, [Request(meeting, {}, b"{}", 60.0)] * 2)])
        transport.close()
"""


@pytest.mark.parametrize("tool", ["gevent", "eventlet"])
def test_a_passed_deadline_is_timed_out_under(tool: str, certificate: Path, server_side: ssl.SSLContext) -> None:
    """In clear text and over TLS, over which requests succeed too. No wait holds another green thread."""
    if find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed")
    drops = dripping(b"HTTP/1.1 200 OK\r\n", b"X: a")
    with (
        serving(deaf) as plain,
        serving(drops) as slow,
        serving(deaf, server_side) as encrypted,
        serving(echoing, server_side) as answering,
        serving(together(2, 2, 2)) as meeting,
    ):
        urls = [server.url for server in (plain, slow, encrypted, answering, meeting)]
        # Beside trio, look-ups of its own keep eventlet from being imported.
        environment = {"SSL_CERT_FILE": str(certificate), "EVENTLET_NO_GREENDNS": "yes"}
        printed = run(PROGRAM, tool, *urls, environment=environment)
    assert printed.splitlines() == [str(["timed-out"] * 3), "['Ok', 'Ok']", "['Ok', 'Ok']"] * 3
