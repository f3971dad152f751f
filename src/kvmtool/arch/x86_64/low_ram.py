"""Where the loader puts what an image finds at its entry: the first 640 KiB of RAM."""

GDT = 0x500
"""After the real-mode interrupt table and the BIOS data area."""
WARM_BOOT_FLAG = 0x472
"""In the BIOS data area: 0x1234 if the next reset is to be a warm one."""
PVH_START_INFO = 0x6000
"""With its memory map and module list, less than 4 KiB."""
ZERO_PAGE = 0x7000
"""struct boot_params, 4 KiB."""
BOOT_STACK = 0x8FF0
"""Top of a stack for entries that need one."""
PAGE_TABLES = 0x9000
"""Six pages."""
SETUP_DATA = 0xF000
"""struct setup_data, 4 KiB."""
COMMAND_LINE = 0x20000
"""Up to 64 KiB."""
CONVENTIONAL_END = 0x9FC00
"""The extended BIOS data area begins here; reserved up to 640 KiB."""
UPPER_START = 0x100000
