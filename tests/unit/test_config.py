"""The configuration: what an issuer tells, and what is refused at once."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import math
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_raw import Config
from tests.support.cases import each_case
from tests.support.samples import CLIENT, ISS, POOL, load

REGIONS: Final[list[dict[str, str]]] = load("endpoints.json")["regions"]
EMULATOR: Final = "http://localhost:9229"
HOST: Final = "cognito-idp.eu-west-1.amazonaws.com"


@each_case("row", REGIONS, ids=lambda row: row["region"])
@each_case("prefix", ["", "issuer-"], ids=["original", "updated"])
def test_both_issuer_forms_of_every_region_tell_the_whole_pool(row: dict[str, str], prefix: str) -> None:
    """Region, pool, endpoint, key set and both issuers come from either form of the issuer."""
    host, pool_id = row["fips0_ds0"], f"{row['region']}_AbCdEf123"
    config = Config(f"https://{prefix}{host}/{pool_id}", CLIENT)
    assert (config.region, config.pool_id, config.pool_name) == (row["region"], pool_id, "AbCdEf123")
    assert config.endpoint == f"https://{host}"
    assert config.jwks_uri == f"https://{prefix}{host}/{pool_id}/.well-known/jwks.json"
    assert config.issuers == (f"https://{host}/{pool_id}", f"https://issuer-{host}/{pool_id}")
    assert config.iss in config.issuers


POOL_IDS: Final = {
    "as long as it may be": "eu-west-1_" + "aB3" * 15,
    "longer, as an emulator makes them": "eu-west-1_" + "0aF" * 40,
    "one letter": "eu-west-1_a",
    "digits alone": "eu-west-1_0123456789",
    "several underscores": "eu-west-1_a_b_c",
    "underscores and hyphens before the last one": "eu-west-1_-_b",
}


@pytest.mark.parametrize("pool_id", POOL_IDS.values(), ids=POOL_IDS.keys())
def test_a_pool_id_may_be_whatever_the_services_pattern_allows(pool_id: str) -> None:
    """No more is asked of it than the service does: word signs and hyphens, an underscore, letters and digits."""
    config = Config(f"https://{HOST}/{pool_id}", CLIENT)
    assert (config.pool_id, config.region) == (pool_id, "eu-west-1")
    assert config.pool_name == pool_id.removeprefix("eu-west-1_")


@given(st.from_regex(r"[\w-]+_[0-9a-zA-Z]+", fullmatch=True, alphabet=st.characters(codec="ascii")))
def test_every_pool_id_of_the_services_pattern_is_taken(pool_id: str) -> None:
    """With an endpoint, a pool id need not begin with a region."""
    assert Config(f"{EMULATOR}/{pool_id}", CLIENT, endpoint=EMULATOR).pool_id == pool_id


def test_the_sovereign_cloud_has_its_own_suffix() -> None:
    """The suffix of the endpoint is the issuer's: amazonaws.eu in eusc-de-east-1."""
    config = Config("https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_a", CLIENT)
    assert config.endpoint == "https://cognito-idp.eusc-de-east-1.amazonaws.eu"


def test_a_trailing_slash_of_the_issuer_is_dropped() -> None:
    """An issuer copied with a slash at its end is the same issuer."""
    assert Config(f"{ISS}/", CLIENT) == Config(ISS, CLIENT)


