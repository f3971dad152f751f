"""CPUID for guests, decoded again as an operating system decodes it (SDM 3A, 9.9; APM 3, E.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmtool.arch.x86_64 import cpu_features, cpuid, msrs
from kvmtool.arch.x86_64.cpuid import CpuidEntry
from kvmtool.errors import BadInput
from kvmtool.uapi.x86_64 import kvm

FLAG = kvm.KVM_CPUID_FLAG_SIGNIFCANT_INDEX
KVM_SIGNATURE = (0x40000001, 0x4B4D564B, 0x564B4D56, 0x4D)


def intel_host() -> list[CpuidEntry]:
    """A host of 8 cores with 2 threads each, asked on CPU 5; odd bits set to see them cleared."""
    return [
        CpuidEntry(0x0, 0, 0, 0x1F, 0x756E6547, 0x6C65746E, 0x49656E69),
        CpuidEntry(0x1, 0, 0, 0x906EA, 0x05100800, 0xFEFA3223 & ~(1 << 31), 0x1F8BFBFF),
        CpuidEntry(0x4, 0, FLAG, 0x1C004121, 0x01C0003F, 0x3F, 0),
        CpuidEntry(0x4, 1, FLAG, 0x1C004122, 0x01C0003F, 0x3F, 0),
        CpuidEntry(0x4, 2, FLAG, 0x1C004143, 0x00C0003F, 0x3FF, 0),
        CpuidEntry(0x4, 3, FLAG, 0x1C03C163, 0x03C0003F, 0x3FFF, 6),
        CpuidEntry(0x4, 4, FLAG),
        CpuidEntry(0x5, 0, 0, 0x40, 0x40, 3, 0x11142120),
        CpuidEntry(0x6, 0, 0, 0x27F7, 2, 9, 0),
        CpuidEntry(0x7, 0, FLAG, 1, 0x029C6FBF, 0x40000018, 0xBC080600),
        CpuidEntry(0x7, 1, FLAG, 0x100, 0, 0, 0),
        CpuidEntry(0xA, 0, 0, 0x07300404, 0, 0, 0x603),
        CpuidEntry(0xB, 0, FLAG, 1, 2, 0x100, 5),
        CpuidEntry(0xB, 1, FLAG, 4, 16, 0x201, 5),
        CpuidEntry(0x12, 0, FLAG, 3, 0, 0, 0x241F),
        CpuidEntry(0x1F, 0, FLAG, 1, 2, 0x100, 5),
        CpuidEntry(0x40000000, 0, 0, *KVM_SIGNATURE),
        CpuidEntry(0x40000001, 0, 0, 0x01007AFB, 0, 0, 0),
        CpuidEntry(0x80000000, 0, 0, 0x80000008, 0, 0, 0),
        CpuidEntry(0x80000001, 0, 0, 0, 0, 0x121, 0x2C100800),
        CpuidEntry(0x80000008, 0, 0, 0x3027, 0, 0, 0),
    ]


def amd_host() -> list[CpuidEntry]:
    """A host of 8 cores with 2 threads each, as KVM shows it with the host's numbers in it."""
    return [
        CpuidEntry(0x0, 0, 0, 0x10, 0x68747541, 0x444D4163, 0x69746E65),
        CpuidEntry(0x1, 0, 0, 0x800F12, 0x05100800, 0x7ED8320B, 0x178BFBFF),
        CpuidEntry(0x6, 0, 0, 4, 0, 1, 0),
        CpuidEntry(0x7, 0, FLAG, 0, 0x209C01A9, 0x400004, 0),
        CpuidEntry(0xB, 0, FLAG, 1, 2, 0x100, 5),
        CpuidEntry(0x40000000, 0, 0, *KVM_SIGNATURE),
        CpuidEntry(0x40000001, 0, 0, 0x01007AFB, 0, 0, 0),
        CpuidEntry(0x80000000, 0, 0, 0x80000026, 0x68747541, 0x444D4163, 0x69746E65),
        CpuidEntry(0x80000001, 0, 0, 0x800F12, 0x20000000, 0x35C233FF, 0x2FD3FBFF),
        CpuidEntry(0x80000008, 0, 0, 0x3030, 0x1000, 0x0001400F, 0),
        CpuidEntry(0x8000001D, 0, FLAG, 0x4121, 0x01C0003F, 0x3F, 0),
        CpuidEntry(0x8000001D, 1, FLAG, 0x4122, 0x00C0003F, 0xFF, 0),
        CpuidEntry(0x8000001D, 2, FLAG, 0x4143, 0x01C0003F, 0x3FF, 2),
        CpuidEntry(0x8000001D, 3, FLAG, 0x1C163, 0x03C0003F, 0x1FFF, 1),
        CpuidEntry(0x8000001D, 4, FLAG),
        CpuidEntry(0x8000001E, 0, 0, 5, 0x102, 0x001, 0),
        CpuidEntry(0x80000022, 0, 0, 1, 6, 0, 0),
        CpuidEntry(0x80000026, 0, FLAG, 1, 2, 0x100, 5),
    ]


