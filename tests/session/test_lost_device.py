"""A new device whose confirmation is lost, at a service that names no device in its tokens."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import pytest

from cognito_raw import Ok, Session, State
from tests.support.model_service.pool import Pool
from tests.support.model_service.seats import Seat
from tests.support.model_service.world import Rules, World
from tests.support.modes import Mode
from tests.support.rotation import SWALLOWED, Fault


@pytest.mark.parametrize("operations", ["new", "old"])
@pytest.mark.parametrize("fault", [*sorted(SWALLOWED), "failed", "stalls", "unsent", "page"])
def test_a_lost_confirmation_costs_no_refresh(mode: Mode, fault: Fault, operations: Any) -> None:
    """The service may know the device, and then renews no tokens without its key; or not, and refuses the key."""
    world = World()
    pool = Pool(world, "eu-west-1", Rules(rotates=False, operations=operations, names_device=False))
    seat, user = Seat(mode, pool), pool.users[0]
    world.faults = ["none", *repeat(fault, 3 if fault == "unsent" else 1)]
    login = {"password": user.password, "flow": "USER_PASSWORD_AUTH"}
    assert isinstance(seat.session.login(user.name, **login), Ok)
    assert not world.faults
    seat.open(State.from_dict(seat.session.state.to_dict()))
    for _ in range(2):
        assert isinstance(seat.session.refresh(), Ok)
    world.begin([])
    assert isinstance(seat.session.login(user.name, **login), Ok)
    assert seat.session.state.device is not None
    assert seat.session.state.device.key in user.devices
    assert not world.violations


def test_an_interrupted_confirmation_keeps_the_device() -> None:
    """The service may have heard of it."""
    pool = Pool(World(), "eu-west-1", Rules(names_device=False))
    user = pool.users[0]

    class Interrupted:
        def send(self, request: Any) -> Any:
            reply = pool.send(request)
            if request.headers["X-Amz-Target"].endswith("ConfirmDevice"):
                raise KeyboardInterrupt
            return reply

    session = Session(pool.config, transport=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        session.login(user.name, user.password, flow="USER_PASSWORD_AUTH")
    assert session.state.device is not None
    assert isinstance(session.refresh(), Ok)
