"""Sweeps: have everything that exists or existed evaluated again, because events may be missed, and certify it."""
