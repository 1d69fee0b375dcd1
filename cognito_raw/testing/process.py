"""A reset of all that a process shares, so that no test sees what another one left."""

from __future__ import annotations

import atexit
import sys

from .. import transport


def reset() -> None:
    """Forget what clients, sessions and verifiers of this process share.

    This is the keys of all pools, and the shared transports with their connections, certificates and settings of the
    environment. Objects that exist already use new ones. Transports of your own stay as they are.
    """
    for made in transport._sync.values():
        while made:
            closing = made.pop().close
            atexit.unregister(closing)
            closing()
    for made_async in transport._async.values():
        made_async.clear()  # its connections end with their event loops
    cache = sys.modules.get("cognito_raw.verify.key_cache")
    if cache is not None:
        cache.forget_all()
