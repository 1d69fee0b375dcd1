"""The page on the client against the code: every method is there as it is, and every example is run."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from cognito_raw import AsyncClient, Client, NewDevice, flows
from cognito_raw.models.challenge import challenge_of
from cognito_raw.testing import Scripted
from examples.local_pool import Pool, Server
from tests.service.test_operations import totp
from tests.support.cases import each_case
from tests.support.documented import documented
from tests.support.paths import ROOT

PAGE: Final = ROOT / "docs" / "client.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
SECTIONS: Final = dict(re.findall(r"^### `(\w+)(\(.*\))`$", TEXT, flags=re.MULTILINE))
EXAMPLES: Final = [
    (re.findall(r"^###? `?(\w+)", TEXT[: found.start()], flags=re.MULTILINE)[-1], found[1])
    for found in re.finditer(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
]

# What no server here has is answered as its documentation shows, in this order.
SCRIPTED: Final[dict[str, tuple[str, ...]]] = {
    "delete_user_attributes": ("DeleteUserAttributes",),
    "get_user_attribute_verification_code": ("GetUserAttributeVerificationCode",),
    "verify_user_attribute": ("VerifyUserAttribute",),
    "get_user_auth_factors": ("GetUserAuthFactors",),
    "set_user_settings": ("SetUserSettings",),
    "set_user_mfa_preference": ("SetUserMFAPreference",),
    "start_web_authn_registration": ("StartWebAuthnRegistration",),
    "complete_web_authn_registration": ("CompleteWebAuthnRegistration",),
    "list_web_authn_credentials": ("ListWebAuthnCredentials",),
    "delete_web_authn_credential": ("ListWebAuthnCredentials", "DeleteWebAuthnCredential"),
    "begin_totp_setup": ("AssociateSoftwareToken",),
    "confirm_new_device": ("ConfirmDevice",),
    "confirm_device": ("ConfirmDevice",),
    "get_device": ("GetDevice",),
    "list_devices": ("ListDevices",),
    "update_device_status": ("UpdateDeviceStatus",),
    "forget_device": ("ForgetDevice",),
    "list_user_sessions": ("ListUserSessions",),
    "revoke_user_session": ("RevokeUserSession",),
    "update_auth_event_feedback": ("UpdateAuthEventFeedback",),
    "Lists": ("ListDevices", "ListDevices"),
}
NAMES: Final[dict[str, object]] = {
    "access_token": "access",
    "device_key": "us-west-2_a",
    "mfa_setup": challenge_of("MFA_SETUP", "ada", "session"),
    "new_device": NewDevice("us-west-2_a", "-g"),
    "session_id": "tkn0",
    "event_id": "event",
    "feedback_token": "token",
    "posted": json.dumps({"id": "a", "type": "public-key", "response": {}}),
    "authenticator": totp,
}


def answer(operation: str) -> Any:
    """What the documentation says that the service answers."""
    reply = documented(operation).reply.unwrap()
    return json.loads(reply.body or b"{}")


@pytest.fixture
def pool(server: Server) -> Pool:
    """The users of the examples: ada and charles, and grace, who is not confirmed yet."""
    made = server.pool(AutoVerifiedAttributes=["email"])
    made.admin.update_user_pool_client(
        UserPoolId=made.id,
        ClientId=made.client_id,
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AccessTokenValidity=3600,
        IdTokenValidity=3600,
        TokenValidityUnits={"IdToken": "seconds", "AccessToken": "seconds"},
    )
    made.add_users_of_the_readme()
    return made


def on_the_server(name: str, pool: Pool) -> dict[str, object]:
    """A client of the local pool, and ada's tokens."""
    client = Client(pool.config())
    if name in ("confirm_sign_up", "resend_confirmation_code"):
        client.sign_up("grace", "A-Compiler-1952", {"email": "grace@example.com"}).unwrap()
    tokens: Any = client.sign_in("ada", "An-Engine-1843").unwrap()
    return {"client": client, "access_token": tokens.access_token, "refresh_token": tokens.refresh_token}


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """What the example of a section finds: a client of the local pool, or one that is answered from the fixtures."""
    name = request.param
    if name not in SCRIPTED:
        yield {**NAMES, **on_the_server(name, request.getfixturevalue("pool"))}
        return
    with Scripted(*((operation, answer(operation)) for operation in SCRIPTED[name])) as scripted:
        yield {**NAMES, "client": Client(scripted.config, transport=scripted)}


def printed(example: str) -> list[str]:
    """What an example should print, as it says behind each line that prints; of several lines, parted by "then"."""
    lines = [line.partition("  # ")[2] for line in example.splitlines() if "print" in line]
    assert all(lines), "each line that prints says what"
    return [part for line in lines for part in line.split(", then ")]


@pytest.mark.parametrize(("names", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES], indirect=["names"])
def test_every_example_prints_what_it_says(
    names: dict[str, object], example: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An example runs to its end, and its comments are its output."""
    exec(compile(example, PAGE.name, "exec"), dict(names))
    assert capsys.readouterr().out.splitlines() == printed(example)


def test_every_method_has_its_section_and_its_example() -> None:
    """No method is missing, and none is there that is not."""
    assert sorted(SECTIONS) == sorted(flows.__all__)
    assert [name for name, _ in EXAMPLES] == [*SECTIONS, "Lists"]


@each_case("name", SECTIONS)
def test_a_section_shows_the_arguments_of_its_method(name: str) -> None:
    """Sync and async, with their defaults."""
    for client in (Client, AsyncClient):
        signature = inspect.signature(getattr(client, name))
        shown = list(signature.parameters.values())[1:]  # without the configuration
        bare = inspect.Signature([parameter.replace(annotation=inspect.Parameter.empty) for parameter in shown])
        assert str(bare) == SECTIONS[name]
