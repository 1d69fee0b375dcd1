"""Tracers see the requests of our own connections: AWS X-Ray, Sentry, Datadog and OpenTelemetry."""

from __future__ import annotations

import http.client
import json
import ssl
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from cognito_raw import Request, StandardTransport
from cognito_raw.transport.httpx_internals import install, is_reusable
from tests.support.hostile import Peer, reply, serving
from tests.support.libraries import httpx
from tests.support.programs import run

PROGRAM: Final = """
import asyncio
import json
import sys
import warnings
from cognito_raw import AsyncClient, Client, Config

warnings.simplefilter("ignore")  # those of the tracers
transport, url = sys.argv[1:]

config = Config("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123", "abc", endpoint=url)

async def call_async():
    async with AsyncClient(config) as client:
        for name in "Known", "Known", "Lost":
            await client.call(name, {})

def call():
    if transport == "async":
        asyncio.run(call_async())
        return
    with Client(config, transport=transport) as client:
        for name in "Known", "Known", "Lost":
            client.call(name, {})

spans = []
"""
# Each ends with the finished spans: the addresses, and the statuses of those that got a reply.
TRACERS: Final = {
    "aws_xray_sdk": """
from aws_xray_sdk.core import patch, xray_recorder

class Emitter:
    def send_entity(self, entity):
        spans.extend(entity.subsegments)

patch(("httplib", "httpx"))
xray_recorder.configure(sampling=False, emitter=Emitter(), service="a program")
with xray_recorder.in_segment("request"):
    call()
assert not any(span.in_progress for span in spans)
found = [(span.http["request"]["url"], span.http.get("response", {}).get("status")) for span in spans]
""",
    "sentry_sdk": """
import sentry_sdk
from sentry_sdk.transport import Transport

class Kept(Transport):
    def capture_envelope(self, envelope):
        spans.extend(span for item in envelope.items for span in item.payload.json.get("spans", []))

sentry_sdk.init("https://key@sentry.invalid/1", transport=Kept, traces_sample_rate=1.0)
with sentry_sdk.start_transaction(name="request"):
    call()
assert all(span["timestamp"] for span in spans)
found = [(span["data"]["url"], span["data"].get("http.response.status_code")) for span in spans]
""",
    "ddtrace": """
from ddtrace import patch
from ddtrace.trace import TraceFilter, tracer

class Kept(TraceFilter):
    def process_trace(self, trace):
        spans.extend(trace[1:])

patch(httplib=True, httpx=True)
tracer.configure(trace_processors=[Kept()])
with tracer.trace("request"):
    call()
assert all(span.finished for span in spans)
found = [(span.get_tag("http.url"), int(span.get_tag("http.status_code") or 0) or None) for span in spans]
""",
    "opentelemetry.instrumentation.httpx": """
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
HTTPXClientInstrumentor().instrument(tracer_provider=provider)
call()
ended = [span.attributes for span in exporter.get_finished_spans()]
found = [(attributes["http.url"], attributes.get("http.status_code")) for attributes in ended]
""",
}
PRINT: Final = """
print(json.dumps(found), flush=True)
if "ddtrace" in sys.modules:  # it would send what it has to a server
    import os
    os._exit(0)
"""
QUIET: Final = {
    "EVENTLET_NO_GREENDNS": "yes",  # Sentry imports eventlet, which cannot be imported beside trio without it
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_TRACE_STARTUP_LOGS": "false",
    "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
}


def is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # the package above it is missing
        return False


async def service(peer: Peer) -> None:
    """Answers each request but one, after which it closes the connection."""
    while (received := await peer.receive()) is not None:
        if received.headers["x-amz-target"].endswith("Lost"):
            return
        await peer.send(reply())


@pytest.mark.parametrize("transport", ["standard", "httpx", "async"])
@pytest.mark.parametrize("tracer", TRACERS)
def test_a_tracer_sees_finished_spans(
    tracer: str, transport: str, certificate: Path, server_side: ssl.SSLContext
) -> None:
    """With the right host and status, also of a request without a reply. Connections are used again all the same."""
    if not is_there(tracer):
        pytest.skip(f"{tracer} is not installed")
    if tracer.startswith("opentelemetry") and transport == "standard":
        pytest.skip("OpenTelemetry has nothing for it: a handler of records makes its spans")
    with serving(service, server_side) as server:
        environment = {"SSL_CERT_FILE": str(certificate), **QUIET}
        program = f"{PROGRAM}{TRACERS[tracer]}{PRINT}"
        spans = json.loads(run(program, transport, server.url.rstrip("/"), environment=environment))
    assert {url.removesuffix("/").removesuffix(f":{server.port}") for url, _ in spans} == {"https://127.0.0.1"}
    assert [status for _, status in spans if status] == [200, 200]
    assert len(spans) >= 3
    assert server.connections == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_wraps_a_function_of_http_client_sees_requests(
    scheme: str, certificate: Path, server_side: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their address, and the status or the exception. The connection of `http.client` sends nothing itself."""
    seen: list[object] = []
    original = http.client.HTTPConnection.getresponse

    def getresponse(self: http.client.HTTPConnection) -> http.client.HTTPResponse:
        seen.append((self.host, self.port, isinstance(self, http.client.HTTPSConnection)))
        try:
            response = original(self)
        except ConnectionError as error:
            seen.append(str(error))
            raise
        seen.append(response.status)
        return response

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", getresponse)
    encrypted = scheme == "https"
    context = ssl.create_default_context(cafile=certificate)
    with (
        serving(service, server_side if encrypted else None) as server,
        closing(StandardTransport(context)) as transport,
    ):
        for name in "Known", "Lost":
            transport.send(Request(server.url, {"X-Amz-Target": name}, b"{}", 60.0))
    to = ("127.0.0.1", server.port, encrypted)
    assert seen == [to, 200, to, "the connection ended in the headers"]
    assert [received.headers["x-amz-target"] for received in server.received] == ["Known", "Lost"]


def test_a_transport_of_httpx_may_be_wrapped() -> None:
    """Our network lies below it all the same."""
    client: Any
    with closing(httpx.Client()) as client:
        inner = client._transport
        client._transport = SimpleNamespace(name="a tracer", wrapped=inner)
        assert install(client, lambda _: "ours")
        assert inner._pool._pool._network_backend == "ours"
        assert is_reusable(client)
        client._transport = inner


VCR: Final = """
import vcr

with vcr.use_cassette("/dev/null/cassette", record_mode="none"):
    call()
"""


@pytest.mark.parametrize("before", ["", "from cognito_raw.transport import traced"])
def test_vcrpy_leaves_the_standard_library_alone(before: str) -> None:
    """Requests go to the network, whole."""
    if not is_there("vcr"):
        pytest.skip("vcrpy is not installed")
    with serving(service) as server:
        run(f"{PROGRAM}{before}{VCR}", "standard", server.url.rstrip("/"))
    assert [received.headers["content-length"] for received in server.received] == ["2"] * 3
