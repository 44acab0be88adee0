"""`cp`: files and folders into a machine, and out of one that may be hostile.

Both ways are a tar stream over ssh: one round trip however many files there are. What comes out is
read by `archive.py`, which takes plain files and folders only, and written by `receive.py`, which
alone decides where; `send.py` packs what goes in.
"""
