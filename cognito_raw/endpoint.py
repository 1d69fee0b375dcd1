"""The service's own hosts: which region one names, and where calls go with FIPS or dual-stack.

Follows the endpoint rule set of the service and the partitions in botocore 1.43.106. It has no list of regions, so
that one which opens tomorrow has its hosts today; whether a host exists is for the network to tell.
"""

from __future__ import annotations

from typing import Final

# The DNS suffix of each partition, and the one of its dual-stack hosts. AWS and GovCloud (US) share theirs.
_SUFFIXES: Final = {
    "amazonaws.com": "api.aws",
    "amazonaws.eu": "api.amazonwebservices.eu",
    "amazonaws.com.cn": "api.amazonwebservices.com.cn",
    "c2s.ic.gov": "api.aws.ic.gov",
    "sc2s.sgov.gov": "api.aws.scloud",
    "cloud.adc-e.uk": "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov": "api.aws.hci.ic.gov",
}
# The rule set names these four: their FIPS hosts are dual-stack under the plain suffix.
_DUAL_STACK_FIPS: Final = ("us-east-1", "us-east-2", "us-west-1", "us-west-2")


def official_region(host: str) -> tuple[str, str] | None:
    """The region and the DNS suffix of a host that stands in the service's issuers; None for any other host."""
    service, region, suffix = _split(host)
    official = service in ("cognito-idp", "issuer-cognito-idp") and suffix in _SUFFIXES
    plain = region.isascii() and region.islower() and region.replace("-", "").isalnum()
    return (region, suffix) if official and plain else None


def is_variant(host: str) -> bool:
    """Whether it is a FIPS or dual-stack host, to which calls may go, and which stands in no issuer."""
    service, _, suffix = _split(host)
    return service == "cognito-idp-fips" or (service == "cognito-idp" and suffix in _SUFFIXES.values())


def official_host(region: str, suffix: str, *, fips: bool, dual_stack: bool) -> str:
    """The host that calls to a region go to; `suffix` is the plain DNS suffix of its partition."""
    service = "cognito-idp-fips" if fips else "cognito-idp"
    return f"{service}.{region}.{_SUFFIXES[suffix] if dual_stack and not _is_both(region, suffix, fips) else suffix}"


def _is_both(region: str, suffix: str, fips: bool) -> bool:
    """Whether the host under the plain suffix is the dual-stack one too.

    All plain hosts of AWS are. Those of GovCloud (US) are not: for it the rule set, evaluated, gives api.aws.
    """
    if fips:
        return region in _DUAL_STACK_FIPS
    return suffix == "amazonaws.com" and not region.startswith("us-gov-")


def _split(host: str) -> tuple[str, str, str]:
    service, _, rest = host.partition(".")
    region, _, suffix = rest.partition(".")
    return service, region, suffix
