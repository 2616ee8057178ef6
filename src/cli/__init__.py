"""The command line `outrider`: a function for each command, and what they share."""
