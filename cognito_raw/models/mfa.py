"""Second factors: the setup of an authenticator app, and a user's choice of factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .fields import optional_string, require_string, string
from .frozen import Frozen, field


class SoftwareToken(Frozen):
    """The secret of an authenticator app that is being set up.

    secret: the user types or scans it into the app. Anybody who has it can make the user's codes.
    session: for `verify_software_token`, if this is part of a sign-in.
    """

    secret: str = field(repr=False)
    session: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> SoftwareToken:
        """Read the reply of AssociateSoftwareToken."""
        return cls(string(body, "SecretCode"), optional_string(body, "Session"))

    def uri(self, account: str, issuer: str) -> str:
        """Return the `otpauth://` address that authenticator apps scan, for codes of six digits, new every 30 seconds.

        The app shows both the user's name or address, `account`, and your service's, `issuer`. `ValueError` if one is
        empty, or if the issuer holds a colon, which separates them. The format is that of
        https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
        """
        require_string(account=account, issuer=issuer)
        if not (account and issuer):
            raise ValueError("account and issuer must not be empty: the app shows them with the codes")
        if ":" in issuer:
            raise ValueError(f"issuer {issuer!r} holds a colon, which separates the issuer from the account")
        label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
        return f"otpauth://totp/{label}?secret={quote(self.secret, safe='')}&issuer={quote(issuer, safe='')}"

    def qr_svg(self, account: str, issuer: str, *, scale: float = 4) -> str:
        """Return a QR code of `uri(account, issuer)` as an `<svg>` element for a page. It holds the secret.

        scale: pixels for each of its modules. Needs the extra `qr`, and raises `ImportError` without it.
        """
        drawn: str = self._qr(account, issuer).svg_inline(scale=scale)
        return drawn

    def qr_text(self, account: str, issuer: str) -> str:
        """Return the same QR code as lines of text, for a terminal with light letters on a dark ground."""
        import io  # here, as below

        lines = io.StringIO()
        self._qr(account, issuer).terminal(out=lines, compact=True)
        return lines.getvalue()

    def _qr(self, account: str, issuer: str) -> Any:
        uri = self.uri(account, issuer)
        try:
            import segno  # here: few programs draw codes, and it is not installed with the library
        except ModuleNotFoundError as error:
            if error.name != "segno":  # it is there, and does not load
                raise
            raise ImportError("a QR code needs the package segno: pip install 'cognito-raw[qr]'") from None
        return segno.make_qr(uri)


class SoftwareTokenVerification(Frozen):
    """A verified authenticator app.

    status: `SUCCESS`. If the service sends `ERROR`, there is an `Err` instead.
    session: the handle for the next answer, if this is part of a sign-in.
    """

    status: str
    session: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> SoftwareTokenVerification:
        """Read the reply of VerifySoftwareToken."""
        return cls(string(body, "Status"), optional_string(body, "Session"))


class MfaSettings(Frozen):
    """Settings of a second factor: on or off, preferred or not. None is not sent."""

    enabled: bool | None = None
    preferred_mfa: bool | None = None

    def to_wire(self) -> dict[str, bool]:
        members = {"Enabled": self.enabled, "PreferredMfa": self.preferred_mfa}
        return {name: value for name, value in members.items() if value is not None}


class WebAuthnMfaSettings(Frozen):
    """The setting of passkeys: `enabled` if a passkey counts as a second factor."""

    enabled: bool

    def to_wire(self) -> dict[str, bool]:
        """Return a WebAuthnMfaSettingsType."""
        return {"Enabled": self.enabled}
