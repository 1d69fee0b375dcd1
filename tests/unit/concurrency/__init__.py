"""Tests of locks and clocks."""
