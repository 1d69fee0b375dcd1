"""Tests of whole sessions: many callers, processes, hostile endpoints."""
