"""Step kinds, one module each; `provision` itself offers them all by name."""
