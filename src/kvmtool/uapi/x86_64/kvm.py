"""linux/kvm.h, asm/kvm.h on x86_64. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

KVM_PIO_PAGE_OFFSET = 1
KVM_COALESCED_MMIO_PAGE_OFFSET = 2
KVM_DIRTY_LOG_PAGE_OFFSET = 64
DE_VECTOR = 0
DB_VECTOR = 1
BP_VECTOR = 3
OF_VECTOR = 4
BR_VECTOR = 5
UD_VECTOR = 6
NM_VECTOR = 7
DF_VECTOR = 8
TS_VECTOR = 10
NP_VECTOR = 11
SS_VECTOR = 12
GP_VECTOR = 13
PF_VECTOR = 14
MF_VECTOR = 16
AC_VECTOR = 17
MC_VECTOR = 18
XM_VECTOR = 19
VE_VECTOR = 20
KVM_NR_INTERRUPTS = 256
KVM_IOAPIC_NUM_PINS = 24
KVM_IRQCHIP_PIC_MASTER = 0
KVM_IRQCHIP_PIC_SLAVE = 1
KVM_IRQCHIP_IOAPIC = 2
KVM_NR_IRQCHIPS = 3
KVM_RUN_X86_SMM = 1
KVM_RUN_X86_BUS_LOCK = 2
KVM_RUN_X86_GUEST_MODE = 4
KVM_APIC_REG_SIZE = 1024
KVM_SREGS2_FLAGS_PDPTRS_VALID = 1
KVM_MSR_FILTER_MAX_BITMAP_SIZE = 1536
KVM_MSR_FILTER_READ = 1
KVM_MSR_FILTER_WRITE = 2
KVM_MSR_FILTER_RANGE_VALID_MASK = 3
KVM_MSR_FILTER_MAX_RANGES = 16
KVM_MSR_FILTER_DEFAULT_ALLOW = 0
KVM_MSR_FILTER_DEFAULT_DENY = 1
KVM_MSR_FILTER_VALID_MASK = 1
KVM_CPUID_FLAG_SIGNIFCANT_INDEX = 1
KVM_CPUID_FLAG_STATEFUL_FUNC = 2
KVM_CPUID_FLAG_STATE_READ_NEXT = 4
KVM_GUESTDBG_USE_SW_BP = 0x10000
KVM_GUESTDBG_USE_HW_BP = 0x20000
KVM_GUESTDBG_INJECT_DB = 0x40000
KVM_GUESTDBG_INJECT_BP = 0x80000
KVM_GUESTDBG_BLOCKIRQ = 0x100000
KVM_PIT_FLAGS_HPET_LEGACY = 1
KVM_PIT_FLAGS_SPEAKER_DATA_ON = 2
KVM_VCPUEVENT_VALID_NMI_PENDING = 1
KVM_VCPUEVENT_VALID_SIPI_VECTOR = 2
KVM_VCPUEVENT_VALID_SHADOW = 4
KVM_VCPUEVENT_VALID_SMM = 8
KVM_VCPUEVENT_VALID_PAYLOAD = 16
KVM_VCPUEVENT_VALID_TRIPLE_FAULT = 32
KVM_X86_SHADOW_INT_MOV_SS = 1
KVM_X86_SHADOW_INT_STI = 2
KVM_MAX_XCRS = 16
KVM_SYNC_X86_REGS = 1
KVM_SYNC_X86_SREGS = 2
KVM_SYNC_X86_EVENTS = 4
KVM_SYNC_X86_VALID_FIELDS = 7
KVM_X86_QUIRK_LINT0_REENABLED = 1
KVM_X86_QUIRK_CD_NW_CLEARED = 2
KVM_X86_QUIRK_LAPIC_MMIO_HOLE = 4
KVM_X86_QUIRK_OUT_7E_INC_RIP = 8
KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT = 16
KVM_X86_QUIRK_FIX_HYPERCALL_INSN = 32
KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS = 64
KVM_X86_QUIRK_SLOT_ZAP_ALL = 128
KVM_X86_QUIRK_STUFF_FEATURE_MSRS = 256
KVM_X86_QUIRK_IGNORE_GUEST_PAT = 512
KVM_X86_QUIRK_VMCS12_ALLOW_FREEZE_IN_SMM = 1024
KVM_STATE_NESTED_FORMAT_VMX = 0
KVM_STATE_NESTED_FORMAT_SVM = 1
KVM_STATE_NESTED_GUEST_MODE = 1
KVM_STATE_NESTED_RUN_PENDING = 2
KVM_STATE_NESTED_EVMCS = 4
KVM_STATE_NESTED_MTF_PENDING = 8
KVM_STATE_NESTED_GIF_SET = 256
KVM_STATE_NESTED_SMM_GUEST_MODE = 1
KVM_STATE_NESTED_SMM_VMXON = 2
KVM_STATE_NESTED_VMX_VMCS_SIZE = 0x1000
KVM_STATE_NESTED_SVM_VMCB_SIZE = 0x1000
KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE = 1
KVM_X86_GRP_SYSTEM = 0
KVM_X86_XCOMP_GUEST_SUPP = 0
KVM_X86_GRP_SEV = 1
KVM_X86_SEV_VMSA_FEATURES = 0
KVM_PMU_EVENT_ALLOW = 0
KVM_PMU_EVENT_DENY = 1
KVM_PMU_EVENT_FLAG_MASKED_EVENTS = 1
KVM_PMU_EVENT_FLAGS_VALID_MASK = 1
KVM_XEN_HVM_CONFIG_HYPERCALL_MSR = 1
KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL = 2
KVM_XEN_HVM_CONFIG_SHARED_INFO = 4
KVM_XEN_HVM_CONFIG_RUNSTATE = 8
KVM_XEN_HVM_CONFIG_EVTCHN_2LEVEL = 16
KVM_XEN_HVM_CONFIG_EVTCHN_SEND = 32
KVM_XEN_HVM_CONFIG_RUNSTATE_UPDATE_FLAG = 64
KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE = 128
KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA = 256
KVM_XEN_INVALID_GFN = 0xFFFFFFFFFFFFFFFF
KVM_XEN_EVTCHN_DEASSIGN = 1
KVM_XEN_EVTCHN_UPDATE = 2
KVM_XEN_EVTCHN_RESET = 4
KVM_XEN_ATTR_TYPE_LONG_MODE = 0
KVM_XEN_ATTR_TYPE_SHARED_INFO = 1
KVM_XEN_ATTR_TYPE_UPCALL_VECTOR = 2
KVM_XEN_ATTR_TYPE_EVTCHN = 3
KVM_XEN_ATTR_TYPE_XEN_VERSION = 4
KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG = 5
KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA = 6
KVM_XEN_INVALID_GPA = 0xFFFFFFFFFFFFFFFF
KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO = 0
KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO = 1
KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR = 2
KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT = 3
KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA = 4
KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST = 5
KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID = 6
KVM_XEN_VCPU_ATTR_TYPE_TIMER = 7
KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR = 8
KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA = 9
KVM_SEV_SNP_PAGE_TYPE_NORMAL = 1
KVM_SEV_SNP_PAGE_TYPE_ZERO = 3
KVM_SEV_SNP_PAGE_TYPE_UNMEASURED = 4
KVM_SEV_SNP_PAGE_TYPE_SECRETS = 5
KVM_SEV_SNP_PAGE_TYPE_CPUID = 6
KVM_SEV_SNP_ID_BLOCK_SIZE = 96
KVM_SEV_SNP_ID_AUTH_SIZE = 0x1000
KVM_SEV_SNP_FINISH_DATA_SIZE = 32
KVM_X2APIC_API_USE_32BIT_IDS = 1
KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK = 2
KVM_HYPERV_CONN_ID_MASK = 0xFFFFFF
KVM_HYPERV_EVENTFD_DEASSIGN = 1
KVM_PMU_MASKED_ENTRY_EVENT_SELECT = 0xF000000FF
KVM_PMU_MASKED_ENTRY_UMASK_MASK = 0xFF00000000000000
KVM_PMU_MASKED_ENTRY_UMASK_MATCH = 0xFF00
KVM_PMU_MASKED_ENTRY_EXCLUDE = 0x80000000000000
KVM_PMU_MASKED_ENTRY_UMASK_MASK_SHIFT = 56
KVM_VCPU_TSC_CTRL = 0
KVM_VCPU_TSC_OFFSET = 0
KVM_EXIT_HYPERCALL_LONG_MODE = 1
KVM_X86_DEFAULT_VM = 0
KVM_X86_SW_PROTECTED_VM = 1
KVM_X86_SEV_VM = 2
KVM_X86_SEV_ES_VM = 3
KVM_X86_SNP_VM = 4
KVM_API_VERSION = 12
KVM_MEM_LOG_DIRTY_PAGES = 1
KVM_MEM_READONLY = 2
KVM_MEM_GUEST_MEMFD = 4
KVM_PIT_SPEAKER_DUMMY = 1
KVM_EXIT_HYPERV_SYNIC = 1
KVM_EXIT_HYPERV_HCALL = 2
KVM_EXIT_HYPERV_SYNDBG = 3
KVM_EXIT_XEN_HCALL = 1
KVM_S390_GET_SKEYS_NONE = 1
KVM_S390_SKEYS_MAX = 0x100000
KVM_EXIT_UNKNOWN = 0
KVM_EXIT_EXCEPTION = 1
KVM_EXIT_IO = 2
KVM_EXIT_HYPERCALL = 3
KVM_EXIT_DEBUG = 4
KVM_EXIT_HLT = 5
KVM_EXIT_MMIO = 6
KVM_EXIT_IRQ_WINDOW_OPEN = 7
KVM_EXIT_SHUTDOWN = 8
KVM_EXIT_FAIL_ENTRY = 9
KVM_EXIT_INTR = 10
KVM_EXIT_SET_TPR = 11
KVM_EXIT_TPR_ACCESS = 12
KVM_EXIT_S390_SIEIC = 13
KVM_EXIT_S390_RESET = 14
KVM_EXIT_DCR = 15
KVM_EXIT_NMI = 16
KVM_EXIT_INTERNAL_ERROR = 17
KVM_EXIT_OSI = 18
KVM_EXIT_PAPR_HCALL = 19
KVM_EXIT_S390_UCONTROL = 20
KVM_EXIT_WATCHDOG = 21
KVM_EXIT_S390_TSCH = 22
KVM_EXIT_EPR = 23
KVM_EXIT_SYSTEM_EVENT = 24
KVM_EXIT_S390_STSI = 25
KVM_EXIT_IOAPIC_EOI = 26
KVM_EXIT_HYPERV = 27
KVM_EXIT_ARM_NISV = 28
KVM_EXIT_X86_RDMSR = 29
KVM_EXIT_X86_WRMSR = 30
KVM_EXIT_DIRTY_RING_FULL = 31
KVM_EXIT_AP_RESET_HOLD = 32
KVM_EXIT_X86_BUS_LOCK = 33
KVM_EXIT_XEN = 34
KVM_EXIT_RISCV_SBI = 35
KVM_EXIT_RISCV_CSR = 36
KVM_EXIT_NOTIFY = 37
KVM_EXIT_LOONGARCH_IOCSR = 38
KVM_EXIT_MEMORY_FAULT = 39
KVM_INTERNAL_ERROR_EMULATION = 1
KVM_INTERNAL_ERROR_SIMUL_EX = 2
KVM_INTERNAL_ERROR_DELIVERY_EV = 3
KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON = 4
KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES = 1
KVM_EXIT_IO_IN = 0
KVM_EXIT_IO_OUT = 1
KVM_SYSTEM_EVENT_SHUTDOWN = 1
KVM_SYSTEM_EVENT_RESET = 2
KVM_SYSTEM_EVENT_CRASH = 3
KVM_SYSTEM_EVENT_WAKEUP = 4
KVM_SYSTEM_EVENT_SUSPEND = 5
KVM_SYSTEM_EVENT_SEV_TERM = 6
KVM_MSR_EXIT_REASON_INVAL = 1
KVM_MSR_EXIT_REASON_UNKNOWN = 2
KVM_MSR_EXIT_REASON_FILTER = 4
KVM_MSR_EXIT_REASON_VALID_MASK = 7
KVM_NOTIFY_CONTEXT_INVALID = 1
KVM_MEMORY_EXIT_FLAG_PRIVATE = 8
SYNC_REGS_SIZE_BYTES = 2048
KVM_MP_STATE_RUNNABLE = 0
KVM_MP_STATE_UNINITIALIZED = 1
KVM_MP_STATE_INIT_RECEIVED = 2
KVM_MP_STATE_HALTED = 3
KVM_MP_STATE_SIPI_RECEIVED = 4
KVM_MP_STATE_STOPPED = 5
KVM_MP_STATE_CHECK_STOP = 6
KVM_MP_STATE_OPERATING = 7
KVM_MP_STATE_LOAD = 8
KVM_MP_STATE_AP_RESET_HOLD = 9
KVM_MP_STATE_SUSPENDED = 10
KVM_GUESTDBG_ENABLE = 1
KVM_GUESTDBG_SINGLESTEP = 2
KVM_IOEVENTFD_FLAG_DATAMATCH = 1
KVM_IOEVENTFD_FLAG_PIO = 2
KVM_IOEVENTFD_FLAG_DEASSIGN = 4
KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY = 8
KVM_IOEVENTFD_VALID_FLAG_MASK = 31
KVM_X86_DISABLE_EXITS_MWAIT = 1
KVM_X86_DISABLE_EXITS_HLT = 2
KVM_X86_DISABLE_EXITS_PAUSE = 4
KVM_X86_DISABLE_EXITS_CSTATE = 8
KVM_X86_DISABLE_VALID_EXITS = 15
KVMIO = 174
KVM_VM_S390_UCONTROL = 1
KVM_VM_PPC_HV = 1
KVM_VM_PPC_PR = 2
KVM_VM_MIPS_AUTO = 0
KVM_VM_MIPS_VZ = 1
KVM_VM_MIPS_TE = 2
KVM_S390_SIE_PAGE_OFFSET = 1
KVM_VM_TYPE_ARM_IPA_SIZE_MASK = 255
KVM_GET_API_VERSION = 0xAE00
KVM_CREATE_VM = 0xAE01
KVM_GET_MSR_INDEX_LIST = 0xC004AE02
KVM_S390_ENABLE_SIE = 0xAE06
KVM_CHECK_EXTENSION = 0xAE03
KVM_GET_VCPU_MMAP_SIZE = 0xAE04
KVM_GET_SUPPORTED_CPUID = 0xC008AE05
KVM_GET_EMULATED_CPUID = 0xC008AE09
KVM_GET_MSR_FEATURE_INDEX_LIST = 0xC004AE0A
KVM_CAP_IRQCHIP = 0
KVM_CAP_HLT = 1
KVM_CAP_MMU_SHADOW_CACHE_CONTROL = 2
KVM_CAP_USER_MEMORY = 3
KVM_CAP_SET_TSS_ADDR = 4
KVM_CAP_VAPIC = 6
KVM_CAP_EXT_CPUID = 7
KVM_CAP_CLOCKSOURCE = 8
KVM_CAP_NR_VCPUS = 9
KVM_CAP_NR_MEMSLOTS = 10
KVM_CAP_PIT = 11
KVM_CAP_NOP_IO_DELAY = 12
KVM_CAP_PV_MMU = 13
KVM_CAP_MP_STATE = 14
KVM_CAP_COALESCED_MMIO = 15
KVM_CAP_SYNC_MMU = 16
KVM_CAP_IOMMU = 18
KVM_CAP_DESTROY_MEMORY_REGION_WORKS = 21
KVM_CAP_USER_NMI = 22
KVM_CAP_SET_GUEST_DEBUG = 23
KVM_CAP_REINJECT_CONTROL = 24
KVM_CAP_IRQ_ROUTING = 25
KVM_CAP_IRQ_INJECT_STATUS = 26
KVM_CAP_ASSIGN_DEV_IRQ = 29
KVM_CAP_JOIN_MEMORY_REGIONS_WORKS = 30
KVM_CAP_MCE = 31
KVM_CAP_IRQFD = 32
KVM_CAP_PIT2 = 33
KVM_CAP_SET_BOOT_CPU_ID = 34
KVM_CAP_PIT_STATE2 = 35
KVM_CAP_IOEVENTFD = 36
KVM_CAP_SET_IDENTITY_MAP_ADDR = 37
KVM_CAP_XEN_HVM = 38
KVM_CAP_ADJUST_CLOCK = 39
KVM_CAP_INTERNAL_ERROR_DATA = 40
KVM_CAP_VCPU_EVENTS = 41
KVM_CAP_S390_PSW = 42
KVM_CAP_PPC_SEGSTATE = 43
KVM_CAP_HYPERV = 44
KVM_CAP_HYPERV_VAPIC = 45
KVM_CAP_HYPERV_SPIN = 46
KVM_CAP_PCI_SEGMENT = 47
KVM_CAP_PPC_PAIRED_SINGLES = 48
KVM_CAP_INTR_SHADOW = 49
KVM_CAP_DEBUGREGS = 50
KVM_CAP_X86_ROBUST_SINGLESTEP = 51
KVM_CAP_PPC_OSI = 52
KVM_CAP_PPC_UNSET_IRQ = 53
KVM_CAP_ENABLE_CAP = 54
KVM_CAP_XSAVE = 55
KVM_CAP_XCRS = 56
KVM_CAP_PPC_GET_PVINFO = 57
KVM_CAP_PPC_IRQ_LEVEL = 58
KVM_CAP_ASYNC_PF = 59
KVM_CAP_TSC_CONTROL = 60
KVM_CAP_GET_TSC_KHZ = 61
KVM_CAP_PPC_BOOKE_SREGS = 62
KVM_CAP_SPAPR_TCE = 63
KVM_CAP_PPC_SMT = 64
KVM_CAP_PPC_RMA = 65
KVM_CAP_MAX_VCPUS = 66
KVM_CAP_PPC_HIOR = 67
KVM_CAP_PPC_PAPR = 68
KVM_CAP_SW_TLB = 69
KVM_CAP_ONE_REG = 70
KVM_CAP_S390_GMAP = 71
KVM_CAP_TSC_DEADLINE_TIMER = 72
KVM_CAP_S390_UCONTROL = 73
KVM_CAP_SYNC_REGS = 74
KVM_CAP_PCI_2_3 = 75
KVM_CAP_KVMCLOCK_CTRL = 76
KVM_CAP_SIGNAL_MSI = 77
KVM_CAP_PPC_GET_SMMU_INFO = 78
KVM_CAP_S390_COW = 79
KVM_CAP_PPC_ALLOC_HTAB = 80
KVM_CAP_READONLY_MEM = 81
KVM_CAP_IRQFD_RESAMPLE = 82
KVM_CAP_PPC_BOOKE_WATCHDOG = 83
KVM_CAP_PPC_HTAB_FD = 84
KVM_CAP_S390_CSS_SUPPORT = 85
KVM_CAP_PPC_EPR = 86
KVM_CAP_ARM_PSCI = 87
KVM_CAP_ARM_SET_DEVICE_ADDR = 88
KVM_CAP_DEVICE_CTRL = 89
KVM_CAP_IRQ_MPIC = 90
KVM_CAP_PPC_RTAS = 91
KVM_CAP_IRQ_XICS = 92
KVM_CAP_ARM_EL1_32BIT = 93
KVM_CAP_SPAPR_MULTITCE = 94
KVM_CAP_EXT_EMUL_CPUID = 95
KVM_CAP_HYPERV_TIME = 96
KVM_CAP_IOAPIC_POLARITY_IGNORED = 97
KVM_CAP_ENABLE_CAP_VM = 98
KVM_CAP_S390_IRQCHIP = 99
KVM_CAP_IOEVENTFD_NO_LENGTH = 100
KVM_CAP_VM_ATTRIBUTES = 101
KVM_CAP_ARM_PSCI_0_2 = 102
KVM_CAP_PPC_FIXUP_HCALL = 103
KVM_CAP_PPC_ENABLE_HCALL = 104
KVM_CAP_CHECK_EXTENSION_VM = 105
KVM_CAP_S390_USER_SIGP = 106
KVM_CAP_S390_VECTOR_REGISTERS = 107
KVM_CAP_S390_MEM_OP = 108
KVM_CAP_S390_USER_STSI = 109
KVM_CAP_S390_SKEYS = 110
KVM_CAP_MIPS_FPU = 111
KVM_CAP_MIPS_MSA = 112
KVM_CAP_S390_INJECT_IRQ = 113
KVM_CAP_S390_IRQ_STATE = 114
KVM_CAP_PPC_HWRNG = 115
KVM_CAP_DISABLE_QUIRKS = 116
KVM_CAP_X86_SMM = 117
KVM_CAP_MULTI_ADDRESS_SPACE = 118
KVM_CAP_GUEST_DEBUG_HW_BPS = 119
KVM_CAP_GUEST_DEBUG_HW_WPS = 120
KVM_CAP_SPLIT_IRQCHIP = 121
KVM_CAP_IOEVENTFD_ANY_LENGTH = 122
KVM_CAP_HYPERV_SYNIC = 123
KVM_CAP_S390_RI = 124
KVM_CAP_SPAPR_TCE_64 = 125
KVM_CAP_ARM_PMU_V3 = 126
KVM_CAP_VCPU_ATTRIBUTES = 127
KVM_CAP_MAX_VCPU_ID = 128
KVM_CAP_X2APIC_API = 129
KVM_CAP_S390_USER_INSTR0 = 130
KVM_CAP_MSI_DEVID = 131
KVM_CAP_PPC_HTM = 132
KVM_CAP_SPAPR_RESIZE_HPT = 133
KVM_CAP_PPC_MMU_RADIX = 134
KVM_CAP_PPC_MMU_HASH_V3 = 135
KVM_CAP_IMMEDIATE_EXIT = 136
KVM_CAP_MIPS_VZ = 137
KVM_CAP_MIPS_TE = 138
KVM_CAP_MIPS_64BIT = 139
KVM_CAP_S390_GS = 140
KVM_CAP_S390_AIS = 141
KVM_CAP_SPAPR_TCE_VFIO = 142
KVM_CAP_X86_DISABLE_EXITS = 143
KVM_CAP_ARM_USER_IRQ = 144
KVM_CAP_S390_CMMA_MIGRATION = 145
KVM_CAP_PPC_FWNMI = 146
KVM_CAP_PPC_SMT_POSSIBLE = 147
KVM_CAP_HYPERV_SYNIC2 = 148
KVM_CAP_HYPERV_VP_INDEX = 149
KVM_CAP_S390_AIS_MIGRATION = 150
KVM_CAP_PPC_GET_CPU_CHAR = 151
KVM_CAP_S390_BPB = 152
KVM_CAP_GET_MSR_FEATURES = 153
KVM_CAP_HYPERV_EVENTFD = 154
KVM_CAP_HYPERV_TLBFLUSH = 155
KVM_CAP_S390_HPAGE_1M = 156
KVM_CAP_NESTED_STATE = 157
KVM_CAP_ARM_INJECT_SERROR_ESR = 158
KVM_CAP_MSR_PLATFORM_INFO = 159
KVM_CAP_PPC_NESTED_HV = 160
KVM_CAP_HYPERV_SEND_IPI = 161
KVM_CAP_COALESCED_PIO = 162
KVM_CAP_HYPERV_ENLIGHTENED_VMCS = 163
KVM_CAP_EXCEPTION_PAYLOAD = 164
KVM_CAP_ARM_VM_IPA_SIZE = 165
KVM_CAP_MANUAL_DIRTY_LOG_PROTECT = 166
KVM_CAP_HYPERV_CPUID = 167
KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 = 168
KVM_CAP_PPC_IRQ_XIVE = 169
KVM_CAP_ARM_SVE = 170
KVM_CAP_ARM_PTRAUTH_ADDRESS = 171
KVM_CAP_ARM_PTRAUTH_GENERIC = 172
KVM_CAP_PMU_EVENT_FILTER = 173
KVM_CAP_ARM_IRQ_LINE_LAYOUT_2 = 174
KVM_CAP_HYPERV_DIRECT_TLBFLUSH = 175
KVM_CAP_PPC_GUEST_DEBUG_SSTEP = 176
KVM_CAP_ARM_NISV_TO_USER = 177
KVM_CAP_ARM_INJECT_EXT_DABT = 178
KVM_CAP_S390_VCPU_RESETS = 179
KVM_CAP_S390_PROTECTED = 180
KVM_CAP_PPC_SECURE_GUEST = 181
KVM_CAP_HALT_POLL = 182
KVM_CAP_ASYNC_PF_INT = 183
KVM_CAP_LAST_CPU = 184
KVM_CAP_SMALLER_MAXPHYADDR = 185
KVM_CAP_S390_DIAG318 = 186
KVM_CAP_STEAL_TIME = 187
KVM_CAP_X86_USER_SPACE_MSR = 188
KVM_CAP_X86_MSR_FILTER = 189
KVM_CAP_ENFORCE_PV_FEATURE_CPUID = 190
KVM_CAP_SYS_HYPERV_CPUID = 191
KVM_CAP_DIRTY_LOG_RING = 192
KVM_CAP_X86_BUS_LOCK_EXIT = 193
KVM_CAP_PPC_DAWR1 = 194
KVM_CAP_SET_GUEST_DEBUG2 = 195
KVM_CAP_SGX_ATTRIBUTE = 196
KVM_CAP_VM_COPY_ENC_CONTEXT_FROM = 197
KVM_CAP_PTP_KVM = 198
KVM_CAP_HYPERV_ENFORCE_CPUID = 199
KVM_CAP_SREGS2 = 200
KVM_CAP_EXIT_HYPERCALL = 201
KVM_CAP_PPC_RPT_INVALIDATE = 202
KVM_CAP_BINARY_STATS_FD = 203
KVM_CAP_EXIT_ON_EMULATION_FAILURE = 204
KVM_CAP_ARM_MTE = 205
KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM = 206
KVM_CAP_VM_GPA_BITS = 207
KVM_CAP_XSAVE2 = 208
KVM_CAP_SYS_ATTRIBUTES = 209
KVM_CAP_PPC_AIL_MODE_3 = 210
KVM_CAP_S390_MEM_OP_EXTENSION = 211
KVM_CAP_PMU_CAPABILITY = 212
KVM_CAP_DISABLE_QUIRKS2 = 213
KVM_CAP_VM_TSC_CONTROL = 214
KVM_CAP_SYSTEM_EVENT_DATA = 215
KVM_CAP_ARM_SYSTEM_SUSPEND = 216
KVM_CAP_S390_PROTECTED_DUMP = 217
KVM_CAP_X86_TRIPLE_FAULT_EVENT = 218
KVM_CAP_X86_NOTIFY_VMEXIT = 219
KVM_CAP_VM_DISABLE_NX_HUGE_PAGES = 220
KVM_CAP_S390_ZPCI_OP = 221
KVM_CAP_S390_CPU_TOPOLOGY = 222
KVM_CAP_DIRTY_LOG_RING_ACQ_REL = 223
KVM_CAP_S390_PROTECTED_ASYNC_DISABLE = 224
KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP = 225
KVM_CAP_PMU_EVENT_MASKED_EVENTS = 226
KVM_CAP_COUNTER_OFFSET = 227
KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE = 228
KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES = 229
KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES = 230
KVM_CAP_USER_MEMORY2 = 231
KVM_CAP_MEMORY_FAULT_INFO = 232
KVM_CAP_MEMORY_ATTRIBUTES = 233
KVM_CAP_GUEST_MEMFD = 234
KVM_CAP_VM_TYPES = 235
KVM_CAP_PRE_FAULT_MEMORY = 236
KVM_CAP_X86_APIC_BUS_CYCLES_NS = 237
KVM_CAP_X86_GUEST_MODE = 238
KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL = 0xFFFFFFFF
KVM_IRQ_ROUTING_IRQCHIP = 1
KVM_IRQ_ROUTING_MSI = 2
KVM_IRQ_ROUTING_S390_ADAPTER = 3
KVM_IRQ_ROUTING_HV_SINT = 4
KVM_IRQ_ROUTING_XEN_EVTCHN = 5
KVM_IRQFD_FLAG_DEASSIGN = 1
KVM_IRQFD_FLAG_RESAMPLE = 2
KVM_CLOCK_TSC_STABLE = 2
KVM_CLOCK_REALTIME = 4
KVM_CLOCK_HOST_TSC = 8
KVM_MMU_FSL_BOOKE_NOHV = 0
KVM_MMU_FSL_BOOKE_HV = 1
KVM_REG_ARCH_MASK = 0xFF00000000000000
KVM_REG_GENERIC = 0
KVM_REG_PPC = 0x1000000000000000
KVM_REG_X86 = 0x2000000000000000
KVM_REG_IA64 = 0x3000000000000000
KVM_REG_ARM = 0x4000000000000000
KVM_REG_S390 = 0x5000000000000000
KVM_REG_ARM64 = 0x6000000000000000
KVM_REG_MIPS = 0x7000000000000000
KVM_REG_RISCV = 0x8000000000000000
KVM_REG_LOONGARCH = 0x9000000000000000
KVM_REG_SIZE_SHIFT = 52
KVM_REG_SIZE_MASK = 0xF0000000000000
KVM_REG_SIZE_U8 = 0
KVM_REG_SIZE_U16 = 0x10000000000000
KVM_REG_SIZE_U32 = 0x20000000000000
KVM_REG_SIZE_U64 = 0x30000000000000
KVM_REG_SIZE_U128 = 0x40000000000000
KVM_REG_SIZE_U256 = 0x50000000000000
KVM_REG_SIZE_U512 = 0x60000000000000
KVM_REG_SIZE_U1024 = 0x70000000000000
KVM_REG_SIZE_U2048 = 0x80000000000000
KVM_MSI_VALID_DEVID = 1
KVM_CREATE_DEVICE_TEST = 1
KVM_DEV_VFIO_FILE = 1
KVM_DEV_VFIO_FILE_ADD = 1
KVM_DEV_VFIO_FILE_DEL = 2
KVM_DEV_VFIO_GROUP = 1
KVM_DEV_VFIO_GROUP_ADD = 1
KVM_DEV_VFIO_GROUP_DEL = 2
KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE = 3
KVM_DEV_TYPE_FSL_MPIC_20 = 1
KVM_DEV_TYPE_FSL_MPIC_42 = 2
KVM_DEV_TYPE_XICS = 3
KVM_DEV_TYPE_VFIO = 4
KVM_DEV_TYPE_ARM_VGIC_V2 = 5
KVM_DEV_TYPE_FLIC = 6
KVM_DEV_TYPE_ARM_VGIC_V3 = 7
KVM_DEV_TYPE_ARM_VGIC_ITS = 8
KVM_DEV_TYPE_XIVE = 9
KVM_DEV_TYPE_ARM_PV_TIME = 10
KVM_DEV_TYPE_RISCV_AIA = 11
KVM_CREATE_VCPU = 0xAE41
KVM_GET_DIRTY_LOG = 0x4010AE42
KVM_SET_NR_MMU_PAGES = 0xAE44
KVM_GET_NR_MMU_PAGES = 0xAE45
KVM_SET_USER_MEMORY_REGION = 0x4020AE46
KVM_SET_TSS_ADDR = 0xAE47
KVM_SET_IDENTITY_MAP_ADDR = 0x4008AE48
KVM_SET_USER_MEMORY_REGION2 = 0x40A0AE49
KVM_S390_VCPU_FAULT = 0x4008AE52
KVM_CREATE_IRQCHIP = 0xAE60
KVM_IRQ_LINE = 0x4008AE61
KVM_GET_IRQCHIP = 0xC208AE62
KVM_SET_IRQCHIP = 0x8208AE63
KVM_CREATE_PIT = 0xAE64
KVM_GET_PIT = 0xC048AE65
KVM_SET_PIT = 0x8048AE66
KVM_IRQ_LINE_STATUS = 0xC008AE67
KVM_REGISTER_COALESCED_MMIO = 0x4010AE67
KVM_UNREGISTER_COALESCED_MMIO = 0x4010AE68
KVM_SET_GSI_ROUTING = 0x4008AE6A
KVM_REINJECT_CONTROL = 0xAE71
KVM_IRQFD = 0x4020AE76
KVM_CREATE_PIT2 = 0x4040AE77
KVM_SET_BOOT_CPU_ID = 0xAE78
KVM_IOEVENTFD = 0x4040AE79
KVM_XEN_HVM_CONFIG = 0x4038AE7A
KVM_SET_CLOCK = 0x4030AE7B
KVM_GET_CLOCK = 0x8030AE7C
KVM_GET_PIT2 = 0x8070AE9F
KVM_SET_PIT2 = 0x4070AEA0
KVM_SET_TSC_KHZ = 0xAEA2
KVM_GET_TSC_KHZ = 0xAEA3
KVM_SIGNAL_MSI = 0x4020AEA5
KVM_PPC_ALLOCATE_HTAB = 0xC004AEA7
KVM_ARM_SET_DEVICE_ADDR = 0x4010AEAB
KVM_SET_PMU_EVENT_FILTER = 0x4020AEB2
KVM_PPC_SVM_OFF = 0xAEB3
KVM_CREATE_DEVICE = 0xC00CAEE0
KVM_SET_DEVICE_ATTR = 0x4018AEE1
KVM_GET_DEVICE_ATTR = 0x4018AEE2
KVM_HAS_DEVICE_ATTR = 0x4018AEE3
KVM_RUN = 0xAE80
KVM_GET_REGS = 0x8090AE81
KVM_SET_REGS = 0x4090AE82
KVM_GET_SREGS = 0x8138AE83
KVM_SET_SREGS = 0x4138AE84
KVM_TRANSLATE = 0xC018AE85
KVM_INTERRUPT = 0x4004AE86
KVM_GET_MSRS = 0xC008AE88
KVM_SET_MSRS = 0x4008AE89
KVM_SET_CPUID = 0x4008AE8A
KVM_SET_SIGNAL_MASK = 0x4004AE8B
KVM_GET_FPU = 0x81A0AE8C
KVM_SET_FPU = 0x41A0AE8D
KVM_GET_LAPIC = 0x8400AE8E
KVM_SET_LAPIC = 0x4400AE8F
KVM_SET_CPUID2 = 0x4008AE90
KVM_GET_CPUID2 = 0xC008AE91
KVM_TPR_ACCESS_REPORTING = 0xC028AE92
KVM_SET_VAPIC_ADDR = 0x4008AE93
KVM_S390_STORE_STATUS_NOADDR = 0xFFFFFFFFFFFFFFFF
KVM_S390_STORE_STATUS_PREFIXED = 0xFFFFFFFFFFFFFFFE
KVM_S390_STORE_STATUS = 0x4008AE95
KVM_S390_INITIAL_RESET = 0xAE97
KVM_GET_MP_STATE = 0x8004AE98
KVM_SET_MP_STATE = 0x4004AE99
KVM_NMI = 0xAE9A
KVM_SET_GUEST_DEBUG = 0x4048AE9B
KVM_X86_SETUP_MCE = 0x4008AE9C
KVM_X86_GET_MCE_CAP_SUPPORTED = 0x8008AE9D
KVM_X86_SET_MCE = 0x4040AE9E
KVM_GET_VCPU_EVENTS = 0x8040AE9F
KVM_SET_VCPU_EVENTS = 0x4040AEA0
KVM_GET_DEBUGREGS = 0x8080AEA1
KVM_SET_DEBUGREGS = 0x4080AEA2
KVM_ENABLE_CAP = 0x4068AEA3
KVM_GET_XSAVE = 0x9000AEA4
KVM_SET_XSAVE = 0x5000AEA5
KVM_GET_XCRS = 0x8188AEA6
KVM_SET_XCRS = 0x4188AEA7
KVM_DIRTY_TLB = 0x4010AEAA
KVM_GET_ONE_REG = 0x4010AEAB
KVM_SET_ONE_REG = 0x4010AEAC
KVM_KVMCLOCK_CTRL = 0xAEAD
KVM_GET_REG_LIST = 0xC008AEB0
KVM_SMI = 0xAEB7
KVM_MEMORY_ENCRYPT_OP = 0xC008AEBA
KVM_MEMORY_ENCRYPT_REG_REGION = 0x8010AEBB
KVM_MEMORY_ENCRYPT_UNREG_REGION = 0x8010AEBC
KVM_HYPERV_EVENTFD = 0x4018AEBD
KVM_GET_NESTED_STATE = 0xC080AEBE
KVM_SET_NESTED_STATE = 0x4080AEBF
KVM_CLEAR_DIRTY_LOG = 0xC018AEC0
KVM_GET_SUPPORTED_HV_CPUID = 0xC008AEC1
KVM_ARM_VCPU_FINALIZE = 0x4004AEC2
KVM_S390_NORMAL_RESET = 0xAEC3
KVM_S390_CLEAR_RESET = 0xAEC4
KVM_X86_SET_MSR_FILTER = 0x4188AEC6
KVM_RESET_DIRTY_RINGS = 0xAEC7
KVM_XEN_HVM_GET_ATTR = 0xC048AEC8
KVM_XEN_HVM_SET_ATTR = 0x4048AEC9
KVM_XEN_VCPU_GET_ATTR = 0xC048AECA
KVM_XEN_VCPU_SET_ATTR = 0x4048AECB
KVM_XEN_HVM_EVTCHN_SEND = 0x400CAED0
KVM_GET_SREGS2 = 0x8140AECC
KVM_SET_SREGS2 = 0x4140AECD
KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE = 1
KVM_DIRTY_LOG_INITIALLY_SET = 2
KVM_DIRTY_GFN_F_DIRTY = 1
KVM_DIRTY_GFN_F_RESET = 2
KVM_DIRTY_GFN_F_MASK = 3
KVM_BUS_LOCK_DETECTION_OFF = 1
KVM_BUS_LOCK_DETECTION_EXIT = 2
KVM_PMU_CAP_DISABLE = 1
KVM_STATS_TYPE_SHIFT = 0
KVM_STATS_TYPE_MASK = 15
KVM_STATS_TYPE_CUMULATIVE = 0
KVM_STATS_TYPE_INSTANT = 1
KVM_STATS_TYPE_PEAK = 2
KVM_STATS_TYPE_LINEAR_HIST = 3
KVM_STATS_TYPE_LOG_HIST = 4
KVM_STATS_TYPE_MAX = 4
KVM_STATS_UNIT_SHIFT = 4
KVM_STATS_UNIT_MASK = 240
KVM_STATS_UNIT_NONE = 0
KVM_STATS_UNIT_BYTES = 16
KVM_STATS_UNIT_SECONDS = 32
KVM_STATS_UNIT_CYCLES = 48
KVM_STATS_UNIT_BOOLEAN = 64
KVM_STATS_UNIT_MAX = 64
KVM_STATS_BASE_SHIFT = 8
KVM_STATS_BASE_MASK = 3840
KVM_STATS_BASE_POW10 = 0
KVM_STATS_BASE_POW2 = 256
KVM_STATS_BASE_MAX = 256
KVM_GET_STATS_FD = 0xAECE
KVM_GET_XSAVE2 = 0x9000AECF
KVM_X86_NOTIFY_VMEXIT_ENABLED = 1
KVM_X86_NOTIFY_VMEXIT_USER = 2
KVM_SET_MEMORY_ATTRIBUTES = 0x4020AED2
KVM_MEMORY_ATTRIBUTE_PRIVATE = 8
KVM_CREATE_GUEST_MEMFD = 0xC040AED4
KVM_PRE_FAULT_MEMORY = 0xC040AED5
KVM_SEV_INIT = 0
KVM_SEV_ES_INIT = 1
KVM_SEV_LAUNCH_START = 2
KVM_SEV_LAUNCH_UPDATE_DATA = 3
KVM_SEV_LAUNCH_UPDATE_VMSA = 4
KVM_SEV_LAUNCH_SECRET = 5
KVM_SEV_LAUNCH_MEASURE = 6
KVM_SEV_LAUNCH_FINISH = 7
KVM_SEV_SEND_START = 8
KVM_SEV_SEND_UPDATE_DATA = 9
KVM_SEV_SEND_UPDATE_VMSA = 10
KVM_SEV_SEND_FINISH = 11
KVM_SEV_RECEIVE_START = 12
KVM_SEV_RECEIVE_UPDATE_DATA = 13
KVM_SEV_RECEIVE_UPDATE_VMSA = 14
KVM_SEV_RECEIVE_FINISH = 15
KVM_SEV_GUEST_STATUS = 16
KVM_SEV_DBG_DECRYPT = 17
KVM_SEV_DBG_ENCRYPT = 18
KVM_SEV_CERT_EXPORT = 19
KVM_SEV_GET_ATTESTATION_REPORT = 20
KVM_SEV_SEND_CANCEL = 21
KVM_SEV_INIT2 = 22
KVM_SEV_SNP_LAUNCH_START = 100
KVM_SEV_SNP_LAUNCH_UPDATE = 101
KVM_SEV_SNP_LAUNCH_FINISH = 102
KVM_SEV_NR_MAX = 103
kvm_ioeventfd_flag_nr_datamatch = 0
kvm_ioeventfd_flag_nr_pio = 1
kvm_ioeventfd_flag_nr_deassign = 2
kvm_ioeventfd_flag_nr_virtio_ccw_notify = 3
kvm_ioeventfd_flag_nr_fast_mmio = 4
kvm_ioeventfd_flag_nr_max = 5
KVM_DEV_TYPE_MAX = 12

_LAYOUTS = {
    "kvm_pic_state": (
        "struct 16: u8 last_irr; u8 irr; u8 imr; u8 isr; u8 priority_add; u8 irq_base; "
        "u8 read_reg_select; u8 poll; u8 special_mask; u8 init_state; u8 auto_eoi; "
        "u8 rotate_on_auto_eoi; u8 special_fully_nested_mode; u8 init4; u8 elcr; u8 elcr_mask"
    ),
    "kvm_ioapic_state_redirtbl_fields": (
        "struct 8: u8 vector; u8 delivery_mode/3; u8 dest_mode/1; u8 delivery_status/1; "
        "u8 polarity/1; u8 remote_irr/1; u8 trig_mode/1; u8 mask/1; u8 reserve/7; u8 reserved[4]; "
        "u8 dest_id"
    ),
    "kvm_ioapic_state_redirtbl": "union 8: u64 bits; kvm_ioapic_state_redirtbl_fields fields",
    "kvm_ioapic_state": (
        "struct 216: u64 base_address; u32 ioregsel; u32 id; u32 irr; u32 pad; "
        "kvm_ioapic_state_redirtbl redirtbl[24]"
    ),
    "kvm_regs": (
        "struct 144: u64 rax; u64 rbx; u64 rcx; u64 rdx; u64 rsi; u64 rdi; u64 rsp; u64 rbp; "
        "u64 r8; u64 r9; u64 r10; u64 r11; u64 r12; u64 r13; u64 r14; u64 r15; u64 rip; u64 rflags"
    ),
    "kvm_lapic_state": "struct 1024: u8 regs[1024]",
    "kvm_segment": (
        "struct 24: u64 base; u32 limit; u16 selector; u8 type; u8 present; u8 dpl; u8 db; u8 s; "
        "u8 l; u8 g; u8 avl; u8 unusable; u8 padding"
    ),
    "kvm_dtable": "struct 16: u64 base; u16 limit; u16 padding[3]",
    "kvm_sregs": (
        "struct 312: kvm_segment cs; kvm_segment ds; kvm_segment es; kvm_segment fs; "
        "kvm_segment gs; kvm_segment ss; kvm_segment tr; kvm_segment ldt; kvm_dtable gdt; "
        "kvm_dtable idt; u64 cr0; u64 cr2; u64 cr3; u64 cr4; u64 cr8; u64 efer; u64 apic_base; "
        "u64 interrupt_bitmap[4]"
    ),
    "kvm_sregs2": (
        "struct 320: kvm_segment cs; kvm_segment ds; kvm_segment es; kvm_segment fs; "
        "kvm_segment gs; kvm_segment ss; kvm_segment tr; kvm_segment ldt; kvm_dtable gdt; "
        "kvm_dtable idt; u64 cr0; u64 cr2; u64 cr3; u64 cr4; u64 cr8; u64 efer; u64 apic_base; "
        "u64 flags; u64 pdptrs[4]"
    ),
    "kvm_fpu": (
        "struct 416: u8 fpr[8][16]; u16 fcw; u16 fsw; u8 ftwx; u8 pad1; u16 last_opcode; "
        "u64 last_ip; u64 last_dp; u8 xmm[16][16]; u32 mxcsr; u32 pad2"
    ),
    "kvm_msr_entry": "struct 16: u32 index; u32 reserved; u64 data",
    "kvm_msrs": "struct 8: u32 nmsrs; u32 pad; kvm_msr_entry entries[0]",
    "kvm_msr_list": "struct 4: u32 nmsrs; u32 indices[0]",
    "kvm_msr_filter_range": "struct 24: u32 flags; u32 nmsrs; u32 base; ptr bitmap",
    "kvm_msr_filter": "struct 392: u32 flags; kvm_msr_filter_range ranges[16]",
    "kvm_cpuid_entry": "struct 24: u32 function; u32 eax; u32 ebx; u32 ecx; u32 edx; u32 padding",
    "kvm_cpuid": "struct 8: u32 nent; u32 padding; kvm_cpuid_entry entries[0]",
    "kvm_cpuid_entry2": (
        "struct 40: u32 function; u32 index; u32 flags; u32 eax; u32 ebx; u32 ecx; u32 edx; "
        "u32 padding[3]"
    ),
    "kvm_cpuid2": "struct 8: u32 nent; u32 padding; kvm_cpuid_entry2 entries[0]",
    "kvm_pit_channel_state": (
        "struct 24: u32 count; u16 latched_count; u8 count_latched; u8 status_latched; u8 status; "
        "u8 read_state; u8 write_state; u8 write_latch; u8 rw_mode; u8 mode; u8 bcd; u8 gate; "
        "s64 count_load_time"
    ),
    "kvm_debug_exit_arch": "struct 32: u32 exception; u32 pad; u64 pc; u64 dr6; u64 dr7",
    "kvm_guest_debug_arch": "struct 64: u64 debugreg[8]",
    "kvm_pit_state": "struct 72: kvm_pit_channel_state channels[3]",
    "kvm_pit_state2": "struct 112: kvm_pit_channel_state channels[3]; u32 flags; u32 reserved[9]",
    "kvm_reinject_control": "struct 32: u8 pit_reinject; u8 reserved[31]",
    "kvm_vcpu_events_exception": (
        "struct 8: u8 injected; u8 nr; u8 has_error_code; u8 pending; u32 error_code"
    ),
    "kvm_vcpu_events_interrupt": "struct 4: u8 injected; u8 nr; u8 soft; u8 shadow",
    "kvm_vcpu_events_nmi": "struct 4: u8 injected; u8 pending; u8 masked; u8 pad",
    "kvm_vcpu_events_smi": "struct 4: u8 smm; u8 pending; u8 smm_inside_nmi; u8 latched_init",
    "kvm_vcpu_events_triple_fault": "struct 1: u8 pending",
    "kvm_vcpu_events": (
        "struct 64: kvm_vcpu_events_exception exception; kvm_vcpu_events_interrupt interrupt; "
        "kvm_vcpu_events_nmi nmi; u32 sipi_vector; u32 flags; kvm_vcpu_events_smi smi; "
        "kvm_vcpu_events_triple_fault triple_fault; u8 reserved[26]; u8 exception_has_payload; "
        "u64 exception_payload"
    ),
    "kvm_debugregs": "struct 128: u64 db[4]; u64 dr6; u64 dr7; u64 flags; u64 reserved[9]",
    "kvm_xsave": "struct 4096: u32 region[1024]; u32 extra[0]",
    "kvm_xcr": "struct 16: u32 xcr; u32 reserved; u64 value",
    "kvm_xcrs": "struct 392: u32 nr_xcrs; u32 flags; kvm_xcr xcrs[16]; u64 padding[16]",
    "kvm_sync_regs": "struct 520: kvm_regs regs; kvm_sregs sregs; kvm_vcpu_events events",
    "kvm_vmx_nested_state_data": "struct 8192: u8 vmcs12[4096]; u8 shadow_vmcs12[4096]",
    "kvm_vmx_nested_state_hdr_smm": "struct 2: u16 flags",
    "kvm_vmx_nested_state_hdr": (
        "struct 32: u64 vmxon_pa; u64 vmcs12_pa; kvm_vmx_nested_state_hdr_smm smm; u16 pad; "
        "u32 flags; u64 preemption_timer_deadline"
    ),
    "kvm_svm_nested_state_data": "struct 4096: u8 vmcb12[4096]",
    "kvm_svm_nested_state_hdr": "struct 8: u64 vmcb_pa",
    "kvm_nested_state_hdr": (
        "union 120: kvm_vmx_nested_state_hdr vmx; kvm_svm_nested_state_hdr svm; u8 pad[120]"
    ),
    "kvm_nested_state_data": (
        "union 0: kvm_vmx_nested_state_data vmx[0]; kvm_svm_nested_state_data svm[0]"
    ),
    "kvm_nested_state": (
        "struct 128: u16 flags; u16 format; u32 size; kvm_nested_state_hdr hdr; "
        "kvm_nested_state_data data"
    ),
    "kvm_pmu_event_filter": (
        "struct 32: u32 action; u32 nevents; u32 fixed_counter_bitmap; u32 flags; u32 pad[4]; "
        "u64 events[0]"
    ),
    "kvm_x86_mce": (
        "struct 64: u64 status; u64 addr; u64 misc; u64 mcg_status; u8 bank; u8 pad1[7]; "
        "u64 pad2[3]"
    ),
    "kvm_xen_hvm_config": (
        "struct 56: u32 flags; u32 msr; u64 blob_addr_32; u64 blob_addr_64; u8 blob_size_32; "
        "u8 blob_size_64; u8 pad2[30]"
    ),
    "kvm_xen_hvm_attr_u_shared_info": "union 8: u64 gfn; u64 hva",
    "kvm_xen_hvm_attr_u_evtchn_deliver_port": "struct 12: u32 port; u32 vcpu; u32 priority",
    "kvm_xen_hvm_attr_u_evtchn_deliver_eventfd": "struct 8: u32 port; s32 fd",
    "kvm_xen_hvm_attr_u_evtchn_deliver": (
        "union 16: kvm_xen_hvm_attr_u_evtchn_deliver_port port; "
        "kvm_xen_hvm_attr_u_evtchn_deliver_eventfd eventfd; u32 padding[4]"
    ),
    "kvm_xen_hvm_attr_u_evtchn": (
        "struct 28: u32 send_port; u32 type; u32 flags; kvm_xen_hvm_attr_u_evtchn_deliver deliver"
    ),
    "kvm_xen_hvm_attr_u": (
        "union 64: u8 long_mode; u8 vector; u8 runstate_update_flag; "
        "kvm_xen_hvm_attr_u_shared_info shared_info; kvm_xen_hvm_attr_u_evtchn evtchn; "
        "u32 xen_version; u64 pad[8]"
    ),
    "kvm_xen_hvm_attr": "struct 72: u16 type; u16 pad[3]; kvm_xen_hvm_attr_u u",
    "kvm_xen_vcpu_attr_u_runstate": (
        "struct 48: u64 state; u64 state_entry_time; u64 time_running; u64 time_runnable; "
        "u64 time_blocked; u64 time_offline"
    ),
    "kvm_xen_vcpu_attr_u_timer": "struct 16: u32 port; u32 priority; u64 expires_ns",
    "kvm_xen_vcpu_attr_u": (
        "union 64: u64 gpa; u64 hva; u64 pad[8]; kvm_xen_vcpu_attr_u_runstate runstate; "
        "u32 vcpu_id; kvm_xen_vcpu_attr_u_timer timer; u8 vector"
    ),
    "kvm_xen_vcpu_attr": "struct 72: u16 type; u16 pad[3]; kvm_xen_vcpu_attr_u u",
    "kvm_sev_cmd": "struct 24: u32 id; u32 pad0; u64 data; u32 error; u32 sev_fd",
    "kvm_sev_init": (
        "struct 48: u64 vmsa_features; u32 flags; u16 ghcb_version; u16 pad1; u32 pad2[8]"
    ),
    "kvm_sev_launch_start": (
        "struct 40: u32 handle; u32 policy; u64 dh_uaddr; u32 dh_len; u32 pad0; u64 session_uaddr; "
        "u32 session_len; u32 pad1"
    ),
    "kvm_sev_launch_update_data": "struct 16: u64 uaddr; u32 len; u32 pad0",
    "kvm_sev_launch_secret": (
        "struct 48: u64 hdr_uaddr; u32 hdr_len; u32 pad0; u64 guest_uaddr; u32 guest_len; "
        "u32 pad1; u64 trans_uaddr; u32 trans_len; u32 pad2"
    ),
    "kvm_sev_launch_measure": "struct 16: u64 uaddr; u32 len; u32 pad0",
    "kvm_sev_guest_status": "struct 12: u32 handle; u32 policy; u32 state",
    "kvm_sev_dbg": "struct 24: u64 src_uaddr; u64 dst_uaddr; u32 len; u32 pad0",
    "kvm_sev_attestation_report": "struct 32: u8 mnonce[16]; u64 uaddr; u32 len; u32 pad0",
    "kvm_sev_send_start": (
        "struct 72: u32 policy; u32 pad0; u64 pdh_cert_uaddr; u32 pdh_cert_len; u32 pad1; "
        "u64 plat_certs_uaddr; u32 plat_certs_len; u32 pad2; u64 amd_certs_uaddr; "
        "u32 amd_certs_len; u32 pad3; u64 session_uaddr; u32 session_len; u32 pad4"
    ),
    "kvm_sev_send_update_data": (
        "struct 48: u64 hdr_uaddr; u32 hdr_len; u32 pad0; u64 guest_uaddr; u32 guest_len; "
        "u32 pad1; u64 trans_uaddr; u32 trans_len; u32 pad2"
    ),
    "kvm_sev_receive_start": (
        "struct 40: u32 handle; u32 policy; u64 pdh_uaddr; u32 pdh_len; u32 pad0; "
        "u64 session_uaddr; u32 session_len; u32 pad1"
    ),
    "kvm_sev_receive_update_data": (
        "struct 48: u64 hdr_uaddr; u32 hdr_len; u32 pad0; u64 guest_uaddr; u32 guest_len; "
        "u32 pad1; u64 trans_uaddr; u32 trans_len; u32 pad2"
    ),
    "kvm_sev_snp_launch_start": (
        "struct 64: u64 policy; u8 gosvw[16]; u16 flags; u8 pad0[6]; u64 pad1[4]"
    ),
    "kvm_sev_snp_launch_update": (
        "struct 64: u64 gfn_start; u64 uaddr; u64 len; u8 type; u8 pad0; u16 flags; u32 pad1; "
        "u64 pad2[4]"
    ),
    "kvm_sev_snp_launch_finish": (
        "struct 88: u64 id_block_uaddr; u64 id_auth_uaddr; u8 id_block_en; u8 auth_key_en; "
        "u8 vcek_disabled; u8 host_data[32]; u8 pad0[3]; u16 flags; u64 pad1[4]"
    ),
    "kvm_hyperv_eventfd": "struct 24: u32 conn_id; s32 fd; u32 flags; u32 padding[3]",
    "kvm_userspace_memory_region": (
        "struct 32: u32 slot; u32 flags; u64 guest_phys_addr; u64 memory_size; u64 userspace_addr"
    ),
    "kvm_userspace_memory_region2": (
        "struct 160: u32 slot; u32 flags; u64 guest_phys_addr; u64 memory_size; "
        "u64 userspace_addr; u64 guest_memfd_offset; u32 guest_memfd; u32 pad1; u64 pad2[14]"
    ),
    "kvm_irq_level_anon0": "union 4: u32 irq; s32 status",
    "kvm_irq_level": "struct 8: kvm_irq_level_anon0 anon0; u32 level",
    "kvm_irqchip_chip": "union 512: u8 dummy[512]; kvm_pic_state pic; kvm_ioapic_state ioapic",
    "kvm_irqchip": "struct 520: u32 chip_id; u32 pad; kvm_irqchip_chip chip",
    "kvm_pit_config": "struct 64: u32 flags; u32 pad[15]",
    "kvm_hyperv_exit_u_synic": (
        "struct 32: u32 msr; u32 pad2; u64 control; u64 evt_page; u64 msg_page"
    ),
    "kvm_hyperv_exit_u_hcall": "struct 32: u64 input; u64 result; u64 params[2]",
    "kvm_hyperv_exit_u_syndbg": (
        "struct 48: u32 msr; u32 pad2; u64 control; u64 status; u64 send_page; u64 recv_page; "
        "u64 pending_page"
    ),
    "kvm_hyperv_exit_u": (
        "union 48: kvm_hyperv_exit_u_synic synic; kvm_hyperv_exit_u_hcall hcall; "
        "kvm_hyperv_exit_u_syndbg syndbg"
    ),
    "kvm_hyperv_exit": "struct 56: u32 type; u32 pad1; kvm_hyperv_exit_u u",
    "kvm_xen_exit_u_hcall": (
        "struct 72: u32 longmode; u32 cpl; u64 input; u64 result; u64 params[6]"
    ),
    "kvm_xen_exit_u": "union 72: kvm_xen_exit_u_hcall hcall",
    "kvm_xen_exit": "struct 80: u32 type; kvm_xen_exit_u u",
    "kvm_run_hw": "struct 8: u64 hardware_exit_reason",
    "kvm_run_fail_entry": "struct 16: u64 hardware_entry_failure_reason; u32 cpu",
    "kvm_run_ex": "struct 8: u32 exception; u32 error_code",
    "kvm_run_io": "struct 16: u8 direction; u8 size; u16 port; u32 count; u64 data_offset",
    "kvm_run_debug": "struct 32: kvm_debug_exit_arch arch",
    "kvm_run_mmio": "struct 24: u64 phys_addr; u8 data[8]; u32 len; u8 is_write",
    "kvm_run_iocsr_io": "struct 24: u64 phys_addr; u8 data[8]; u32 len; u8 is_write",
    "kvm_run_hypercall_anon0": "union 8: u32 longmode; u64 flags",
    "kvm_run_hypercall": "struct 72: u64 nr; u64 args[6]; u64 ret; kvm_run_hypercall_anon0 anon0",
    "kvm_run_tpr_access": "struct 16: u64 rip; u32 is_write; u32 pad",
    "kvm_run_s390_sieic": "struct 8: u8 icptcode; u16 ipa; u32 ipb",
    "kvm_run_s390_ucontrol": "struct 16: u64 trans_exc_code; u32 pgm_code",
    "kvm_run_dcr": "struct 12: u32 dcrn; u32 data; u8 is_write",
    "kvm_run_internal": "struct 136: u32 suberror; u32 ndata; u64 data[16]",
    "kvm_run_emulation_failure_anon0_anon0": "struct 16: u8 insn_size; u8 insn_bytes[15]",
    "kvm_run_emulation_failure_anon0": "union 16: kvm_run_emulation_failure_anon0_anon0 anon0",
    "kvm_run_emulation_failure": (
        "struct 32: u32 suberror; u32 ndata; u64 flags; kvm_run_emulation_failure_anon0 anon0"
    ),
    "kvm_run_osi": "struct 256: u64 gprs[32]",
    "kvm_run_papr_hcall": "struct 88: u64 nr; u64 ret; u64 args[9]",
    "kvm_run_s390_tsch": (
        "struct 20: u16 subchannel_id; u16 subchannel_nr; u32 io_int_parm; u32 io_int_word; "
        "u32 ipb; u8 dequeued"
    ),
    "kvm_run_epr": "struct 4: u32 epr",
    "kvm_run_system_event_anon0": "union 128: u64 flags; u64 data[16]",
    "kvm_run_system_event": "struct 136: u32 type; u32 ndata; kvm_run_system_event_anon0 anon0",
    "kvm_run_s390_stsi": "struct 16: u64 addr; u8 ar; u8 reserved; u8 fc; u8 sel1; u16 sel2",
    "kvm_run_eoi": "struct 1: u8 vector",
    "kvm_run_arm_nisv": "struct 16: u64 esr_iss; u64 fault_ipa",
    "kvm_run_msr": "struct 24: u8 error; u8 pad[7]; u32 reason; u32 index; u64 data",
    "kvm_run_riscv_sbi": "struct 80: u64 extension_id; u64 function_id; u64 args[6]; u64 ret[2]",
    "kvm_run_riscv_csr": "struct 32: u64 csr_num; u64 new_value; u64 write_mask; u64 ret_value",
    "kvm_run_notify": "struct 4: u32 flags",
    "kvm_run_memory_fault": "struct 24: u64 flags; u64 gpa; u64 size",
    "kvm_run_anon0": (
        "union 256: kvm_run_hw hw; kvm_run_fail_entry fail_entry; kvm_run_ex ex; kvm_run_io io; "
        "kvm_run_debug debug; kvm_run_mmio mmio; kvm_run_iocsr_io iocsr_io; "
        "kvm_run_hypercall hypercall; kvm_run_tpr_access tpr_access; "
        "kvm_run_s390_sieic s390_sieic; u64 s390_reset_flags; kvm_run_s390_ucontrol s390_ucontrol; "
        "kvm_run_dcr dcr; kvm_run_internal internal; kvm_run_emulation_failure emulation_failure; "
        "kvm_run_osi osi; kvm_run_papr_hcall papr_hcall; kvm_run_s390_tsch s390_tsch; "
        "kvm_run_epr epr; kvm_run_system_event system_event; kvm_run_s390_stsi s390_stsi; "
        "kvm_run_eoi eoi; kvm_hyperv_exit hyperv; kvm_run_arm_nisv arm_nisv; kvm_run_msr msr; "
        "kvm_xen_exit xen; kvm_run_riscv_sbi riscv_sbi; kvm_run_riscv_csr riscv_csr; "
        "kvm_run_notify notify; kvm_run_memory_fault memory_fault; u8 padding[256]"
    ),
    "kvm_run_s": "union 2048: kvm_sync_regs regs; u8 padding[2048]",
    "kvm_run": (
        "struct 2352: u8 request_interrupt_window; u8 immediate_exit; u8 padding1[6]; "
        "u32 exit_reason; u8 ready_for_interrupt_injection; u8 if_flag; u16 flags; u64 cr8; "
        "u64 apic_base; kvm_run_anon0 anon0; u64 kvm_valid_regs; u64 kvm_dirty_regs; kvm_run_s s"
    ),
    "kvm_coalesced_mmio_zone_anon0": "union 4: u32 pad; u32 pio",
    "kvm_coalesced_mmio_zone": "struct 16: u64 addr; u32 size; kvm_coalesced_mmio_zone_anon0 anon0",
    "kvm_coalesced_mmio_anon0": "union 4: u32 pad; u32 pio",
    "kvm_coalesced_mmio": (
        "struct 24: u64 phys_addr; u32 len; kvm_coalesced_mmio_anon0 anon0; u8 data[8]"
    ),
    "kvm_coalesced_mmio_ring": (
        "struct 8: u32 first; u32 last; kvm_coalesced_mmio coalesced_mmio[0]"
    ),
    "kvm_translation": (
        "struct 24: u64 linear_address; u64 physical_address; u8 valid; u8 writeable; u8 usermode; "
        "u8 pad[5]"
    ),
    "kvm_interrupt": "struct 4: u32 irq",
    "kvm_dirty_log_anon0": "union 8: ptr dirty_bitmap; u64 padding2",
    "kvm_dirty_log": "struct 16: u32 slot; u32 padding1; kvm_dirty_log_anon0 anon0",
    "kvm_clear_dirty_log_anon0": "union 8: ptr dirty_bitmap; u64 padding2",
    "kvm_clear_dirty_log": (
        "struct 24: u32 slot; u32 num_pages; u64 first_page; kvm_clear_dirty_log_anon0 anon0"
    ),
    "kvm_signal_mask": "struct 4: u32 len; u8 sigset[0]",
    "kvm_tpr_access_ctl": "struct 40: u32 enabled; u32 flags; u32 reserved[8]",
    "kvm_vapic_addr": "struct 8: u64 vapic_addr",
    "kvm_mp_state": "struct 4: u32 mp_state",
    "kvm_guest_debug": "struct 72: u32 control; u32 pad; kvm_guest_debug_arch arch",
    "kvm_ioeventfd": "struct 64: u64 datamatch; u64 addr; u32 len; s32 fd; u32 flags; u8 pad[36]",
    "kvm_enable_cap": "struct 104: u32 cap; u32 flags; u64 args[4]; u8 pad[64]",
    "kvm_irq_routing_irqchip": "struct 8: u32 irqchip; u32 pin",
    "kvm_irq_routing_msi_anon0": "union 4: u32 pad; u32 devid",
    "kvm_irq_routing_msi": (
        "struct 16: u32 address_lo; u32 address_hi; u32 data; kvm_irq_routing_msi_anon0 anon0"
    ),
    "kvm_irq_routing_s390_adapter": (
        "struct 32: u64 ind_addr; u64 summary_addr; u64 ind_offset; u32 summary_offset; "
        "u32 adapter_id"
    ),
    "kvm_irq_routing_hv_sint": "struct 8: u32 vcpu; u32 sint",
    "kvm_irq_routing_xen_evtchn": "struct 12: u32 port; u32 vcpu; u32 priority",
    "kvm_irq_routing_entry_u": (
        "union 32: kvm_irq_routing_irqchip irqchip; kvm_irq_routing_msi msi; "
        "kvm_irq_routing_s390_adapter adapter; kvm_irq_routing_hv_sint hv_sint; "
        "kvm_irq_routing_xen_evtchn xen_evtchn; u32 pad[8]"
    ),
    "kvm_irq_routing_entry": (
        "struct 48: u32 gsi; u32 type; u32 flags; u32 pad; kvm_irq_routing_entry_u u"
    ),
    "kvm_irq_routing": "struct 8: u32 nr; u32 flags; kvm_irq_routing_entry entries[0]",
    "kvm_irqfd": "struct 32: u32 fd; u32 gsi; u32 flags; u32 resamplefd; u8 pad[16]",
    "kvm_clock_data": (
        "struct 48: u64 clock; u32 flags; u32 pad0; u64 realtime; u64 host_tsc; u32 pad[4]"
    ),
    "kvm_config_tlb": "struct 24: u64 params; u64 array; u32 mmu_type; u32 array_len",
    "kvm_dirty_tlb": "struct 16: u64 bitmap; u32 num_dirty",
    "kvm_reg_list": "struct 8: u64 n; u64 reg[0]",
    "kvm_one_reg": "struct 16: u64 id; u64 addr",
    "kvm_msi": (
        "struct 32: u32 address_lo; u32 address_hi; u32 data; u32 flags; u32 devid; u8 pad[12]"
    ),
    "kvm_arm_device_addr": "struct 16: u64 id; u64 addr",
    "kvm_create_device": "struct 12: u32 type; u32 fd; u32 flags",
    "kvm_device_attr": "struct 24: u32 flags; u32 group; u64 attr; u64 addr",
    "kvm_vfio_spapr_tce": "struct 8: s32 groupfd; s32 tablefd",
    "kvm_enc_region": "struct 16: u64 addr; u64 size",
    "kvm_dirty_gfn": "struct 16: u32 flags; u32 slot; u64 offset",
    "kvm_stats_header": (
        "struct 24: u32 flags; u32 name_size; u32 num_desc; u32 id_offset; u32 desc_offset; "
        "u32 data_offset"
    ),
    "kvm_stats_desc": (
        "struct 16: u32 flags; s16 exponent; u16 size; u32 offset; u32 bucket_size; u8 name[0]"
    ),
    "kvm_memory_attributes": "struct 32: u64 address; u64 size; u64 attributes; u64 flags",
    "kvm_create_guest_memfd": "struct 64: u64 size; u64 flags; u64 reserved[6]",
    "kvm_pre_fault_memory": "struct 64: u64 gpa; u64 size; u64 flags; u64 padding[5]",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
