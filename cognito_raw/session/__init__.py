"""One user's session with the pool, sync and async."""
