"""Hosts: which of them are this machine."""

from __future__ import annotations


def is_localhost(host: str) -> bool:
    """Return whether the host of a URL is localhost or a name below it, which RFC 6761 gives to this machine."""
    return f".{host.lower().removesuffix('.')}".endswith(".localhost")


def is_this_machine(host: str) -> bool:
    """Return whether the host of a URL is this machine: localhost, a name below it, or a loopback address."""
    if is_localhost(host):
        return True
    from ipaddress import IPv6Address, ip_address  # here: an import of the library does without

    try:
        address = ip_address(host.removesuffix("."))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
