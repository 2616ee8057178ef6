"""Exit codes."""

CLEAN, DRIFTED, UNUSABLE = 0, 1, 2
DONE, NOT_DONE = 0, 1
"""Of what a person asks Outrider to do; UNUSABLE where it could not be asked."""
BROKEN_PIPE, INTERRUPTED = 141, 130
"""As a shell reports SIGPIPE and SIGINT."""
