"""The key broker: stands between the person's SSH agent and each machine, and decides each request.

One process a host, one socket a project. Knows no Invoke, no Lima and no project file.
"""
