"""Tests of the modules of a session."""
