"""Tests of the testing kit with a server, and in suites as users write them."""
