"""Tokens, as the service's JSON has them. No secret is in a `repr`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from .device import NewDevice
from .fields import UnexpectedJson, mapping, optional_seconds, optional_string, seconds, string
from .frozen import Frozen, field

TokenUse: TypeAlias = Literal["id", "access"]
"""The two tokens that APIs accept, named as in their claim `token_use`."""

RefreshFlow: TypeAlias = Literal["GetTokensFromRefreshToken", "REFRESH_TOKEN_AUTH"]
"""The two ways to renew tokens: a separate operation, or a flow of InitiateAuth."""


class IdToken(Frozen):
    """The ID token: `jwt` as it is sent, `exp` in seconds since the epoch, and its claims in `payload`.

    The claims are not verified. A session trusts them, since they come directly from the service.
    """

    jwt: str = field(repr=False)
    exp: int
    payload: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def read(cls, jwt: str) -> IdToken:
        payload = claims(jwt)
        issued = optional_seconds(payload, "iat")
        if issued is not None and issued < 0:  # sessions compute with it
            raise UnexpectedJson("iat is before the epoch")
        return cls(jwt, seconds(payload, "exp"), payload)


class Tokens(Frozen):
    """The tokens of a finished sign-in. `expires_in` counts seconds from the service's reply.

    new_device: the device that the pool began to track with this sign-in, for `confirm_new_device`.
    """

    id_token: IdToken
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: int | None = None
    new_device: NewDevice | None = None

    @classmethod
    def read(cls, body: Mapping[str, object], *, kept: str | None = None) -> Tokens:
        """Read AuthenticationResult. `kept` is the present refresh token, for a reply without a new one."""
        result = mapping(body, "AuthenticationResult")
        return cls(
            id_token=IdToken.read(string(result, "IdToken")),
            access_token=string(result, "AccessToken"),
            refresh_token=optional_string(result, "RefreshToken") or kept,
            expires_in=optional_seconds(result, "ExpiresIn"),
            new_device=_new_device(result.get("NewDeviceMetadata")),
        )


def _new_device(metadata: object) -> NewDevice | None:
    """Return the device, or None if the metadata is malformed: the tokens beside it matter more."""
    try:
        found = mapping({"metadata": metadata}, "metadata")
        return NewDevice(string(found, "DeviceKey"), string(found, "DeviceGroupKey"))
    except UnexpectedJson:
        return None


def claims(jwt: str) -> dict[str, Any]:
    """Return the claims of a token, unverified; `UnexpectedJson` if it is not a JSON Web Token."""
    parts = jwt.split(".")
    payload = _decoded(parts[1]) if len(parts) == 3 else None
    if not isinstance(payload, dict):
        raise UnexpectedJson("not a JSON Web Token")
    return payload


def claims_of(access_token: str) -> Mapping[str, object]:
    """Return the claims of an access token; none of an opaque one, as some emulators issue."""
    try:
        return claims(access_token)
    except UnexpectedJson:
        return {}


def username_of(signed: Tokens) -> str | None:
    """Return the service's own name of the user, if a token has it."""
    name = claims_of(signed.access_token).get("username", signed.id_token.payload.get("cognito:username"))
    return str(name) if isinstance(name, (str, int)) else None


def _decoded(part: str) -> object:
    """Return the JSON of a part; None if it is malformed, since the decoder's error would show it."""
    import base64  # here: an import of the library does not need it

    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
