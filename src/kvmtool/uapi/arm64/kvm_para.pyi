"""asm/kvm_para.h, linux/kvm_para.h on arm64. Made by `lkvm uapi generate`; edits are lost."""

from typing import Final

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
