"""asm/bootparam.h, asm/setup_data.h on x86_64. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

SETUP_NONE = 0
SETUP_E820_EXT = 1
SETUP_DTB = 2
SETUP_PCI = 3
SETUP_EFI = 4
SETUP_APPLE_PROPERTIES = 5
SETUP_JAILHOUSE = 6
SETUP_CC_BLOB = 7
SETUP_IMA = 8
SETUP_RNG_SEED = 9
SETUP_ENUM_MAX = 9
SETUP_INDIRECT = -2147483648
SETUP_TYPE_MAX = -2147483639
RAMDISK_IMAGE_START_MASK = 2047
RAMDISK_PROMPT_FLAG = 0x8000
RAMDISK_LOAD_FLAG = 0x4000
LOADED_HIGH = 1
KASLR_FLAG = 2
QUIET_FLAG = 32
KEEP_SEGMENTS = 64
CAN_USE_HEAP = 128
XLF_KERNEL_64 = 1
XLF_CAN_BE_LOADED_ABOVE_4G = 2
XLF_EFI_HANDOVER_32 = 4
XLF_EFI_HANDOVER_64 = 8
XLF_EFI_KEXEC = 16
XLF_5LEVEL = 32
XLF_5LEVEL_ENABLED = 64
XLF_MEM_ENCRYPTION = 128
E820_MAX_ENTRIES_ZEROPAGE = 128
JAILHOUSE_SETUP_REQUIRED_VERSION = 1
X86_SUBARCH_PC = 0
X86_SUBARCH_LGUEST = 1
X86_SUBARCH_XEN = 2
X86_SUBARCH_INTEL_MID = 3
X86_SUBARCH_CE4100 = 4
X86_NR_SUBARCHS = 5

_LAYOUTS = {
    "setup_data": "struct 16: u64 next; u32 type; u32 len; u8 data[0]",
    "setup_indirect": "struct 24: u32 type; u32 reserved; u64 len; u64 addr",
    "boot_e820_entry": "packed struct 20: u64 addr; u64 size; u32 type",
    "jailhouse_setup_data_hdr": "struct 4: u16 version; u16 compatible_version",
    "jailhouse_setup_data_v1": (
        "packed struct 276: u16 pm_timer_address; u16 num_cpus; u64 pci_mmconfig_base; "
        "u32 tsc_khz; u32 apic_khz; u8 standard_ioapic; u8 cpu_ids[255]"
    ),
    "jailhouse_setup_data_v2": "struct 4: u32 flags",
    "jailhouse_setup_data": (
        "struct 284: jailhouse_setup_data_hdr hdr; jailhouse_setup_data_v1 v1; "
        "jailhouse_setup_data_v2 v2"
    ),
    "ima_setup_data": "struct 16: u64 addr; u64 size",
    "setup_header": (
        "packed struct 123: u8 setup_sects; u16 root_flags; u32 syssize; u16 ram_size; "
        "u16 vid_mode; u16 root_dev; u16 boot_flag; u16 jump; u32 header; u16 version; "
        "u32 realmode_swtch; u16 start_sys_seg; u16 kernel_version; u8 type_of_loader; "
        "u8 loadflags; u16 setup_move_size; u32 code32_start; u32 ramdisk_image; u32 ramdisk_size; "
        "u32 bootsect_kludge; u16 heap_end_ptr; u8 ext_loader_ver; u8 ext_loader_type; "
        "u32 cmd_line_ptr; u32 initrd_addr_max; u32 kernel_alignment; u8 relocatable_kernel; "
        "u8 min_alignment; u16 xloadflags; u32 cmdline_size; u32 hardware_subarch; "
        "u64 hardware_subarch_data; u32 payload_offset; u32 payload_length; u64 setup_data; "
        "u64 pref_address; u32 init_size; u32 handover_offset; u32 kernel_info_offset"
    ),
    "sys_desc_table": "struct 16: u16 length; u8 table[14]",
    "olpc_ofw_header": (
        "struct 16: u32 ofw_magic; u32 ofw_version; u32 cif_handler; u32 irq_desc_table"
    ),
    "efi_info": (
        "struct 32: u32 efi_loader_signature; u32 efi_systab; u32 efi_memdesc_size; "
        "u32 efi_memdesc_version; u32 efi_memmap; u32 efi_memmap_size; u32 efi_systab_hi; "
        "u32 efi_memmap_hi"
    ),
    "screen_info": (
        "packed struct 64: u8 orig_x; u8 orig_y; u16 ext_mem_k; u16 orig_video_page; "
        "u8 orig_video_mode; u8 orig_video_cols; u8 flags; u8 unused2; u16 orig_video_ega_bx; "
        "u16 unused3; u8 orig_video_lines; u8 orig_video_isVGA; u16 orig_video_points; "
        "u16 lfb_width; u16 lfb_height; u16 lfb_depth; u32 lfb_base; u32 lfb_size; u16 cl_magic; "
        "u16 cl_offset; u16 lfb_linelength; u8 red_size; u8 red_pos; u8 green_size; u8 green_pos; "
        "u8 blue_size; u8 blue_pos; u8 rsvd_size; u8 rsvd_pos; u16 vesapm_seg; u16 vesapm_off; "
        "u16 pages; u16 vesa_attributes; u32 capabilities; u32 ext_lfb_base; u8 _reserved[2]"
    ),
    "apm_bios_info": (
        "struct 20: u16 version; u16 cseg; u32 offset; u16 cseg_16; u16 dseg; u16 flags; "
        "u16 cseg_len; u16 cseg_16_len; u16 dseg_len"
    ),
    "ist_info": "struct 16: u32 signature; u32 command; u32 event; u32 perf_level",
    "edid_info": "struct 128: u8 dummy[128]",
    "edd_device_params_interface_path_isa": (
        "struct 8: u16 base_address; u16 reserved1; u32 reserved2"
    ),
    "edd_device_params_interface_path_pci": (
        "struct 8: u8 bus; u8 slot; u8 function; u8 channel; u32 reserved"
    ),
    "edd_device_params_interface_path_ibnd": "struct 8: u64 reserved",
    "edd_device_params_interface_path_xprs": "struct 8: u64 reserved",
    "edd_device_params_interface_path_htpt": "struct 8: u64 reserved",
    "edd_device_params_interface_path_unknown": "struct 8: u64 reserved",
    "edd_device_params_interface_path": (
        "union 8: edd_device_params_interface_path_isa isa; "
        "edd_device_params_interface_path_pci pci; edd_device_params_interface_path_ibnd ibnd; "
        "edd_device_params_interface_path_xprs xprs; edd_device_params_interface_path_htpt htpt; "
        "edd_device_params_interface_path_unknown unknown"
    ),
    "edd_device_params_device_path_ata": (
        "struct 16: u8 device; u8 reserved1; u16 reserved2; u32 reserved3; u64 reserved4"
    ),
    "edd_device_params_device_path_atapi": (
        "struct 16: u8 device; u8 lun; u8 reserved1; u8 reserved2; u32 reserved3; u64 reserved4"
    ),
    "edd_device_params_device_path_scsi": (
        "packed struct 16: u16 id; u64 lun; u16 reserved1; u32 reserved2"
    ),
    "edd_device_params_device_path_usb": "struct 16: u64 serial_number; u64 reserved",
    "edd_device_params_device_path_i1394": "struct 16: u64 eui; u64 reserved",
    "edd_device_params_device_path_fibre": "struct 16: u64 wwid; u64 lun",
    "edd_device_params_device_path_i2o": "struct 16: u64 identity_tag; u64 reserved",
    "edd_device_params_device_path_raid": (
        "struct 16: u32 array_number; u32 reserved1; u64 reserved2"
    ),
    "edd_device_params_device_path_sata": (
        "struct 16: u8 device; u8 reserved1; u16 reserved2; u32 reserved3; u64 reserved4"
    ),
    "edd_device_params_device_path_unknown": "struct 16: u64 reserved1; u64 reserved2",
    "edd_device_params_device_path": (
        "union 16: edd_device_params_device_path_ata ata; "
        "edd_device_params_device_path_atapi atapi; edd_device_params_device_path_scsi scsi; "
        "edd_device_params_device_path_usb usb; edd_device_params_device_path_i1394 i1394; "
        "edd_device_params_device_path_fibre fibre; edd_device_params_device_path_i2o i2o; "
        "edd_device_params_device_path_raid raid; edd_device_params_device_path_sata sata; "
        "edd_device_params_device_path_unknown unknown"
    ),
    "edd_device_params": (
        "packed struct 74: u16 length; u16 info_flags; u32 num_default_cylinders; "
        "u32 num_default_heads; u32 sectors_per_track; u64 number_of_sectors; "
        "u16 bytes_per_sector; u32 dpte_ptr; u16 key; u8 device_path_info_length; u8 reserved2; "
        "u16 reserved3; u8 host_bus_type[4]; u8 interface_type[8]; "
        "edd_device_params_interface_path interface_path; "
        "edd_device_params_device_path device_path; u8 reserved4; u8 checksum"
    ),
    "edd_info": (
        "struct 82: u8 device; u8 version; u16 interface_support; u16 legacy_max_cylinder; "
        "u8 legacy_max_head; u8 legacy_sectors_per_track; edd_device_params params"
    ),
    "boot_params": (
        "struct 4096: screen_info screen_info; apm_bios_info apm_bios_info; u8 _pad2[4]; "
        "u64 tboot_addr; ist_info ist_info; u64 acpi_rsdp_addr; u8 _pad3[8]; u8 hd0_info[16]; "
        "u8 hd1_info[16]; sys_desc_table sys_desc_table; olpc_ofw_header olpc_ofw_header; "
        "u32 ext_ramdisk_image; u32 ext_ramdisk_size; u32 ext_cmd_line_ptr; u8 _pad4[112]; "
        "u32 cc_blob_address; edid_info edid_info; efi_info efi_info; u32 alt_mem_k; u32 scratch; "
        "u8 e820_entries; u8 eddbuf_entries; u8 edd_mbr_sig_buf_entries; u8 kbd_status; "
        "u8 secure_boot; u8 _pad5[2]; u8 sentinel; u8 _pad6[1]; setup_header hdr; u8 _pad7[36]; "
        "u32 edd_mbr_sig_buffer[16]; boot_e820_entry e820_table[128]; u8 _pad8[48]; "
        "edd_info eddbuf[6]; u8 _pad9[276]"
    ),
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
