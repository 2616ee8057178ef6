"""Scan: evaluate what is in accounts and regions now, with nothing deployed. It only reads."""
