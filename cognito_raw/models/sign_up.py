"""A new user: the registration, the confirmation, and where a code went."""

from __future__ import annotations

from collections.abc import Mapping

from .fields import boolean, mapping, optional_string, string
from .frozen import field, frozen


@frozen
class Delivery:
    """Where a code went: a masked address, `EMAIL` or `SMS`, and the attribute that holds the address."""

    destination: str | None = None
    medium: str | None = None
    attribute: str | None = None

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Delivery:
        """From CodeDeliveryDetails, any of whose members the service may leave out."""
        details = mapping(body, "CodeDeliveryDetails")
        return cls(
            destination=optional_string(details, "Destination"),
            medium=optional_string(details, "DeliveryMedium"),
            attribute=optional_string(details, "AttributeName"),
        )


@frozen
class Registration:
    """A new user: the id (`sub`), whether it needs no confirmation, and where the code went if one was sent.

    session: what `confirm_sign_up` takes, so that the confirmed user can sign in without a second code.
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


@frozen
class Confirmation:
    """A confirmed user; `session` signs the user in at once, by `initiate_auth` with the flow `USER_AUTH`."""

    session: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Confirmation:
        """From what ConfirmSignUp answers."""
        return cls(optional_string(body, "Session"))
