"""Clocks, locks and background work that survive forks, event loops and suspended processes."""
