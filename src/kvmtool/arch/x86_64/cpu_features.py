"""Names of CPUID feature bits, and the `--cpuid` option that is written in them.

Bits are where the Intel SDM (volume 2A, CPUID), the AMD APM (volume 3, appendix E) and, for the
leaf 0x40000001, Linux's Documentation/virt/kvm/x86/cpuid.rst have them. A name is spelled as in
/proc/cpuinfo; QEMU's spellings are found too, as `-`, `_` and `.` make no difference.
"""

from __future__ import annotations

from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Bit = tuple[int, int, str, int]
    """Function, index, register (`eax` to `edx`), bit number."""

# Names from bit 0 up, "." for a bit without one. A feature may have more than one bit. Bits that
# follow control registers (OSXSAVE, OSPKE) are no features.
_WORDS = (
    (0x1, 0, "edx",
     "fpu vme de pse tsc msr pae mce cx8 apic . sep mtrr pge mca cmov "
     "pat pse36 pn clflush . dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe"),
    (0x1, 0, "ecx",
     "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm "
     ". pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave . avx f16c "
     "rdrand hypervisor"),
    (0x6, 0, "eax",
     "dtherm ida arat . pln . pts hwp hwp_notify hwp_act_window hwp_epp hwp_pkg_req . . . . "
     ". . . hfi"),
    (0x7, 0, "ebx",
     "fsgsbase tsc_adjust sgx bmi1 hle avx2 fdp_excptn_only smep bmi2 erms invpcid rtm cqm "
     "zero_fcs_fds mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma pcommit clflushopt clwb "
     "intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl"),
    (0x7, 0, "ecx",
     ". avx512vbmi umip pku . waitpkg avx512_vbmi2 shstk gfni vaes vpclmulqdq avx512_vnni "
     "avx512_bitalg tme avx512_vpopcntdq . la57 . . . . . rdpid . bus_lock_detect cldemote . "
     "movdiri movdir64b enqcmd sgx_lc pks"),
    (0x7, 0, "edx",
     ". . avx512_4vnniw avx512_4fmaps fsrm uintr . . avx512_vp2intersect srbds_ctrl md_clear "
     "rtm_always_abort . tsx_force_abort serialize hybrid_cpu tsxldtrk . pconfig arch_lbr ibt . "
     "amx_bf16 avx512_fp16 amx_tile amx_int8 spec_ctrl stibp flush_l1d arch_capabilities "
     "core_capability ssbd"),
    (0x7, 1, "eax",
     ". . . . avx_vnni avx512_bf16 . cmpccxadd arch_perfmon_ext . fzrm fsrs fsrc . . . "
     ". fred lkgs wrmsrns . amx_fp16 . avx_ifma . . lam"),
    (0x7, 1, "edx",
     ". . . . avx_vnni_int8 avx_ne_convert . . amx_complex . avx_vnni_int16 . . . prefetchiti"),
    (0x7, 2, "edx", "intel_psfd ipred_ctrl rrsba_ctrl ddpd_u bhi_ctrl mcdt_no"),
    (0xD, 1, "eax", "xsaveopt xsavec xgetbv1 xsaves xfd"),
    (0x4000_0001, 0, "eax",
     "kvmclock kvm_nopiodelay kvm_mmu kvmclock kvm_asyncpf kvm_steal_time kvm_pv_eoi "
     "kvm_pv_unhalt . kvm_pv_tlb_flush kvm_asyncpf_vmexit kvm_pv_ipi kvm_poll_control "
     "kvm_pv_sched_yield kvm_asyncpf_int kvm_msi_ext_dest_id kvm_hc_map_gpa_range "
     "kvm_migration_control . . . . . . kvmclock_stable_bit"),
    (0x4000_0001, 0, "edx", "kvm_hint_dedicated"),
    (0x8000_0001, 0, "edx",
     ". . . . . . . . . . . syscall . . . . . . . mp nx . mmxext . . fxsr_opt pdpe1gb rdtscp . "
     "lm 3dnowext 3dnow"),
    (0x8000_0001, 0, "ecx",
     "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop "
     "skinit wdt . lwp fma4 tce . nodeid_msr . tbm topoext perfctr_core perfctr_nb . bpext ptsc "
     "perfctr_llc mwaitx"),
    (0x8000_0007, 0, "ebx", "overflow_recov succor . smca"),
    (0x8000_0007, 0, "edx", ". . . . . . . hw_pstate constant_tsc cpb aperfmperf"),
    (0x8000_0008, 0, "ebx",
     "clzero irperf xsaveerptr . rdpru . . . . wbnoinvd . . ibpb . ibrs amd_stibp "
     ". stibp_always_on . . . . . amd_ppin amd_ssbd virt_ssbd amd_no_ssb cppc amd_psfd btc_no . "
     "brs"),
    (0x8000_000A, 0, "edx",
     "npt lbrv svm_lock nrip_save tsc_scale vmcb_clean flushbyasid decodeassists . . pausefilter "
     ". pfthreshold avic . v_vmsave_vmload vgif . x2avic . v_spec_ctrl . . . . vnmi . . "
     "svme_addr_chk"),
    (0x8000_0021, 0, "eax",
     "no_nested_data_bp . lfence_rdtsc . . . null_sel_clr_base . autoibrs no_smm_ctl_msr . . . . "
     ". . . prefetchi . . . . . . . . . sbpb ibpb_brtype srso_no"),
)  # fmt: skip

