"""The vhost-user protocol, both ends (QEMU's docs/interop/vhost-user.rst)."""
