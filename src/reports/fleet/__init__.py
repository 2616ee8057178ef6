"""The report of a fleet: what was evaluated, as one HTML file that needs nothing else."""
