"""Serves one folder of this computer to a machine, and nothing beside it: see `server.py`."""
