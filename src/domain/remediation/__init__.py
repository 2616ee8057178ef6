"""Plans, attempts to carry them out, rollouts to services, and requests."""
