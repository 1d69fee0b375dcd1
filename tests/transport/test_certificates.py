"""The trust store: when certificates are read, and that exactly the environment's are trusted."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest
from OpenSSL import crypto

from cognito_raw import Ok
from cognito_raw.transport import certificates
from cognito_raw.transport.certificates import AMAZON_ROOTS, amazon_roots, environment_locations
from cognito_raw.transport.httpx_client import default_trust_store
from tests.support.certificates import alone, cross_signed, der, self_signed
from tests.support.hostile import Server, echoing, refusing, saying, serving, tunnelling
from tests.support.transports import (
    HTTPX_SENDERS,
    SENDERS,
    Sender,
    Sending,
    StandardSender,
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
def amazon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate that counts as one of Amazon's roots, whose keys only Amazon has."""
    file = self_signed(tmp_path / "amazon.pem", "Amazon")
    monkeypatch.setattr(certificates, "AMAZON_ROOTS", AMAZON_ROOTS | {sha256(der(file)).digest()})
    return file


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A certificate of somebody else."""
    return self_signed(tmp_path / "private.pem", "somebody")


@pytest.fixture
def bundle(tmp_path: Path, amazon: Path, private: Path) -> Iterator[Path]:
    """All that the environment trusts, in one file: the usual ones, one of Amazon's name, and a private one."""
    file = tmp_path / "bundle.pem"
    file.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + alone(private) + alone(amazon))
    with surroundings({"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": None}):
        yield file


SYSTEMS = "/etc/ssl/certs/ca-certificates.crt"


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(certifi.where(), id="certifi"),
        pytest.param(
            SYSTEMS, id="Debian", marks=pytest.mark.skipif(not Path(SYSTEMS).is_file(), reason="not a Debian")
        ),
    ],
)
def test_amazons_roots_are_found_among_all(file: str) -> None:
    """The five that Amazon Trust Services' repository lists, and no other."""
    found: list[Any] = ssl.create_default_context(cadata=amazon_roots(file)).get_ca_certs()
    names = {text for one in found for part in one["subject"] for about, text in part if about == "commonName"}
    assert names == {
        *(f"Amazon Root CA {number}" for number in (1, 2, 3, 4)),
        "Starfield Services Root Certificate Authority - G2",
    }


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
    """Loaded roots stay when the file is gone, and Amazon's are still trusted."""
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


# serverAuth, as OpenSSL notes it beside a certificate that is not good for it.
REJECTED = bytes.fromhex("300ca00a06082b06010505070301")
FILES: dict[str, Callable[[bytes, bytes, Path], bytes]] = {
    "plain": lambda a, p, _: a + p,
    "the other way round": lambda a, p, _: p + a,
    "twice": lambda a, p, _: a + p + a + p,
    "with words between": lambda a, p, _: b"# Amazon\n" + a + b"\n# somebody -----\n" + p + b"the end",
    "without a last line's end": lambda a, p, _: (p + a).rstrip(),
    "lines of Windows": lambda a, p, _: (a + p).replace(b"\n", b"\r\n"),
    "blanks at the end of lines": lambda a, p, _: (a + p).replace(b"\n", b" \n"),
    "a mark of byte order": lambda a, p, _: b"\xef\xbb\xbf" + a + p,
    "commented out": lambda a, p, _: b"".join(b"#" + line for line in a.splitlines(keepends=True)) + p,
    "indented": lambda a, p, _: b"".join(b"  " + line for line in a.splitlines(keepends=True)) + p,
    "a note before": lambda a, p, _: b"note: " + a + p,
    "only Amazon's commented out": lambda a, p, _: p + b"# " + a.replace(b"\n", b"\n# "),
    "rejected": lambda a, p, path: pem("TRUSTED CERTIFICATE", der(path) + REJECTED) + a + p,
    "rejected behind": lambda a, p, path: a + p + pem("TRUSTED CERTIFICATE", der(path) + REJECTED),
    "broken off": lambda a, p, _: (a + p)[:-60],
    "a broken one between": lambda a, p, _: a + b"-----BEGIN CERTIFICATE-----\n!!!=\n-----END CERTIFICATE-----\n" + p,
    "no certificate between": lambda a, p, _: a + pem("CERTIFICATE", b"Amazon") + p,
    "more behind a certificate": lambda _, p, path: pem("CERTIFICATE", der(path) + b"\0\0") + p,
    "an end without a beginning": lambda a, p, _: b"-----END CERTIFICATE-----\n" + a + p,
    "another end": lambda a, p, _: a.replace(b"-----END CERTIFICATE", b"-----END X509 CERTIFICATE") + p,
    "another name of it": lambda a, p, _: a.replace(b" CERTIFICATE", b" X509 CERTIFICATE") + p,
    "with its key": lambda _, p, path: path.read_bytes() + p,
    "of the same name, by somebody, behind": lambda a, p, path: a + cross_signed(path, "nobody") + p,
    "empty": lambda _, __, ___: b"",
    "no certificates": lambda _, __, ___: b"Amazon\n",
}


