"""Second factors: an authenticator app that is being set up, and which factors a user wants."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from .fields import optional_string, require_string, string
from .frozen import field, frozen


@frozen
class SoftwareToken:
    """The secret of an authenticator app that is being set up.

    secret: what the user types or scans into the app; whoever has it can make the user's codes.
    session: what `verify_software_token` wants where this was part of a sign-in.
    """

    secret: str = field(repr=False)
    session: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> SoftwareToken:
        """From what AssociateSoftwareToken answers."""
        return cls(string(body, "SecretCode"), optional_string(body, "Session"))

    def uri(self, account: str, issuer: str) -> str:
        """The `otpauth://` address that authenticator apps scan, for codes of six digits that change every 30 seconds.

        account: the user's name or address, issuer: that of your service; the app shows both. `ValueError` where
        either is empty, or where the issuer holds a colon, which parts the two. The form is that of
        https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
        """
        require_string(account=account, issuer=issuer)
        if not (account and issuer):
            raise ValueError("account and issuer must not be empty: they tell the user which codes are whose")
        if ":" in issuer:
            raise ValueError(f"issuer {issuer!r} holds a colon, which parts the issuer from the account")
        label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
        return f"otpauth://totp/{label}?secret={quote(self.secret, safe='')}&issuer={quote(issuer, safe='')}"

    def qr_svg(self, account: str, issuer: str, *, scale: float = 4) -> str:
        """A QR code of `uri(account, issuer)` as an `<svg>` element to put into a page; it holds the secret.

        scale: pixels for each of its modules. Needs the extra `qr`, and raises `ImportError` without it.
        """
        uri = self.uri(account, issuer)
        try:
            import segno  # here, because few programs draw codes, and it is not installed with the library
        except ImportError:
            raise ImportError("qr_svg needs the package segno: pip install 'cognito-raw[qr]'") from None
        drawn: str = segno.make_qr(uri).svg_inline(scale=scale)
        return drawn


@frozen
class SoftwareTokenVerification:
    """An authenticator app that works.

    status: `SUCCESS`; where the service says `ERROR`, there is an `Err` instead.
    session: the next answer's handle, where this was part of a sign-in.
    """

    status: str
    session: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> SoftwareTokenVerification:
        """From what VerifySoftwareToken answers."""
        return cls(string(body, "Status"), optional_string(body, "Session"))


@frozen
class MfaSettings:
    """Whether a second factor is on, and whether it is asked for first; what is None is not said."""

    enabled: bool | None = None
    preferred_mfa: bool | None = None

    def to_wire(self) -> dict[str, bool]:
        """The settings of a factor with the members that are known."""
        members = {"Enabled": self.enabled, "PreferredMfa": self.preferred_mfa}
        return {name: value for name, value in members.items() if value is not None}


@frozen
class WebAuthnMfaSettings:
    """Whether a passkey counts as a second factor."""

    enabled: bool

    def to_wire(self) -> dict[str, bool]:
        """WebAuthnMfaSettingsType."""
        return {"Enabled": self.enabled}
