"""AML terms, against the encodings in ACPI 6.5, chapters 6.4 and 20."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.arch.x86_64 import aml


def decode_package_length(code: bytes) -> tuple[int, int]:
    """(value, bytes taken), as ACPI 6.5, 20.2.4 words it for readers."""
    follow = code[0] >> 6
    if follow == 0:
        return code[0] & 0x3F, 1
    value = code[0] & 0x0F
    for position in range(follow):
        value |= code[1 + position] << (4 + 8 * position)
    return value, 1 + follow


@given(st.integers(0, (1 << 28) - 5))
def test_package_length_decodes_to_content_and_itself(size: int) -> None:
    code = aml.package_length(size)
    assert decode_package_length(code) == (size + len(code), len(code))


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (0, "01"),
        (62, "3f"),
        (63, "4104"),
        (4093, "4fff"),
        (4094, "810001"),
        ((1 << 20) - 4, "8fffff"),
        ((1 << 20) - 3, "c1000001"),
    ],
)
def test_package_length_grows_where_its_own_bytes_no_longer_fit(size: int, code: str) -> None:
    assert aml.package_length(size).hex() == code


def test_package_of_2_to_the_28_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller than 2\\^28 bytes"):
        aml.package_length((1 << 28) - 4)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0, "00"),
        (1, "01"),
        (2, "0a02"),
        (0xFF, "0aff"),
        (0x100, "0b0001"),
        (0x1_0000, "0c00000100"),
        (0x1_0000_0000, "0e0000000001000000"),
        ((1 << 64) - 1, "0effffffffffffffff"),
    ],
)
def test_integer_takes_the_shortest_prefix(value: int, code: str) -> None:
    assert aml.integer(value).hex() == code


@pytest.mark.parametrize("value", [-1, 1 << 64])
def test_integer_outside_64_bits_is_refused_with_its_value(value: int) -> None:
    with pytest.raises(ValueError, match=str(value)):
        aml.integer(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("_CRS", b"_CRS"),
        ("_S5", b"_S5_"),
        ("\\", b"\\\0"),
        ("^^COM1", b"^^COM1"),
        ("\\_SB.PCI0", b"\\\x2e_SB_PCI0"),
        ("\\_SB.PCI0.COM1", b"\\\x2f\x03_SB_PCI0COM1"),
    ],
)
def test_path_has_prefixes_and_padded_names(text: str, code: bytes) -> None:
    assert aml.path(text) == code


@pytest.mark.parametrize("text", ["toolong", "com1", "1COM", "A-B", "PCI0.", "ÄÖÜ"])
def test_name_that_acpi_does_not_allow_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="up to 4 of A-Z, 0-9 and _"):
        aml.path(text)


def test_path_with_root_and_parent_is_refused() -> None:
    with pytest.raises(ValueError, match="one root or any parents"):
        aml.path("\\^COM1")


def test_eisa_id_is_compressed_as_in_the_specification() -> None:
    # ACPI 6.5, 19.3.4 and any DSDT: EISAID("PNP0C0F") is 0x0F0CD041.
    assert aml.eisa_id("PNP0C0F") == b"\x0c" + (0x0F0CD041).to_bytes(4, "little")


@pytest.mark.parametrize("text", ["PNP0A0", "pnp0a08", "PNP0A0G", "P1P0A08"])
def test_malformed_eisa_id_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        aml.eisa_id(text)


def test_uuid_has_its_first_three_groups_little_endian() -> None:
    code = aml.uuid(
        "aabbccdd-eeff-gghh-iijj-kkllmmnnoopp".translate(str.maketrans("ghijklmnop", "0123456789"))
    )
    assert code.hex() == "11130a10" + "ddccbbaaffee1100" + "2233445566778899"


def test_string_with_nul_or_beyond_ascii_is_refused() -> None:
    for text in ("a\0b", "é"):
        with pytest.raises(ValueError, match="ASCII without NUL"):
            aml.string(text)


def test_package_counts_its_elements_and_encodes_plain_values() -> None:
    assert aml.package(1, "A", aml.ZERO).hex() == "120703010d410000"


def test_too_many_elements_arguments_and_locals_are_refused() -> None:
    with pytest.raises(ValueError, match="not 256"):
        aml.package(*[0] * 256)
    with pytest.raises(ValueError, match="not 8"):
        aml.method("M", 8)
    with pytest.raises(ValueError, match="not 7"):
        aml.arg(7)
    with pytest.raises(ValueError, match="not 8"):
        aml.local(8)
    with pytest.raises(ValueError, match="not 16"):
        aml.irq(16)


def test_method_has_arguments_and_serialize_flag() -> None:
    code = aml.method("_STA", 2, aml.return_(0x0F), serialized=True)
    assert code == b"\x14\x09_STA\x0a\xa4\x0a\x0f"


@pytest.mark.parametrize(
    ("descriptor", "code"),
    [
        (aml.io_ports(0x3F8, 8), "4701f803f8030108"),
        (aml.irq(4), "221000"),
        (aml.irq(4, shared=True), "23100011"),
        (aml.memory32_fixed(0xE000_0000, 0x1000_0000), "86090001000000e000000010"),
        (
            aml.interrupt(20, level=True, active_low=True, shared=True),
            "8906000d0114000000",
        ),
        (aml.bus_numbers(0, 256), "880d00020c0000000000ff0000000001"),
        (aml.io_window(0xD00, 0xF300), "880d00010c030000000dffff000000f3"),
        (
            aml.memory_window32(0xC000_0000, 0x2000_0000),
            "871700000c0100000000000000c0ffffffdf0000000000000020",
        ),
    ],
)
def test_resource_descriptor_matches_the_specification(descriptor: bytes, code: str) -> None:
    assert descriptor.hex() == code


@given(st.integers(1 << 32, 1 << 51), st.integers(1, 1 << 51))
def test_64_bit_window_holds_first_last_and_size(first: int, size: int) -> None:
    code = aml.memory_window64(first, size)
    assert code[:6].hex() == "8a2b00000c01"
    fields = [int.from_bytes(code[i : i + 8], "little") for i in range(6, 46, 8)]
    assert fields == [0, first, first + size - 1, 0, size]
