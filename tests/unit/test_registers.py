"""The declaration vocabulary of kvmtool.bus.registers."""

from __future__ import annotations

import pytest

from kvmtool.bus.registers import DeclarationError, Register, RegisterBank
from kvmtool.bus.space import port_space
from kvmtool.core.runloop import ClaimTable


class Sample(RegisterBank, name="sample"):
    plain = Register(0, reset=0x12, doc="kept as written")
    wide = Register(4, width=4, reset=0xDEADBEEF, doc="four bytes")
    status = Register(2, access="r", reset=0x80, doc="read only")
    command = Register(3, access="w", doc="write only")
    echo = Register(8, width=2, doc="reads one more than a byte holds")

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[int] = []

    @command.on_write
    def _command(self, value: int) -> None:
        self.commands.append(value)

    @echo.on_read
    def _echo(self) -> int:
        return -1


@pytest.fixture
def sample() -> Sample:
    return Sample()


@pytest.fixture
def ports(sample: Sample) -> ClaimTable:
    space = port_space()
    sample.attach(space, 0x100)
    return space.table


def test_register_on_the_class_is_its_declaration() -> None:
    assert isinstance(Sample.plain, Register)
    assert (Sample.plain.name, Sample.plain.offset, Sample.plain.width) == ("plain", 0, 1)


def test_register_on_an_instance_is_a_plain_int(sample: Sample) -> None:
    assert sample.plain == 0x12
    sample.plain = 0x34
    assert vars(sample)["plain"] == sample.plain == 0x34


def test_two_banks_of_one_class_share_no_values() -> None:
    one, other = Sample(), Sample()
    one.plain = 1
    assert other.plain == 0x12


def test_register_without_handlers_reads_back_what_was_written(
    sample: Sample, ports: ClaimTable
) -> None:
    assert ports.read(0x100, 1) == 0x12
    ports.write(0x100, 0x99, 1)
    assert ports.read(0x100, 1) == sample.plain == 0x99


def test_value_that_the_device_left_too_large_is_masked_when_read(
    sample: Sample, ports: ClaimTable
) -> None:
    sample.plain = 0x1FF
    assert ports.read(0x100, 1) == 0xFF


def test_narrow_access_reaches_its_lane_of_a_wide_register(
    sample: Sample, ports: ClaimTable
) -> None:
    assert ports.read(0x106, 2) == 0xDEAD
    ports.write(0x105, 0x77, 1)
    assert sample.wide == 0x7700


def test_result_of_a_read_handler_is_masked_to_the_width(ports: ClaimTable) -> None:
    assert ports.read(0x108, 2) == 0xFFFF


def test_side_left_out_of_access_reads_all_ones_and_ignores_writes(
    sample: Sample, ports: ClaimTable
) -> None:
    ports.write(0x102, 0, 1)
    assert ports.read(0x102, 1) == 0x80
    ports.write(0x103, 7, 1)
    assert ports.read(0x103, 1) == 0xFF
    assert sample.commands == [7]


def test_reset_restores_every_value(sample: Sample, ports: ClaimTable) -> None:
    ports.write(0x100, 0, 1)
    ports.write(0x104, 0, 4)
    sample.reset()
    assert (sample.plain, sample.wide) == (0x12, 0xDEADBEEF)


def test_claims_are_named_after_bank_and_register(ports: ClaimTable) -> None:
    assert [claim.name for claim in ports.claims()] == [
        "sample.plain",
        "sample.status",
        "sample.command",
        "sample.wide",
        "sample.echo",
    ]


def test_describe_lists_registers_in_address_order() -> None:
    assert Sample.describe()[0] == ("plain", 0, 1, "rw", "kept as written")
    assert [row[1] for row in Sample.describe()] == [0, 2, 3, 4, 8]


def test_subclass_keeps_and_adds_registers() -> None:
    class More(Sample):
        extra = Register(1, doc="between")

    assert [register.name for register in More.registers][:2] == ["plain", "extra"]
    assert len(Sample.registers) == 5
    assert More.name == "more"


def test_overlap_is_refused_naming_both_registers() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.high: offset 0x3 lies within low \(0x0, 4"):

        class Bad(RegisterBank):
            low = Register(0, width=4, doc="")
            high = Register(3, doc="")


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (Register(0, width=3, doc=""), r"Bad\.odd: width must be 1, 2, 4 or 8 bytes, not 3"),
        (Register(0, reset=0x100, doc=""), r"Bad\.odd: reset value must fit 8 bits, not 0x100"),
        (Register(0, reset=-1, doc=""), r"Bad\.odd: reset value must fit 8 bits, not -0x1"),
        (Register(-1, doc=""), r"Bad\.odd: offset must not be negative, not -1"),
        (Register(0, access="x", doc=""), r"""Bad\.odd: access must be "rw".*, not 'x'"""),
    ],
)
def test_bad_declaration_is_refused_with_class_member_value_and_rule(
    register: Register, message: str
) -> None:
    with pytest.raises(DeclarationError, match=message):
        type("Bad", (RegisterBank,), {"odd": register})


def test_second_handler_on_one_side_is_refused_naming_both() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.port: one read handler.*_one and _two"):

        class Bad(RegisterBank):
            port = Register(0, doc="")

            @port.on_read
            def _one(self) -> int:
                return 1

            @port.on_read
            def _two(self) -> int:
                return 2


def test_handler_on_a_side_that_access_forbids_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.port: access 'r' forbids the write handler"):

        class Bad(RegisterBank):
            port = Register(0, access="r", doc="")

            @port.on_write
            def _write(self, value: int) -> None:
                pass


def test_register_that_hides_a_bank_method_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.reset: .*must not hide RegisterBank\.reset"):
        type("Bad", (RegisterBank,), {"reset": Register(0, doc="")})


def test_handler_for_another_class_register_is_refused() -> None:
    with pytest.raises(DeclarationError, match="plain: on_read belongs in the class"):
        Sample.plain.on_read(lambda bank: 0)
