"""asm/bootparam.h, asm/setup_data.h on x86_64. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_uint8, c_uint32
from typing import Final

SETUP_NONE: Final = 0
SETUP_E820_EXT: Final = 1
SETUP_DTB: Final = 2
SETUP_PCI: Final = 3
SETUP_EFI: Final = 4
SETUP_APPLE_PROPERTIES: Final = 5
SETUP_JAILHOUSE: Final = 6
SETUP_CC_BLOB: Final = 7
SETUP_IMA: Final = 8
SETUP_RNG_SEED: Final = 9
SETUP_ENUM_MAX: Final = 9
SETUP_INDIRECT: Final = -2147483648
SETUP_TYPE_MAX: Final = -2147483639
RAMDISK_IMAGE_START_MASK: Final = 2047
RAMDISK_PROMPT_FLAG: Final = 0x8000
RAMDISK_LOAD_FLAG: Final = 0x4000
LOADED_HIGH: Final = 1
KASLR_FLAG: Final = 2
QUIET_FLAG: Final = 32
KEEP_SEGMENTS: Final = 64
CAN_USE_HEAP: Final = 128
XLF_KERNEL_64: Final = 1
XLF_CAN_BE_LOADED_ABOVE_4G: Final = 2
XLF_EFI_HANDOVER_32: Final = 4
XLF_EFI_HANDOVER_64: Final = 8
XLF_EFI_KEXEC: Final = 16
XLF_5LEVEL: Final = 32
XLF_5LEVEL_ENABLED: Final = 64
XLF_MEM_ENCRYPTION: Final = 128
E820_MAX_ENTRIES_ZEROPAGE: Final = 128
JAILHOUSE_SETUP_REQUIRED_VERSION: Final = 1
X86_SUBARCH_PC: Final = 0
X86_SUBARCH_LGUEST: Final = 1
X86_SUBARCH_XEN: Final = 2
X86_SUBARCH_INTEL_MID: Final = 3
X86_SUBARCH_CE4100: Final = 4
X86_NR_SUBARCHS: Final = 5

class setup_data(Structure):
    next: int
    type: int
    len: int
    data: Array[c_uint8]

class setup_indirect(Structure):
    type: int
    reserved: int
    len: int
    addr: int

class boot_e820_entry(Structure):
    addr: int
    size: int
    type: int

class jailhouse_setup_data_hdr(Structure):
    version: int
    compatible_version: int

class jailhouse_setup_data_v1(Structure):
    pm_timer_address: int
    num_cpus: int
    pci_mmconfig_base: int
    tsc_khz: int
    apic_khz: int
    standard_ioapic: int
    cpu_ids: Array[c_uint8]

class jailhouse_setup_data_v2(Structure):
    flags: int

class jailhouse_setup_data(Structure):
    hdr: jailhouse_setup_data_hdr
    v1: jailhouse_setup_data_v1
    v2: jailhouse_setup_data_v2

class ima_setup_data(Structure):
    addr: int
    size: int

class setup_header(Structure):
    setup_sects: int
    root_flags: int
    syssize: int
    ram_size: int
    vid_mode: int
    root_dev: int
    boot_flag: int
    jump: int
    header: int
    version: int
    realmode_swtch: int
    start_sys_seg: int
    kernel_version: int
    type_of_loader: int
    loadflags: int
    setup_move_size: int
    code32_start: int
    ramdisk_image: int
    ramdisk_size: int
    bootsect_kludge: int
    heap_end_ptr: int
    ext_loader_ver: int
    ext_loader_type: int
    cmd_line_ptr: int
    initrd_addr_max: int
    kernel_alignment: int
    relocatable_kernel: int
    min_alignment: int
    xloadflags: int
    cmdline_size: int
    hardware_subarch: int
    hardware_subarch_data: int
    payload_offset: int
    payload_length: int
    setup_data: int
    pref_address: int
    init_size: int
    handover_offset: int
    kernel_info_offset: int

class sys_desc_table(Structure):
    length: int
    table: Array[c_uint8]

class olpc_ofw_header(Structure):
    ofw_magic: int
    ofw_version: int
    cif_handler: int
    irq_desc_table: int

class efi_info(Structure):
    efi_loader_signature: int
    efi_systab: int
    efi_memdesc_size: int
    efi_memdesc_version: int
    efi_memmap: int
    efi_memmap_size: int
    efi_systab_hi: int
    efi_memmap_hi: int

class screen_info(Structure):
    orig_x: int
    orig_y: int
    ext_mem_k: int
    orig_video_page: int
    orig_video_mode: int
    orig_video_cols: int
    flags: int
    unused2: int
    orig_video_ega_bx: int
    unused3: int
    orig_video_lines: int
    orig_video_isVGA: int
    orig_video_points: int
    lfb_width: int
    lfb_height: int
    lfb_depth: int
    lfb_base: int
    lfb_size: int
    cl_magic: int
    cl_offset: int
    lfb_linelength: int
    red_size: int
    red_pos: int
    green_size: int
    green_pos: int
    blue_size: int
    blue_pos: int
    rsvd_size: int
    rsvd_pos: int
    vesapm_seg: int
    vesapm_off: int
    pages: int
    vesa_attributes: int
    capabilities: int
    ext_lfb_base: int
    _reserved: Array[c_uint8]

class apm_bios_info(Structure):
    version: int
    cseg: int
    offset: int
    cseg_16: int
    dseg: int
    flags: int
    cseg_len: int
    cseg_16_len: int
    dseg_len: int

class ist_info(Structure):
    signature: int
    command: int
    event: int
    perf_level: int

class edid_info(Structure):
    dummy: Array[c_uint8]

class edd_device_params_interface_path_isa(Structure):
    base_address: int
    reserved1: int
    reserved2: int

class edd_device_params_interface_path_pci(Structure):
    bus: int
    slot: int
    function: int
    channel: int
    reserved: int

class edd_device_params_interface_path_ibnd(Structure):
    reserved: int

class edd_device_params_interface_path_xprs(Structure):
    reserved: int

class edd_device_params_interface_path_htpt(Structure):
    reserved: int

class edd_device_params_interface_path_unknown(Structure):
    reserved: int

class edd_device_params_interface_path(Union):
    isa: edd_device_params_interface_path_isa
    pci: edd_device_params_interface_path_pci
    ibnd: edd_device_params_interface_path_ibnd
    xprs: edd_device_params_interface_path_xprs
    htpt: edd_device_params_interface_path_htpt
    unknown: edd_device_params_interface_path_unknown

class edd_device_params_device_path_ata(Structure):
    device: int
    reserved1: int
    reserved2: int
    reserved3: int
    reserved4: int

class edd_device_params_device_path_atapi(Structure):
    device: int
    lun: int
    reserved1: int
    reserved2: int
    reserved3: int
    reserved4: int

class edd_device_params_device_path_scsi(Structure):
    id: int
    lun: int
    reserved1: int
    reserved2: int

class edd_device_params_device_path_usb(Structure):
    serial_number: int
    reserved: int

class edd_device_params_device_path_i1394(Structure):
    eui: int
    reserved: int

class edd_device_params_device_path_fibre(Structure):
    wwid: int
    lun: int

class edd_device_params_device_path_i2o(Structure):
    identity_tag: int
    reserved: int

class edd_device_params_device_path_raid(Structure):
    array_number: int
    reserved1: int
    reserved2: int

class edd_device_params_device_path_sata(Structure):
    device: int
    reserved1: int
    reserved2: int
    reserved3: int
    reserved4: int

class edd_device_params_device_path_unknown(Structure):
    reserved1: int
    reserved2: int

class edd_device_params_device_path(Union):
    ata: edd_device_params_device_path_ata
    atapi: edd_device_params_device_path_atapi
    scsi: edd_device_params_device_path_scsi
    usb: edd_device_params_device_path_usb
    i1394: edd_device_params_device_path_i1394
    fibre: edd_device_params_device_path_fibre
    i2o: edd_device_params_device_path_i2o
    raid: edd_device_params_device_path_raid
    sata: edd_device_params_device_path_sata
    unknown: edd_device_params_device_path_unknown

class edd_device_params(Structure):
    length: int
    info_flags: int
    num_default_cylinders: int
    num_default_heads: int
    sectors_per_track: int
    number_of_sectors: int
    bytes_per_sector: int
    dpte_ptr: int
    key: int
    device_path_info_length: int
    reserved2: int
    reserved3: int
    host_bus_type: Array[c_uint8]
    interface_type: Array[c_uint8]
    interface_path: edd_device_params_interface_path
    device_path: edd_device_params_device_path
    reserved4: int
    checksum: int

class edd_info(Structure):
    device: int
    version: int
    interface_support: int
    legacy_max_cylinder: int
    legacy_max_head: int
    legacy_sectors_per_track: int
    params: edd_device_params

class boot_params(Structure):
    screen_info: screen_info
    apm_bios_info: apm_bios_info
    _pad2: Array[c_uint8]
    tboot_addr: int
    ist_info: ist_info
    acpi_rsdp_addr: int
    _pad3: Array[c_uint8]
    hd0_info: Array[c_uint8]
    hd1_info: Array[c_uint8]
    sys_desc_table: sys_desc_table
    olpc_ofw_header: olpc_ofw_header
    ext_ramdisk_image: int
    ext_ramdisk_size: int
    ext_cmd_line_ptr: int
    _pad4: Array[c_uint8]
    cc_blob_address: int
    edid_info: edid_info
    efi_info: efi_info
    alt_mem_k: int
    scratch: int
    e820_entries: int
    eddbuf_entries: int
    edd_mbr_sig_buf_entries: int
    kbd_status: int
    secure_boot: int
    _pad5: Array[c_uint8]
    sentinel: int
    _pad6: Array[c_uint8]
    hdr: setup_header
    _pad7: Array[c_uint8]
    edd_mbr_sig_buffer: Array[c_uint32]
    e820_table: Array[boot_e820_entry]
    _pad8: Array[c_uint8]
    eddbuf: Array[edd_info]
    _pad9: Array[c_uint8]
