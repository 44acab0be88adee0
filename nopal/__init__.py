"""nopal: a Linux machine of its own for every project."""
