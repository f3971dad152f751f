"""linux/virtio_gpio.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8
from typing import Final

VIRTIO_GPIO_F_IRQ: Final = 0
VIRTIO_GPIO_MSG_GET_NAMES: Final = 1
VIRTIO_GPIO_MSG_GET_DIRECTION: Final = 2
VIRTIO_GPIO_MSG_SET_DIRECTION: Final = 3
VIRTIO_GPIO_MSG_GET_VALUE: Final = 4
VIRTIO_GPIO_MSG_SET_VALUE: Final = 5
VIRTIO_GPIO_MSG_IRQ_TYPE: Final = 6
VIRTIO_GPIO_STATUS_OK: Final = 0
VIRTIO_GPIO_STATUS_ERR: Final = 1
VIRTIO_GPIO_DIRECTION_NONE: Final = 0
VIRTIO_GPIO_DIRECTION_OUT: Final = 1
VIRTIO_GPIO_DIRECTION_IN: Final = 2
VIRTIO_GPIO_IRQ_TYPE_NONE: Final = 0
VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING: Final = 1
VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING: Final = 2
VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH: Final = 3
VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH: Final = 4
VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW: Final = 8
VIRTIO_GPIO_IRQ_STATUS_INVALID: Final = 0
VIRTIO_GPIO_IRQ_STATUS_VALID: Final = 1

class virtio_gpio_config(Structure):
    ngpio: int
    padding: Array[c_uint8]
    gpio_names_size: int

class virtio_gpio_request(Structure):
    type: int
    gpio: int
    value: int

class virtio_gpio_response(Structure):
    status: int
    value: int

class virtio_gpio_response_get_names(Structure):
    status: int
    value: Array[c_uint8]

class virtio_gpio_irq_request(Structure):
    gpio: int

class virtio_gpio_irq_response(Structure):
    status: int
