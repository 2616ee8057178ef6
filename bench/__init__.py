"""Benchmarks: `make bench` prints all, `PYTHONPATH=src:. python -m bench WHAT` a part."""
