"""Getting what Lima needs onto this host."""
