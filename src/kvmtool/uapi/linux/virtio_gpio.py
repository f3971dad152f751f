"""linux/virtio_gpio.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_GPIO_F_IRQ = 0
VIRTIO_GPIO_MSG_GET_NAMES = 1
VIRTIO_GPIO_MSG_GET_DIRECTION = 2
VIRTIO_GPIO_MSG_SET_DIRECTION = 3
VIRTIO_GPIO_MSG_GET_VALUE = 4
VIRTIO_GPIO_MSG_SET_VALUE = 5
VIRTIO_GPIO_MSG_IRQ_TYPE = 6
VIRTIO_GPIO_STATUS_OK = 0
VIRTIO_GPIO_STATUS_ERR = 1
VIRTIO_GPIO_DIRECTION_NONE = 0
VIRTIO_GPIO_DIRECTION_OUT = 1
VIRTIO_GPIO_DIRECTION_IN = 2
VIRTIO_GPIO_IRQ_TYPE_NONE = 0
VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING = 1
VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING = 2
VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH = 3
VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH = 4
VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW = 8
VIRTIO_GPIO_IRQ_STATUS_INVALID = 0
VIRTIO_GPIO_IRQ_STATUS_VALID = 1

_LAYOUTS = {
    "virtio_gpio_config": "struct 8: u16 ngpio; u8 padding[2]; u32 gpio_names_size",
    "virtio_gpio_request": "struct 8: u16 type; u16 gpio; u32 value",
    "virtio_gpio_response": "struct 2: u8 status; u8 value",
    "virtio_gpio_response_get_names": "struct 1: u8 status; u8 value[0]",
    "virtio_gpio_irq_request": "struct 2: u16 gpio",
    "virtio_gpio_irq_response": "struct 1: u8 status",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
