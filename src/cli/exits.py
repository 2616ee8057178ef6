"""Exit codes."""

CLEAN, DRIFTED, UNUSABLE = 0, 1, 2
INCOMPLETE = 3
"""Of a scan, and of `check --complete`: nothing drifted, and not everything could be read."""
DONE, NOT_DONE = 0, 1
"""Of a request for a correction; UNUSABLE if it could not be sent."""
WELL, FAILING = 0, 1
"""Of a stack: whether a check fails; UNUSABLE if there is no such stack."""
BROKEN_PIPE, INTERRUPTED, TERMINATED = 141, 130, 143
"""As a shell reports SIGPIPE, SIGINT and SIGTERM."""
