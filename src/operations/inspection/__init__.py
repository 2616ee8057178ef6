"""Inspect one subject at a time: read its present state, evaluate, record, and publish changes."""
