# Part of virtqueue.pyx: guest memory and chains as Python sees them.

@cython.final
cdef class _Bytes:
    # Exports a range of guest memory and keeps the map that has it.
    cdef object owner
    cdef void *hva
    cdef Py_ssize_t size
    cdef bint readonly

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.hva, self.size, self.readonly, flags)

    def __releasebuffer__(self, Py_buffer *buffer):
        pass

cdef object view_of(object owner, void *hva, uint64_t size, bint readonly):
    cdef _Bytes exporter = _Bytes.__new__(_Bytes)
    exporter.owner = owner
    exporter.hva = hva
    exporter.size = size
    exporter.readonly = readonly
    return memoryview(exporter)


cdef class GuestMap:
    def __cinit__(self, regions, keep=None):
        cdef MemoryRange *last = NULL
        cdef list found = sorted((*map(int, region), True)[:4] for region in regions)
        self._keep = keep
        self._ranges = <MemoryRange *>calloc(len(found) + 1, sizeof(MemoryRange))
        if self._ranges == NULL:
            raise MemoryError
        for gpa, size, hva, writable in found:
            if size <= 0:
                raise ValueError(f"a region has at least one byte, not {size} at {gpa:#x}")
            if gpa < 0 or hva < 0 or gpa + size > 1 << 64 or hva + size > 1 << 64:
                raise ValueError(f"a region may not wrap: {size} bytes at {gpa:#x}, here {hva:#x}")
            if last != NULL and gpa <= last.last:
                raise ValueError(f"regions may not overlap, as at {gpa:#x}")
            if (last != NULL and gpa - last.last == 1 and last.writable == bool(writable)
                    and hva == last.hva + (last.last - last.first) + 1):
                last.last = gpa + size - 1
                continue
            last = &self._ranges[self._count]
            last.first = gpa
            last.last = gpa + size - 1
            last.hva = hva
            last.writable = bool(writable)
            self._count += 1

    def __dealloc__(self):
        free(self._ranges)

    def hva(self, gpa, size):
        cdef MemoryRange *found = NULL
        if 0 <= gpa <= 0xFFFFFFFFFFFFFFFF and size >= 0:
            found = find_range(self._ranges, self._count, gpa)
        if found == NULL or size > found.last - <uint64_t>gpa + 1:
            raise ProtocolError(f"there is no memory for {size} bytes at {gpa:#x}, in one region")
        return found.hva + (<uint64_t>gpa - found.first)

    def view(self, gpa, size):
        cdef uint64_t hva = self.hva(gpa, size)
        cdef MemoryRange *found = find_range(self._ranges, self._count, gpa)
        return view_of(self, <void *><uintptr_t>hva, size, not found.writable)

    def segments(self, gpa, size):
        cdef MemoryRange *found
        pieces = []
        end = gpa + size
        if gpa < 0 or size < 0 or end > 1 << 64:
            raise ProtocolError(f"there is no memory for {size} bytes at {gpa:#x}")
        while gpa < end:
            found = find_range(self._ranges, self._count, gpa)
            if found == NULL:
                raise ProtocolError(f"there is no memory at {gpa:#x} for {end - gpa} bytes")
            part = min(end, <object>found.last + 1) - gpa
            pieces.append((found.hva + (<uint64_t>gpa - found.first), part))
            gpa += part
        return pieces


