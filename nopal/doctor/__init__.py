"""What may be wrong with this computer or in a machine, and what mends it.

A check is data: a name and a callable that looks. Checks of one subject stand in one module, as a
function that gets values and returns them; `host.py` and `guest.py` put them in order. A new check
is one more `Check` in the module of its subject.
"""
