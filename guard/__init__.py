"""What a machine may use of its host: keys, identity, repos, and the proof of who answers."""
