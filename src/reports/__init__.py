"""Findings, plans and transitions as ASFF, alerts and messages: pure functions."""
