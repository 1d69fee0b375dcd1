"""A key pair that signs tokens, for programs that verify them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..verify.keys import rs256


class SigningKey:
    """A key pair that signs tokens as a pool does. Making one takes a moment: share it among tests.

        key = SigningKey()
        verifier = TokenVerifier(config, keys=key.key_set)
        token = tokens("ada", key=key, config=config)["AuthenticationResult"]["IdToken"]

    kid: the id of the key.

    It needs the extra `verify`, and raises `ImportError` without it.
    """

    def __init__(self, kid: str = "a-key-of-tests") -> None:
        self._rs256 = rs256()
        from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

        self.kid = kid
        self._private = generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def key_set(self) -> dict[str, Any]:
        """The key set with the public key, as the pool's `jwks.json` has it."""
        public = self._rs256.to_jwk(self._private.public_key(), as_dict=True)
        members = {name: public[name] for name in ("kty", "n", "e")}
        return {"keys": [{**members, "kid": self.kid, "alg": "RS256", "use": "sig"}]}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a token of these claims, whether they make sense or not."""
        import jwt

        return jwt.encode(dict(claims), self._private, "RS256", headers={"kid": self.kid})
