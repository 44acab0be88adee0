"""What goes into a machine: one module a tool."""
