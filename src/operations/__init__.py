"""The use cases, and their composition root."""
