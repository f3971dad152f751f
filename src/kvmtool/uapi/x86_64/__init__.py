"""The kernel's user interface on x86_64."""
