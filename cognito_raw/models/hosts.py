"""Hosts: which of them are this machine."""

from __future__ import annotations


def is_this_machine(host: str) -> bool:
    """Return whether the host of a URL is this machine: localhost, a name below it, or a loopback address."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    from ipaddress import IPv6Address, ip_address  # here: an import of the library does without

    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
