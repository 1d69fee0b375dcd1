"""Certificates for servers of the tests, and of the benchmarks, on this machine."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


def self_signed(path: Path, authority: str = "nobody") -> Path:
    """Write a self-signed certificate of 127.0.0.1 and pool.example, by this name, with its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(_named(authority), key, _named(authority), key)
    kind, plain = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    path.write_bytes(made.public_bytes(_PEM) + key.private_bytes(_PEM, kind, plain))
    return path


def alone(path: Path) -> bytes:
    """The certificate in such a file, without its key."""
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(_PEM)


def der(path: Path) -> bytes:
    """The same in DER."""
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)


def cross_signed(path: Path, authority: str) -> bytes:
    """A certificate with the name and the key of the one in the file, for which another authority vouches."""
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    subject = x509.load_pem_x509_certificate(path.read_bytes()).subject
    return _certificate(subject, key, _named(authority), ec.generate_private_key(ec.SECP256R1())).public_bytes(_PEM)


def _named(authority: str) -> x509.Name:
    names = {NameOID.ORGANIZATION_NAME: authority, NameOID.COMMON_NAME: f"a server of {authority}'s"}
    return x509.Name([x509.NameAttribute(about, text) for about, text in names.items()])


def _certificate(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("pool.example")]
    )
    return (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(signer, hashes.SHA256())
    )
