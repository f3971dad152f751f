"""The parts of the kernel's user interface that are the same on each architecture."""
