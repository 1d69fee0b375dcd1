"""A new user: the registration, the confirmation, and the delivery of codes."""

from __future__ import annotations

from collections.abc import Mapping

from .fields import boolean, mapping, optional_string, string
from .frozen import Frozen, field


class Delivery(Frozen):
    """The destination of a code: a masked address, `EMAIL` or `SMS`, and the attribute that holds the address."""

    destination: str | None = None
    medium: str | None = None
    attribute: str | None = None

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Delivery:
        """Read CodeDeliveryDetails. The service may omit any member."""
        details = mapping(body, "CodeDeliveryDetails")
        return cls(
            destination=optional_string(details, "Destination"),
            medium=optional_string(details, "DeliveryMedium"),
            attribute=optional_string(details, "AttributeName"),
        )


class Registration(Frozen):
    """A new user: the id (`sub`), whether it needs no confirmation, and the destination of the code, if one was sent.

    session: for `confirm_sign_up`, so that the confirmed user can sign in without a second code.
    """

    user_id: str
    confirmed: bool
    delivery: Delivery | None = None
    session: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Registration:
        sent = body.get("CodeDeliveryDetails") is not None
        return cls(
            string(body, "UserSub"),
            boolean(body, "UserConfirmed"),
            Delivery.read(body) if sent else None,
            optional_string(body, "Session"),
        )


class Confirmation(Frozen):
    """A confirmed user; `session` signs the user in at once, by `initiate_auth` with the flow `USER_AUTH`."""

    session: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Confirmation:
        """Read the reply of ConfirmSignUp."""
        return cls(optional_string(body, "Session"))
