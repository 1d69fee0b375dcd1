"""Tests without servers and sockets, in the folders of the package."""