# Other names of the same bits, without punctuation.
_ALIASES = {
    "ds": "dts",
    "sse3": "pni",
    "pclmuldq": "pclmulqdq",
    "cmpxchg16b": "cx16",
    "cmpxchg8b": "cx8",
    "tscdeadline": "tscdeadlinetimer",
    "i64": "lm",
    "xd": "nx",
    "ffxsr": "fxsropt",
    "lzcnt": "abm",
    "sha": "shani",
    "invtsc": "constanttsc",
    "nonstoptsc": "constanttsc",
    "splitlockdetect": "corecapability",
    "corecapabilities": "corecapability",
    "amdssbno": "amdnossb",
}


class Change:
    """One part of `--cpuid`: a feature to offer or to hide."""

    __slots__ = ("bits", "name", "offer")

    def __init__(self, name: str, bits: tuple[Bit, ...], offer: bool) -> None:
        self.name = name
        self.bits = bits
        self.offer = offer

    def __repr__(self) -> str:
        return ("+" if self.offer else "-") + self.name


def each() -> Iterator[tuple[str, Bit]]:
    """Each name and its bit; a feature of two bits comes twice."""
    for function, index, register, names in _WORDS:
        for bit, name in enumerate(names.split()):
            if name != ".":
                yield name, (function, index, register, bit)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(".", "")


def find(name: str) -> tuple[Bit, ...]:
    """The bits of a feature; BadInput, with close names, if there is none of that name."""
    plain = _plain(name)
    plain = _ALIASES.get(plain, plain)
    bits = tuple([bit for feature, bit in each() if _plain(feature) == plain])
    if not bits:
        from difflib import get_close_matches

        spelled = name.lower().replace("-", "_").replace(".", "_")
        known = sorted({feature for feature, _ in each()})
        close = get_close_matches(spelled, known, n=1) or get_close_matches(plain, _ALIASES, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise BadInput(f"--cpuid: no CPU feature is named {name!r}{hint}")
    return bits


def parse(text: str) -> list[Change]:
    """What `--cpuid +avx2,-sse4_2` asks for, in order; BadInput if it is anything else."""
    changes = []
    for part in text.split(","):
        sign, name = part.strip()[:1], part.strip()[1:].strip()
        if sign not in ("+", "-") or not name:
            raise BadInput(
                f"--cpuid takes +FEATURE and -FEATURE, separated by commas, not {part.strip()!r}"
            )
        changes.append(Change(name, find(name), sign == "+"))
    return changes
