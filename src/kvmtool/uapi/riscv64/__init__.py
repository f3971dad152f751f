"""The kernel's user interface on riscv64."""
