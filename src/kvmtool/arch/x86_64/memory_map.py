"""The memory map that every kind of image is told: E820, PVH's and multiboot's are the same."""

from kvmtool.arch.x86_64 import board, low_ram

RAM = 1
RESERVED = 2


def ram_layout(size: int) -> list[tuple[int, int]]:
    """The regions (gpa, bytes) of `size` bytes of RAM: below 3 GiB and from 4 GiB on."""
    low = min(size, board.LOW_RAM_END)
    high = size - low
    return [(0, low)] + ([(board.HIGH_RAM_START, high)] if high else [])


def memory_map(size: int) -> list[tuple[int, int, int]]:
    """The map of a machine with `size` bytes of RAM: (gpa, bytes, RAM or RESERVED), by address."""
    (_, low), *high = ram_layout(size)
    entries = [
        (0, low_ram.CONVENTIONAL_END, RAM),
        (low_ram.CONVENTIONAL_END, 0xA0000 - low_ram.CONVENTIONAL_END, RESERVED),
        (board.ACPI_TABLES, board.ACPI_TABLES_SIZE, RESERVED),
        (low_ram.UPPER_START, low - low_ram.UPPER_START, RAM),
        (board.ECAM, board.ECAM_SIZE, RESERVED),
    ]
    entries += [(gpa, bytes_, RAM) for gpa, bytes_ in high]
    return [entry for entry in entries if entry[1] > 0]
