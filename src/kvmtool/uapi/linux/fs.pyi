"""linux/fs.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, c_int64, c_uint8
from typing import Final

INR_OPEN_CUR: Final = 1024
INR_OPEN_MAX: Final = 0x1000
BLOCK_SIZE_BITS: Final = 10
BLOCK_SIZE: Final = 1024
SEEK_SET: Final = 0
SEEK_CUR: Final = 1
SEEK_END: Final = 2
SEEK_DATA: Final = 3
SEEK_HOLE: Final = 4
SEEK_MAX: Final = 4
RENAME_NOREPLACE: Final = 1
RENAME_EXCHANGE: Final = 2
RENAME_WHITEOUT: Final = 4
FILE_DEDUPE_RANGE_SAME: Final = 0
FILE_DEDUPE_RANGE_DIFFERS: Final = 1
NR_FILE: Final = 0x2000
FS_XFLAG_REALTIME: Final = 1
FS_XFLAG_PREALLOC: Final = 2
FS_XFLAG_IMMUTABLE: Final = 8
FS_XFLAG_APPEND: Final = 16
FS_XFLAG_SYNC: Final = 32
FS_XFLAG_NOATIME: Final = 64
FS_XFLAG_NODUMP: Final = 128
FS_XFLAG_RTINHERIT: Final = 256
FS_XFLAG_PROJINHERIT: Final = 512
FS_XFLAG_NOSYMLINKS: Final = 1024
FS_XFLAG_EXTSIZE: Final = 2048
FS_XFLAG_EXTSZINHERIT: Final = 0x1000
FS_XFLAG_NODEFRAG: Final = 0x2000
FS_XFLAG_FILESTREAM: Final = 0x4000
FS_XFLAG_DAX: Final = 0x8000
FS_XFLAG_COWEXTSIZE: Final = 0x10000
FS_XFLAG_HASATTR: Final = 0x80000000
BLKROSET: Final = 0x125D
BLKROGET: Final = 0x125E
BLKRRPART: Final = 0x125F
BLKGETSIZE: Final = 0x1260
BLKFLSBUF: Final = 0x1261
BLKRASET: Final = 0x1262
BLKRAGET: Final = 0x1263
BLKFRASET: Final = 0x1264
BLKFRAGET: Final = 0x1265
BLKSECTSET: Final = 0x1266
BLKSECTGET: Final = 0x1267
BLKSSZGET: Final = 0x1268
BLKTRACESTART: Final = 0x1274
BLKTRACESTOP: Final = 0x1275
BLKTRACETEARDOWN: Final = 0x1276
BLKDISCARD: Final = 0x1277
BLKIOMIN: Final = 0x1278
BLKIOOPT: Final = 0x1279
BLKALIGNOFF: Final = 0x127A
BLKPBSZGET: Final = 0x127B
BLKDISCARDZEROES: Final = 0x127C
BLKSECDISCARD: Final = 0x127D
BLKROTATIONAL: Final = 0x127E
BLKZEROOUT: Final = 0x127F
BLKGETDISKSEQ: Final = 0x80081280
BMAP_IOCTL: Final = 1
FIBMAP: Final = 1
FIGETBSZ: Final = 2
FIFREEZE: Final = 0xC0045877
FITHAW: Final = 0xC0045878
FITRIM: Final = 0xC0185879
FICLONE: Final = 0x40049409
FICLONERANGE: Final = 0x4020940D
FIDEDUPERANGE: Final = 0xC0189436
FSLABEL_MAX: Final = 256
FS_IOC_GETFLAGS: Final = 0x80086601
FS_IOC_SETFLAGS: Final = 0x40086602
FS_IOC_GETVERSION: Final = 0x80087601
FS_IOC_SETVERSION: Final = 0x40087602
FS_IOC32_GETFLAGS: Final = 0x80046601
FS_IOC32_SETFLAGS: Final = 0x40046602
FS_IOC32_GETVERSION: Final = 0x80047601
FS_IOC32_SETVERSION: Final = 0x40047602
FS_IOC_FSGETXATTR: Final = 0x801C581F
FS_IOC_FSSETXATTR: Final = 0x401C5820
FS_IOC_GETFSLABEL: Final = 0x81009431
FS_IOC_SETFSLABEL: Final = 0x41009432
FS_IOC_GETFSUUID: Final = 0x80111500
FS_IOC_GETFSSYSFSPATH: Final = 0x80811501
FS_SECRM_FL: Final = 1
FS_UNRM_FL: Final = 2
FS_COMPR_FL: Final = 4
FS_SYNC_FL: Final = 8
FS_IMMUTABLE_FL: Final = 16
FS_APPEND_FL: Final = 32
FS_NODUMP_FL: Final = 64
FS_NOATIME_FL: Final = 128
FS_DIRTY_FL: Final = 256
FS_COMPRBLK_FL: Final = 512
FS_NOCOMP_FL: Final = 1024
FS_ENCRYPT_FL: Final = 2048
FS_BTREE_FL: Final = 0x1000
FS_INDEX_FL: Final = 0x1000
FS_IMAGIC_FL: Final = 0x2000
FS_JOURNAL_DATA_FL: Final = 0x4000
FS_NOTAIL_FL: Final = 0x8000
FS_DIRSYNC_FL: Final = 0x10000
FS_TOPDIR_FL: Final = 0x20000
FS_HUGE_FILE_FL: Final = 0x40000
FS_EXTENT_FL: Final = 0x80000
FS_VERITY_FL: Final = 0x100000
FS_EA_INODE_FL: Final = 0x200000
FS_EOFBLOCKS_FL: Final = 0x400000
FS_NOCOW_FL: Final = 0x800000
FS_DAX_FL: Final = 0x2000000
FS_INLINE_DATA_FL: Final = 0x10000000
FS_PROJINHERIT_FL: Final = 0x20000000
FS_CASEFOLD_FL: Final = 0x40000000
FS_RESERVED_FL: Final = 0x80000000
FS_FL_USER_VISIBLE: Final = 0x3DFFF
FS_FL_USER_MODIFIABLE: Final = 0x380FF
SYNC_FILE_RANGE_WAIT_BEFORE: Final = 1
SYNC_FILE_RANGE_WRITE: Final = 2
SYNC_FILE_RANGE_WAIT_AFTER: Final = 4
SYNC_FILE_RANGE_WRITE_AND_WAIT: Final = 7
RWF_HIPRI: Final = 1
RWF_DSYNC: Final = 2
RWF_SYNC: Final = 4
RWF_NOWAIT: Final = 8
RWF_APPEND: Final = 16
RWF_NOAPPEND: Final = 32
RWF_ATOMIC: Final = 64
RWF_SUPPORTED: Final = 127
PROCFS_IOCTL_MAGIC: Final = 102
PAGEMAP_SCAN: Final = 0xC0606610
PAGE_IS_WPALLOWED: Final = 1
PAGE_IS_WRITTEN: Final = 2
PAGE_IS_FILE: Final = 4
PAGE_IS_PRESENT: Final = 8
PAGE_IS_SWAPPED: Final = 16
PAGE_IS_PFNZERO: Final = 32
PAGE_IS_HUGE: Final = 64
PAGE_IS_SOFT_DIRTY: Final = 128
PM_SCAN_WP_MATCHING: Final = 1
PM_SCAN_CHECK_WPASYNC: Final = 2
PROCMAP_QUERY: Final = 0xC0686611
PROCMAP_QUERY_VMA_READABLE: Final = 1
PROCMAP_QUERY_VMA_WRITABLE: Final = 2
PROCMAP_QUERY_VMA_EXECUTABLE: Final = 4
PROCMAP_QUERY_VMA_SHARED: Final = 8
PROCMAP_QUERY_COVERING_OR_NEXT_VMA: Final = 16
PROCMAP_QUERY_FILE_BACKED_VMA: Final = 32

class file_clone_range(Structure):
    src_fd: int
    src_offset: int
    src_length: int
    dest_offset: int

class fstrim_range(Structure):
    start: int
    len: int
    minlen: int

class fsuuid2(Structure):
    len: int
    uuid: Array[c_uint8]

class fs_sysfs_path(Structure):
    len: int
    name: Array[c_uint8]

class file_dedupe_range_info(Structure):
    dest_fd: int
    dest_offset: int
    bytes_deduped: int
    status: int
    reserved: int

class file_dedupe_range(Structure):
    src_offset: int
    src_length: int
    dest_count: int
    reserved1: int
    reserved2: int
    info: Array[file_dedupe_range_info]

class files_stat_struct(Structure):
    nr_files: int
    nr_free_files: int
    max_files: int

class inodes_stat_t(Structure):
    nr_inodes: int
    nr_unused: int
    dummy: Array[c_int64]

class fsxattr(Structure):
    fsx_xflags: int
    fsx_extsize: int
    fsx_nextents: int
    fsx_projid: int
    fsx_cowextsize: int
    fsx_pad: Array[c_uint8]

class page_region(Structure):
    start: int
    end: int
    categories: int

class pm_scan_arg(Structure):
    size: int
    flags: int
    start: int
    end: int
    walk_end: int
    vec: int
    vec_len: int
    max_pages: int
    category_inverted: int
    category_mask: int
    category_anyof_mask: int
    return_mask: int

class procmap_query(Structure):
    size: int
    query_flags: int
    query_addr: int
    vma_start: int
    vma_end: int
    vma_flags: int
    vma_page_size: int
    vma_offset: int
    inode: int
    dev_major: int
    dev_minor: int
    vma_name_size: int
    build_id_size: int
    vma_name_addr: int
    build_id_addr: int
