"""The service's own hosts: read from an issuer, and made for calls, by the service's rule set."""

from __future__ import annotations

from typing import Any, Final

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw.config import is_variant, official_host, official_region
from tests.support.cases import each_case
from tests.support.samples import load

REGIONS: Final[list[dict[str, str]]] = load("endpoints.json")["regions"]
FLAGS: Final = [(fips, dual_stack) for fips in (False, True) for dual_stack in (False, True)]
_LOADER: Final[Any] = botocore.session.get_session().get_component("data_loader")
RULES: Final[Any] = EndpointProvider(
    _LOADER.load_service_model("cognito-idp", "endpoint-rule-set-1"), _LOADER.load_data("partitions")
)
# Regions that nobody has opened, one for each partition of today.
TOMORROW: Final = (
    "eu-west-99",
    "mx-north-7",
    "us-gov-north-2",
    "eusc-de-north-3",
    "cn-south-9",
    "us-iso-north-1",
    "us-isob-north-1",
    "eu-isoe-north-1",
    "us-isof-north-1",
)


@each_case("row", REGIONS, ids=lambda row: row["region"])
@each_case(("fips", "dual_stack"), FLAGS)
def test_every_region_has_the_host_that_the_rule_set_says(row: dict[str, str], fips: bool, dual_stack: bool) -> None:
    """From the plain host of any region come region and suffix, and from these its hosts under all four switches."""
    found = official_region(row["fips0_ds0"])
    assert found is not None
    assert found[0] == row["region"]
    assert official_host(*found, fips=fips, dual_stack=dual_stack) == row[f"fips{fips:d}_ds{dual_stack:d}"]


@each_case("region", [*(row["region"] for row in REGIONS), *TOMORROW])
@each_case(("fips", "dual_stack"), FLAGS)
def test_a_region_of_tomorrow_has_the_host_that_the_rule_set_gives(region: str, fips: bool, dual_stack: bool) -> None:
    """No list of regions stands in the way: the rule set, evaluated here and now, gives what we give."""

    def ruled(fips: bool, dual_stack: bool) -> str:
        url: str = RULES.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack).url
        return url.removeprefix("https://")

    found = official_region(ruled(fips=False, dual_stack=False))
    assert found is not None
    assert official_host(*found, fips=fips, dual_stack=dual_stack) == ruled(fips, dual_stack)


@each_case("row", REGIONS, ids=lambda row: row["region"])
def test_only_plain_hosts_stand_in_issuers(row: dict[str, str]) -> None:
    """Both issuer forms are known; a FIPS or dual-stack host is none of them, and is told from a stranger's."""
    plain = row["fips0_ds0"]
    assert official_region(f"issuer-{plain}") == official_region(plain) is not None
    for host in {host for key, host in row.items() if key.startswith("fips")} - {plain}:
        assert official_region(host) is None
        assert is_variant(host)
    assert not is_variant(plain)


@pytest.mark.parametrize(
    "host",
    ["", ".", "cognito-idp", "localhost:4566", "cognito-idp.eu-west-1.amazonaws.co", "idp.example", "a.b.api.aws"],
)
def test_a_strangers_host_is_no_host_of_the_service(host: str) -> None:
    """Whatever is not the service's own is neither plain nor a variant."""
    assert official_region(host) is None
    assert not is_variant(host)


@given(st.text(), st.sampled_from(["", "cognito-idp.", "issuer-cognito-idp.", "cognito-idp-fips."]))
def test_any_text_may_be_asked_about(text: str, prefix: str) -> None:
    """No text raises; what is found is a plain region, of letters, digits and hyphens."""
    host = f"{prefix}{text}.amazonaws.com"
    found = official_region(host)
    assert found is None or (found[0].isascii() and found[0].replace("-", "a").isalnum() and not is_variant(host))
