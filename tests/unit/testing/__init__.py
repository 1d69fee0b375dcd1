"""Tests of the modules of the testing kit."""