HOSTS = {"intel": intel_host, "amd": amd_host}
hosts = pytest.mark.parametrize("host", sorted(HOSTS))


class Guest:
    """Executes CPUID on the leaves of one vCPU."""

    def __init__(self, entries: list[CpuidEntry]) -> None:
        self.leaves = {(entry.function, entry.index): entry for entry in entries}
        assert len(self.leaves) == len(entries)

    def __call__(self, function: int, index: int = 0) -> CpuidEntry:
        return self.leaves.get((function, index), CpuidEntry(function, index))

    def extended_topology(self, function: int) -> tuple[int, dict[int, tuple[int, int]]]:
        """x2APIC id and (shift, processors) by level type; levels end at type 0."""
        levels: dict[int, tuple[int, int]] = {}
        index = 0
        while level := self(function, index).ecx >> 8 & 0xFF:
            leaf = self(function, index)
            assert leaf.ecx & 0xFF == index
            assert leaf.ebx & 0xFFFF > 0
            levels[level] = (leaf.eax & 0x1F, leaf.ebx & 0xFFFF)
            index += 1
        return self(function).edx, levels


def guests(host: str, cpu_count: int, **options: object) -> list[Guest]:
    settings = {"tsc_deadline": True, **options}
    entries = cpuid.guest_cpuid(HOSTS[host](), cpu_count=cpu_count, **settings)  # type: ignore[arg-type]
    return [Guest(cpuid.for_vcpu(entries, apic_id)) for apic_id in cpuid.apic_ids(cpu_count)]


@given(st.sampled_from(sorted(HOSTS)), st.integers(1, 600))
def test_x2apic_leaf_places_each_cpu_in_a_core_of_its_own_in_one_package(
    host: str, cpu_count: int
) -> None:
    cpus = guests(host, cpu_count)
    functions = (0xB, 0x1F) if host == "intel" else (0xB,)
    for function in functions:
        places = set()
        for cpu in cpus:
            assert cpu(0).eax >= function
            x2apic_id, levels = cpu.extended_topology(function)
            assert sorted(levels) == [1, 2]
            (thread_bits, threads), (package_bits, processors) = levels[1], levels[2]
            assert (threads, processors) == (1, cpu_count)
            assert 1 << package_bits >= cpu_count
            assert cpu_count == 1 or 1 << (package_bits - 1) < cpu_count
            thread = x2apic_id & (1 << thread_bits) - 1
            core = x2apic_id >> thread_bits & (1 << (package_bits - thread_bits)) - 1
            assert (thread, x2apic_id >> package_bits) == (0, 0)
            places.add(core)
        assert len(places) == cpu_count


@given(st.sampled_from(sorted(HOSTS)), st.integers(1, 300))
def test_leaf_1_has_the_low_apic_id_and_a_count_only_if_there_are_several(
    host: str, cpu_count: int
) -> None:
    for number, cpu in enumerate(guests(host, cpu_count)):
        leaf = cpu(1)
        assert leaf.ebx >> 24 == number & 0xFF
        assert leaf.ebx & 0xFFFF == 0x0800  # CLFLUSH size and brand stay the host's
        assert leaf.edx >> 28 & 1 == (cpu_count > 1)
        assert leaf.ebx >> 16 & 0xFF >= min(cpu_count, 255)


