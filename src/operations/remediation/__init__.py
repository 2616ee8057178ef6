"""Corrections: register a revision, roll it out to its services, and verify it or set it back."""