def pem(kind: str, content: bytes) -> bytes:
    """A block of this kind."""
    lines = base64.encodebytes(content).replace(b"\n", b"")
    wrapped = b"\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (kind.encode(), wrapped, kind.encode())


def plainly(file: Path, server: Server) -> str:
    """Return the verdict of Python's own context for a file and a server."""
    try:
        context = ssl.create_default_context(cafile=file)
    except OSError:
        return "unusable"
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        try:
            context.wrap_socket(raw, server_hostname="127.0.0.1").close()
        except ssl.SSLCertVerificationError:
            return "refused"
    return "accepted"


def ours(sender: Sender, server: Server) -> str:
    """Return a transport's verdict for them."""
    try:
        result = sender.send(post(server.url))
    except ValueError:
        return "unusable"
    if isinstance(result, Ok):
        return "accepted"
    assert summary(result) == REFUSED
    return "refused"


@pytest.mark.parametrize("name", FILES)
def test_a_file_means_what_it_means_to_openssl(
    name: str, sender: Sender, amazon: Path, private: Path, tmp_path: Path
) -> None:
    """Exactly the certificates are trusted that are trusted if the file is read as a whole."""
    file = tmp_path / "trusted.pem"
    file.write_bytes(FILES[name](alone(amazon), alone(private), amazon))
    with surroundings({"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": None}), under(amazon) as one, under(private) as two:
        for server in (one, two, one):
            assert ours(sender, server) == plainly(file, server)


def test_a_root_is_found_behind_another_of_its_name(sender: Sender, amazon: Path, tmp_path: Path) -> None:
    """Of two certificates of one name, the root counts. Python's own context refuses the server before 3.13."""
    file = tmp_path / "trusted.pem"
    file.write_bytes(cross_signed(amazon, "nobody") + alone(amazon))
    with surroundings({"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": None}), under(amazon) as server:
        assert ours(sender, server) == "accepted"
        assert plainly(file, server) == ("accepted" if sys.version_info >= (3, 13) else "refused")


def test_the_files_are_of_every_kind(amazon: Path, private: Path, tmp_path: Path) -> None:
    """Some are trusted, some are not, some cannot be used at all; and some are read in two steps."""
    seen, stepwise, file = set(), set(), tmp_path / "trusted.pem"
    with under(amazon) as server:
        for name, make in FILES.items():
            file.write_bytes(make(alone(amazon), alone(private), amazon))
            seen.add(plainly(file, server))
            if amazon_roots(str(file)):
                stepwise.add(name)
    assert seen == {"accepted", "refused", "unusable"}
    assert {"plain", "twice", "with words between", "without a last line's end"} <= stepwise
    assert not stepwise & {"commented out", "rejected", "rejected behind", "broken off", "with its key"}


def test_a_name_alone_is_not_enough(tmp_path: Path) -> None:
    """A certificate that only bears Amazon's name is read with all others."""
    assert amazon_roots(str(self_signed(tmp_path / "own.pem", "Amazon"))) == b""