@given(st.integers(1, 64))
def test_intel_legacy_leaves_give_one_thread_a_core(cpu_count: int) -> None:
    cpu = guests("intel", cpu_count)[0]
    cores = (cpu(4).eax >> 26) + 1
    processors = cpu(1).ebx >> 16 & 0xFF
    assert processors == cores >= cpu_count
    assert cores & cores - 1 == 0


@given(st.sampled_from(sorted(HOSTS)), st.integers(1, 4096))
def test_first_caches_are_private_and_the_last_is_shared_by_all(host: str, cpu_count: int) -> None:
    function = 4 if host == "intel" else 0x8000001D
    entries = cpuid.guest_cpuid(HOSTS[host](), cpu_count=cpu_count, tsc_deadline=True)
    cpu = Guest(cpuid.for_vcpu(entries, 0))
    sharing: dict[int, set[int]] = {}
    index = 0
    while cpu(function, index).eax & 0x1F:
        leaf = cpu(function, index)
        sharing.setdefault(leaf.eax >> 5 & 7, set()).add((leaf.eax >> 14 & 0xFFF) + 1)
        index += 1
    assert index == 4
    assert sharing[1] == sharing[2] == {1}
    (last,) = sharing[3]
    if host == "amd":
        assert last == cpu_count
    else:
        assert last == 1 << (cpu_count - 1).bit_length()


@pytest.mark.parametrize(
    ("cpu_count", "ecx"), [(1, 0x10000), (2, 0x11001), (3, 0x12002), (4, 0x12003), (300, 0x190FF)]
)
def test_amd_address_sizes_leaf_counts_cores_and_id_bits(cpu_count: int, ecx: int) -> None:
    assert guests("amd", cpu_count)[0](0x80000008).ecx == ecx


def test_amd_extended_apic_leaf_has_each_cpu_in_its_own_core_of_node_0() -> None:
    for number, cpu in enumerate(guests("amd", 300)):
        leaf = cpu(0x8000001E)
        assert (leaf.eax, leaf.ebx, leaf.ecx, leaf.edx) == (number, number & 0xFF, 0, 0)


def test_amd_leaf_with_the_hosts_topology_is_gone() -> None:
    cpu = guests("amd", 2)[1]
    assert cpu(0x80000026).ecx == 0
    assert cpu(0x80000001).ecx & 2  # CMP_LEGACY: several cores
    assert not guests("amd", 1)[0](0x80000001).ecx & 2


def test_intel_has_no_amd_leaves() -> None:
    cpu = guests("intel", 4)[0]
    assert (cpu(0x80000008).ecx, cpu(0x8000001E).eax, cpu(0x80000001).ecx) == (0, 0, 0x121)


@hosts
def test_version_leaf_says_hypervisor_and_leaves_osxsave_to_kvm(host: str) -> None:
    cpu = guests(host, 1)[0]
    assert cpu(1).ecx >> 31 == 1
    assert cpu(1).ecx >> 27 & 1 == 0
    assert cpu(7).ecx >> 4 & 1 == 0


@hosts
@pytest.mark.parametrize("capability", [False, True])
def test_deadline_timer_is_what_the_capability_says(host: str, capability: bool) -> None:
    assert guests(host, 1, tsc_deadline=capability)[0](1).ecx >> 24 & 1 == capability


@hosts
def test_kvm_leaves_stay(host: str) -> None:
    cpu = guests(host, 2)[1]
    signature = cpu(0x40000000)
    assert (signature.eax, signature.ebx, signature.ecx, signature.edx) == KVM_SIGNATURE
    assert cpu(0x40000001).eax == 0x01007AFB
    assert guests(host, 2, x2apic_32bit_ids=True)[0](0x40000001).eax == 0x0100FAFB


@hosts
def test_power_leaf_has_only_the_always_running_timer(host: str) -> None:
    leaf = guests(host, 1)[0](6)
    assert (leaf.eax, leaf.ebx, leaf.ecx, leaf.edx) == (4, 0, 0, 0)


def test_counters_stay_or_go_as_a_whole() -> None:
    assert guests("intel", 1)[0](0xA).eax == 0x07300404
    bare = guests("intel", 1, pmu=False)[0]
    assert (bare(0xA).eax, bare(0xA).edx, bare(7, 1).eax) == (0, 0, 0)
    assert bare(1).ecx >> 15 & 1 == 0
    assert bare(7).edx >> 19 & 1 == 0
    amd = guests("amd", 1, pmu=False)[0]
    assert amd(0x80000001).ecx & (1 << 23 | 1 << 24 | 1 << 28) == 0
    assert amd(0x80000022).eax == 0


