"""The composition roots: one module for each function, so that none imports the parts of another."""
