"""Pure renderings of verdicts, plans and transitions."""
