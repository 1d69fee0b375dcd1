"""Example programs, and the local user pool that they use."""
