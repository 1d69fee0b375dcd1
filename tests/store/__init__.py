"""Tests of stores, and of sessions that share one among processes."""
