"""Virtio: device base and declarations, transports, and one file for each device."""
