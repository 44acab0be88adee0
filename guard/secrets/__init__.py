"""Secrets of a person's stores: named by references, fetched on the host, never printed."""
