"""The fault matrix: every method, over every transport, against every fault that a server or a network can play."""
