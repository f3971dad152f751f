"""Bare images for the tests, made of machine code by hand.

Pieces of code are 32-bit unless their name says real mode; they use no stack and keep nothing in
registers for the piece that follows, except where they say so. EBX is the multiboot information
until a piece changes it.
"""

from __future__ import annotations

import struct

LOAD_ADDRESS = 0x100000
SCRATCH_RAM = 0x200000  # clear of image, boot information and modules
LAPIC = 0xFEE00000
SERIAL = 0x3F8
DEBUG_EXIT = 0xF4

_MULTIBOOT_MAGIC = 0x1BADB002
_HAS_ADDRESSES = 1 << 16
_HEADER_SIZE = 32
_CPU_COUNTER = 0x700


def multiboot(code: bytes) -> bytes:
    """A multiboot image that is loaded to LOAD_ADDRESS and starts with `code`."""
    checksum = -(_MULTIBOOT_MAGIC + _HAS_ADDRESSES) & 0xFFFFFFFF
    entry = LOAD_ADDRESS + _HEADER_SIZE
    end = entry + len(code)
    addresses = (LOAD_ADDRESS, LOAD_ADDRESS, end, 0, entry)
    return struct.pack("<8I", _MULTIBOOT_MAGIC, _HAS_ADDRESSES, checksum, *addresses) + code


def _dword(value: int) -> bytes:
    return struct.pack("<I", value)


def out(port: int, value: int, width: int = 1) -> bytes:
    """Write `value` to a port."""
    code = b"\xba" + _dword(port)  # mov edx, port
    code += b"\xb8" + _dword(value)  # mov eax, value
    return code + {1: b"\xee", 2: b"\x66\xef", 4: b"\xef"}[width]  # out dx, al / ax / eax


def store(gpa: int, value: int) -> bytes:
    """Write a double word to memory."""
    return b"\xc7\x05" + _dword(gpa) + _dword(value)  # mov dword [gpa], value


def end_with(value: int, width: int = 1) -> bytes:
    """End the machine through the debug exit."""
    return out(DEBUG_EXIT, value, width) + b"\xf4"  # hlt, if it does not end


def read_ports(port: int, count: int, gpa: int) -> bytes:
    """Read `count` bytes from one port into memory, as string I/O."""
    code = b"\xba" + _dword(port)  # mov edx, port
    code += b"\xb9" + _dword(count)  # mov ecx, count
    code += b"\xbf" + _dword(gpa)  # mov edi, gpa
    return code + b"\xf3\x6c"  # rep insb


def print_memory(gpa: int, count: int) -> bytes:
    """Send memory through the serial port."""
    code = b"\xbe" + _dword(gpa)  # mov esi, gpa
    code += b"\xb9" + _dword(count)  # mov ecx, count
    return code + _print_esi_ecx()


def _print_esi_ecx() -> bytes:
    # mov edx, SERIAL; rep outsb
    return b"\xba" + _dword(SERIAL) + b"\xf3\x6e"


def print_text(text: bytes) -> bytes:
    """Send text as drivers do, waiting for the transmitter before each byte."""
    code = b""
    for byte in text:
        code += b"\xba" + _dword(SERIAL + 5)  # mov edx, line status
        code += b"\xec"  # wait: in al, dx
        code += b"\xa8\x20"  # test al, transmitter holding register empty
        code += b"\x74\xfb"  # jz wait
        code += out(SERIAL, byte)
    return code


def print_port(port: int, width: int = 1) -> bytes:
    """Send what a port reads as, little-endian."""
    code = b"\xba" + _dword(port)  # mov edx, port
    code += {1: b"\xec", 4: b"\xed"}[width]  # in al / eax, dx
    code += b"\xa3" + _dword(SCRATCH_RAM)  # mov [SCRATCH_RAM], eax
    return code + print_memory(SCRATCH_RAM, width)


def print_module() -> bytes:
    """Send the contents of the first module, or nothing if there is none."""
    code = b"\x8b\x5b\x18"  # mov ebx, [ebx + mods_addr]
    code += b"\x8b\x33"  # mov esi, [ebx + mod_start]
    code += b"\x8b\x4b\x04"  # mov ecx, [ebx + mod_end]
    code += b"\x29\xf1"  # sub ecx, esi
    return code + _print_esi_ecx()


def print_memory_map() -> bytes:
    """Send the memory map of the multiboot information as it is."""
    code = b"\x8b\x4b\x2c"  # mov ecx, [ebx + mmap_length]
    code += b"\x8b\x73\x30"  # mov esi, [ebx + mmap_addr]
    return code + _print_esi_ecx()


