"""Step kinds, one module each."""
