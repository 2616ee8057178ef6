"""The nouns of Outrider: frozen, without I/O."""
