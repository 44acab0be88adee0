"""What a machine may use of its host."""