def test_enclaves_are_not_offered() -> None:
    cpu = guests("intel", 1)[0]
    assert (cpu(0x12).eax, cpu(7).ebx & 4, cpu(7).ecx >> 30 & 1) == (0, 0, 0)


def test_low_maximum_leaf_is_raised_to_the_topology() -> None:
    entries = [CpuidEntry(0, 0, 0, 5, 0x756E6547, 0x6C65746E, 0x49656E69), CpuidEntry(1)]
    cpu = Guest(cpuid.guest_cpuid(entries, cpu_count=2, tsc_deadline=False))
    assert cpu(0).eax == 0xB
    assert cpu(0xB, 1).ebx == 2


def test_supported_entries_are_read_only() -> None:
    host = intel_host()
    before = [repr(entry) for entry in host]
    cpuid.for_vcpu(cpuid.guest_cpuid(host, cpu_count=3, tsc_deadline=False), 2)
    assert [repr(entry) for entry in host] == before


def test_kernel_structures_are_taken_and_given() -> None:
    host = cpuid.structures(intel_host())
    entries = cpuid.guest_cpuid(host, cpu_count=2, tsc_deadline=True)
    back = cpuid.structures(entries)
    assert [(leaf.function, leaf.index, leaf.ecx) for leaf in back] == [
        (entry.function, entry.index, entry.ecx) for entry in entries
    ]


def test_machine_without_cpus_has_no_apic_ids() -> None:
    assert cpuid.apic_ids(3) == [0, 1, 2]
    with pytest.raises(ValueError, match="not 0"):
        cpuid.apic_ids(0)


# --cpuid

# Places from the SDM and the APM.
PLACES = {
    "fpu": (0x1, 0, "edx", 0),
    "sse4_2": (0x1, 0, "ecx", 20),
    "sse4.2": (0x1, 0, "ecx", 20),
    "sse4-2": (0x1, 0, "ecx", 20),
    "x2apic": (0x1, 0, "ecx", 21),
    "tsc_deadline_timer": (0x1, 0, "ecx", 24),
    "tsc-deadline": (0x1, 0, "ecx", 24),
    "hypervisor": (0x1, 0, "ecx", 31),
    "vmx": (0x1, 0, "ecx", 5),
    "pbe": (0x1, 0, "edx", 31),
    "arat": (0x6, 0, "eax", 2),
    "avx2": (0x7, 0, "ebx", 5),
    "avx512vl": (0x7, 0, "ebx", 31),
    "la57": (0x7, 0, "ecx", 16),
    "rdpid": (0x7, 0, "ecx", 22),
    "fsrm": (0x7, 0, "edx", 4),
    "spec-ctrl": (0x7, 0, "edx", 26),
    "ssbd": (0x7, 0, "edx", 31),
    "lam": (0x7, 1, "eax", 26),
    "avx_ifma": (0x7, 1, "eax", 23),
    "prefetchiti": (0x7, 1, "edx", 14),
    "xsaves": (0xD, 1, "eax", 3),
    "kvm-hint-dedicated": (0x40000001, 0, "edx", 0),
    "kvmclock-stable-bit": (0x40000001, 0, "eax", 24),
    "kvm-pv-unhalt": (0x40000001, 0, "eax", 7),
    "syscall": (0x80000001, 0, "edx", 11),
    "lm": (0x80000001, 0, "edx", 29),
    "3dnow": (0x80000001, 0, "edx", 31),
    "svm": (0x80000001, 0, "ecx", 2),
    "topoext": (0x80000001, 0, "ecx", 22),
    "mwaitx": (0x80000001, 0, "ecx", 29),
    "invtsc": (0x80000007, 0, "edx", 8),
    "ibpb": (0x80000008, 0, "ebx", 12),
    "virt-ssbd": (0x80000008, 0, "ebx", 25),
    "npt": (0x8000000A, 0, "edx", 0),
    "vgif": (0x8000000A, 0, "edx", 16),
    "vnmi": (0x8000000A, 0, "edx", 25),
    "null_sel_clr_base": (0x80000021, 0, "eax", 6),
    "srso_no": (0x80000021, 0, "eax", 29),
}


