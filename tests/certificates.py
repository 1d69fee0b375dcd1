"""A certificate for servers of the tests, and of the benchmarks, on this machine."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def self_signed(path: Path, authority: str = "nobody") -> Path:
    """Write a certificate of 127.0.0.1 that vouches for itself, by this name, with its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = {NameOID.ORGANIZATION_NAME: authority, NameOID.COMMON_NAME: f"a server of {authority}'s"}
    name = x509.Name([x509.NameAttribute(about, text) for about, text in names.items()])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return path
