"""Benchmarks of the data path on real servers: see ../README.md."""
