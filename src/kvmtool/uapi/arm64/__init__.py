"""The kernel's user interface on arm64."""
