"""Ways to run a script on a guest."""
