"""Corrections: a revision is registered, rolled out to its services, verified or set back."""
