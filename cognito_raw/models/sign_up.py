"""A new user: the registration, the confirmation, and the delivery of codes."""

from __future__ import annotations

from collections.abc import Mapping

from .fields import boolean, mapping, optional, optional_string, string
from .frozen import FromWire, Frozen, field


class Delivery(Frozen, FromWire):
    """The destination of a code: a masked address, `EMAIL` or `SMS`, and the attribute that holds the address."""

    destination: str | None = field(default=None, wire="Destination", read=optional_string)
    medium: str | None = field(default=None, wire="DeliveryMedium", read=optional_string)
    attribute: str | None = field(default=None, wire="AttributeName", read=optional_string)


def read_delivery(body: Mapping[str, object], name: str = "CodeDeliveryDetails") -> Delivery:
    """Read the delivery of a reply. The service may omit any member."""
    return Delivery.read(mapping(body, name))


class Registration(Frozen, FromWire):
    """A new user: the id (`sub`), whether it needs no confirmation, and the destination of the code, if one was sent.

    session: for `confirm_sign_up`, so that the confirmed user can sign in without a second code.
    """

    user_id: str = field(wire="UserSub", read=string)
    confirmed: bool = field(wire="UserConfirmed", read=boolean)
    delivery: Delivery | None = field(default=None, wire="CodeDeliveryDetails", read=optional(read_delivery))
    session: str | None = field(default=None, repr=False, wire="Session", read=optional_string)


class Confirmation(Frozen, FromWire):
    """A confirmed user; `session` signs the user in at once, by `initiate_auth` with the flow `USER_AUTH`."""

    session: str | None = field(default=None, repr=False, wire="Session", read=optional_string)
