# Part of blk.pyx: what the queues of a disk share: where data are in the file, and limits.

cdef class BlkDisk:
    cdef int fd
    cdef uint64_t sectors
    cdef uint32_t block_size
    cdef uint32_t alignment
    cdef bint read_only
    cdef int cluster_bits
    cdef int table_bits
    cdef uint64_t **tables
    cdef uint64_t table_count
    cdef list kept
    cdef uint8_t identifier[20]
    cdef bint can_flush_here
    cdef bint reads_nowait      # can be refused instead of waiting for the disk
    cdef bint reads_in_ring
    cdef bint writes_in_ring

    # Shared by the queues' threads.
    cdef uint64_t write_through
    cdef uint64_t epoch         # 0 or 1
    cdef uint64_t under_way[2]  # requests that look into tables, by the epoch they began in
    cdef uint64_t iops_cost_ns
    cdef uint64_t bandwidth
    cdef uint64_t iops_time     # when the next request may begin, if it is in the future
    cdef uint64_t bandwidth_time

    def __cinit__(
        self,
        int fd,
        size,
        *,
        uint32_t block_size=512,
        bint read_only=False,
        uint32_t alignment=1,
        int cluster_bits=0,
        int table_bits=0,
        bytes identifier=b"",
        iops=0,
        bandwidth=0,
    ):
        cdef bytes padded = identifier[:20].ljust(20, b"\0")
        self.fd = fd
        self.sectors = size // SECTOR
        self.block_size = block_size
        self.alignment = alignment
        self.read_only = read_only
        self.cluster_bits = cluster_bits
        self.table_bits = table_bits
        self.kept = []
        memcpy(self.identifier, <const char *>padded, 20)
        self.iops_cost_ns = 1000000000 // iops if iops else 0
        self.bandwidth = bandwidth
        self.can_flush_here = not cluster_bits
        self.reads_nowait = alignment == 1 and blk_reads_nowait(fd)
        self.reads_in_ring = alignment > 1 or self.reads_nowait or not blk_is_in_memory(fd)
        self.writes_in_ring = alignment > 1
        if cluster_bits:
            self.table_count = -(-size >> (cluster_bits + table_bits))
            if self.table_count <= MOST_TABLES:
                self.tables = <uint64_t **>calloc(self.table_count, sizeof(uint64_t *))
                if self.tables == NULL:
                    raise MemoryError
            else:
                self.table_count = 0

    def __dealloc__(self):
        free(self.tables)

    def set_table(self, uint64_t index, table):
        cdef uint64_t[::1] entries = table
        if index >= self.table_count or self.tables[index] != NULL:
            return
        if entries.shape[0] < 1 << self.table_bits:
            raise ValueError(f"a table has {1 << self.table_bits} entries, not {len(table)}")
        self.kept.append(table)
        blk_store(&self.tables[index], <uintptr_t>&entries[0])

    def has_table(self, uint64_t index):
        return index >= self.table_count or self.tables[index] != NULL

    def set_write_through(self, bint on):
        blk_store(&self.write_through, on)

    def charge(self, uint64_t size):
        if self.bandwidth:
            self.charge_at(blk_now_ns(), size)

    def next_epoch(self):
        blk_store(&self.epoch, 1 - blk_load(&self.epoch))

    def under_way_before(self):
        return blk_load(&self.under_way[1 - blk_load(&self.epoch)])

    # 0, or when a request for so many bytes may begin.
    cdef uint64_t admit(self, uint64_t size) noexcept nogil:
        cdef uint64_t now, iops, bandwidth, cost
        if not self.iops_cost_ns and not self.bandwidth:
            return 0
        now = blk_now_ns()
        while True:
            iops = blk_load(&self.iops_time)
            bandwidth = blk_load(&self.bandwidth_time)
            if iops > now or bandwidth > now:
                return max(iops, bandwidth)
            if not self.iops_cost_ns:
                break
            cost = max(iops, now - BURST_NS) + self.iops_cost_ns
            if blk_exchange(&self.iops_time, &iops, cost):
                break
        if self.bandwidth:
            self.charge_at(now, size)
        return 0

    cdef void charge_at(self, uint64_t now, uint64_t size) noexcept nogil:
        cdef uint64_t bandwidth = blk_load(&self.bandwidth_time), cost
        while True:
            cost = max(bandwidth, now - BURST_NS) + <uint64_t>(
                <double>size * 1e9 / <double>self.bandwidth)
            if blk_exchange(&self.bandwidth_time, &bandwidth, cost):
                return

    # The place in the file of the byte at `offset` of the disk, and in `size` how many of the
    # bytes from there on follow it; -1: the slow path knows.
    cdef int64_t locate(self, uint64_t offset, uint64_t *size) noexcept nogil:
        cdef uint64_t cluster, place, first, length, within
        cdef uint64_t *table
        if not self.cluster_bits:
            return offset
        cluster = offset >> self.cluster_bits
        if (cluster >> self.table_bits) >= self.table_count:
            return -1
        table = self.tables[cluster >> self.table_bits]
        if table == NULL:
            return -1
        first = blk_load(&table[cluster & ((1 << self.table_bits) - 1)])
        if first == 0:
            return -1
        within = offset & ((1 << self.cluster_bits) - 1)
        length = (<uint64_t>1 << self.cluster_bits) - within
        place = first
        while length < size[0]:
            cluster += 1
            place += <uint64_t>1 << self.cluster_bits
            if (cluster & ((1 << self.table_bits) - 1)) == 0:
                break
            if blk_load(&table[cluster & ((1 << self.table_bits) - 1)]) != place:
                break
            length += <uint64_t>1 << self.cluster_bits
        size[0] = min(size[0], length)
        return first + within
