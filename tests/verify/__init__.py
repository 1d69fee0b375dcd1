"""Tests of whole verifiers: many callers, processes, hostile endpoints and tokens."""
