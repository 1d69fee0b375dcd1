"""Tests of the arithmetic of a sign-in."""
