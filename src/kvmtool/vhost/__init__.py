"""Virtio devices as transports see them: behind vhost-user, or the kernel's vhost."""
