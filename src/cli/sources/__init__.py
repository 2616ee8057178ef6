"""Sources of task definitions: one module for each kind, which finds them by content and keeps their places."""
