"""The classes made from written layouts."""

import ctypes
from ctypes import sizeof
from typing import Any

import pytest

from kvmtool import uapi
from kvmtool.uapi import layout
from kvmtool.uapi.linux import virtio_blk, virtio_ring
from kvmtool.uapi.x86_64 import bootparam, kvm, kvm_para, processor_flags


def made(name: str, **layouts: str) -> type[ctypes.Structure]:
    result: type[ctypes.Structure] = layout.record(name, layouts, {"__name__": "test"})
    return result


def test_members_have_their_offsets_and_types() -> None:
    record = made("point", point="struct 16: u8 kind; u32 x; be32 y; s16 depth")
    assert [getattr(record, name).offset for name in ("kind", "x", "y", "depth")] == [0, 4, 8, 12]
    assert bytes(record(x=1, y=1, depth=-1))[4:14] == b"\1\0\0\0\0\0\0\1\xff\xff"


def test_packed_layout_has_no_gaps() -> None:
    record = made("entry", entry="packed struct 5: u8 kind; u32 size")
    assert record.size.offset == 1


def test_bit_fields_share_their_unit() -> None:
    record = made("flags", flags="struct 4: u32 low/3; u32 high/29")
    assert bytes(record(low=7, high=1)) == b"\x0f\0\0\0"


def test_members_of_an_anonymous_union_belong_to_the_structure() -> None:
    record = made(
        "outer", outer="struct 8: u32 tag; outer_anon0 anon0", outer_anon0="union 4: u32 a; u8 b"
    )
    value = record(tag=1)
    value.a = 0x01020304
    assert value.b == 4


def test_arrays_of_arrays_are_indexed_as_in_c() -> None:
    record = made("table", table="struct 6: u8 rows[2][3]")
    value = record()
    value.rows[1][0] = 9
    assert bytes(value) == b"\0\0\0\x09\0\0"


def test_layout_of_another_size_than_the_kernels_is_not_imported() -> None:
    with pytest.raises(ImportError, match="point is 8 bytes here, and 12 in the kernel"):
        made("point", point="struct 12: u32 x; u32 y")


def test_class_is_made_once_and_knows_its_module() -> None:
    assert kvm.kvm_regs is kvm.kvm_regs
    assert kvm.kvm_regs.__module__ == "kvmtool.uapi.x86_64.kvm"


def test_missing_name_is_an_attribute_error_that_names_the_module() -> None:
    with pytest.raises(AttributeError, match=r"kvmtool\.uapi\.x86_64\.kvm.*no_such_thing"):
        kvm.no_such_thing  # type: ignore[attr-defined]  # noqa: B018


def test_flexible_array_gets_the_room_that_was_asked_for() -> None:
    leaves = uapi.with_room(kvm.kvm_cpuid2, 3)
    assert sizeof(leaves) == 8 + 3 * 40
    assert len(leaves.entries) == 3
    leaves.entries[2].function = 0x40000000
    assert bytes(leaves)[8 + 80 : 8 + 84] == b"\0\0\0\x40"


def test_flexible_array_of_none_is_the_structure_itself() -> None:
    assert sizeof(uapi.with_room(kvm.kvm_msrs, 0)) == sizeof(kvm.kvm_msrs)


def test_structure_without_a_flexible_array_has_no_room_to_give() -> None:
    with pytest.raises(TypeError, match="kvm_regs does not end in a flexible array"):
        uapi.with_room(kvm.kvm_regs, 1)


def test_hosts_modules_are_found_by_their_short_names() -> None:
    from kvmtool.uapi import kvm as of_the_host

    assert of_the_host.__name__ == f"kvmtool.uapi.{uapi.host_architecture()}.kvm"
    with pytest.raises(AttributeError, match="no_such_header"):
        uapi.no_such_header  # type: ignore[attr-defined]  # noqa: B018


def test_known_numbers_of_the_kernels_interface() -> None:
    # Documentation/virt/kvm/api.rst, Documentation/arch/x86/boot.rst, virtio 1.3 (5.2.6, 2.7.5).
    members: Any = bootparam.setup_header, bootparam.boot_params
    assert members[0].header.offset + 0x1F1 == 0x202
    assert members[1].hdr.offset == 0x1F1
    assert kvm.KVM_RUN == 0xAE80
    assert kvm.KVM_CREATE_GUEST_MEMFD == 0xC040AED4
    assert kvm_para.KVM_SIGNATURE == b"KVMKVMKVM\0\0\0"
    assert sizeof(bootparam.boot_params) == 4096
    assert processor_flags.X86_CR0_PG == 1 << 31
    assert virtio_blk.VIRTIO_BLK_T_FLUSH == 4
    assert sizeof(virtio_ring.vring_desc) == 16
