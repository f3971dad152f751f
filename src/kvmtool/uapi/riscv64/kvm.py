"""linux/kvm.h, asm/kvm.h on riscv64. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

KVM_COALESCED_MMIO_PAGE_OFFSET = 1
KVM_INTERRUPT_SET = 0xFFFFFFFF
KVM_INTERRUPT_UNSET = 0xFFFFFFFE
KVM_RISCV_MODE_S = 1
KVM_RISCV_MODE_U = 0
KVM_RISCV_TIMER_STATE_OFF = 0
KVM_RISCV_TIMER_STATE_ON = 1
KVM_REG_RISCV_TYPE_MASK = 0xFF000000
KVM_REG_RISCV_TYPE_SHIFT = 24
KVM_REG_RISCV_SUBTYPE_MASK = 0xFF0000
KVM_REG_RISCV_SUBTYPE_SHIFT = 16
KVM_REG_RISCV_CONFIG = 0x1000000
KVM_REG_RISCV_CORE = 0x2000000
KVM_REG_RISCV_CSR = 0x3000000
KVM_REG_RISCV_CSR_GENERAL = 0
KVM_REG_RISCV_CSR_AIA = 0x10000
KVM_REG_RISCV_CSR_SMSTATEEN = 0x20000
KVM_REG_RISCV_TIMER = 0x4000000
KVM_REG_RISCV_FP_F = 0x5000000
KVM_REG_RISCV_FP_D = 0x6000000
KVM_REG_RISCV_ISA_EXT = 0x7000000
KVM_REG_RISCV_ISA_SINGLE = 0
KVM_REG_RISCV_ISA_MULTI_EN = 0x10000
KVM_REG_RISCV_ISA_MULTI_DIS = 0x20000
KVM_REG_RISCV_ISA_MULTI_REG_LAST = 0
KVM_REG_RISCV_SBI_EXT = 0x8000000
KVM_REG_RISCV_SBI_SINGLE = 0
KVM_REG_RISCV_SBI_MULTI_EN = 0x10000
KVM_REG_RISCV_SBI_MULTI_DIS = 0x20000
KVM_REG_RISCV_SBI_MULTI_REG_LAST = 0
KVM_REG_RISCV_VECTOR = 0x9000000
KVM_REG_RISCV_SBI_STATE = 0xA000000
KVM_REG_RISCV_SBI_STA = 0
KVM_DEV_RISCV_APLIC_ALIGN = 0x1000
KVM_DEV_RISCV_APLIC_SIZE = 0x4000
KVM_DEV_RISCV_APLIC_MAX_HARTS = 0x4000
KVM_DEV_RISCV_IMSIC_ALIGN = 0x1000
KVM_DEV_RISCV_IMSIC_SIZE = 0x1000
KVM_DEV_RISCV_AIA_GRP_CONFIG = 0
KVM_DEV_RISCV_AIA_CONFIG_MODE = 0
KVM_DEV_RISCV_AIA_CONFIG_IDS = 1
KVM_DEV_RISCV_AIA_CONFIG_SRCS = 2
KVM_DEV_RISCV_AIA_CONFIG_GROUP_BITS = 3
KVM_DEV_RISCV_AIA_CONFIG_GROUP_SHIFT = 4
KVM_DEV_RISCV_AIA_CONFIG_HART_BITS = 5
KVM_DEV_RISCV_AIA_CONFIG_GUEST_BITS = 6
KVM_DEV_RISCV_AIA_MODE_EMUL = 0
KVM_DEV_RISCV_AIA_MODE_HWACCEL = 1
KVM_DEV_RISCV_AIA_MODE_AUTO = 2
KVM_DEV_RISCV_AIA_IDS_MIN = 63
KVM_DEV_RISCV_AIA_IDS_MAX = 2048
KVM_DEV_RISCV_AIA_SRCS_MAX = 1024
KVM_DEV_RISCV_AIA_GROUP_BITS_MAX = 8
KVM_DEV_RISCV_AIA_GROUP_SHIFT_MIN = 24
KVM_DEV_RISCV_AIA_GROUP_SHIFT_MAX = 56
KVM_DEV_RISCV_AIA_HART_BITS_MAX = 16
KVM_DEV_RISCV_AIA_GUEST_BITS_MAX = 8
KVM_DEV_RISCV_AIA_GRP_ADDR = 1
KVM_DEV_RISCV_AIA_ADDR_APLIC = 0
KVM_DEV_RISCV_AIA_ADDR_MAX = 0x4001
KVM_DEV_RISCV_AIA_GRP_CTRL = 2
KVM_DEV_RISCV_AIA_CTRL_INIT = 0
KVM_DEV_RISCV_AIA_GRP_APLIC = 3
KVM_DEV_RISCV_AIA_GRP_IMSIC = 4
KVM_DEV_RISCV_AIA_IMSIC_ISEL_BITS = 12
KVM_DEV_RISCV_AIA_IMSIC_ISEL_MASK = 4095
KVM_NR_IRQCHIPS = 1
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
KVM_S390_ENABLE_SIE = 0xAE06
KVM_CHECK_EXTENSION = 0xAE03
KVM_GET_VCPU_MMAP_SIZE = 0xAE04
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
KVM_CAP_IRQ_ROUTING = 25
KVM_CAP_IRQ_INJECT_STATUS = 26
KVM_CAP_ASSIGN_DEV_IRQ = 29
KVM_CAP_JOIN_MEMORY_REGIONS_WORKS = 30
KVM_CAP_IRQFD = 32
KVM_CAP_SET_BOOT_CPU_ID = 34
KVM_CAP_IOEVENTFD = 36
KVM_CAP_SET_IDENTITY_MAP_ADDR = 37
KVM_CAP_ADJUST_CLOCK = 39
KVM_CAP_INTERNAL_ERROR_DATA = 40
KVM_CAP_S390_PSW = 42
KVM_CAP_PPC_SEGSTATE = 43
KVM_CAP_HYPERV = 44
KVM_CAP_HYPERV_VAPIC = 45
KVM_CAP_HYPERV_SPIN = 46
KVM_CAP_PCI_SEGMENT = 47
KVM_CAP_PPC_PAIRED_SINGLES = 48
KVM_CAP_INTR_SHADOW = 49
KVM_CAP_X86_ROBUST_SINGLESTEP = 51
KVM_CAP_PPC_OSI = 52
KVM_CAP_PPC_UNSET_IRQ = 53
KVM_CAP_ENABLE_CAP = 54
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
KVM_IRQ_LINE_STATUS = 0xC008AE67
KVM_REGISTER_COALESCED_MMIO = 0x4010AE67
KVM_UNREGISTER_COALESCED_MMIO = 0x4010AE68
KVM_SET_GSI_ROUTING = 0x4008AE6A
KVM_REINJECT_CONTROL = 0xAE71
KVM_IRQFD = 0x4020AE76
KVM_CREATE_PIT2 = 0x4040AE77
KVM_SET_BOOT_CPU_ID = 0xAE78
KVM_IOEVENTFD = 0x4040AE79
KVM_SET_CLOCK = 0x4030AE7B
KVM_GET_CLOCK = 0x8030AE7C
KVM_SET_TSC_KHZ = 0xAEA2
KVM_GET_TSC_KHZ = 0xAEA3
KVM_SIGNAL_MSI = 0x4020AEA5
KVM_PPC_ALLOCATE_HTAB = 0xC004AEA7
KVM_ARM_SET_DEVICE_ADDR = 0x4010AEAB
KVM_PPC_SVM_OFF = 0xAEB3
KVM_CREATE_DEVICE = 0xC00CAEE0
KVM_SET_DEVICE_ATTR = 0x4018AEE1
KVM_GET_DEVICE_ATTR = 0x4018AEE2
KVM_HAS_DEVICE_ATTR = 0x4018AEE3
KVM_RUN = 0xAE80
KVM_GET_REGS = 0x8000AE81
KVM_SET_REGS = 0x4000AE82
KVM_GET_SREGS = 0x8000AE83
KVM_SET_SREGS = 0x4000AE84
KVM_TRANSLATE = 0xC018AE85
KVM_INTERRUPT = 0x4004AE86
KVM_SET_SIGNAL_MASK = 0x4004AE8B
KVM_GET_FPU = 0x8000AE8C
KVM_SET_FPU = 0x4000AE8D
KVM_TPR_ACCESS_REPORTING = 0xC028AE92
KVM_SET_VAPIC_ADDR = 0x4008AE93
KVM_S390_STORE_STATUS_NOADDR = 0xFFFFFFFFFFFFFFFF
KVM_S390_STORE_STATUS_PREFIXED = 0xFFFFFFFFFFFFFFFE
KVM_S390_STORE_STATUS = 0x4008AE95
KVM_S390_INITIAL_RESET = 0xAE97
KVM_GET_MP_STATE = 0x8004AE98
KVM_SET_MP_STATE = 0x4004AE99
KVM_NMI = 0xAE9A
KVM_SET_GUEST_DEBUG = 0x4008AE9B
KVM_X86_SETUP_MCE = 0x4008AE9C
KVM_X86_GET_MCE_CAP_SUPPORTED = 0x8008AE9D
KVM_ENABLE_CAP = 0x4068AEA3
KVM_DIRTY_TLB = 0x4010AEAA
KVM_GET_ONE_REG = 0x4010AEAB
KVM_SET_ONE_REG = 0x4010AEAC
KVM_KVMCLOCK_CTRL = 0xAEAD
KVM_GET_REG_LIST = 0xC008AEB0
KVM_SMI = 0xAEB7
KVM_MEMORY_ENCRYPT_OP = 0xC008AEBA
KVM_MEMORY_ENCRYPT_REG_REGION = 0x8010AEBB
KVM_MEMORY_ENCRYPT_UNREG_REGION = 0x8010AEBC
KVM_CLEAR_DIRTY_LOG = 0xC018AEC0
KVM_ARM_VCPU_FINALIZE = 0x4004AEC2
KVM_S390_NORMAL_RESET = 0xAEC3
KVM_S390_CLEAR_RESET = 0xAEC4
KVM_RESET_DIRTY_RINGS = 0xAEC7
KVM_XEN_HVM_EVTCHN_SEND = 0x400CAED0
KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE = 1
KVM_DIRTY_LOG_INITIALLY_SET = 2
KVM_DIRTY_LOG_PAGE_OFFSET = 0
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
KVM_X86_NOTIFY_VMEXIT_ENABLED = 1
KVM_X86_NOTIFY_VMEXIT_USER = 2
KVM_SET_MEMORY_ATTRIBUTES = 0x4020AED2
KVM_MEMORY_ATTRIBUTE_PRIVATE = 8
KVM_CREATE_GUEST_MEMFD = 0xC040AED4
KVM_PRE_FAULT_MEMORY = 0xC040AED5
KVM_RISCV_ISA_EXT_A = 0
KVM_RISCV_ISA_EXT_C = 1
KVM_RISCV_ISA_EXT_D = 2
KVM_RISCV_ISA_EXT_F = 3
KVM_RISCV_ISA_EXT_H = 4
KVM_RISCV_ISA_EXT_I = 5
KVM_RISCV_ISA_EXT_M = 6
KVM_RISCV_ISA_EXT_SVPBMT = 7
KVM_RISCV_ISA_EXT_SSTC = 8
KVM_RISCV_ISA_EXT_SVINVAL = 9
KVM_RISCV_ISA_EXT_ZIHINTPAUSE = 10
KVM_RISCV_ISA_EXT_ZICBOM = 11
KVM_RISCV_ISA_EXT_ZICBOZ = 12
KVM_RISCV_ISA_EXT_ZBB = 13
KVM_RISCV_ISA_EXT_SSAIA = 14
KVM_RISCV_ISA_EXT_V = 15
KVM_RISCV_ISA_EXT_SVNAPOT = 16
KVM_RISCV_ISA_EXT_ZBA = 17
KVM_RISCV_ISA_EXT_ZBS = 18
KVM_RISCV_ISA_EXT_ZICNTR = 19
KVM_RISCV_ISA_EXT_ZICSR = 20
KVM_RISCV_ISA_EXT_ZIFENCEI = 21
KVM_RISCV_ISA_EXT_ZIHPM = 22
KVM_RISCV_ISA_EXT_SMSTATEEN = 23
KVM_RISCV_ISA_EXT_ZICOND = 24
KVM_RISCV_ISA_EXT_ZBC = 25
KVM_RISCV_ISA_EXT_ZBKB = 26
KVM_RISCV_ISA_EXT_ZBKC = 27
KVM_RISCV_ISA_EXT_ZBKX = 28
KVM_RISCV_ISA_EXT_ZKND = 29
KVM_RISCV_ISA_EXT_ZKNE = 30
KVM_RISCV_ISA_EXT_ZKNH = 31
KVM_RISCV_ISA_EXT_ZKR = 32
KVM_RISCV_ISA_EXT_ZKSED = 33
KVM_RISCV_ISA_EXT_ZKSH = 34
KVM_RISCV_ISA_EXT_ZKT = 35
KVM_RISCV_ISA_EXT_ZVBB = 36
KVM_RISCV_ISA_EXT_ZVBC = 37
KVM_RISCV_ISA_EXT_ZVKB = 38
KVM_RISCV_ISA_EXT_ZVKG = 39
KVM_RISCV_ISA_EXT_ZVKNED = 40
KVM_RISCV_ISA_EXT_ZVKNHA = 41
KVM_RISCV_ISA_EXT_ZVKNHB = 42
KVM_RISCV_ISA_EXT_ZVKSED = 43
KVM_RISCV_ISA_EXT_ZVKSH = 44
KVM_RISCV_ISA_EXT_ZVKT = 45
KVM_RISCV_ISA_EXT_ZFH = 46
KVM_RISCV_ISA_EXT_ZFHMIN = 47
KVM_RISCV_ISA_EXT_ZIHINTNTL = 48
KVM_RISCV_ISA_EXT_ZVFH = 49
KVM_RISCV_ISA_EXT_ZVFHMIN = 50
KVM_RISCV_ISA_EXT_ZFA = 51
KVM_RISCV_ISA_EXT_ZTSO = 52
KVM_RISCV_ISA_EXT_ZACAS = 53
KVM_RISCV_ISA_EXT_SSCOFPMF = 54
KVM_RISCV_ISA_EXT_ZIMOP = 55
KVM_RISCV_ISA_EXT_ZCA = 56
KVM_RISCV_ISA_EXT_ZCB = 57
KVM_RISCV_ISA_EXT_ZCD = 58
KVM_RISCV_ISA_EXT_ZCF = 59
KVM_RISCV_ISA_EXT_ZCMOP = 60
KVM_RISCV_ISA_EXT_ZAWRS = 61
KVM_RISCV_ISA_EXT_MAX = 62
KVM_RISCV_SBI_EXT_V01 = 0
KVM_RISCV_SBI_EXT_TIME = 1
KVM_RISCV_SBI_EXT_IPI = 2
KVM_RISCV_SBI_EXT_RFENCE = 3
KVM_RISCV_SBI_EXT_SRST = 4
KVM_RISCV_SBI_EXT_HSM = 5
KVM_RISCV_SBI_EXT_PMU = 6
KVM_RISCV_SBI_EXT_EXPERIMENTAL = 7
KVM_RISCV_SBI_EXT_VENDOR = 8
KVM_RISCV_SBI_EXT_DBCN = 9
KVM_RISCV_SBI_EXT_STA = 10
KVM_RISCV_SBI_EXT_MAX = 11
kvm_ioeventfd_flag_nr_datamatch = 0
kvm_ioeventfd_flag_nr_pio = 1
kvm_ioeventfd_flag_nr_deassign = 2
kvm_ioeventfd_flag_nr_virtio_ccw_notify = 3
kvm_ioeventfd_flag_nr_fast_mmio = 4
kvm_ioeventfd_flag_nr_max = 5
KVM_DEV_TYPE_MAX = 12

_LAYOUTS = {
    "kvm_regs": "struct 0:",
    "kvm_fpu": "struct 0:",
    "kvm_debug_exit_arch": "struct 0:",
    "kvm_guest_debug_arch": "struct 0:",
    "kvm_sync_regs": "struct 0:",
    "kvm_sregs": "struct 0:",
    "kvm_riscv_config": (
        "struct 56: u64 isa; u64 zicbom_block_size; u64 mvendorid; u64 marchid; u64 mimpid; "
        "u64 zicboz_block_size; u64 satp_mode"
    ),
    "user_regs_struct": (
        "struct 256: u64 pc; u64 ra; u64 sp; u64 gp; u64 tp; u64 t0; u64 t1; u64 t2; u64 s0; "
        "u64 s1; u64 a0; u64 a1; u64 a2; u64 a3; u64 a4; u64 a5; u64 a6; u64 a7; u64 s2; u64 s3; "
        "u64 s4; u64 s5; u64 s6; u64 s7; u64 s8; u64 s9; u64 s10; u64 s11; u64 t3; u64 t4; u64 t5; "
        "u64 t6"
    ),
    "kvm_riscv_core": "struct 264: user_regs_struct regs; u64 mode",
    "kvm_riscv_csr": (
        "struct 88: u64 sstatus; u64 sie; u64 stvec; u64 sscratch; u64 sepc; u64 scause; "
        "u64 stval; u64 sip; u64 satp; u64 scounteren; u64 senvcfg"
    ),
    "kvm_riscv_aia_csr": (
        "struct 56: u64 siselect; u64 iprio1; u64 iprio2; u64 sieh; u64 siph; u64 iprio1h; "
        "u64 iprio2h"
    ),
    "kvm_riscv_smstateen_csr": "struct 8: u64 sstateen0",
    "kvm_riscv_timer": "struct 32: u64 frequency; u64 time; u64 compare; u64 state",
    "kvm_riscv_sbi_sta": "struct 16: u64 shmem_lo; u64 shmem_hi",
    "kvm_userspace_memory_region": (
        "struct 32: u32 slot; u32 flags; u64 guest_phys_addr; u64 memory_size; u64 userspace_addr"
    ),
    "kvm_userspace_memory_region2": (
        "struct 160: u32 slot; u32 flags; u64 guest_phys_addr; u64 memory_size; "
        "u64 userspace_addr; u64 guest_memfd_offset; u32 guest_memfd; u32 pad1; u64 pad2[14]"
    ),
    "kvm_irq_level_anon0": "union 4: u32 irq; s32 status",
    "kvm_irq_level": "struct 8: kvm_irq_level_anon0 anon0; u32 level",
    "kvm_irqchip_chip": "union 512: u8 dummy[512]",
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
    "kvm_run_debug": "struct 0: kvm_debug_exit_arch arch",
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
    "kvm_guest_debug": "struct 8: u32 control; u32 pad; kvm_guest_debug_arch arch",
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
