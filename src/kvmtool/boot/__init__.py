"""Image formats: what a kernel, initrd or bare payload is, and where its parts go in guest RAM.

Nothing here touches KVM or CPU state; `arch/` decides how what was loaded is entered.
"""
