"""The composition roots: one module a function, so that none imports the parts of another."""
