"""A machine: its description, and the life of what is built from it."""