@cython.final
@cython.freelist(64)
cdef class Chain:
    cdef Virtqueue _queue
    cdef Slot *_slot                    # NULL once it was pushed
    cdef readonly uint16_t head
    cdef readonly uint64_t readable
    cdef readonly uint64_t writable
    cdef public uint32_t written
    cdef uint32_t _read_segment         # where reading goes on
    cdef uint64_t _read_offset
    cdef uint32_t _write_segment
    cdef uint64_t _write_offset

    def __init__(self):
        raise TypeError("chains come from Virtqueue.pop")

    cdef ChainState *state(self) except NULL:
        if self._slot == NULL:
            raise ValueError(f"chain {self.head} was pushed already")
        return &self._slot.chain

    # Passes over `size` readable bytes, copied to `to` unless that is NULL.
    cdef void take(self, char *to, uint64_t size) noexcept:
        cdef iovec *segment
        cdef uint64_t part
        self.readable -= size
        while size:
            segment = &self._slot.chain.segments[self._read_segment]
            part = min(size, segment.iov_len - self._read_offset)
            if to != NULL:
                memcpy(to, <char *>segment.iov_base + self._read_offset, part)
                to += part
            self._read_offset += part
            size -= part
            if self._read_offset == segment.iov_len:
                self._read_segment += 1
                self._read_offset = 0

    # Passes over `size` writable bytes, copied from `source` unless that is NULL.
    cdef void put(self, const char *source, uint64_t size) noexcept:
        cdef iovec *segment
        cdef uint64_t part
        self.writable -= size
        self.written += <uint32_t>size
        while size:
            segment = &self._slot.chain.segments[self._write_segment]
            part = min(size, segment.iov_len - self._write_offset)
            if source != NULL:
                memcpy(<char *>segment.iov_base + self._write_offset, source, part)
                source += part
            self._write_offset += part
            size -= part
            if self._write_offset == segment.iov_len:
                self._write_segment += 1
                self._write_offset = 0

    def read(self, size):
        self.state()
        cdef uint64_t count = min(max(size, 0), self.readable)
        copied = PyBytes_FromStringAndSize(NULL, count)
        self.take(PyBytes_AS_STRING(copied), count)
        return copied

    def skip(self, size):
        self.state()
        cdef uint64_t count = min(max(size, 0), self.readable)
        self.take(NULL, count)
        return count

    def write(self, data):
        cdef Py_buffer buffer
        cdef uint64_t count
        self.state()
        PyObject_GetBuffer(data, &buffer, PyBUF_SIMPLE)
        count = min(<uint64_t>buffer.len, self.writable)
        self.put(<const char *>buffer.buf, count)
        PyBuffer_Release(&buffer)
        return count

    def fill_from(self, int fd, limit):
        cdef ChainState *chain = self.state()
        cdef uint64_t count = min(max(limit, 0), self.writable)
        cdef ssize_t done = transfer(
            fd, chain.segments, self._write_segment, self._write_offset, count, False)
        self.put(NULL, done)
        return done

    def drain_to(self, int fd, limit):
        cdef ChainState *chain = self.state()
        cdef uint64_t count = min(max(limit, 0), self.readable)
        cdef ssize_t done = transfer(
            fd, chain.segments, self._read_segment, self._read_offset, count, True)
        self.take(NULL, done)
        return done

    cdef list pieces(self, bint writable, bint views):
        cdef ChainState *chain = self.state()
        cdef uint32_t index, first = 0, count = chain.readable_count
        cdef iovec *segment
        cdef list found = []
        if writable:
            first = count
            count = chain.writable_count
        for index in range(first, first + count):
            segment = &chain.segments[index]
            if views:
                found.append(
                    view_of(self._queue._memory, segment.iov_base, segment.iov_len, not writable))
            else:
                found.append((<uintptr_t>segment.iov_base, segment.iov_len))
        return found

    def readable_views(self):
        return self.pieces(False, True)

    def writable_views(self):
        return self.pieces(True, True)

    def readable_ranges(self):
        return self.pieces(False, False)

    def writable_ranges(self):
        return self.pieces(True, False)


# readv or writev of up to `size` bytes from `offset` in segment `first` on.
cdef ssize_t transfer(
    int fd, iovec *segments, uint32_t first, uint64_t offset, uint64_t size, bint writing
) except -1:
    cdef iovec some[64]
    cdef iovec *used = some
    cdef uint32_t count = 0, most = 64
    cdef ssize_t done = 0
    if size == 0:
        return 0
    if size > 64 * 4096:
        used = <iovec *>malloc(IOV_MAX * sizeof(iovec))
        if used == NULL:
            raise MemoryError
        most = IOV_MAX
    while size and count < most:
        used[count].iov_base = <char *>segments[first].iov_base + offset
        used[count].iov_len = min(size, segments[first].iov_len - offset)
        size -= used[count].iov_len
        offset = 0
        first += 1
        count += 1
    try:
        while True:
            with nogil:
                done = writev(fd, used, count) if writing else readv(fd, used, count)
            if done >= 0:
                return done
            if errno != EINTR:
                PyErr_SetFromErrno(OSError)
            PyErr_CheckSignals()
    finally:
        if used != some:
            free(used)