def print_command_line(size: int) -> bytes:
    """Send the first `size` bytes of the command line."""
    code = b"\x8b\x73\x10"  # mov esi, [ebx + cmdline]
    code += b"\xb9" + _dword(size)  # mov ecx, size
    return code + _print_esi_ecx()


def copy(data: bytes, gpa: int) -> bytes:
    """Copy bytes of the image to memory."""
    code = b"\xe8" + _dword(len(data))  # call over the data, with a stack:
    code = b"\xbc" + _dword(SCRATCH_RAM + 0x1000) + code  # mov esp, end of scratch RAM
    code += data
    code += b"\x5e"  # pop esi: the address of the data
    code += b"\xbf" + _dword(gpa)  # mov edi, gpa
    code += b"\xb9" + _dword(len(data))  # mov ecx, size
    return code + b"\xf3\xa4"  # rep movsb


def end_with_cpu_count() -> bytes:
    """Start the other CPUs by INIT and SIPI, and end with the number that came up.

    It waits for as many as fw_cfg promises, for ever if they do not come.
    """
    # In real mode at 0: lock inc word [_CPU_COUNTER]; halt: cli; hlt; jmp halt
    started = b"\xf0\xff\x06" + struct.pack("<H", _CPU_COUNTER) + b"\xfa\xf4\xeb\xfc"
    code = copy(started, 0)
    code += store(_CPU_COUNTER, 1)
    code += out(0x510, 5, 2)  # fw_cfg: number of CPUs
    code += read_ports(0x511, 2, SCRATCH_RAM)
    code += store(LAPIC + 0xF0, 0x1FF)  # spurious vector: APIC on
    code += store(LAPIC + 0x300, 0xC4500)  # INIT to all others
    code += store(LAPIC + 0x300, 0xC4600)  # SIPI, vector 0, to all others
    code += b"\x66\xa1" + _dword(SCRATCH_RAM)  # mov ax, [promised]
    code += b"\xf3\x90"  # wait: pause
    code += b"\x66\x3b\x05" + _dword(_CPU_COUNTER)  # cmp ax, [counter]
    code += b"\x75\xf5"  # jne wait
    code += b"\xba" + _dword(DEBUG_EXIT)  # mov edx, DEBUG_EXIT
    return code + b"\x66\xef\xf4"  # out dx, ax; hlt


def triple_fault() -> bytes:
    """Raise an exception that no descriptor handles."""
    code = store(SCRATCH_RAM, 0) + store(SCRATCH_RAM + 4, 0)
    code += b"\x0f\x01\x1d" + _dword(SCRATCH_RAM)  # lidt [limit 0]
    return code + b"\x0f\x0b"  # ud2


def run_device_memory(gpa: int) -> bytes:
    """Jump to where there is no RAM: KVM cannot fetch instructions from a device."""
    return b"\xb8" + _dword(gpa) + b"\xff\xe0"  # mov eax, gpa; jmp eax


# Real mode, loaded to 1000:0000 with DS = CS

REAL_MODE_HELLO = (
    bytes.fromhex(
        "be1300"  # mov si, text
        "b90600"  # mov cx, 6
        "baf803"  # mov dx, SERIAL
        "f36e"  # rep outsb
        "b003"  # mov al, 3
        "baf400"  # mov dx, DEBUG_EXIT
        "ee"  # out dx, al
        "f4"  # hlt
        "90"  # nop
    )
    + b"hello\n"
)  # text, at 0x13

REAL_MODE_INTERRUPT_5 = bytes.fromhex(
    "31c0"  # xor ax, ax
    "8ed8"  # mov ds, ax
    "8ed0"  # mov ss, ax
    "bc0080"  # mov sp, 0x8000
    "c70634001f00"  # mov word [0x0d * 4], handler
    "c70636000010"  # mov word [0x0d * 4 + 2], 0x1000
    "fb"  # sti
    "ba0520"  # mov dx, 0x2005: line 5
    "b001"  # mov al, 1
    "ee"  # out dx, al
    "f4"  # hlt
    "ebfd"  # jmp back to it
    "b005"  # handler, at 0x1f: mov al, 5
    "baf400"  # mov dx, DEBUG_EXIT
    "ee"  # out dx, al
    "f4"  # hlt
)
"""Ends with 5 when line 5 interrupts at vector 0x0d, where a BIOS has it."""
