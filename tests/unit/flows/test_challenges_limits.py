"""Flows of challenges that are given a challenge of another kind."""

from __future__ import annotations

import asyncio

import pytest

from cognito_raw import AsyncClient, Challenge, Client
from tests.support.conversation import AsyncScript, Script, configured


@pytest.mark.parametrize("name", ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE", "mfa_setup", ""])
def test_setting_up_an_app_for_another_challenge_sends_nothing(name: str) -> None:
    """`begin_totp_setup` raises a `ValueError` that names the challenge, before any request."""
    script, async_script = Script(), AsyncScript()
    challenge = Challenge(name, "5u8", "s")
    with pytest.raises(ValueError, match=f"in answer to MFA_SETUP, not to {name}$"):
        Client(configured(), transport=script).begin_totp_setup(challenge)
    with pytest.raises(ValueError, match=f"in answer to MFA_SETUP, not to {name}$"):
        asyncio.run(AsyncClient(configured(), transport=async_script).begin_totp_setup(challenge))
    assert script.requests == async_script.script.requests == []
