"""Triggers: which subject an event concerns."""
