"""The command line: `outrider check`, `fix`, `rules` and `explain`, without a call to AWS."""
