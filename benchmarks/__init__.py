"""Benchmarks of the library beside its peers, in one run: `make bench`."""
