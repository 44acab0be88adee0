"""The same converge by nopal and by its peers, as ratios to one cold `ssh HOST true`.

`python -m bench` starts an SSH server of its own on loopback and ends it. What the tools write is
below a scratch folder; the packages and the membership they ask for are there already.
"""
