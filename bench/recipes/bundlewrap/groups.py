"""No groups, for bundlewrap."""

groups = {}