# What is wrong with each issuer, and a word of the message that says so.
MALFORMED: Final = {
    "plain http": (f"http://{HOST}/{POOL}", "https://"),
    "no scheme": (f"{HOST}/{POOL}", "not a URL"),
    "no host": (f"https:///{POOL}", "not a URL"),
    "only a scheme": ("https://", "not a URL"),
    "another scheme": (f"ftp://{HOST}/{POOL}", "not a URL"),
    "scheme in capitals": (f"HTTPS://{HOST}/{POOL}", "not a URL"),
    "no pool id": (f"https://{HOST}", "pool id"),
    "no pool id after the slash": (f"https://{HOST}/", "pool id"),
    "only the pool id": (POOL, "not a URL"),
    "pool id without underscore": (f"https://{HOST}/eu-west-1", "pool id"),
    "pool id without a name": (f"https://{HOST}/eu-west-1_", "pool id"),
    "pool id without a region": (f"https://{HOST}/_AbCdEf123", "pool id"),
    "pool id with a dot": (f"https://{HOST}/eu-west-1_Ab.Cd", "pool id"),
    "pool id with percent": (f"https://{HOST}/eu-west-1_Ab%20Cd", "pool id"),
    "pool id in other letters": (f"https://{HOST}/eu-west-1_\u0430bc", "pool id"),
    "pool id in other digits": (f"https://{HOST}/eu-west-1_\u0661", "pool id"),
    "segment after": (f"{ISS}/.well-known/jwks.json", "pool id"),
    "segment before": (f"https://{HOST}/pools/{POOL}", "pool id"),
    "two slashes at the end": (f"{ISS}//", "pool id"),
    "two slashes before": (f"https://{HOST}//{POOL}", "pool id"),
    "query": (f"{ISS}?a=b", "query"),
    "empty query": (f"{ISS}?", "query"),
    "fragment": (f"{ISS}#a", "fragment"),
    "empty fragment": (f"{ISS}#", "fragment"),
    "port": (f"https://{HOST}:443/{POOL}", "not a host"),
    "port of letters": (f"https://{HOST}:port/{POOL}", "ort"),
    "port too high": (f"https://{HOST}:65536/{POOL}", "ort"),
    "half a bracket": (f"https://[::1/{POOL}", "nvalid"),
    "another suffix": (f"https://cognito-idp.eu-west-1.amazonaws.co/{POOL}", "not a host"),
    "identity pools": (f"https://cognito-identity.eu-west-1.amazonaws.com/{POOL}", "not a host"),
    "suffix of a stranger": (f"https://{HOST}.evil.example/{POOL}", "not a host"),
    "prefix of a stranger": (f"https://evil-{HOST}/{POOL}", "not a host"),
    "no region": (f"https://cognito-idp.amazonaws.com/{POOL}", "not a host"),
    "empty region": (f"https://cognito-idp..amazonaws.com/{POOL}", "not a host"),
    "dot at the end of the host": (f"https://{HOST}./{POOL}", "not a host"),
    "host in capitals": (f"https://{HOST.upper()}/{POOL}", "not a host"),
    "region in capitals": ("https://cognito-idp.EU-WEST-1.amazonaws.com/EU-WEST-1_a", "not a host"),
    "region in other letters": (f"https://cognito-idp.eu-w\u0435st-1.amazonaws.com/{POOL}", "not a host"),
    "host in other letters": (f"https://cognito-idp.eu-west-1.amaz\u043enaws.com/{POOL}", "not a host"),
    "slash in other letters": (f"https://{HOST}\u2044{POOL}", "pool id"),
    "region with a slash that is none": (f"https://evil.example\\.{HOST}/{POOL}", "not a host"),
    "region of another": ("https://cognito-idp.us-east-1.amazonaws.com/eu-west-1_AbCdEf123", "us-east-1"),
    "space before": (f" {ISS}", "not a URL"),
    "space after": (f"{ISS} ", "not a URL"),
    "space within": (f"https://cognito-idp. eu-west-1.amazonaws.com/{POOL}", "not a URL"),
    "line break after": (f"{ISS}\n", "not a URL"),
    "line break within": (f"https://{HOST}/eu-west-1_Ab\nCd", "not a URL"),
    "tab within": (f"https://{HOST}/eu-west-1_Ab\tCd", "not a URL"),
    "carriage return after": (f"{ISS}\r", "not a URL"),
    "NUL before": (f"\0{ISS}", "not a URL"),
    "NUL after": (f"{ISS}\0", "not a URL"),
    "escape before": (f"\x1b{ISS}", "not a URL"),
    "space of no width": (f"{ISS}\u200b", "not a URL"),
    "right-to-left mark": (f"https://{HOST}/\u202e{POOL}", "not a URL"),
    "half a surrogate pair": (f"{ISS}\ud800", "not a URL"),
    "very long": (f"https://{HOST}/" + "a" * 100_000, "pool id"),
}


