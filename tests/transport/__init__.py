"""Tests of the transports against servers on this machine."""
