"""Whether a deployed stack can work: what was read of it, a check for each part, and findings about Outrider itself."""