@each_case(("iss", "word"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_issuer_is_refused_and_the_message_says_why(iss: str, word: str) -> None:
    """A malformed issuer raises ValueError, whose message names `iss`, its value, and what is wrong."""
    with pytest.raises(ValueError, match=r"^iss ") as caught:
        Config(iss, CLIENT)
    assert repr(iss) in str(caught.value) or repr(iss.removesuffix("/")) in str(caught.value)
    assert word in str(caught.value).replace(repr(iss), "")


@pytest.mark.parametrize("iss", [None, 5, ISS.encode(), [ISS], ""], ids=repr)
def test_an_issuer_that_is_no_text_is_refused(iss: Any) -> None:
    """None, bytes and the like are not an issuer."""
    with pytest.raises(ValueError, match=r"^iss (must be a string, not |is empty)"):
        Config(iss, CLIENT)


@pytest.mark.parametrize("name", ["iss", "endpoint"])
@pytest.mark.parametrize("before", ["bob:hunter2@", "hunter2@", ":hunter2@", "@"])
def test_a_password_in_a_url_is_refused_and_not_repeated(name: str, before: str) -> None:
    """A URL with a user or a password is refused, in words that do not hold it."""
    values = {"iss": ISS, "endpoint": EMULATOR}
    values[name] = values[name].replace("://", f"://{before}")
    with pytest.raises(ValueError, match=f"^{name} holds '@'") as caught:
        Config(values["iss"], CLIENT, endpoint=values["endpoint"])
    assert "hunter2" not in repr(caught.value)


@given(st.text())
def test_any_text_is_an_issuer_or_a_value_error(text: str) -> None:
    """No text makes the construction raise anything but ValueError, which starts with the name `iss`."""
    for iss in (text, f"https://{text}", f"https://{HOST}/{text}", f"https://{text}/{POOL}"):
        try:
            endpoint, said = Config(iss, CLIENT).endpoint, "iss "
        except ValueError as error:
            endpoint, said = "https://cognito-idp.", str(error)
        assert endpoint.startswith("https://cognito-idp.")
        assert said.startswith("iss ")


EMULATORS: Final = {
    "cognito-local": (f"{EMULATOR}/local_abc", "local", "abc"),
    "pool of another server": (f"https://idp.example/{POOL}", "eu-west-1", "AbCdEf123"),
    "two underscores": ("http://localhost/us_east_1", "us", "east_1"),
    "the service's host with a port": (f"https://{HOST}:8443/{POOL}", "eu-west-1", "AbCdEf123"),
    "region in capitals": ("https://cognito-idp.EU.amazonaws.com/EU_a", "EU", "a"),
}


@pytest.mark.parametrize(("iss", "region", "name"), EMULATORS.values(), ids=EMULATORS.keys())
def test_an_issuer_on_another_host_needs_an_endpoint(iss: str, region: str, name: str) -> None:
    """With an endpoint beside it, an issuer may have any host; its pool's tokens carry just this issuer."""
    config = Config(iss, CLIENT, endpoint=EMULATOR)
    assert (config.region, config.pool_name, config.issuers) == (region, name, (iss,))
    assert (config.endpoint, config.jwks_uri) == (EMULATOR, f"{iss}/.well-known/jwks.json")
    with pytest.raises(ValueError, match="endpoint="):
        Config(iss, CLIENT)


@pytest.mark.parametrize("prefix", ["", "issuer-"], ids=["original", "updated"])
def test_an_endpoint_of_a_pool_of_the_service_has_its_key_set_too(prefix: str) -> None:
    """Where an official issuer has an endpoint beside it, the pool's keys are fetched from there."""
    config = Config(f"https://{prefix}{HOST}/{POOL}", CLIENT, endpoint=EMULATOR)
    assert config.jwks_uri == f"{EMULATOR}/{POOL}/.well-known/jwks.json"
    assert replace(config, endpoint="").jwks_uri == f"https://{prefix}{HOST}/{POOL}/.well-known/jwks.json"


def test_a_replica_in_another_region_needs_an_endpoint() -> None:
    """A pool id of another region than the host's is accepted where the endpoint says that it is meant."""
    iss = "https://cognito-idp.us-east-1.amazonaws.com/eu-west-1_a"
    config = Config(iss, CLIENT, endpoint="https://cognito-idp.us-east-1.amazonaws.com")
    assert (config.region, config.iss) == ("us-east-1", iss)


ENDPOINTS: Final = {
    "with a path": "https://proxy.example/cognito/v1",
    "address": "http://127.0.0.1:4566",
    "IPv6": "http://[::1]:4566",
    "FIPS": "https://cognito-idp-fips.us-east-1.amazonaws.com",
}


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS.keys())
def test_an_endpoint_sends_the_calls_elsewhere(endpoint: str) -> None:
    """The endpoint replaces the service's own address and changes nothing else."""
    config = Config(ISS, CLIENT, endpoint=endpoint)
    assert config.endpoint == Config(ISS, CLIENT, endpoint=f"{endpoint}/").endpoint == endpoint
    assert config.issuers == Config(ISS, CLIENT).issuers


@pytest.mark.parametrize("endpoint", [None, ""], ids=repr)
def test_no_endpoint_is_the_services_own(endpoint: Any) -> None:
    """None and an empty text leave the calls with the service."""
    assert Config(ISS, CLIENT, endpoint=endpoint) == Config(ISS, CLIENT)


@pytest.mark.parametrize("name", ["fips", "dual_stack"])
@pytest.mark.parametrize("iss", [ISS, f"{EMULATOR}/local_abc"], ids=["the service's", "an emulator's"])
def test_a_switch_and_an_endpoint_exclude_each_other(name: str, iss: str) -> None:
    """An endpoint that is given has no FIPS or dual-stack form that we could know, so that one of the two is a slip."""
    switch: dict[str, Any] = {name: True}
    with pytest.raises(ValueError, match=f"^{name}=True .*leave one of them out"):
        Config(iss, CLIENT, endpoint=EMULATOR, **switch)
    with pytest.raises(ValueError, match=f"^{name}=True "):
        replace(Config(ISS, CLIENT, **switch), endpoint=EMULATOR)
    switch[name] = False
    assert Config(iss, CLIENT, endpoint=EMULATOR, **switch).endpoint == EMULATOR


@pytest.mark.parametrize("name", ["fips", "dual_stack"])
@pytest.mark.parametrize("value", [None, 0, 1, "", "false", "true", "0", []], ids=repr)
def test_a_switch_is_true_or_false(name: str, value: Any) -> None:
    """A text from the environment is no switch: "false" would switch it on."""
    with pytest.raises(ValueError, match=f"^{name} must be True or False, not {type(value).__name__}$"):
        Config(ISS, CLIENT, **{name: value})


BAD_ENDPOINTS: Final[dict[str, Any]] = {
    "no scheme": "localhost:4566",
    "another scheme": "ftp://localhost",
    "no host": "http://",
    "query": "http://localhost/?a=b",
    "empty query": "http://localhost/?",
    "fragment": "http://localhost/#a",
    "port too high": "http://localhost:70000",
    "space": "http://local host",
    "line break": "http://localhost\n",
    "header after a line break": "http://localhost/\r\nX-Evil: 1",
    "NUL before": "\0http://localhost",
    "NUL within": "http://localhost/\0",
    "half a surrogate pair": "http://localhost/\ud800",
    "bytes": b"http://localhost",
    "no bytes": b"",
    "number": 4566,
    "zero": 0,
    "false": False,
}


@pytest.mark.parametrize("endpoint", BAD_ENDPOINTS.values(), ids=BAD_ENDPOINTS.keys())
def test_a_malformed_endpoint_is_refused(endpoint: Any) -> None:
    """A malformed endpoint raises ValueError, whose message names it."""
    with pytest.raises(ValueError, match=r"^endpoint "):
        Config(ISS, CLIENT, endpoint=endpoint)


@pytest.mark.parametrize("client_id", ["", None, 5, b"abc", " abc", "abc\n", "ab c", "abc\0", "\u0430bc", "a-b"])
def test_a_malformed_client_id_is_refused(client_id: Any) -> None:
    """Empty ids, white space, and signs that no id of an app client has, are slips."""
    with pytest.raises(ValueError, match=r"^client_id "):
        Config(ISS, client_id)


@pytest.mark.parametrize("client_id", ["o2ubh2gb4qbt440jd3543dv8g", "A_b+1", "_", "++"])
def test_a_client_id_may_have_whatever_the_services_pattern_has(client_id: str) -> None:
    """Letters, digits, underscore and plus make an id."""
    assert Config(ISS, client_id).client_id == client_id


SECRETS: Final[list[Any]] = ["", 5, b"hunter2", " hunter2", "hunter2\n", "hun ter2", "hunter2\0", "hunter2\u00e9"]


@pytest.mark.parametrize("secret", SECRETS, ids=repr)
def test_a_malformed_client_secret_is_refused_and_not_repeated(secret: Any) -> None:
    """A secret that cannot be one raises ValueError, in words that do not hold it."""
    with pytest.raises(ValueError, match=r"^client_secret ") as caught:
        Config(ISS, CLIENT, secret)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("deadline", [0, -1, -0.0, math.nan, math.inf, -math.inf, "10", True, None, 86_401, 10**400])
def test_a_deadline_is_a_number_of_seconds_above_nothing(deadline: Any) -> None:
    """A deadline that is no number, not above 0 or longer than a day is refused."""
    with pytest.raises(ValueError, match=r"^deadline "):
        Config(ISS, CLIENT, deadline=deadline)


@pytest.mark.parametrize("deadline", [0.001, 1, 86_400])
def test_a_deadline_may_be_whole_or_not(deadline: float) -> None:
    """Any number of seconds up to a day will do."""
    assert Config(ISS, CLIENT, deadline=deadline).deadline == deadline


def test_the_default_sources_are_the_clocks_and_the_secrets_of_the_system() -> None:
    """Left alone, the configuration reads the system's clocks and draws unpredictable bytes."""
    config = Config(ISS, CLIENT)
    assert config.monotonic() <= config.monotonic()
    assert config.clock() > 1_700_000_000
    assert len(config.randomness(32)) == 32
    assert config.randomness(32) != config.randomness(32)


def test_a_configuration_is_frozen() -> None:
    """What does not change cannot be changed."""
    with pytest.raises(FrozenInstanceError):
        Config(ISS, CLIENT).iss = "https://evil.example"  # type: ignore[misc]  # refused twice: here, when it runs


def test_replacing_a_part_checks_and_derives_anew() -> None:
    """`dataclasses.replace` gives a configuration of which every derived part fits the new issuer."""
    other = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_X"
    assert replace(Config(ISS, CLIENT), iss=other) == Config(other, CLIENT)
    assert replace(Config(ISS, CLIENT, endpoint=EMULATOR), iss=other).endpoint == EMULATOR
    assert replace(Config(ISS, CLIENT), endpoint=EMULATOR) == Config(ISS, CLIENT, endpoint=EMULATOR)
    with pytest.raises(ValueError, match="client_id"):
        replace(Config(ISS, CLIENT), client_id="")


def test_a_configuration_survives_copying_and_pickling() -> None:
    """It may go to another process; its copy follows a new issuer as it would itself."""
    config = Config(ISS, CLIENT, "s3cret", deadline=3)
    other = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_X"
    for as_dataclass in (copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert (as_dataclass, hash(as_dataclass)) == (config, hash(config))
        assert replace(as_dataclass, iss=other).endpoint == "https://cognito-idp.us-east-1.amazonaws.com"


def test_two_configurations_with_other_clocks_are_equal() -> None:
    """Clock and randomness are not part of what a pool is."""
    assert Config(ISS, CLIENT, clock=lambda: 0.0, randomness=bytes) == Config(ISS, CLIENT)
    assert Config(ISS, CLIENT, "a") != Config(ISS, CLIENT, "b")


def test_the_repr_shows_the_pool_and_hides_the_secret() -> None:
    """Whoever logs a configuration sees which pool and which client, and no secret."""
    shown = repr(Config(ISS, CLIENT, "s3cret"))
    assert ISS in shown
    assert CLIENT in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize("username", ["bob", "", "Zo\u00eb", "a@example.com"])
def test_a_secret_hash_is_over_user_name_and_client(username: str) -> None:
    """base64(HMAC-SHA256(client secret, user name + client id))."""
    digest = hmac.new(b"s3cret", f"{username}{CLIENT}".encode(), hashlib.sha256).digest()
    assert Config(ISS, CLIENT, "s3cret").secret_hash(username) == base64.b64encode(digest).decode()


def test_a_client_without_secret_has_no_hash() -> None:
    """Without a secret there is nothing to prove."""
    assert Config(ISS, CLIENT).secret_hash("bob") is None


def test_an_endpoint_may_be_given_as_none() -> None:
    """None, as an environment variable that is not set gives it, leaves the service's own address."""
    assert Config(ISS, CLIENT, None, None) == Config(ISS, CLIENT)
