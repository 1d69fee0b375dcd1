"""Errors after which all roots of a trust store are loaded, and those after which they are not."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from cognito_raw.transport.certificates import TrustStore

CHAINED = RuntimeError("a wrapper")
CHAINED.__context__ = ssl.SSLCertVerificationError("refused")
OTHERS: list[Exception] = [
    ConnectionRefusedError("refused"),
    TimeoutError("late"),
    ssl.SSLError("no protocol"),
    ValueError("anything"),
]


@pytest.mark.parametrize("error", OTHERS, ids=lambda error: type(error).__name__)
def test_an_error_that_is_no_certificates_is_not_tried_again(error: Exception, certificate: Path) -> None:
    """The job runs once, blocking or not, and its error is raised as it is."""
    ran: list[str] = []

    def job() -> None:
        ran.append("sync")
        raise error

    async def async_job() -> None:
        ran.append("async")
        raise error

    store = TrustStore(ssl.create_default_context(), str(certificate))
    with pytest.raises(type(error)) as caught:
        store.retry_with_all_roots(job)
    assert caught.value is error
    with pytest.raises(type(error)):
        asyncio.run(store.aretry_with_all_roots(async_job, lambda: False))
    assert ran == ["sync", "async"]


@pytest.mark.parametrize("error", [ssl.SSLCertVerificationError("refused"), CHAINED], ids=["itself", "wrapped"])
def test_a_certificate_that_was_refused_is_looked_at_again_with_all_roots(error: Exception, certificate: Path) -> None:
    """The roots are loaded once: a second refusal in the same store is final."""
    ran: list[int] = []

    def job() -> None:
        ran.append(len(context.get_ca_certs()))
        raise error

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    store = TrustStore(context, str(certificate))
    for _ in range(2):
        with pytest.raises(type(error)):
            store.retry_with_all_roots(job)
    assert len(ran) == 3
