"""The values that calls give and take, and how they are read from and written to JSON."""
