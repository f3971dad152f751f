"""linux/kvm.h, asm/kvm.h on arm64. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_uint8, c_uint32, c_uint64
from typing import Final

KVM_SPSR_EL1: Final = 0
KVM_SPSR_SVC: Final = 0
KVM_SPSR_ABT: Final = 1
KVM_SPSR_UND: Final = 2
KVM_SPSR_IRQ: Final = 3
KVM_SPSR_FIQ: Final = 4
KVM_NR_SPSR: Final = 5
KVM_COALESCED_MMIO_PAGE_OFFSET: Final = 1
KVM_DIRTY_LOG_PAGE_OFFSET: Final = 64
KVM_ARM_TARGET_AEM_V8: Final = 0
KVM_ARM_TARGET_FOUNDATION_V8: Final = 1
KVM_ARM_TARGET_CORTEX_A57: Final = 2
KVM_ARM_TARGET_XGENE_POTENZA: Final = 3
KVM_ARM_TARGET_CORTEX_A53: Final = 4
KVM_ARM_TARGET_GENERIC_V8: Final = 5
KVM_ARM_NUM_TARGETS: Final = 6
KVM_ARM_DEVICE_TYPE_SHIFT: Final = 0
KVM_ARM_DEVICE_ID_SHIFT: Final = 16
KVM_ARM_DEVICE_VGIC_V2: Final = 0
KVM_VGIC_V2_ADDR_TYPE_DIST: Final = 0
KVM_VGIC_V2_ADDR_TYPE_CPU: Final = 1
KVM_VGIC_V2_DIST_SIZE: Final = 0x1000
KVM_VGIC_V2_CPU_SIZE: Final = 0x2000
KVM_VGIC_V3_ADDR_TYPE_DIST: Final = 2
KVM_VGIC_V3_ADDR_TYPE_REDIST: Final = 3
KVM_VGIC_ITS_ADDR_TYPE: Final = 4
KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION: Final = 5
KVM_ARM_VCPU_POWER_OFF: Final = 0
KVM_ARM_VCPU_EL1_32BIT: Final = 1
KVM_ARM_VCPU_PSCI_0_2: Final = 2
KVM_ARM_VCPU_PMU_V3: Final = 3
KVM_ARM_VCPU_SVE: Final = 4
KVM_ARM_VCPU_PTRAUTH_ADDRESS: Final = 5
KVM_ARM_VCPU_PTRAUTH_GENERIC: Final = 6
KVM_ARM_VCPU_HAS_EL2: Final = 7
KVM_ARM_MAX_DBG_REGS: Final = 16
KVM_DEBUG_ARCH_HSR_HIGH_VALID: Final = 1
KVM_GUESTDBG_USE_SW_BP: Final = 0x10000
KVM_GUESTDBG_USE_HW: Final = 0x20000
KVM_ARM_DEV_EL1_VTIMER: Final = 1
KVM_ARM_DEV_EL1_PTIMER: Final = 2
KVM_ARM_DEV_PMU: Final = 4
KVM_PMU_EVENT_ALLOW: Final = 0
KVM_PMU_EVENT_DENY: Final = 1
KVM_ARM_TAGS_TO_GUEST: Final = 0
KVM_ARM_TAGS_FROM_GUEST: Final = 1
KVM_REG_ARM_COPROC_MASK: Final = 0xFFF0000
KVM_REG_ARM_COPROC_SHIFT: Final = 16
KVM_REG_ARM_CORE: Final = 0x100000
KVM_REG_ARM_DEMUX: Final = 0x110000
KVM_REG_ARM_DEMUX_ID_MASK: Final = 0xFF00
KVM_REG_ARM_DEMUX_ID_SHIFT: Final = 8
KVM_REG_ARM_DEMUX_ID_CCSIDR: Final = 0
KVM_REG_ARM_DEMUX_VAL_MASK: Final = 255
KVM_REG_ARM_DEMUX_VAL_SHIFT: Final = 0
KVM_REG_ARM64_SYSREG: Final = 0x130000
KVM_REG_ARM64_SYSREG_OP0_MASK: Final = 0xC000
KVM_REG_ARM64_SYSREG_OP0_SHIFT: Final = 14
KVM_REG_ARM64_SYSREG_OP1_MASK: Final = 0x3800
KVM_REG_ARM64_SYSREG_OP1_SHIFT: Final = 11
KVM_REG_ARM64_SYSREG_CRN_MASK: Final = 1920
KVM_REG_ARM64_SYSREG_CRN_SHIFT: Final = 7
KVM_REG_ARM64_SYSREG_CRM_MASK: Final = 120
KVM_REG_ARM64_SYSREG_CRM_SHIFT: Final = 3
KVM_REG_ARM64_SYSREG_OP2_MASK: Final = 7
KVM_REG_ARM64_SYSREG_OP2_SHIFT: Final = 0
KVM_REG_ARM_PTIMER_CTL: Final = 0x603000000013DF11
KVM_REG_ARM_PTIMER_CVAL: Final = 0x603000000013DF12
KVM_REG_ARM_PTIMER_CNT: Final = 0x603000000013DF01
KVM_REG_ARM_TIMER_CTL: Final = 0x603000000013DF19
KVM_REG_ARM_TIMER_CVAL: Final = 0x603000000013DF02
KVM_REG_ARM_TIMER_CNT: Final = 0x603000000013DF1A
KVM_REG_ARM_FW: Final = 0x140000
KVM_REG_ARM_PSCI_VERSION: Final = 0x6030000000140000
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1: Final = 0x6030000000140001
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_NOT_AVAIL: Final = 0
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_AVAIL: Final = 1
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_NOT_REQUIRED: Final = 2
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2: Final = 0x6030000000140002
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_AVAIL: Final = 0
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_UNKNOWN: Final = 1
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_AVAIL: Final = 2
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_REQUIRED: Final = 3
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_ENABLED: Final = 16
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3: Final = 0x6030000000140003
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_NOT_AVAIL: Final = 0
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_AVAIL: Final = 1
KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_NOT_REQUIRED: Final = 2
KVM_REG_ARM64_SVE: Final = 0x150000
KVM_REG_ARM64_SVE_ZREG_BASE: Final = 0
KVM_REG_ARM64_SVE_PREG_BASE: Final = 1024
KVM_REG_ARM64_SVE_FFR_BASE: Final = 1536
KVM_ARM64_SVE_NUM_ZREGS: Final = 32
KVM_ARM64_SVE_NUM_PREGS: Final = 16
KVM_ARM64_SVE_MAX_SLICES: Final = 32
KVM_ARM64_SVE_VQ_MIN: Final = 1
KVM_ARM64_SVE_VQ_MAX: Final = 512
KVM_REG_ARM64_SVE_VLS: Final = 0x606000000015FFFF
KVM_ARM64_SVE_VLS_WORDS: Final = 8
KVM_REG_ARM_FW_FEAT_BMAP: Final = 0x160000
KVM_REG_ARM_STD_BMAP: Final = 0x6030000000160000
KVM_REG_ARM_STD_HYP_BMAP: Final = 0x6030000000160001
KVM_REG_ARM_VENDOR_HYP_BMAP: Final = 0x6030000000160002
KVM_ARM_VM_SMCCC_CTRL: Final = 0
KVM_ARM_VM_SMCCC_FILTER: Final = 0
KVM_DEV_ARM_VGIC_GRP_ADDR: Final = 0
KVM_DEV_ARM_VGIC_GRP_DIST_REGS: Final = 1
KVM_DEV_ARM_VGIC_GRP_CPU_REGS: Final = 2
KVM_DEV_ARM_VGIC_CPUID_SHIFT: Final = 32
KVM_DEV_ARM_VGIC_CPUID_MASK: Final = 0xFF00000000
KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT: Final = 32
KVM_DEV_ARM_VGIC_V3_MPIDR_MASK: Final = 0xFFFFFFFF00000000
KVM_DEV_ARM_VGIC_OFFSET_SHIFT: Final = 0
KVM_DEV_ARM_VGIC_OFFSET_MASK: Final = 0xFFFFFFFF
KVM_DEV_ARM_VGIC_SYSREG_INSTR_MASK: Final = 0xFFFF
KVM_DEV_ARM_VGIC_GRP_NR_IRQS: Final = 3
KVM_DEV_ARM_VGIC_GRP_CTRL: Final = 4
KVM_DEV_ARM_VGIC_GRP_REDIST_REGS: Final = 5
KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS: Final = 6
KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO: Final = 7
KVM_DEV_ARM_VGIC_GRP_ITS_REGS: Final = 8
KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT: Final = 10
KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_MASK: Final = 0xFFFFFC00
KVM_DEV_ARM_VGIC_LINE_LEVEL_INTID_MASK: Final = 1023
VGIC_LEVEL_INFO_LINE_LEVEL: Final = 0
KVM_DEV_ARM_VGIC_CTRL_INIT: Final = 0
KVM_DEV_ARM_ITS_SAVE_TABLES: Final = 1
KVM_DEV_ARM_ITS_RESTORE_TABLES: Final = 2
KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: Final = 3
KVM_DEV_ARM_ITS_CTRL_RESET: Final = 4
KVM_ARM_VCPU_PMU_V3_CTRL: Final = 0
KVM_ARM_VCPU_PMU_V3_IRQ: Final = 0
KVM_ARM_VCPU_PMU_V3_INIT: Final = 1
KVM_ARM_VCPU_PMU_V3_FILTER: Final = 2
KVM_ARM_VCPU_PMU_V3_SET_PMU: Final = 3
KVM_ARM_VCPU_TIMER_CTRL: Final = 1
KVM_ARM_VCPU_TIMER_IRQ_VTIMER: Final = 0
KVM_ARM_VCPU_TIMER_IRQ_PTIMER: Final = 1
KVM_ARM_VCPU_TIMER_IRQ_HVTIMER: Final = 2
KVM_ARM_VCPU_TIMER_IRQ_HPTIMER: Final = 3
KVM_ARM_VCPU_PVTIME_CTRL: Final = 2
KVM_ARM_VCPU_PVTIME_IPA: Final = 0
KVM_ARM_IRQ_VCPU2_SHIFT: Final = 28
KVM_ARM_IRQ_VCPU2_MASK: Final = 15
KVM_ARM_IRQ_TYPE_SHIFT: Final = 24
KVM_ARM_IRQ_TYPE_MASK: Final = 15
KVM_ARM_IRQ_VCPU_SHIFT: Final = 16
KVM_ARM_IRQ_VCPU_MASK: Final = 255
KVM_ARM_IRQ_NUM_SHIFT: Final = 0
KVM_ARM_IRQ_NUM_MASK: Final = 0xFFFF
KVM_ARM_IRQ_TYPE_CPU: Final = 0
KVM_ARM_IRQ_TYPE_SPI: Final = 1
KVM_ARM_IRQ_TYPE_PPI: Final = 2
KVM_ARM_IRQ_CPU_IRQ: Final = 0
KVM_ARM_IRQ_CPU_FIQ: Final = 1
KVM_ARM_IRQ_GIC_MAX: Final = 127
KVM_NR_IRQCHIPS: Final = 1
KVM_PSCI_FN_BASE: Final = 0x95C1BA5E
KVM_PSCI_FN_CPU_SUSPEND: Final = 0x95C1BA5E
KVM_PSCI_FN_CPU_OFF: Final = 0x95C1BA5F
KVM_PSCI_FN_CPU_ON: Final = 0x95C1BA60
KVM_PSCI_FN_MIGRATE: Final = 0x95C1BA61
KVM_PSCI_RET_SUCCESS: Final = 0
KVM_PSCI_RET_NI: Final = -1
KVM_PSCI_RET_INVAL: Final = -2
KVM_PSCI_RET_DENIED: Final = -3
KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2: Final = 1
KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED: Final = 1
KVM_HYPERCALL_EXIT_SMC: Final = 1
KVM_HYPERCALL_EXIT_16BIT: Final = 2
KVM_ARM_FEATURE_ID_RANGE: Final = 0
KVM_ARM_FEATURE_ID_RANGE_SIZE: Final = 192
KVM_API_VERSION: Final = 12
KVM_MEM_LOG_DIRTY_PAGES: Final = 1
KVM_MEM_READONLY: Final = 2
KVM_MEM_GUEST_MEMFD: Final = 4
KVM_PIT_SPEAKER_DUMMY: Final = 1
KVM_EXIT_HYPERV_SYNIC: Final = 1
KVM_EXIT_HYPERV_HCALL: Final = 2
KVM_EXIT_HYPERV_SYNDBG: Final = 3
KVM_EXIT_XEN_HCALL: Final = 1
KVM_S390_GET_SKEYS_NONE: Final = 1
KVM_S390_SKEYS_MAX: Final = 0x100000
KVM_EXIT_UNKNOWN: Final = 0
KVM_EXIT_EXCEPTION: Final = 1
KVM_EXIT_IO: Final = 2
KVM_EXIT_HYPERCALL: Final = 3
KVM_EXIT_DEBUG: Final = 4
KVM_EXIT_HLT: Final = 5
KVM_EXIT_MMIO: Final = 6
KVM_EXIT_IRQ_WINDOW_OPEN: Final = 7
KVM_EXIT_SHUTDOWN: Final = 8
KVM_EXIT_FAIL_ENTRY: Final = 9
KVM_EXIT_INTR: Final = 10
KVM_EXIT_SET_TPR: Final = 11
KVM_EXIT_TPR_ACCESS: Final = 12
KVM_EXIT_S390_SIEIC: Final = 13
KVM_EXIT_S390_RESET: Final = 14
KVM_EXIT_DCR: Final = 15
KVM_EXIT_NMI: Final = 16
KVM_EXIT_INTERNAL_ERROR: Final = 17
KVM_EXIT_OSI: Final = 18
KVM_EXIT_PAPR_HCALL: Final = 19
KVM_EXIT_S390_UCONTROL: Final = 20
KVM_EXIT_WATCHDOG: Final = 21
KVM_EXIT_S390_TSCH: Final = 22
KVM_EXIT_EPR: Final = 23
KVM_EXIT_SYSTEM_EVENT: Final = 24
KVM_EXIT_S390_STSI: Final = 25
KVM_EXIT_IOAPIC_EOI: Final = 26
KVM_EXIT_HYPERV: Final = 27
KVM_EXIT_ARM_NISV: Final = 28
KVM_EXIT_X86_RDMSR: Final = 29
KVM_EXIT_X86_WRMSR: Final = 30
KVM_EXIT_DIRTY_RING_FULL: Final = 31
KVM_EXIT_AP_RESET_HOLD: Final = 32
KVM_EXIT_X86_BUS_LOCK: Final = 33
KVM_EXIT_XEN: Final = 34
KVM_EXIT_RISCV_SBI: Final = 35
KVM_EXIT_RISCV_CSR: Final = 36
KVM_EXIT_NOTIFY: Final = 37
KVM_EXIT_LOONGARCH_IOCSR: Final = 38
KVM_EXIT_MEMORY_FAULT: Final = 39
KVM_INTERNAL_ERROR_EMULATION: Final = 1
KVM_INTERNAL_ERROR_SIMUL_EX: Final = 2
KVM_INTERNAL_ERROR_DELIVERY_EV: Final = 3
KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON: Final = 4
KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES: Final = 1
KVM_EXIT_IO_IN: Final = 0
KVM_EXIT_IO_OUT: Final = 1
KVM_SYSTEM_EVENT_SHUTDOWN: Final = 1
KVM_SYSTEM_EVENT_RESET: Final = 2
KVM_SYSTEM_EVENT_CRASH: Final = 3
KVM_SYSTEM_EVENT_WAKEUP: Final = 4
KVM_SYSTEM_EVENT_SUSPEND: Final = 5
KVM_SYSTEM_EVENT_SEV_TERM: Final = 6
KVM_MSR_EXIT_REASON_INVAL: Final = 1
KVM_MSR_EXIT_REASON_UNKNOWN: Final = 2
KVM_MSR_EXIT_REASON_FILTER: Final = 4
KVM_MSR_EXIT_REASON_VALID_MASK: Final = 7
KVM_NOTIFY_CONTEXT_INVALID: Final = 1
KVM_MEMORY_EXIT_FLAG_PRIVATE: Final = 8
SYNC_REGS_SIZE_BYTES: Final = 2048
KVM_MP_STATE_RUNNABLE: Final = 0
KVM_MP_STATE_UNINITIALIZED: Final = 1
KVM_MP_STATE_INIT_RECEIVED: Final = 2
KVM_MP_STATE_HALTED: Final = 3
KVM_MP_STATE_SIPI_RECEIVED: Final = 4
KVM_MP_STATE_STOPPED: Final = 5
KVM_MP_STATE_CHECK_STOP: Final = 6
KVM_MP_STATE_OPERATING: Final = 7
KVM_MP_STATE_LOAD: Final = 8
KVM_MP_STATE_AP_RESET_HOLD: Final = 9
KVM_MP_STATE_SUSPENDED: Final = 10
KVM_GUESTDBG_ENABLE: Final = 1
KVM_GUESTDBG_SINGLESTEP: Final = 2
KVM_IOEVENTFD_FLAG_DATAMATCH: Final = 1
KVM_IOEVENTFD_FLAG_PIO: Final = 2
KVM_IOEVENTFD_FLAG_DEASSIGN: Final = 4
KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY: Final = 8
KVM_IOEVENTFD_VALID_FLAG_MASK: Final = 31
KVM_X86_DISABLE_EXITS_MWAIT: Final = 1
KVM_X86_DISABLE_EXITS_HLT: Final = 2
KVM_X86_DISABLE_EXITS_PAUSE: Final = 4
KVM_X86_DISABLE_EXITS_CSTATE: Final = 8
KVM_X86_DISABLE_VALID_EXITS: Final = 15
KVMIO: Final = 174
KVM_VM_S390_UCONTROL: Final = 1
KVM_VM_PPC_HV: Final = 1
KVM_VM_PPC_PR: Final = 2
KVM_VM_MIPS_AUTO: Final = 0
KVM_VM_MIPS_VZ: Final = 1
KVM_VM_MIPS_TE: Final = 2
KVM_S390_SIE_PAGE_OFFSET: Final = 1
KVM_VM_TYPE_ARM_IPA_SIZE_MASK: Final = 255
KVM_GET_API_VERSION: Final = 0xAE00
KVM_CREATE_VM: Final = 0xAE01
KVM_S390_ENABLE_SIE: Final = 0xAE06
KVM_CHECK_EXTENSION: Final = 0xAE03
KVM_GET_VCPU_MMAP_SIZE: Final = 0xAE04
KVM_CAP_IRQCHIP: Final = 0
KVM_CAP_HLT: Final = 1
KVM_CAP_MMU_SHADOW_CACHE_CONTROL: Final = 2
KVM_CAP_USER_MEMORY: Final = 3
KVM_CAP_SET_TSS_ADDR: Final = 4
KVM_CAP_VAPIC: Final = 6
KVM_CAP_EXT_CPUID: Final = 7
KVM_CAP_CLOCKSOURCE: Final = 8
KVM_CAP_NR_VCPUS: Final = 9
KVM_CAP_NR_MEMSLOTS: Final = 10
KVM_CAP_PIT: Final = 11
KVM_CAP_NOP_IO_DELAY: Final = 12
KVM_CAP_PV_MMU: Final = 13
KVM_CAP_MP_STATE: Final = 14
KVM_CAP_COALESCED_MMIO: Final = 15
KVM_CAP_SYNC_MMU: Final = 16
KVM_CAP_IOMMU: Final = 18
KVM_CAP_DESTROY_MEMORY_REGION_WORKS: Final = 21
KVM_CAP_USER_NMI: Final = 22
KVM_CAP_SET_GUEST_DEBUG: Final = 23
KVM_CAP_IRQ_ROUTING: Final = 25
KVM_CAP_IRQ_INJECT_STATUS: Final = 26
KVM_CAP_ASSIGN_DEV_IRQ: Final = 29
KVM_CAP_JOIN_MEMORY_REGIONS_WORKS: Final = 30
KVM_CAP_IRQFD: Final = 32
KVM_CAP_SET_BOOT_CPU_ID: Final = 34
KVM_CAP_IOEVENTFD: Final = 36
KVM_CAP_SET_IDENTITY_MAP_ADDR: Final = 37
KVM_CAP_ADJUST_CLOCK: Final = 39
KVM_CAP_INTERNAL_ERROR_DATA: Final = 40
KVM_CAP_VCPU_EVENTS: Final = 41
KVM_CAP_S390_PSW: Final = 42
KVM_CAP_PPC_SEGSTATE: Final = 43
KVM_CAP_HYPERV: Final = 44
KVM_CAP_HYPERV_VAPIC: Final = 45
KVM_CAP_HYPERV_SPIN: Final = 46
KVM_CAP_PCI_SEGMENT: Final = 47
KVM_CAP_PPC_PAIRED_SINGLES: Final = 48
KVM_CAP_INTR_SHADOW: Final = 49
KVM_CAP_X86_ROBUST_SINGLESTEP: Final = 51
KVM_CAP_PPC_OSI: Final = 52
KVM_CAP_PPC_UNSET_IRQ: Final = 53
KVM_CAP_ENABLE_CAP: Final = 54
KVM_CAP_PPC_GET_PVINFO: Final = 57
KVM_CAP_PPC_IRQ_LEVEL: Final = 58
KVM_CAP_ASYNC_PF: Final = 59
KVM_CAP_TSC_CONTROL: Final = 60
KVM_CAP_GET_TSC_KHZ: Final = 61
KVM_CAP_PPC_BOOKE_SREGS: Final = 62
KVM_CAP_SPAPR_TCE: Final = 63
KVM_CAP_PPC_SMT: Final = 64
KVM_CAP_PPC_RMA: Final = 65
KVM_CAP_MAX_VCPUS: Final = 66
KVM_CAP_PPC_HIOR: Final = 67
KVM_CAP_PPC_PAPR: Final = 68
KVM_CAP_SW_TLB: Final = 69
KVM_CAP_ONE_REG: Final = 70
KVM_CAP_S390_GMAP: Final = 71
KVM_CAP_TSC_DEADLINE_TIMER: Final = 72
KVM_CAP_S390_UCONTROL: Final = 73
KVM_CAP_SYNC_REGS: Final = 74
KVM_CAP_PCI_2_3: Final = 75
KVM_CAP_KVMCLOCK_CTRL: Final = 76
KVM_CAP_SIGNAL_MSI: Final = 77
KVM_CAP_PPC_GET_SMMU_INFO: Final = 78
KVM_CAP_S390_COW: Final = 79
KVM_CAP_PPC_ALLOC_HTAB: Final = 80
KVM_CAP_READONLY_MEM: Final = 81
KVM_CAP_IRQFD_RESAMPLE: Final = 82
KVM_CAP_PPC_BOOKE_WATCHDOG: Final = 83
KVM_CAP_PPC_HTAB_FD: Final = 84
KVM_CAP_S390_CSS_SUPPORT: Final = 85
KVM_CAP_PPC_EPR: Final = 86
KVM_CAP_ARM_PSCI: Final = 87
KVM_CAP_ARM_SET_DEVICE_ADDR: Final = 88
KVM_CAP_DEVICE_CTRL: Final = 89
KVM_CAP_IRQ_MPIC: Final = 90
KVM_CAP_PPC_RTAS: Final = 91
KVM_CAP_IRQ_XICS: Final = 92
KVM_CAP_ARM_EL1_32BIT: Final = 93
KVM_CAP_SPAPR_MULTITCE: Final = 94
KVM_CAP_EXT_EMUL_CPUID: Final = 95
KVM_CAP_HYPERV_TIME: Final = 96
KVM_CAP_IOAPIC_POLARITY_IGNORED: Final = 97
KVM_CAP_ENABLE_CAP_VM: Final = 98
KVM_CAP_S390_IRQCHIP: Final = 99
KVM_CAP_IOEVENTFD_NO_LENGTH: Final = 100
KVM_CAP_VM_ATTRIBUTES: Final = 101
KVM_CAP_ARM_PSCI_0_2: Final = 102
KVM_CAP_PPC_FIXUP_HCALL: Final = 103
KVM_CAP_PPC_ENABLE_HCALL: Final = 104
KVM_CAP_CHECK_EXTENSION_VM: Final = 105
KVM_CAP_S390_USER_SIGP: Final = 106
KVM_CAP_S390_VECTOR_REGISTERS: Final = 107
KVM_CAP_S390_MEM_OP: Final = 108
KVM_CAP_S390_USER_STSI: Final = 109
KVM_CAP_S390_SKEYS: Final = 110
KVM_CAP_MIPS_FPU: Final = 111
KVM_CAP_MIPS_MSA: Final = 112
KVM_CAP_S390_INJECT_IRQ: Final = 113
KVM_CAP_S390_IRQ_STATE: Final = 114
KVM_CAP_PPC_HWRNG: Final = 115
KVM_CAP_DISABLE_QUIRKS: Final = 116
KVM_CAP_X86_SMM: Final = 117
KVM_CAP_MULTI_ADDRESS_SPACE: Final = 118
KVM_CAP_GUEST_DEBUG_HW_BPS: Final = 119
KVM_CAP_GUEST_DEBUG_HW_WPS: Final = 120
KVM_CAP_SPLIT_IRQCHIP: Final = 121
KVM_CAP_IOEVENTFD_ANY_LENGTH: Final = 122
KVM_CAP_HYPERV_SYNIC: Final = 123
KVM_CAP_S390_RI: Final = 124
KVM_CAP_SPAPR_TCE_64: Final = 125
KVM_CAP_ARM_PMU_V3: Final = 126
KVM_CAP_VCPU_ATTRIBUTES: Final = 127
KVM_CAP_MAX_VCPU_ID: Final = 128
KVM_CAP_X2APIC_API: Final = 129
KVM_CAP_S390_USER_INSTR0: Final = 130
KVM_CAP_MSI_DEVID: Final = 131
KVM_CAP_PPC_HTM: Final = 132
KVM_CAP_SPAPR_RESIZE_HPT: Final = 133
KVM_CAP_PPC_MMU_RADIX: Final = 134
KVM_CAP_PPC_MMU_HASH_V3: Final = 135
KVM_CAP_IMMEDIATE_EXIT: Final = 136
KVM_CAP_MIPS_VZ: Final = 137
KVM_CAP_MIPS_TE: Final = 138
KVM_CAP_MIPS_64BIT: Final = 139
KVM_CAP_S390_GS: Final = 140
KVM_CAP_S390_AIS: Final = 141
KVM_CAP_SPAPR_TCE_VFIO: Final = 142
KVM_CAP_X86_DISABLE_EXITS: Final = 143
KVM_CAP_ARM_USER_IRQ: Final = 144
KVM_CAP_S390_CMMA_MIGRATION: Final = 145
KVM_CAP_PPC_FWNMI: Final = 146
KVM_CAP_PPC_SMT_POSSIBLE: Final = 147
KVM_CAP_HYPERV_SYNIC2: Final = 148
KVM_CAP_HYPERV_VP_INDEX: Final = 149
KVM_CAP_S390_AIS_MIGRATION: Final = 150
KVM_CAP_PPC_GET_CPU_CHAR: Final = 151
KVM_CAP_S390_BPB: Final = 152
KVM_CAP_GET_MSR_FEATURES: Final = 153
KVM_CAP_HYPERV_EVENTFD: Final = 154
KVM_CAP_HYPERV_TLBFLUSH: Final = 155
KVM_CAP_S390_HPAGE_1M: Final = 156
KVM_CAP_NESTED_STATE: Final = 157
KVM_CAP_ARM_INJECT_SERROR_ESR: Final = 158
KVM_CAP_MSR_PLATFORM_INFO: Final = 159
KVM_CAP_PPC_NESTED_HV: Final = 160
KVM_CAP_HYPERV_SEND_IPI: Final = 161
KVM_CAP_COALESCED_PIO: Final = 162
KVM_CAP_HYPERV_ENLIGHTENED_VMCS: Final = 163
KVM_CAP_EXCEPTION_PAYLOAD: Final = 164
KVM_CAP_ARM_VM_IPA_SIZE: Final = 165
KVM_CAP_MANUAL_DIRTY_LOG_PROTECT: Final = 166
KVM_CAP_HYPERV_CPUID: Final = 167
KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: Final = 168
KVM_CAP_PPC_IRQ_XIVE: Final = 169
KVM_CAP_ARM_SVE: Final = 170
KVM_CAP_ARM_PTRAUTH_ADDRESS: Final = 171
KVM_CAP_ARM_PTRAUTH_GENERIC: Final = 172
KVM_CAP_PMU_EVENT_FILTER: Final = 173
KVM_CAP_ARM_IRQ_LINE_LAYOUT_2: Final = 174
KVM_CAP_HYPERV_DIRECT_TLBFLUSH: Final = 175
KVM_CAP_PPC_GUEST_DEBUG_SSTEP: Final = 176
KVM_CAP_ARM_NISV_TO_USER: Final = 177
KVM_CAP_ARM_INJECT_EXT_DABT: Final = 178
KVM_CAP_S390_VCPU_RESETS: Final = 179
KVM_CAP_S390_PROTECTED: Final = 180
KVM_CAP_PPC_SECURE_GUEST: Final = 181
KVM_CAP_HALT_POLL: Final = 182
KVM_CAP_ASYNC_PF_INT: Final = 183
KVM_CAP_LAST_CPU: Final = 184
KVM_CAP_SMALLER_MAXPHYADDR: Final = 185
KVM_CAP_S390_DIAG318: Final = 186
KVM_CAP_STEAL_TIME: Final = 187
KVM_CAP_X86_USER_SPACE_MSR: Final = 188
KVM_CAP_X86_MSR_FILTER: Final = 189
KVM_CAP_ENFORCE_PV_FEATURE_CPUID: Final = 190
KVM_CAP_SYS_HYPERV_CPUID: Final = 191
KVM_CAP_DIRTY_LOG_RING: Final = 192
KVM_CAP_X86_BUS_LOCK_EXIT: Final = 193
KVM_CAP_PPC_DAWR1: Final = 194
KVM_CAP_SET_GUEST_DEBUG2: Final = 195
KVM_CAP_SGX_ATTRIBUTE: Final = 196
KVM_CAP_VM_COPY_ENC_CONTEXT_FROM: Final = 197
KVM_CAP_PTP_KVM: Final = 198
KVM_CAP_HYPERV_ENFORCE_CPUID: Final = 199
KVM_CAP_SREGS2: Final = 200
KVM_CAP_EXIT_HYPERCALL: Final = 201
KVM_CAP_PPC_RPT_INVALIDATE: Final = 202
KVM_CAP_BINARY_STATS_FD: Final = 203
KVM_CAP_EXIT_ON_EMULATION_FAILURE: Final = 204
KVM_CAP_ARM_MTE: Final = 205
KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM: Final = 206
KVM_CAP_VM_GPA_BITS: Final = 207
KVM_CAP_XSAVE2: Final = 208
KVM_CAP_SYS_ATTRIBUTES: Final = 209
KVM_CAP_PPC_AIL_MODE_3: Final = 210
KVM_CAP_S390_MEM_OP_EXTENSION: Final = 211
KVM_CAP_PMU_CAPABILITY: Final = 212
KVM_CAP_DISABLE_QUIRKS2: Final = 213
KVM_CAP_VM_TSC_CONTROL: Final = 214
KVM_CAP_SYSTEM_EVENT_DATA: Final = 215
KVM_CAP_ARM_SYSTEM_SUSPEND: Final = 216
KVM_CAP_S390_PROTECTED_DUMP: Final = 217
KVM_CAP_X86_TRIPLE_FAULT_EVENT: Final = 218
KVM_CAP_X86_NOTIFY_VMEXIT: Final = 219
KVM_CAP_VM_DISABLE_NX_HUGE_PAGES: Final = 220
KVM_CAP_S390_ZPCI_OP: Final = 221
KVM_CAP_S390_CPU_TOPOLOGY: Final = 222
KVM_CAP_DIRTY_LOG_RING_ACQ_REL: Final = 223
KVM_CAP_S390_PROTECTED_ASYNC_DISABLE: Final = 224
KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP: Final = 225
KVM_CAP_PMU_EVENT_MASKED_EVENTS: Final = 226
KVM_CAP_COUNTER_OFFSET: Final = 227
KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE: Final = 228
KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES: Final = 229
KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES: Final = 230
KVM_CAP_USER_MEMORY2: Final = 231
KVM_CAP_MEMORY_FAULT_INFO: Final = 232
KVM_CAP_MEMORY_ATTRIBUTES: Final = 233
KVM_CAP_GUEST_MEMFD: Final = 234
KVM_CAP_VM_TYPES: Final = 235
KVM_CAP_PRE_FAULT_MEMORY: Final = 236
KVM_CAP_X86_APIC_BUS_CYCLES_NS: Final = 237
KVM_CAP_X86_GUEST_MODE: Final = 238
KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL: Final = 0xFFFFFFFF
KVM_IRQ_ROUTING_IRQCHIP: Final = 1
KVM_IRQ_ROUTING_MSI: Final = 2
KVM_IRQ_ROUTING_S390_ADAPTER: Final = 3
KVM_IRQ_ROUTING_HV_SINT: Final = 4
KVM_IRQ_ROUTING_XEN_EVTCHN: Final = 5
KVM_IRQFD_FLAG_DEASSIGN: Final = 1
KVM_IRQFD_FLAG_RESAMPLE: Final = 2
KVM_CLOCK_TSC_STABLE: Final = 2
KVM_CLOCK_REALTIME: Final = 4
KVM_CLOCK_HOST_TSC: Final = 8
KVM_MMU_FSL_BOOKE_NOHV: Final = 0
KVM_MMU_FSL_BOOKE_HV: Final = 1
KVM_REG_ARCH_MASK: Final = 0xFF00000000000000
KVM_REG_GENERIC: Final = 0
KVM_REG_PPC: Final = 0x1000000000000000
KVM_REG_X86: Final = 0x2000000000000000
KVM_REG_IA64: Final = 0x3000000000000000
KVM_REG_ARM: Final = 0x4000000000000000
KVM_REG_S390: Final = 0x5000000000000000
KVM_REG_ARM64: Final = 0x6000000000000000
KVM_REG_MIPS: Final = 0x7000000000000000
KVM_REG_RISCV: Final = 0x8000000000000000
KVM_REG_LOONGARCH: Final = 0x9000000000000000
KVM_REG_SIZE_SHIFT: Final = 52
KVM_REG_SIZE_MASK: Final = 0xF0000000000000
KVM_REG_SIZE_U8: Final = 0
KVM_REG_SIZE_U16: Final = 0x10000000000000
KVM_REG_SIZE_U32: Final = 0x20000000000000
KVM_REG_SIZE_U64: Final = 0x30000000000000
KVM_REG_SIZE_U128: Final = 0x40000000000000
KVM_REG_SIZE_U256: Final = 0x50000000000000
KVM_REG_SIZE_U512: Final = 0x60000000000000
KVM_REG_SIZE_U1024: Final = 0x70000000000000
KVM_REG_SIZE_U2048: Final = 0x80000000000000
KVM_MSI_VALID_DEVID: Final = 1
KVM_CREATE_DEVICE_TEST: Final = 1
KVM_DEV_VFIO_FILE: Final = 1
KVM_DEV_VFIO_FILE_ADD: Final = 1
KVM_DEV_VFIO_FILE_DEL: Final = 2
KVM_DEV_VFIO_GROUP: Final = 1
KVM_DEV_VFIO_GROUP_ADD: Final = 1
KVM_DEV_VFIO_GROUP_DEL: Final = 2
KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE: Final = 3
KVM_DEV_TYPE_FSL_MPIC_20: Final = 1
KVM_DEV_TYPE_FSL_MPIC_42: Final = 2
KVM_DEV_TYPE_XICS: Final = 3
KVM_DEV_TYPE_VFIO: Final = 4
KVM_DEV_TYPE_ARM_VGIC_V2: Final = 5
KVM_DEV_TYPE_FLIC: Final = 6
KVM_DEV_TYPE_ARM_VGIC_V3: Final = 7
KVM_DEV_TYPE_ARM_VGIC_ITS: Final = 8
KVM_DEV_TYPE_XIVE: Final = 9
KVM_DEV_TYPE_ARM_PV_TIME: Final = 10
KVM_DEV_TYPE_RISCV_AIA: Final = 11
KVM_CREATE_VCPU: Final = 0xAE41
KVM_GET_DIRTY_LOG: Final = 0x4010AE42
KVM_SET_NR_MMU_PAGES: Final = 0xAE44
KVM_GET_NR_MMU_PAGES: Final = 0xAE45
KVM_SET_USER_MEMORY_REGION: Final = 0x4020AE46
KVM_SET_TSS_ADDR: Final = 0xAE47
KVM_SET_IDENTITY_MAP_ADDR: Final = 0x4008AE48
KVM_SET_USER_MEMORY_REGION2: Final = 0x40A0AE49
KVM_S390_VCPU_FAULT: Final = 0x4008AE52
KVM_CREATE_IRQCHIP: Final = 0xAE60
KVM_IRQ_LINE: Final = 0x4008AE61
KVM_GET_IRQCHIP: Final = 0xC208AE62
KVM_SET_IRQCHIP: Final = 0x8208AE63
KVM_CREATE_PIT: Final = 0xAE64
KVM_IRQ_LINE_STATUS: Final = 0xC008AE67
KVM_REGISTER_COALESCED_MMIO: Final = 0x4010AE67
KVM_UNREGISTER_COALESCED_MMIO: Final = 0x4010AE68
KVM_SET_GSI_ROUTING: Final = 0x4008AE6A
KVM_REINJECT_CONTROL: Final = 0xAE71
KVM_IRQFD: Final = 0x4020AE76
KVM_CREATE_PIT2: Final = 0x4040AE77
KVM_SET_BOOT_CPU_ID: Final = 0xAE78
KVM_IOEVENTFD: Final = 0x4040AE79
KVM_SET_CLOCK: Final = 0x4030AE7B
KVM_GET_CLOCK: Final = 0x8030AE7C
KVM_SET_TSC_KHZ: Final = 0xAEA2
KVM_GET_TSC_KHZ: Final = 0xAEA3
KVM_SIGNAL_MSI: Final = 0x4020AEA5
KVM_PPC_ALLOCATE_HTAB: Final = 0xC004AEA7
KVM_ARM_SET_DEVICE_ADDR: Final = 0x4010AEAB
KVM_SET_PMU_EVENT_FILTER: Final = 0x4008AEB2
KVM_PPC_SVM_OFF: Final = 0xAEB3
KVM_ARM_MTE_COPY_TAGS: Final = 0x8030AEB4
KVM_ARM_SET_COUNTER_OFFSET: Final = 0x4010AEB5
KVM_ARM_GET_REG_WRITABLE_MASKS: Final = 0x8040AEB6
KVM_CREATE_DEVICE: Final = 0xC00CAEE0
KVM_SET_DEVICE_ATTR: Final = 0x4018AEE1
KVM_GET_DEVICE_ATTR: Final = 0x4018AEE2
KVM_HAS_DEVICE_ATTR: Final = 0x4018AEE3
KVM_RUN: Final = 0xAE80
KVM_GET_REGS: Final = 0x8360AE81
KVM_SET_REGS: Final = 0x4360AE82
KVM_GET_SREGS: Final = 0x8000AE83
KVM_SET_SREGS: Final = 0x4000AE84
KVM_TRANSLATE: Final = 0xC018AE85
KVM_INTERRUPT: Final = 0x4004AE86
KVM_SET_SIGNAL_MASK: Final = 0x4004AE8B
KVM_GET_FPU: Final = 0x8000AE8C
KVM_SET_FPU: Final = 0x4000AE8D
KVM_TPR_ACCESS_REPORTING: Final = 0xC028AE92
KVM_SET_VAPIC_ADDR: Final = 0x4008AE93
KVM_S390_STORE_STATUS_NOADDR: Final = 0xFFFFFFFFFFFFFFFF
KVM_S390_STORE_STATUS_PREFIXED: Final = 0xFFFFFFFFFFFFFFFE
KVM_S390_STORE_STATUS: Final = 0x4008AE95
KVM_S390_INITIAL_RESET: Final = 0xAE97
KVM_GET_MP_STATE: Final = 0x8004AE98
KVM_SET_MP_STATE: Final = 0x4004AE99
KVM_NMI: Final = 0xAE9A
KVM_SET_GUEST_DEBUG: Final = 0x4208AE9B
KVM_X86_SETUP_MCE: Final = 0x4008AE9C
KVM_X86_GET_MCE_CAP_SUPPORTED: Final = 0x8008AE9D
KVM_GET_VCPU_EVENTS: Final = 0x8040AE9F
KVM_SET_VCPU_EVENTS: Final = 0x4040AEA0
KVM_ENABLE_CAP: Final = 0x4068AEA3
KVM_DIRTY_TLB: Final = 0x4010AEAA
KVM_GET_ONE_REG: Final = 0x4010AEAB
KVM_SET_ONE_REG: Final = 0x4010AEAC
KVM_KVMCLOCK_CTRL: Final = 0xAEAD
KVM_ARM_VCPU_INIT: Final = 0x4020AEAE
KVM_ARM_PREFERRED_TARGET: Final = 0x8020AEAF
KVM_GET_REG_LIST: Final = 0xC008AEB0
KVM_SMI: Final = 0xAEB7
KVM_MEMORY_ENCRYPT_OP: Final = 0xC008AEBA
KVM_MEMORY_ENCRYPT_REG_REGION: Final = 0x8010AEBB
KVM_MEMORY_ENCRYPT_UNREG_REGION: Final = 0x8010AEBC
KVM_CLEAR_DIRTY_LOG: Final = 0xC018AEC0
KVM_ARM_VCPU_FINALIZE: Final = 0x4004AEC2
KVM_S390_NORMAL_RESET: Final = 0xAEC3
KVM_S390_CLEAR_RESET: Final = 0xAEC4
KVM_RESET_DIRTY_RINGS: Final = 0xAEC7
KVM_XEN_HVM_EVTCHN_SEND: Final = 0x400CAED0
KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE: Final = 1
KVM_DIRTY_LOG_INITIALLY_SET: Final = 2
KVM_DIRTY_GFN_F_DIRTY: Final = 1
KVM_DIRTY_GFN_F_RESET: Final = 2
KVM_DIRTY_GFN_F_MASK: Final = 3
KVM_BUS_LOCK_DETECTION_OFF: Final = 1
KVM_BUS_LOCK_DETECTION_EXIT: Final = 2
KVM_PMU_CAP_DISABLE: Final = 1
KVM_STATS_TYPE_SHIFT: Final = 0
KVM_STATS_TYPE_MASK: Final = 15
KVM_STATS_TYPE_CUMULATIVE: Final = 0
KVM_STATS_TYPE_INSTANT: Final = 1
KVM_STATS_TYPE_PEAK: Final = 2
KVM_STATS_TYPE_LINEAR_HIST: Final = 3
KVM_STATS_TYPE_LOG_HIST: Final = 4
KVM_STATS_TYPE_MAX: Final = 4
KVM_STATS_UNIT_SHIFT: Final = 4
KVM_STATS_UNIT_MASK: Final = 240
KVM_STATS_UNIT_NONE: Final = 0
KVM_STATS_UNIT_BYTES: Final = 16
KVM_STATS_UNIT_SECONDS: Final = 32
KVM_STATS_UNIT_CYCLES: Final = 48
KVM_STATS_UNIT_BOOLEAN: Final = 64
KVM_STATS_UNIT_MAX: Final = 64
KVM_STATS_BASE_SHIFT: Final = 8
KVM_STATS_BASE_MASK: Final = 3840
KVM_STATS_BASE_POW10: Final = 0
KVM_STATS_BASE_POW2: Final = 256
KVM_STATS_BASE_MAX: Final = 256
KVM_GET_STATS_FD: Final = 0xAECE
KVM_X86_NOTIFY_VMEXIT_ENABLED: Final = 1
KVM_X86_NOTIFY_VMEXIT_USER: Final = 2
KVM_SET_MEMORY_ATTRIBUTES: Final = 0x4020AED2
KVM_MEMORY_ATTRIBUTE_PRIVATE: Final = 8
KVM_CREATE_GUEST_MEMFD: Final = 0xC040AED4
KVM_PRE_FAULT_MEMORY: Final = 0xC040AED5
KVM_REG_ARM_STD_BIT_TRNG_V1_0: Final = 0
KVM_REG_ARM_STD_HYP_BIT_PV_TIME: Final = 0
KVM_REG_ARM_VENDOR_HYP_BIT_FUNC_FEAT: Final = 0
KVM_REG_ARM_VENDOR_HYP_BIT_PTP: Final = 1
KVM_SMCCC_FILTER_HANDLE: Final = 0
KVM_SMCCC_FILTER_DENY: Final = 1
KVM_SMCCC_FILTER_FWD_TO_USER: Final = 2
kvm_ioeventfd_flag_nr_datamatch: Final = 0
kvm_ioeventfd_flag_nr_pio: Final = 1
kvm_ioeventfd_flag_nr_deassign: Final = 2
kvm_ioeventfd_flag_nr_virtio_ccw_notify: Final = 3
kvm_ioeventfd_flag_nr_fast_mmio: Final = 4
kvm_ioeventfd_flag_nr_max: Final = 5
KVM_DEV_TYPE_MAX: Final = 12

class user_pt_regs(Structure):
    regs: Array[c_uint64]
    sp: int
    pc: int
    pstate: int

class user_fpsimd_state(Structure):
    vregs: Array[Array[c_uint64]]
    fpsr: int
    fpcr: int
    __reserved: Array[c_uint32]

class kvm_regs(Structure):
    regs: user_pt_regs
    sp_el1: int
    elr_el1: int
    spsr: Array[c_uint64]
    fp_regs: user_fpsimd_state

class kvm_vcpu_init(Structure):
    target: int
    features: Array[c_uint32]

class kvm_sregs(Structure): ...

class kvm_fpu(Structure): ...

class kvm_guest_debug_arch(Structure):
    dbg_bcr: Array[c_uint64]
    dbg_bvr: Array[c_uint64]
    dbg_wcr: Array[c_uint64]
    dbg_wvr: Array[c_uint64]

class kvm_debug_exit_arch(Structure):
    hsr: int
    hsr_high: int
    far: int

class kvm_sync_regs(Structure):
    device_irq_level: int

class kvm_pmu_event_filter(Structure):
    base_event: int
    nevents: int
    action: int
    pad: Array[c_uint8]

class kvm_vcpu_events_exception(Structure):
    serror_pending: int
    serror_has_esr: int
    ext_dabt_pending: int
    pad: Array[c_uint8]
    serror_esr: int

class kvm_vcpu_events(Structure):
    exception: kvm_vcpu_events_exception
    reserved: Array[c_uint32]

class kvm_arm_copy_mte_tags(Structure):
    guest_ipa: int
    length: int
    addr: int | None
    flags: int
    reserved: Array[c_uint64]

class kvm_arm_counter_offset(Structure):
    counter_offset: int
    reserved: int

class kvm_smccc_filter(Structure):
    base: int
    nr_functions: int
    action: int
    pad: Array[c_uint8]

class reg_mask_range(Structure):
    addr: int
    range: int
    reserved: Array[c_uint32]

class kvm_userspace_memory_region(Structure):
    slot: int
    flags: int
    guest_phys_addr: int
    memory_size: int
    userspace_addr: int

class kvm_userspace_memory_region2(Structure):
    slot: int
    flags: int
    guest_phys_addr: int
    memory_size: int
    userspace_addr: int
    guest_memfd_offset: int
    guest_memfd: int
    pad1: int
    pad2: Array[c_uint64]

class kvm_irq_level_anon0(Union):
    irq: int
    status: int

class kvm_irq_level(Structure):
    irq: int
    status: int
    level: int

class kvm_irqchip_chip(Union):
    dummy: Array[c_uint8]

class kvm_irqchip(Structure):
    chip_id: int
    pad: int
    chip: kvm_irqchip_chip

class kvm_pit_config(Structure):
    flags: int
    pad: Array[c_uint32]

class kvm_hyperv_exit_u_synic(Structure):
    msr: int
    pad2: int
    control: int
    evt_page: int
    msg_page: int

class kvm_hyperv_exit_u_hcall(Structure):
    input: int
    result: int
    params: Array[c_uint64]

class kvm_hyperv_exit_u_syndbg(Structure):
    msr: int
    pad2: int
    control: int
    status: int
    send_page: int
    recv_page: int
    pending_page: int

class kvm_hyperv_exit_u(Union):
    synic: kvm_hyperv_exit_u_synic
    hcall: kvm_hyperv_exit_u_hcall
    syndbg: kvm_hyperv_exit_u_syndbg

class kvm_hyperv_exit(Structure):
    type: int
    pad1: int
    u: kvm_hyperv_exit_u

class kvm_xen_exit_u_hcall(Structure):
    longmode: int
    cpl: int
    input: int
    result: int
    params: Array[c_uint64]

class kvm_xen_exit_u(Union):
    hcall: kvm_xen_exit_u_hcall

class kvm_xen_exit(Structure):
    type: int
    u: kvm_xen_exit_u

class kvm_run_hw(Structure):
    hardware_exit_reason: int

class kvm_run_fail_entry(Structure):
    hardware_entry_failure_reason: int
    cpu: int

class kvm_run_ex(Structure):
    exception: int
    error_code: int

class kvm_run_io(Structure):
    direction: int
    size: int
    port: int
    count: int
    data_offset: int

class kvm_run_debug(Structure):
    arch: kvm_debug_exit_arch

class kvm_run_mmio(Structure):
    phys_addr: int
    data: Array[c_uint8]
    len: int
    is_write: int

class kvm_run_iocsr_io(Structure):
    phys_addr: int
    data: Array[c_uint8]
    len: int
    is_write: int

class kvm_run_hypercall_anon0(Union):
    longmode: int
    flags: int

class kvm_run_hypercall(Structure):
    nr: int
    args: Array[c_uint64]
    ret: int
    longmode: int
    flags: int

class kvm_run_tpr_access(Structure):
    rip: int
    is_write: int
    pad: int

class kvm_run_s390_sieic(Structure):
    icptcode: int
    ipa: int
    ipb: int

class kvm_run_s390_ucontrol(Structure):
    trans_exc_code: int
    pgm_code: int

class kvm_run_dcr(Structure):
    dcrn: int
    data: int
    is_write: int

class kvm_run_internal(Structure):
    suberror: int
    ndata: int
    data: Array[c_uint64]

class kvm_run_emulation_failure_anon0_anon0(Structure):
    insn_size: int
    insn_bytes: Array[c_uint8]

class kvm_run_emulation_failure_anon0(Union):
    insn_size: int
    insn_bytes: Array[c_uint8]

class kvm_run_emulation_failure(Structure):
    suberror: int
    ndata: int
    flags: int
    insn_size: int
    insn_bytes: Array[c_uint8]

class kvm_run_osi(Structure):
    gprs: Array[c_uint64]

class kvm_run_papr_hcall(Structure):
    nr: int
    ret: int
    args: Array[c_uint64]

class kvm_run_s390_tsch(Structure):
    subchannel_id: int
    subchannel_nr: int
    io_int_parm: int
    io_int_word: int
    ipb: int
    dequeued: int

class kvm_run_epr(Structure):
    epr: int

class kvm_run_system_event_anon0(Union):
    flags: int
    data: Array[c_uint64]

class kvm_run_system_event(Structure):
    type: int
    ndata: int
    flags: int
    data: Array[c_uint64]

class kvm_run_s390_stsi(Structure):
    addr: int
    ar: int
    reserved: int
    fc: int
    sel1: int
    sel2: int

class kvm_run_eoi(Structure):
    vector: int

class kvm_run_arm_nisv(Structure):
    esr_iss: int
    fault_ipa: int

class kvm_run_msr(Structure):
    error: int
    pad: Array[c_uint8]
    reason: int
    index: int
    data: int

class kvm_run_riscv_sbi(Structure):
    extension_id: int
    function_id: int
    args: Array[c_uint64]
    ret: Array[c_uint64]

class kvm_run_riscv_csr(Structure):
    csr_num: int
    new_value: int
    write_mask: int
    ret_value: int

class kvm_run_notify(Structure):
    flags: int

class kvm_run_memory_fault(Structure):
    flags: int
    gpa: int
    size: int

class kvm_run_anon0(Union):
    hw: kvm_run_hw
    fail_entry: kvm_run_fail_entry
    ex: kvm_run_ex
    io: kvm_run_io
    debug: kvm_run_debug
    mmio: kvm_run_mmio
    iocsr_io: kvm_run_iocsr_io
    hypercall: kvm_run_hypercall
    tpr_access: kvm_run_tpr_access
    s390_sieic: kvm_run_s390_sieic
    s390_reset_flags: int
    s390_ucontrol: kvm_run_s390_ucontrol
    dcr: kvm_run_dcr
    internal: kvm_run_internal
    emulation_failure: kvm_run_emulation_failure
    osi: kvm_run_osi
    papr_hcall: kvm_run_papr_hcall
    s390_tsch: kvm_run_s390_tsch
    epr: kvm_run_epr
    system_event: kvm_run_system_event
    s390_stsi: kvm_run_s390_stsi
    eoi: kvm_run_eoi
    hyperv: kvm_hyperv_exit
    arm_nisv: kvm_run_arm_nisv
    msr: kvm_run_msr
    xen: kvm_xen_exit
    riscv_sbi: kvm_run_riscv_sbi
    riscv_csr: kvm_run_riscv_csr
    notify: kvm_run_notify
    memory_fault: kvm_run_memory_fault
    padding: Array[c_uint8]

class kvm_run_s(Union):
    regs: kvm_sync_regs
    padding: Array[c_uint8]

class kvm_run(Structure):
    request_interrupt_window: int
    immediate_exit: int
    padding1: Array[c_uint8]
    exit_reason: int
    ready_for_interrupt_injection: int
    if_flag: int
    flags: int
    cr8: int
    apic_base: int
    hw: kvm_run_hw
    fail_entry: kvm_run_fail_entry
    ex: kvm_run_ex
    io: kvm_run_io
    debug: kvm_run_debug
    mmio: kvm_run_mmio
    iocsr_io: kvm_run_iocsr_io
    hypercall: kvm_run_hypercall
    tpr_access: kvm_run_tpr_access
    s390_sieic: kvm_run_s390_sieic
    s390_reset_flags: int
    s390_ucontrol: kvm_run_s390_ucontrol
    dcr: kvm_run_dcr
    internal: kvm_run_internal
    emulation_failure: kvm_run_emulation_failure
    osi: kvm_run_osi
    papr_hcall: kvm_run_papr_hcall
    s390_tsch: kvm_run_s390_tsch
    epr: kvm_run_epr
    system_event: kvm_run_system_event
    s390_stsi: kvm_run_s390_stsi
    eoi: kvm_run_eoi
    hyperv: kvm_hyperv_exit
    arm_nisv: kvm_run_arm_nisv
    msr: kvm_run_msr
    xen: kvm_xen_exit
    riscv_sbi: kvm_run_riscv_sbi
    riscv_csr: kvm_run_riscv_csr
    notify: kvm_run_notify
    memory_fault: kvm_run_memory_fault
    padding: Array[c_uint8]
    kvm_valid_regs: int
    kvm_dirty_regs: int
    s: kvm_run_s

class kvm_coalesced_mmio_zone_anon0(Union):
    pad: int
    pio: int

class kvm_coalesced_mmio_zone(Structure):
    addr: int
    size: int
    pad: int
    pio: int

class kvm_coalesced_mmio_anon0(Union):
    pad: int
    pio: int

class kvm_coalesced_mmio(Structure):
    phys_addr: int
    len: int
    pad: int
    pio: int
    data: Array[c_uint8]

class kvm_coalesced_mmio_ring(Structure):
    first: int
    last: int
    coalesced_mmio: Array[kvm_coalesced_mmio]

class kvm_translation(Structure):
    linear_address: int
    physical_address: int
    valid: int
    writeable: int
    usermode: int
    pad: Array[c_uint8]

class kvm_interrupt(Structure):
    irq: int

class kvm_dirty_log_anon0(Union):
    dirty_bitmap: int | None
    padding2: int

class kvm_dirty_log(Structure):
    slot: int
    padding1: int
    dirty_bitmap: int | None
    padding2: int

class kvm_clear_dirty_log_anon0(Union):
    dirty_bitmap: int | None
    padding2: int

class kvm_clear_dirty_log(Structure):
    slot: int
    num_pages: int
    first_page: int
    dirty_bitmap: int | None
    padding2: int

class kvm_signal_mask(Structure):
    len: int
    sigset: Array[c_uint8]

class kvm_tpr_access_ctl(Structure):
    enabled: int
    flags: int
    reserved: Array[c_uint32]

class kvm_vapic_addr(Structure):
    vapic_addr: int

class kvm_mp_state(Structure):
    mp_state: int

class kvm_guest_debug(Structure):
    control: int
    pad: int
    arch: kvm_guest_debug_arch

class kvm_ioeventfd(Structure):
    datamatch: int
    addr: int
    len: int
    fd: int
    flags: int
    pad: Array[c_uint8]

class kvm_enable_cap(Structure):
    cap: int
    flags: int
    args: Array[c_uint64]
    pad: Array[c_uint8]

class kvm_irq_routing_irqchip(Structure):
    irqchip: int
    pin: int

class kvm_irq_routing_msi_anon0(Union):
    pad: int
    devid: int

class kvm_irq_routing_msi(Structure):
    address_lo: int
    address_hi: int
    data: int
    pad: int
    devid: int

class kvm_irq_routing_s390_adapter(Structure):
    ind_addr: int
    summary_addr: int
    ind_offset: int
    summary_offset: int
    adapter_id: int

class kvm_irq_routing_hv_sint(Structure):
    vcpu: int
    sint: int

class kvm_irq_routing_xen_evtchn(Structure):
    port: int
    vcpu: int
    priority: int

class kvm_irq_routing_entry_u(Union):
    irqchip: kvm_irq_routing_irqchip
    msi: kvm_irq_routing_msi
    adapter: kvm_irq_routing_s390_adapter
    hv_sint: kvm_irq_routing_hv_sint
    xen_evtchn: kvm_irq_routing_xen_evtchn
    pad: Array[c_uint32]

class kvm_irq_routing_entry(Structure):
    gsi: int
    type: int
    flags: int
    pad: int
    u: kvm_irq_routing_entry_u

class kvm_irq_routing(Structure):
    nr: int
    flags: int
    entries: Array[kvm_irq_routing_entry]

class kvm_irqfd(Structure):
    fd: int
    gsi: int
    flags: int
    resamplefd: int
    pad: Array[c_uint8]

class kvm_clock_data(Structure):
    clock: int
    flags: int
    pad0: int
    realtime: int
    host_tsc: int
    pad: Array[c_uint32]

class kvm_config_tlb(Structure):
    params: int
    array: int
    mmu_type: int
    array_len: int

class kvm_dirty_tlb(Structure):
    bitmap: int
    num_dirty: int

class kvm_reg_list(Structure):
    n: int
    reg: Array[c_uint64]

class kvm_one_reg(Structure):
    id: int
    addr: int

class kvm_msi(Structure):
    address_lo: int
    address_hi: int
    data: int
    flags: int
    devid: int
    pad: Array[c_uint8]

class kvm_arm_device_addr(Structure):
    id: int
    addr: int

class kvm_create_device(Structure):
    type: int
    fd: int
    flags: int

class kvm_device_attr(Structure):
    flags: int
    group: int
    attr: int
    addr: int

class kvm_vfio_spapr_tce(Structure):
    groupfd: int
    tablefd: int

class kvm_enc_region(Structure):
    addr: int
    size: int

class kvm_dirty_gfn(Structure):
    flags: int
    slot: int
    offset: int

class kvm_stats_header(Structure):
    flags: int
    name_size: int
    num_desc: int
    id_offset: int
    desc_offset: int
    data_offset: int

class kvm_stats_desc(Structure):
    flags: int
    exponent: int
    size: int
    offset: int
    bucket_size: int
    name: Array[c_uint8]

class kvm_memory_attributes(Structure):
    address: int
    size: int
    attributes: int
    flags: int

class kvm_create_guest_memfd(Structure):
    size: int
    flags: int
    reserved: Array[c_uint64]

class kvm_pre_fault_memory(Structure):
    gpa: int
    size: int
    flags: int
    padding: Array[c_uint64]
