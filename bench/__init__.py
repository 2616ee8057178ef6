"""What is fast, measured: `make bench` prints all of it, `PYTHONPATH=src:. python -m bench WHAT` a part."""
