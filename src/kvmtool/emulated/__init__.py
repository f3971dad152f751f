"""The emulated host: a stock KVM for machines that have none that can boot Linux.

The same command runs in a small Linux under QEMU's own emulation, which offers a real /dev/kvm.
That Linux is called L1 here, as in the kernel's documentation of nested virtualization.
"""
