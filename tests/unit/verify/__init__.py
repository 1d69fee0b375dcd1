"""Tests of the modules of a verifier."""
