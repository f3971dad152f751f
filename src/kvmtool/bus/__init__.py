"""Address spaces, registers, the PCI host and interrupts: what connects devices to a machine."""
