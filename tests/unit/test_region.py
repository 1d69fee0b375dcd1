"""A region is told from other names in the same place of a host, which are other services' of Amazon."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import Config
from cognito_raw.config import official_region
from tests.support.cases import each_case
from tests.support.samples import CLIENT, load

REGIONS = [row["region"] for row in load("endpoints.json")["regions"]]
OTHERS = [
    "s3",
    "s3-us-west-2",
    "s3-external-1",
    "s3-accelerate",
    "elb",
    "a",
    "-",
    "x-",
    "eu-west",
    "eu-1",
    "e-west-1",
    "eu-west-1a",
    "eu--1",
    "eu-west-",
    "EU-WEST-1",
    "eu-west1-1",
    "eu-west-\u0661",
    "\u0435u-west-1",
]


@each_case("prefix", ["cognito-idp", "issuer-cognito-idp"])
@each_case("name", OTHERS)
def test_what_is_no_region_is_refused(prefix: str, name: str) -> None:
    """Buckets of others answer under such names."""
    with pytest.raises(ValueError, match=r"^iss "):
        Config(f"https://{prefix}.{name}.amazonaws.com/{name}_AbC", CLIENT)


@each_case("region", [*REGIONS, "xy-new-place-12"])
def test_regions_of_today_and_tomorrow_are_taken(region: str) -> None:
    """By their form, since new ones are opened."""
    assert Config(f"https://cognito-idp.{region}.amazonaws.com/{region}_AbC", CLIENT).region == region


@given(st.text("ab1-.A\u0661", max_size=9) | st.from_regex(r"[ab]{0,3}(-[ab1]{0,2}){0,3}-[12a]{0,2}", fullmatch=True))
def test_the_form_of_a_region(text: str) -> None:
    """As the expression has it."""
    found = official_region(f"cognito-idp.{text}.amazonaws.com")
    assert (found is not None) == bool(re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]+", text))
