"""Exit codes."""

CLEAN, DRIFTED, UNUSABLE = 0, 1, 2
BROKEN_PIPE, INTERRUPTED = 141, 130
"""As a shell reports SIGPIPE and SIGINT."""
