"""Which certificates the transports read, and when: they trust no more and no less for it."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest
from OpenSSL import crypto

from cognito_raw.transport.httpx_rules import usual_trust
from cognito_raw.transport.trust import of_amazon
from tests.certificates import self_signed
from tests.hostile import Server, echoing, saying, serving, tunnelling
from tests.transports import (
    SENDERS,
    Sender,
    Sending,
    body_of,
    closing_sender,
    post,
    summary,
    surroundings,
)

REFUSED = ("connection-failed", "no")


pytestmark = pytest.mark.usefixtures("tidy")


@contextmanager
def under(certificate: Path) -> Iterator[Server]:
    """A server that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(echoing, context) as server:
        yield server


@pytest.fixture
def amazon(tmp_path: Path) -> Path:
    """A certificate that bears the name that the service's own lead to."""
    return self_signed(tmp_path / "amazon.pem", "Amazon")


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A certificate of somebody else."""
    return self_signed(tmp_path / "private.pem", "somebody")


@pytest.fixture
def bundle(tmp_path: Path, amazon: Path, private: Path) -> Iterator[Path]:
    """All that the environment trusts, in one file: the usual ones, one of Amazon's name, and a private one."""
    file = tmp_path / "bundle.pem"
    file.write_bytes(b"".join(path.read_bytes() for path in (Path(certifi.where()), private, amazon)))
    with surroundings({"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": None}):
        yield file


def test_amazons_roots_are_found_among_all() -> None:
    """Those of Amazon Trust Services' repository are taken, and hardly another one."""
    found: list[Any] = ssl.create_default_context(cadata=of_amazon(certifi.where())).get_ca_certs()
    names = {text for one in found for part in one["subject"] for about, text in part if about == "commonName"}
    assert names >= {f"Amazon Root CA {number}" for number in (1, 2, 3, 4)}
    assert names >= {"Starfield Services Root Certificate Authority - G2"}
    assert len(names) < 8


@pytest.mark.parametrize("make", SENDERS)
def test_the_others_are_read_when_amazons_do_not_do(make: Sending, bundle: Path, amazon: Path, private: Path) -> None:
    """A server under Amazon's name needs them not, and one under another name makes no difference to its caller."""
    with under(amazon) as service, under(private) as other:
        for server in (service, other):
            with closing_sender(make) as sender:
                assert body_of(sender.send(post(server.url, b"1"))) == b"1"
        with closing_sender(make) as late:
            assert body_of(late.send(post(service.url, b"2"))) == b"2"
            bundle.unlink()  # so that it shows that nobody had read it to its end
            assert summary(late.send(post(other.url))) == REFUSED
            assert body_of(late.send(post(service.url, b"3"))) == b"3"
        assert [asked.body for asked in service.received + other.received] == [b"1", b"2", b"3", b"1"]


def test_the_rest_is_read_once(sender: Sender, bundle: Path, amazon: Path, private: Path) -> None:
    """What was read stays, whatever becomes of the file, and Amazon's are still trusted."""
    with under(amazon) as service, under(private) as other, under(private) as another:
        assert body_of(sender.send(post(other.url, b"1"))) == b"1"
        bundle.unlink()
        assert body_of(sender.send(post(another.url, b"2"))) == b"2"
        assert body_of(sender.send(post(service.url, b"3"))) == b"3"


@pytest.mark.usefixtures("bundle")
def test_nobody_is_trusted_whom_the_environment_does_not_trust(sender: Sender, tmp_path: Path) -> None:
    """Neither before nor after the rest was read, whatever name a certificate bears."""
    for authority in ("Amazon", "a stranger"):
        with under(self_signed(tmp_path / "own.pem", authority)) as server:
            for _ in range(2):
                assert summary(sender.send(post(server.url))) == REFUSED
            assert server.received == []


@pytest.mark.usefixtures("bundle")
def test_many_may_be_the_first(sender: Sender, private: Path) -> None:
    """None of them is refused because another one has begun to read the rest."""
    with under(private) as server:
        bodies = [str(number).encode() for number in range(24)]
        results = sender.send_all([post(server.url, body) for body in bodies])
        assert [body_of(result) for result in results] == bodies
        assert sorted(received.body for received in server.received) == sorted(bodies)


def test_a_file_without_amazons_is_read_at_once(sender: Sender, private: Path) -> None:
    """As one with the certificate of a test's own server alone."""
    named = surroundings({"SSL_CERT_FILE": str(private), "SSL_CERT_DIR": None})
    with named, under(private) as server, under(private) as another:
        assert body_of(sender.send(post(server.url, b"1"))) == b"1"
        private.unlink()
        assert body_of(sender.send(post(another.url, b"2"))) == b"2"


def test_what_is_no_certificate_does_not_matter_until_it_is_read(
    sender: Sender, bundle: Path, amazon: Path, private: Path
) -> None:
    """As OpenSSL itself has it: what comes before is read, and what comes behind is not."""
    broken = b"-----BEGIN CERTIFICATE-----\n!!!=\n-----END CERTIFICATE-----\n"
    bundle.write_bytes(broken + bundle.read_bytes())
    with under(amazon) as service, under(private) as other:
        assert body_of(sender.send(post(service.url, b"1"))) == b"1"
        assert summary(sender.send(post(other.url))) == REFUSED


def test_a_folder_beside_the_file_is_asked_as_well(sender: Sender, bundle: Path, amazon: Path, tmp_path: Path) -> None:
    """Both hold, as in OpenSSL; a folder is asked for one certificate, and the file is not read for it."""
    other = self_signed(tmp_path / "other.pem", "somebody else")
    name = crypto.load_certificate(crypto.FILETYPE_PEM, other.read_bytes()).subject_name_hash()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / f"{name:08x}.0").symlink_to(other)
    with surroundings({"SSL_CERT_DIR": str(folder)}), under(other) as server, under(amazon) as service:
        assert body_of(sender.send(post(service.url, b"1"))) == b"1"
        bundle.unlink()
        assert body_of(sender.send(post(server.url, b"2"))) == b"2"


@pytest.mark.usefixtures("bundle")
def test_a_tunnel_is_made_anew(sender: Sender, private: Path) -> None:
    """Through a proxy, a certificate that was not read yet costs a second tunnel and no more."""
    with under(private) as server, serving(tunnelling) as proxy, surroundings({"HTTPS_PROXY": proxy.url}):
        assert body_of(sender.send(post(server.url, b"1"))) == b"1"
        assert [asked.line.split()[0] for asked in proxy.received] == ["CONNECT", "CONNECT"]
        assert [asked.body for asked in server.received] == [b"1"]


@pytest.mark.usefixtures("bundle")
def test_a_request_that_left_is_not_sent_again(sender: Sender, amazon: Path) -> None:
    """A connection that breaks is no refusal, even if the caller handles one at the moment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(amazon)
    with serving(saying(b"HTTP/1.1 200 OK\r\n", then="reset"), context) as server:
        try:
            raise ssl.SSLCertVerificationError
        except ssl.SSLCertVerificationError:
            assert summary(sender.send(post(server.url))) == ("connection-lost", "maybe")
        assert len(server.received) == 1


def test_an_httpx_without_certifi_brings_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it makes of its certificates is taken as it is."""
    made = ssl.create_default_context()
    monkeypatch.setitem(sys.modules, "certifi", None)
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: made)
    assert usual_trust().context is made
