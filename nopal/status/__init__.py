"""One machine in depth: what `inv status` shows, section by section.

A section is words for a person and data for a program. Each is made by a function that gets values;
`machine.py` gathers the values and puts the sections in order.
"""
