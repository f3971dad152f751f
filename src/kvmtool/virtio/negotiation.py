"""Device status and feature negotiation: what a driver may do when (virtio 1.3, 2.1, 2.2, 3.1)."""

from __future__ import annotations

from kvmtool.uapi.linux import virtio_config as config

ACKNOWLEDGE = config.VIRTIO_CONFIG_S_ACKNOWLEDGE
DRIVER = config.VIRTIO_CONFIG_S_DRIVER
FEATURES_OK = config.VIRTIO_CONFIG_S_FEATURES_OK
DRIVER_OK = config.VIRTIO_CONFIG_S_DRIVER_OK
NEEDS_RESET = config.VIRTIO_CONFIG_S_NEEDS_RESET
FAILED = config.VIRTIO_CONFIG_S_FAILED

# Each step of initialization, and the one that must have been made before it (3.1.1).
STEPS = ((ACKNOWLEDGE, 0), (DRIVER, ACKNOWLEDGE), (FEATURES_OK, DRIVER), (DRIVER_OK, FEATURES_OK))

_VERSION_1 = 1 << config.VIRTIO_F_VERSION_1


def acceptable(features: int, offered: int) -> bool:
    """Whether a driver may accept `features` (2.2): the old interface is not there."""
    return bool(features & _VERSION_1) and not features & ~offered
