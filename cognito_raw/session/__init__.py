"""One user's session with the pool, blocking and asynchronous."""
