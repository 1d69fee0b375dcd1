"""The hosts that `NO_PROXY` excepts from proxies.

An entry is a host, which stands for all below it too, an address, a range of addresses or `*`. A host and an address
may have a port. Entries are separated by commas or blanks.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from .limits import settings_error


def is_excepted(variable: str, entries: str, scheme: str, host: str, port: int) -> bool:
    """Return whether an entry of the variable names the host. `SettingsError` if one cannot be read, in any place."""
    target = host.lower().removesuffix(".")
    address = _address(target)
    found, unreadable = False, 0
    for number, entry in enumerate(entries.replace(",", " ").split(), 1):
        try:
            found = _names(entry.lower(), scheme, target, address, port) or found
        except ValueError:
            unreadable = unreadable or number
    if not unreadable:
        return found
    # Without its text, which is nobody's secret but may stand in the wrong variable.
    raise settings_error(
        "proxy",
        f"{variable}: entry {unreadable} is no host, address or range, such as example.com, "
        ".example.com:8443, [::1] or 10.0.0.0/8",
    )


def _names(entry: str, scheme: str, target: str, address: IPv4Address | IPv6Address | None, target_port: int) -> bool:
    prefix, _, rest = entry.rpartition("://")
    name, port = _split_port(rest.removesuffix("/"))
    here = prefix in ("", "all", scheme) and port in (None, target_port)
    if "/" in name and not name.startswith("/"):  # that is the path of a socket, which some programs except
        network = ip_network(name, strict=False)
        return here and address is not None and address.version == network.version and address in network
    if ":" in name or (address is not None and _address(name) is not None):
        return here and _as_address(name) == address
    name = name.removeprefix("*.").strip(".")
    if address is None and target.endswith(f".{name}"):
        return here
    return here and fnmatchcase(target, name)


def _split_port(text: str) -> tuple[str, int | None]:
    """Split off the port. The brackets of an IPv6 address are dropped."""
    name, bracket, port = text.rpartition("]")
    if bracket:
        name, port = name.removeprefix("["), port.removeprefix(":")
        if port.startswith("/"):
            return name + port, None
    elif text.count(":") == 1:
        name, _, port = text.partition(":")
    else:
        name, port = text, ""
    if not (port.isascii() and (port.isdigit() or not port)):
        raise ValueError("not a port")
    return name, int(port) if port else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return _as_address(text)
    except ValueError:
        return None


def _as_address(text: str) -> IPv4Address | IPv6Address:
    """Return the address, without a zone; an IPv4 address also where it is written as an IPv6 one."""
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
