"""FIPS and dual-stack: the two switches of the configuration that move the calls."""

from __future__ import annotations

import copy
import pickle
import time
from dataclasses import replace
from typing import Any, Final

import pytest

from cognito_raw import Config
from tests.support.cases import each_case
from tests.support.samples import CLIENT, ISS, load

REGIONS: Final[list[dict[str, str]]] = load("endpoints.json")["regions"]
FLAGS: Final = [(fips, dual_stack) for fips in (False, True) for dual_stack in (False, True)]


@each_case("row", REGIONS, ids=lambda row: row["region"])
@each_case("prefix", ["", "issuer-"], ids=["original", "updated"])
@each_case(("fips", "dual_stack"), FLAGS)
def test_the_switches_move_the_calls_of_every_region_and_nothing_else(
    row: dict[str, str], prefix: str, fips: bool, dual_stack: bool
) -> None:
    """Calls go where the rule set of the service says; issuers, key set, region and pool stay as they are."""
    plain = Config(f"https://{prefix}{row['fips0_ds0']}/{row['region']}_AbCdEf123", CLIENT)
    config = replace(plain, fips=fips, dual_stack=dual_stack)
    assert config.endpoint == f"https://{row[f'fips{fips:d}_ds{dual_stack:d}']}"
    for name in ("iss", "issuers", "jwks_uri", "region", "pool_id", "pool_name"):
        assert getattr(config, name) == getattr(plain, name)
    assert replace(config, fips=False, dual_stack=False) == plain


def test_the_switches_are_given_by_name_and_are_part_of_what_a_configuration_is() -> None:
    """Two configurations that send to different places are different, and show it."""
    config = Config(ISS, CLIENT, fips=True, dual_stack=True)
    assert config.endpoint == "https://cognito-idp-fips.eu-west-1.api.aws"
    assert config != Config(ISS, CLIENT)
    assert "fips=True, dual_stack=True" in repr(config)
    with pytest.raises(TypeError):
        Config(ISS, CLIENT, None, None, 10.0, time.time, time.monotonic, bytes, True)  # type: ignore[call-arg]  # refused here too


def test_the_switches_are_kept_when_the_issuer_is_replaced() -> None:
    """The calls of another pool go to its own region's endpoint of the same kind; copies do the same."""
    other = "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_X"
    config = Config(ISS, CLIENT, fips=True, dual_stack=True)
    for as_dataclass in (config, copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert replace(as_dataclass, iss=other).endpoint == "https://cognito-idp-fips.us-gov-west-1.api.aws"


@pytest.mark.parametrize(("fips", "dual_stack"), FLAGS)
@pytest.mark.parametrize("given", [None, "http://127.0.0.1:4566"], ids=["derived", "given"])
@pytest.mark.parametrize("iss", [ISS, "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_X"])
def test_the_endpoint_of_another_configuration_is_kept(
    fips: bool, dual_stack: bool, given: str | None, iss: str
) -> None:
    """It is a plain string, and goes where the other's calls go; also when the issuer is replaced."""
    switches: dict[str, Any] = {} if given else {"fips": fips, "dual_stack": dual_stack}
    other = Config("https://cognito-idp.us-west-2.amazonaws.com/us-west-2_X", CLIENT, endpoint=given, **switches)
    config = Config(iss, CLIENT, endpoint=other.endpoint)
    assert type(config.endpoint) is type(other.endpoint) is str
    ways: tuple[Any, ...] = (replace, _copy_replace)
    for changed in ways:
        for same in (config, changed(config, client_id="another"), changed(config, iss=other.iss)):
            assert same.endpoint == other.endpoint
            assert same.jwks_uri == f"{other.endpoint}/{same.pool_id}/.well-known/jwks.json"
        assert changed(config, endpoint=None) == Config(iss, CLIENT)


def _copy_replace(config: Config, **changes: Any) -> Config:
    """As `copy.replace` of Python 3.13."""
    made: Config = config.__replace__(**changes)  # type: ignore[attr-defined]  # of values
    return made


def test_a_switch_beside_the_endpoint_of_another_configuration_is_refused() -> None:
    """One of them would be dropped in silence."""
    with pytest.raises(ValueError, match="leave one of them out"):
        Config(ISS, CLIENT, endpoint=Config(ISS, CLIENT, fips=True).endpoint, fips=True)


VARIANTS: Final = [row[flags] for row in REGIONS for flags in row if row[flags] != row["fips0_ds0"] and "_" in flags]


@each_case("host", VARIANTS)
def test_a_fips_or_dual_stack_host_is_no_issuer_and_the_message_names_the_switches(host: str) -> None:
    """Tokens carry the plain issuer, so that whoever puts such a host there is told what to say instead."""
    with pytest.raises(ValueError, match=r"not a host of .* pass fips=True or dual_stack=True$"):
        Config(f"https://{host}/{host.split('.')[1]}_AbCdEf123", CLIENT)
