"""asm/kvm_para.h, linux/kvm_para.h on x86_64. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_uint8, c_uint32
from typing import Final

KVM_CPUID_SIGNATURE: Final = 0x40000000
KVM_CPUID_FEATURES: Final = 0x40000001
KVM_FEATURE_CLOCKSOURCE: Final = 0
KVM_FEATURE_NOP_IO_DELAY: Final = 1
KVM_FEATURE_MMU_OP: Final = 2
KVM_FEATURE_CLOCKSOURCE2: Final = 3
KVM_FEATURE_ASYNC_PF: Final = 4
KVM_FEATURE_STEAL_TIME: Final = 5
KVM_FEATURE_PV_EOI: Final = 6
KVM_FEATURE_PV_UNHALT: Final = 7
KVM_FEATURE_PV_TLB_FLUSH: Final = 9
KVM_FEATURE_ASYNC_PF_VMEXIT: Final = 10
KVM_FEATURE_PV_SEND_IPI: Final = 11
KVM_FEATURE_POLL_CONTROL: Final = 12
KVM_FEATURE_PV_SCHED_YIELD: Final = 13
KVM_FEATURE_ASYNC_PF_INT: Final = 14
KVM_FEATURE_MSI_EXT_DEST_ID: Final = 15
KVM_FEATURE_HC_MAP_GPA_RANGE: Final = 16
KVM_FEATURE_MIGRATION_CONTROL: Final = 17
KVM_HINTS_REALTIME: Final = 0
KVM_FEATURE_CLOCKSOURCE_STABLE_BIT: Final = 24
MSR_KVM_WALL_CLOCK: Final = 17
MSR_KVM_SYSTEM_TIME: Final = 18
KVM_MSR_ENABLED: Final = 1
MSR_KVM_WALL_CLOCK_NEW: Final = 0x4B564D00
MSR_KVM_SYSTEM_TIME_NEW: Final = 0x4B564D01
MSR_KVM_ASYNC_PF_EN: Final = 0x4B564D02
MSR_KVM_STEAL_TIME: Final = 0x4B564D03
MSR_KVM_PV_EOI_EN: Final = 0x4B564D04
MSR_KVM_POLL_CONTROL: Final = 0x4B564D05
MSR_KVM_ASYNC_PF_INT: Final = 0x4B564D06
MSR_KVM_ASYNC_PF_ACK: Final = 0x4B564D07
MSR_KVM_MIGRATION_CONTROL: Final = 0x4B564D08
KVM_VCPU_PREEMPTED: Final = 1
KVM_VCPU_FLUSH_TLB: Final = 2
KVM_CLOCK_PAIRING_WALLCLOCK: Final = 0
KVM_STEAL_ALIGNMENT_BITS: Final = 5
KVM_STEAL_VALID_BITS: Final = 0xFFFFFFFFFFFFFFC0
KVM_STEAL_RESERVED_MASK: Final = 62
KVM_MAX_MMU_OP_BATCH: Final = 32
KVM_ASYNC_PF_ENABLED: Final = 1
KVM_ASYNC_PF_SEND_ALWAYS: Final = 2
KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT: Final = 4
KVM_ASYNC_PF_DELIVERY_AS_INT: Final = 8
KVM_MIGRATION_READY: Final = 1
KVM_MAP_GPA_RANGE_PAGE_SZ_4K: Final = 0
KVM_MAP_GPA_RANGE_PAGE_SZ_2M: Final = 1
KVM_MAP_GPA_RANGE_PAGE_SZ_1G: Final = 2
KVM_MAP_GPA_RANGE_ENCRYPTED: Final = 16
KVM_MAP_GPA_RANGE_DECRYPTED: Final = 0
KVM_MMU_OP_WRITE_PTE: Final = 1
KVM_MMU_OP_FLUSH_TLB: Final = 2
KVM_MMU_OP_RELEASE_PT: Final = 3
KVM_PV_REASON_PAGE_NOT_PRESENT: Final = 1
KVM_PV_REASON_PAGE_READY: Final = 2
KVM_PV_EOI_BIT: Final = 0
KVM_PV_EOI_MASK: Final = 1
KVM_PV_EOI_ENABLED: Final = 1
KVM_PV_EOI_DISABLED: Final = 0
KVM_ENOSYS: Final = 1000
KVM_EOPNOTSUPP: Final = 95
KVM_HC_VAPIC_POLL_IRQ: Final = 1
KVM_HC_MMU_OP: Final = 2
KVM_HC_FEATURES: Final = 3
KVM_HC_PPC_MAP_MAGIC_PAGE: Final = 4
KVM_HC_KICK_CPU: Final = 5
KVM_HC_MIPS_GET_CLOCK_FREQ: Final = 6
KVM_HC_MIPS_EXIT_VM: Final = 7
KVM_HC_MIPS_CONSOLE_OUTPUT: Final = 8
KVM_HC_CLOCK_PAIRING: Final = 9
KVM_HC_SEND_IPI: Final = 10
KVM_HC_SCHED_YIELD: Final = 11
KVM_HC_MAP_GPA_RANGE: Final = 12
KVM_SIGNATURE: Final = b"KVMKVMKVM\x00\x00\x00"

class kvm_steal_time(Structure):
    steal: int
    version: int
    flags: int
    preempted: int
    u8_pad: Array[c_uint8]
    pad: Array[c_uint32]

class kvm_clock_pairing(Structure):
    sec: int
    nsec: int
    tsc: int
    flags: int
    pad: Array[c_uint32]

class kvm_mmu_op_header(Structure):
    op: int
    pad: int

class kvm_mmu_op_write_pte(Structure):
    header: kvm_mmu_op_header
    pte_phys: int
    pte_val: int

class kvm_mmu_op_flush_tlb(Structure):
    header: kvm_mmu_op_header

class kvm_mmu_op_release_pt(Structure):
    header: kvm_mmu_op_header
    pt_phys: int

class kvm_vcpu_pv_apf_data(Structure):
    flags: int
    token: int
    pad: Array[c_uint8]