def test_a_pipe_is_read_by_openssl_alone(sender: Sender, private: Path, tmp_path: Path) -> None:
    """It can be read once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(alone(private),))
    writer.start()
    with surroundings({"SSL_CERT_FILE": str(pipe), "SSL_CERT_DIR": None}), under(private) as server:
        assert body_of(sender.send(post(server.url, b"1"))) == b"1"
    writer.join()


def test_a_file_is_the_same_in_another_folder(
    sender: Sender, bundle: Path, amazon: Path, private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path counts from where the program was when it was first read."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(bundle.parent)
    with surroundings({"SSL_CERT_FILE": bundle.name}), under(amazon) as service, under(private) as other:
        assert body_of(sender.send(post(service.url, b"1"))) == b"1"
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert body_of(sender.send(post(other.url, b"2"))) == b"2"


@pytest.mark.parametrize("make", HTTPX_SENDERS)
def test_httpx_takes_the_file_where_both_are_named(make: Sending, private: Path, tmp_path: Path) -> None:
    """As httpx does by itself."""
    folder = tmp_path / "folder"
    folder.mkdir()
    link(folder, private)
    with under(private) as server:
        for file, expected in ((certifi.where(), REFUSED), (None, ("200", "yes"))):
            named = surroundings({"SSL_CERT_FILE": file, "SSL_CERT_DIR": str(folder)})
            with named, closing_sender(make) as sender:
                assert summary(sender.send(post(server.url))) == expected


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_the_bundle_of_boto3_or_of_requests_is_taken(
    sender: Sender, variable: str, kind: str, private: Path, tmp_path: Path
) -> None:
    """A file or a folder, as these take them."""
    folder = tmp_path / "folder"
    folder.mkdir()
    link(folder, private)
    named = {"SSL_CERT_FILE": None, "SSL_CERT_DIR": None, variable: str(private if kind == "file" else folder)}
    with under(private) as server, surroundings(named):
        assert body_of(sender.send(post(server.url, b"1"))) == b"1"


def test_the_first_variable_counts(tmp_path: Path) -> None:
    """OpenSSL's, which httpx knows too, before boto3's, and that of requests last."""
    file, folder = "roots.pem", str(tmp_path)
    with surroundings({"SSL_CERT_FILE": None, "SSL_CERT_DIR": folder, "AWS_CA_BUNDLE": file}):
        assert environment_locations() == (None, folder)
    with surroundings({"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "AWS_CA_BUNDLE": file, "REQUESTS_CA_BUNDLE": folder}):
        assert environment_locations() == (file, None)


def link(folder: Path, certificate: Path) -> None:
    """Have a folder hold a certificate under the name by which OpenSSL looks for it."""
    name = crypto.load_certificate(crypto.FILETYPE_PEM, certificate.read_bytes()).subject_name_hash()
    (folder / f"{name:08x}.0").symlink_to(certificate)


def test_a_folder_beside_the_file_is_asked_as_well(bundle: Path, amazon: Path, tmp_path: Path) -> None:
    """Both hold, as in OpenSSL; a folder is asked for one certificate, and the file is not read for it."""
    other = self_signed(tmp_path / "other.pem", "somebody else")
    folder = tmp_path / "folder"
    folder.mkdir()
    link(folder, other)
    named, transport = surroundings({"SSL_CERT_DIR": str(folder)}), closing_sender(StandardSender)
    with named, under(other) as server, under(amazon) as service, transport as sender:
        assert body_of(sender.send(post(service.url, b"1"))) == b"1"
        bundle.unlink()
        assert body_of(sender.send(post(server.url, b"2"))) == b"2"


@pytest.mark.usefixtures("bundle")
def test_a_tunnel_is_made_anew(sender: Sender, private: Path) -> None:
    """Through a proxy, a certificate that was not read yet costs a second tunnel and no more."""
    with under(private) as server, serving(tunnelling) as proxy, surroundings({"HTTPS_PROXY": proxy.url}):
        assert body_of(sender.send(post(server.url_behind_proxy, b"1"))) == b"1"
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


def test_without_a_word_of_the_environment_the_usual_ones_are_trusted(sender: Sender, private: Path) -> None:
    """Those of httpx or of the system, which do not know a private one; over httpx, Amazon's are read by then."""
    with surroundings({"SSL_CERT_FILE": None, "SSL_CERT_DIR": None}), under(private) as server:
        assert summary(sender.send(post(server.url))) == REFUSED
        context = default_trust_store(httpx).context
    assert context is not None
    first = ssl.create_default_context(cadata=amazon_roots(certifi.where()))
    assert context.get_ca_certs() == first.get_ca_certs() != []


def test_an_httpx_without_certifi_brings_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its context is used as it is."""
    made = ssl.create_default_context()
    monkeypatch.setitem(sys.modules, "certifi", None)
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: made)
    with surroundings({"SSL_CERT_FILE": None, "SSL_CERT_DIR": None}):
        assert default_trust_store(httpx).context is made


@pytest.mark.parametrize("make", SENDERS)
def test_a_caller_who_handles_a_chain_of_errors_without_end_gets_a_result(make: Sending) -> None:
    """Python allows it."""
    first, second = ValueError(), ValueError()
    first.__context__, second.__context__ = second, first
    with refusing() as url, closing_sender(make) as sender:
        try:
            raise first
        except ValueError:
            assert summary(sender.send(post(url.replace("http", "https")))) == REFUSED