@pytest.mark.parametrize("name", sorted(PLACES))
def test_feature_is_where_the_manuals_have_it(name: str) -> None:
    assert cpu_features.find(name) == (PLACES[name],)


def test_every_bit_has_one_name_below_32() -> None:
    places = [bit for _, bit in cpu_features.each()]
    assert len(set(places)) == len(places)
    assert all(bit[3] < 32 for bit in places)


def test_only_kvmclock_has_two_bits() -> None:
    assert [number for *_, number in cpu_features.find("kvmclock")] == [0, 3]
    names = [name for name, _ in cpu_features.each()]
    assert {name for name in names if names.count(name) > 1} == {"kvmclock"}


def test_option_is_read_in_order() -> None:
    assert repr(cpu_features.parse("+avx2, -SSE4.2,-x2apic")) == "[+avx2, -SSE4.2, -x2apic]"


@pytest.mark.parametrize("text", ["avx2", "", "+avx2,", "+", "=avx2"])
def test_part_without_sign_or_name_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"takes \+FEATURE and -FEATURE"):
        cpu_features.parse(text)


def test_unknown_feature_is_refused_with_a_close_name() -> None:
    with pytest.raises(BadInput, match=r"'sse4_3'; did you mean sse4_[12]\?"):
        cpu_features.parse("-sse4_3")
    with pytest.raises(BadInput, match=r"'quux'$"):
        cpu_features.parse("-quux")


def test_hidden_feature_is_gone_and_others_stay() -> None:
    changed = guests("intel", 2, changes=cpu_features.parse("-avx2,-kvmclock"))[1]
    plain = guests("intel", 2)[1]
    assert changed(7).ebx == plain(7).ebx & ~(1 << 5) != plain(7).ebx
    assert changed(0x40000001).eax == plain(0x40000001).eax & ~0b1001


def test_last_of_several_changes_holds() -> None:
    cpu = guests("intel", 1, changes=cpu_features.parse("-avx2,+avx2"))[0]
    assert cpu(7).ebx >> 5 & 1


@pytest.mark.parametrize("feature", ["svm", "la57", "sgx", "vgif"])
def test_feature_beyond_kvms_is_refused(feature: str) -> None:
    with pytest.raises(BadInput, match=rf"\+{feature}: this host's KVM does not support it"):
        guests("intel", 1, changes=cpu_features.parse(f"+{feature}"))


def test_feature_that_kvm_emulates_is_offered_on_request_only() -> None:
    emulated = [CpuidEntry(0x7, 0, FLAG, 0, 0, 1 << 22, 0)]
    asked = guests("intel", 1, changes=cpu_features.parse("+rdpid"), emulated=emulated)[0]
    assert asked(7).ecx >> 22 & 1
    assert not guests("intel", 1, emulated=emulated)[0](7).ecx >> 22 & 1


def test_hint_of_dedicated_cpus_needs_no_support() -> None:
    cpu = guests("amd", 1, changes=cpu_features.parse("+kvm-hint-dedicated"))[0]
    assert cpu(0x40000001).edx == 1


def test_deadline_timer_without_the_capability_is_refused() -> None:
    with pytest.raises(BadInput, match="tsc_deadline_timer"):
        guests("intel", 1, tsc_deadline=False, changes=cpu_features.parse("+tsc_deadline_timer"))


# MSRs


def test_msrs_enable_write_back_memory_and_fast_strings() -> None:
    values = msrs.initial(vmx=False)
    assert values[0x2FF] == 0x806
    assert values[0x1A0] & 1
    assert values[0x277] == 0x0007040600070406
    assert 0x3A not in values


def test_vmx_is_enabled_and_locked_where_the_guest_has_it() -> None:
    entries = cpuid.guest_cpuid(intel_host(), cpu_count=1, tsc_deadline=True)
    assert cpuid.has_vmx(entries)
    assert msrs.initial(vmx=True)[0x3A] == 0b101
    hidden = cpu_features.parse("-vmx")
    assert not cpuid.has_vmx(
        cpuid.guest_cpuid(intel_host(), cpu_count=1, tsc_deadline=True, changes=hidden)
    )
