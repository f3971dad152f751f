# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Block requests: from a virtqueue to a file and back (virtio 1.3, 5.2.6).

Each queue has a thread in BlkQueue.run, without the interpreter lock but for what Python does
itself: flushes of formats, discards, allocations. Data go straight between guest memory and the
file. How:

- Buffered reads of what the page cache has by preadv2 in this thread, which refuses to wait for
  the rest; that comes through io_uring, without a thread waiting for it.
- Buffered writes, and reads where the filesystem cannot refuse to wait (tmpfs), by preadv and
  pwritev in this thread: io_uring would hand each to a kernel worker, which costs several times
  the copy.
- Direct I/O, and writes that have to be durable, through io_uring. A batch costs one system call.

Without io_uring, all by preadv and pwritev. Types and contracts are in blk.pyi.
"""

from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.buffer cimport PyBUF_READ, PyBUF_WRITE
from libc.errno cimport EAGAIN, EINTR, ENOMEM, ETIME, errno
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import os

from kvmtool.core.virtqueue cimport ChainState, Virtqueue, iovec

cdef extern from "io_uring.h" nogil:
    struct uring:
        int fd
        unsigned prepared
    void uring_close(uring *)
    int uring_open(uring *, unsigned entries, int file)
    void uring_limit_workers(uring *, unsigned count)
    int uring_transfer(uring *, int is_write, const iovec *, unsigned vectors, uint64_t offset,
                       int rw_flags, void *user_data)
    int uring_fdatasync(uring *, void *user_data)
    int uring_watch(uring *, int fd, void *user_data)
    int uring_enter(uring *, unsigned wait, int64_t timeout_ns)
    int uring_complete(uring *, void **user_data, int *result, int *more)

cdef extern from "blk.h" nogil:
    int IOV_MAX
    int RWF_DSYNC
    int RWF_NOWAIT
    enum:
        VIRTIO_BLK_T_IN
        VIRTIO_BLK_T_OUT
        VIRTIO_BLK_T_FLUSH
        VIRTIO_BLK_T_GET_ID
        VIRTIO_BLK_T_DISCARD
        VIRTIO_BLK_T_WRITE_ZEROES
        VIRTIO_BLK_ID_BYTES
        VIRTIO_BLK_S_OK
        VIRTIO_BLK_S_IOERR
        VIRTIO_BLK_S_UNSUPP
    void blk_relax()
    uint64_t blk_load(void *)
    void blk_store(void *, uint64_t)
    uint64_t blk_add(void *, int64_t)
    bint blk_exchange(uint64_t *, uint64_t *was, uint64_t)
    uint64_t blk_now_ns()
    void blk_sleep(int, int, int64_t)
    bint blk_reads_nowait(int)
    bint blk_is_in_memory(int)
    ssize_t blk_read(int fd, const iovec *, int count, int64_t offset, int flags)
    ssize_t blk_write(int fd, const iovec *, int count, int64_t offset, int flags)
    int fdatasync(int fd)
    int eventfd_write(int fd, uint64_t)
    int posix_memalign(void **, size_t alignment, size_t size)

cdef enum:
    SECTOR = 512
    HEADER = 16                 # struct virtio_blk_outhdr
    MOST_BYTES = 64 << 20       # of one request
    BOUNCE = 1 << 20
    MOST_REQUESTS = 1024        # under way in one queue
    MOST_TABLES = 1 << 22
    RING_ENTRIES = 256
    WORKERS = 4

    # Requests that are popped together, and submitted together.
    BATCH = 32
    SUBMIT = 4
    # How long a request that is done waits for others before the driver hears of it, while there is
    # more to do. It grows by a step for so many signals too many, and shrinks by one whenever the
    # queue ran dry after a single signal: see found_nothing.
    LEAST_WAIT_NS = 500
    MOST_WAIT_NS = 150000
    WAIT_STEP_NS = 2000
    TOO_MANY_SIGNALS = 8
    # The kernel merges direct I/O that is submitted together: too large to be done side by side.
    UNMERGED = 64 << 10
    # To sleep and be woken costs 20 us of this CPU and as much of the driver's, if both are idle:
    # so long is looked for more before.
    LONGEST_SPIN_NS = 30000
    SHORTEST_SPIN_NS = 2000
    # A sleep shorter than that should have been a spin.
    SHORT_SLEEP_NS = 60000

    BURST_NS = 100000000        # what a limit lets pass at once after a pause
    RETRY_NS = 1000000

cpdef enum:
    FLUSH_END = 0x100           # a type of our own: the data of a flush are on stable storage
    SYNC_FIRST = 254            # a status of our own: fdatasync, then FLUSH_END


include "blk_request.pxi"
include "blk_disk.pxi"


class SlowRequest:
    __slots__ = ("buffers", "length", "offset", "status", "ticket", "type")

    def __init__(self, type, offset, length, buffers):
        self.type = type
        self.offset = offset
        self.length = length
        self.buffers = buffers
        self.status = VIRTIO_BLK_S_IOERR
        self.ticket = 0


cdef class BlkQueue:
    cdef BlkDisk disk
    cdef Virtqueue queue
    cdef int kick_fd
    cdef int call_fd
    cdef int wake_fd
    cdef object serve_slow
    cdef object report
    cdef object trace
    cdef bint tracing
    cdef bint use_ring
    cdef uring ring
    cdef Request *requests
    cdef uint32_t request_count
    cdef Request *spare
    cdef uint32_t in_flight     # popped, not pushed
    cdef uint32_t in_ring
    cdef uint32_t unpublished
    cdef uint64_t oldest        # of them was done then
    cdef uint64_t wait_ns       # how long it may wait for others
    cdef uint32_t signals       # to the driver since there was nothing to do
    cdef uint32_t more_signals  # second and later ones of such times, since wait_ns last grew
    cdef List slow
    cdef Request *held          # by a limit, until `held_until`
    cdef uint64_t held_until
    cdef uint64_t stopping
    cdef bint broken
    cdef uint64_t spin_ns       # how long to look for more before sleeping
    cdef bint kick_watched
    cdef bint wake_watched
    cdef readonly uint64_t sleeps
    cdef readonly uint64_t slow_requests
    cdef readonly uint64_t calls

    def __cinit__(
        self, BlkDisk disk not None, Virtqueue queue not None, *, int kick_fd, int call_fd,
        serve_slow, report, trace=None, bint io_uring=True,
    ):
        cdef uint32_t index
        self.ring.fd = -1
        self.wake_fd = -1
        self.disk = disk
        self.queue = queue
        self.kick_fd = kick_fd
        self.call_fd = call_fd
        self.serve_slow = serve_slow
        self.report = report
        self.trace = trace
        self.tracing = trace is not None
        self.use_ring = io_uring
        self.wait_ns = LEAST_WAIT_NS
        self.request_count = min(queue.size, MOST_REQUESTS)
        self.requests = <Request *>calloc(self.request_count, sizeof(Request))
        if self.requests == NULL:
            raise MemoryError
        for index in range(self.request_count):
            self.requests[index].next = self.spare
            self.spare = &self.requests[index]
        self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def __dealloc__(self):
        uring_close(&self.ring)
        free(self.requests)
        if self.wake_fd >= 0:
            os.close(self.wake_fd)

    @property
    def uses_io_uring(self):
        return self.ring.fd >= 0

    def stop(self):
        blk_store(&self.stopping, 1)
        eventfd_write(self.wake_fd, 1)

    def run(self):
        with nogil:
            if self.use_ring and uring_open(&self.ring, RING_ENTRIES, self.disk.fd) == 0:
                uring_limit_workers(&self.ring, WORKERS)
            self.serve()
            uring_close(&self.ring)
        if not self.broken:
            return None
        return self.queue.fault() or "a block request has a header of 16 bytes and a status byte"

    # ---- the loop

    cdef void serve(self) noexcept nogil:
        cdef uint64_t spin_until = 0, now
        cdef bint progress
        self.queue.disarm_state()
        while True:
            progress = False
            if self.held != NULL:
                self.hold_or_begin(self.held)
            if self.held == NULL and not self.broken and not blk_load(&self.stopping):
                progress = self.pop_some()
            if self.ring.fd >= 0 and (self.ring.prepared or self.in_ring):
                # The kernel hands over what is done when it is entered, and not before.
                uring_enter(&self.ring, 0, -1)
                progress = self.reap() or progress
            if self.slow.first != NULL:
                # What is done does not wait for what takes long.
                self.publish()
                self.slow_path()
                progress = True
            if progress:
                if self.is_due():
                    self.publish()
                spin_until = 0
                continue
            self.publish()
            if not self.in_flight and (self.broken or blk_load(&self.stopping)):
                return
            self.found_nothing()
            if self.spin_ns and self.held == NULL and not self.in_ring:
                now = blk_now_ns()
                if spin_until == 0:
                    spin_until = now + self.spin_ns
                if now < spin_until:
                    blk_relax()
                    continue
                # It was in vain.
                self.spin_ns = self.spin_ns // 2 if self.spin_ns > SHORTEST_SPIN_NS else 0
            self.sleep()
            spin_until = 0

    cdef bint pop_some(self) noexcept nogil:
        cdef ChainState *chain
        cdef int found, left = BATCH
        cdef Request *request
        while (left and self.ring.prepared < SUBMIT and self.spare != NULL and self.held == NULL
                and not blk_load(&self.stopping)):
            found = self.queue.pop_state(&chain)
            if found <= 0:
                if found < 0:
                    self.broken = True
                break
            left -= 1
            request = self.spare
            self.spare = request.next
            self.in_flight += 1
            request.chain = chain
            request.bounce = NULL
            request.epoch = 2
            request.durable = True
            if not self.parse(request):
                # The chain stays the device's until a reset.
                self.broken = True
                self.in_flight -= 1
                request.next = self.spare
                self.spare = request
                break
            if self.is_due():
                self.publish()
        return left != BATCH

    cdef void publish(self) noexcept nogil:
        if self.unpublished:
            self.unpublished = 0
            if self.queue.publish_state() and self.call_fd >= 0:
                self.calls += 1
                self.signals += 1
                if self.signals > 1:
                    self.more_signals += 1
                if self.more_signals == TOO_MANY_SIGNALS:
                    self.more_signals = 0
                    self.wait_ns = min(self.wait_ns + WAIT_STEP_NS, <uint64_t>MOST_WAIT_NS)
                eventfd_write(self.call_fd, 1)

    # A signal takes as long as several small requests, and the driver as long again to wake up. One
    # that comes early lets it wake up while the rest is done, so that neither waits for the other.
    # One too early has it fall asleep again before that, which costs another signal.
    cdef void found_nothing(self) noexcept nogil:
        if self.signals == 1:
            self.wait_ns -= min(self.wait_ns - LEAST_WAIT_NS, <uint64_t>WAIT_STEP_NS)
        self.signals = 0

    cdef bint is_due(self) noexcept nogil:
        return self.unpublished and blk_now_ns() - self.oldest >= self.wait_ns

    cdef void sleep(self) noexcept nogil:
        cdef int64_t timeout = -1
        cdef uint64_t now
        cdef int error
        if self.held != NULL:
            now = blk_now_ns()
            timeout = self.held_until - now if self.held_until > now else 0
        elif not self.broken and not blk_load(&self.stopping) and self.spare != NULL:
            if self.queue.arm_state():
                self.queue.disarm_state()
                return
        self.sleeps += 1
        now = blk_now_ns()
        if self.ring.fd >= 0:
            if not self.kick_watched:
                self.kick_watched = uring_watch(&self.ring, self.kick_fd, &self.kick_watched) == 0
            if not self.wake_watched:
                self.wake_watched = uring_watch(&self.ring, self.wake_fd, &self.wake_watched) == 0
            error = uring_enter(&self.ring, 1, timeout)
            if error < 0 and error != -EINTR and error != -ETIME:
                blk_sleep(self.kick_fd, self.wake_fd, RETRY_NS)
            # A kick that is not taken off the ring would end the next sleep at once.
            self.reap()
        else:
            blk_sleep(self.kick_fd, self.wake_fd, timeout)
        if blk_now_ns() - now < SHORT_SLEEP_NS:
            self.spin_ns = LONGEST_SPIN_NS
        self.queue.disarm_state()

    cdef bint reap(self) noexcept nogil:
        cdef void *what
        cdef int result = 0, more = 0
        cdef bint progress = False
        while uring_complete(&self.ring, &what, &result, &more):
            if what == &self.kick_watched or what == &self.wake_watched:
                if not more:
                    (<bint *>what)[0] = False
                continue
            progress = True
            self.in_ring -= 1
            self.completed(<Request *>what, result)
            if self.is_due():
                self.publish()
        return progress

    # ---- requests

    # Takes header and status off a popped chain, and begins what it asks for. False: they are
    # not there.
    cdef bint parse(self, Request *request) noexcept nogil:
        cdef ChainState *chain = request.chain
        cdef uint8_t header[HEADER]
        cdef iovec *last
        cdef uint64_t sector, length
        cdef uint32_t index
        cdef bint is_write
        if chain.readable_bytes < HEADER or chain.writable_bytes < 1:
            return False
        # No buffer is empty: Virtqueue leaves those out.
        last = &chain.segments[chain.readable_count + chain.writable_count - 1]
        last.iov_len -= 1
        request.status = <uint8_t *>last.iov_base + last.iov_len
        request.vector = chain.segments
        request.vectors = chain.readable_count
        request.left = chain.readable_bytes
        request.offset = 0
        copy(request, header, HEADER, True)
        memcpy(&request.type, header, 4)
        memcpy(&sector, header + 8, 8)
        is_write = request.type != VIRTIO_BLK_T_IN and request.type != VIRTIO_BLK_T_GET_ID
        if is_write:
            advance(request, HEADER)
        else:
            request.vector += chain.readable_count
            request.vectors = chain.writable_count
            request.left = chain.writable_bytes - 1
        if request.type == VIRTIO_BLK_T_IN or request.type == VIRTIO_BLK_T_OUT:
            length = request.left // SECTOR
            if (request.left % self.disk.block_size or not length or request.left > MOST_BYTES
                    or sector > self.disk.sectors or length > self.disk.sectors - sector
                    or (sector * SECTOR) % self.disk.block_size
                    or (is_write and self.disk.read_only)):
                self.finish(request, VIRTIO_BLK_S_IOERR)
                return True
            request.offset = sector * SECTOR
            self.hold_or_begin(request)
        elif request.type == VIRTIO_BLK_T_FLUSH:
            self.flush_or_ask(request)
        elif request.type == VIRTIO_BLK_T_GET_ID:
            length = min(request.left, <uint64_t>VIRTIO_BLK_ID_BYTES)
            copy(request, self.disk.identifier, length, False)
            advance(request, length)
            self.finish(request, VIRTIO_BLK_S_OK)
        elif request.type == VIRTIO_BLK_T_DISCARD or request.type == VIRTIO_BLK_T_WRITE_ZEROES:
            self.hold_or_begin(request)
        else:
            self.finish(request, VIRTIO_BLK_S_UNSUPP)
        return True

    # Begins a request now, or when a limit lets it pass.
    cdef void hold_or_begin(self, Request *request) noexcept nogil:
        self.held_until = 0 if blk_load(&self.stopping) else self.disk.admit(request.left)
        self.held = request if self.held_until else NULL
        if self.held != NULL:
            return
        if request.type == VIRTIO_BLK_T_IN or request.type == VIRTIO_BLK_T_OUT:
            self.begin(request)
        else:
            append(&self.slow, request)

    cdef void finish(self, Request *request, uint8_t status) noexcept nogil:
        cdef uint64_t written = 1
        if self.tracing:
            self.trace_request(request, status)
        if request.epoch < 2:
            blk_add(&self.disk.under_way[request.epoch], -1)
        if request.bounce != NULL:
            free(request.bounce)
        if request.type == VIRTIO_BLK_T_IN or request.type == VIRTIO_BLK_T_GET_ID:
            # The status is the last of the bytes written: none may be missing before it.
            if request.left <= MOST_BYTES:
                copy(request, NULL, request.left, False)
                written = request.chain.writable_bytes
            else:
                written = 0
        request.status[0] = status
        self.queue.push_state(request.chain, <uint32_t>written)
        self.in_flight -= 1
        if not self.unpublished:
            self.oldest = blk_now_ns()
        self.unpublished += 1
        request.next = self.spare
        self.spare = request

    cdef void flush_or_ask(self, Request *request) noexcept nogil:
        if self.disk.can_flush_here:
            self.flush(request)
        else:
            append(&self.slow, request)

    cdef void flush(self, Request *request) noexcept nogil:
        if self.ring.fd >= 0 and uring_fdatasync(&self.ring, request) == 0:
            self.in_ring += 1
        else:
            self.flushed(request, 0 if fdatasync(self.disk.fd) == 0 else -errno)

    # The file's fdatasync is over, with 0 or -errno.
    cdef void flushed(self, Request *request, int result) noexcept nogil:
        if result < 0:
            self.failed(request, -result)
        elif request.type == FLUSH_END:
            append(&self.slow, request)
        else:
            self.finish(request, VIRTIO_BLK_S_OK)

    # Reading or writing begins.
    cdef void begin(self, Request *request) noexcept nogil:
        cdef uint64_t epoch
        if self.disk.cluster_bits:
            while True:
                epoch = blk_load(&self.disk.epoch)
                blk_add(&self.disk.under_way[epoch], 1)
                if epoch == blk_load(&self.disk.epoch):
                    break
                blk_add(&self.disk.under_way[epoch], -1)
            request.epoch = epoch
        self.proceed(request, False)

    # Does as much of a request as can be done at once: all of it, or to where it is in the ring
    # or in the list of slow ones. `here`: not in the ring.
    cdef void proceed(self, Request *request, bint here) noexcept nogil:
        cdef bint is_write = request.type == VIRTIO_BLK_T_OUT
        # That a format's metadata are durable too takes a flush at the end.
        cdef bint durable = (
            is_write and self.disk.can_flush_here and blk_load(&self.disk.write_through))
        cdef bint in_ring = self.ring.fd >= 0 and not here and (
            durable or (self.disk.writes_in_ring if is_write else self.disk.reads_in_ring))
        cdef int flags = RWF_DSYNC if durable else 0
        cdef int64_t place
        cdef ssize_t done
        cdef bint only_cached = in_ring and not is_write and self.disk.reads_nowait
        request.durable = request.durable and durable
        while True:
            request.part = request.left
            place = self.disk.locate(request.offset, &request.part)
            if place < 0:
                append(&self.slow, request)
                return
            if not self.cut(request):
                self.failed(request, ENOMEM)
                return
            if only_cached:
                done = blk_read(self.disk.fd, self.part_vector(request), self.part_count(request),
                                place, RWF_NOWAIT)
                if done > 0:
                    if not self.moved(request, done):
                        return
                    continue
            if in_ring and uring_transfer(
                    &self.ring, is_write, self.part_vector(request), self.part_count(request),
                    place, flags, request) == 0:
                self.in_ring += 1
                if self.disk.alignment > 1 and request.part >= UNMERGED:
                    uring_enter(&self.ring, 0, -1)
                return
            if is_write:
                done = blk_write(self.disk.fd, self.part_vector(request), self.part_count(request),
                                 place, flags)
            else:
                done = blk_read(self.disk.fd, self.part_vector(request), self.part_count(request),
                                place, 0)
            if done < 0 and errno == EAGAIN:
                self.restore_part(request)
                self.failed(request, EAGAIN)
                return
            if not self.moved(request, -errno if done < 0 else done):
                return

    cdef void completed(self, Request *request, int result) noexcept nogil:
        if request.type == VIRTIO_BLK_T_FLUSH or request.type == FLUSH_END:
            self.flushed(request, result)
        elif self.moved(request, result):
            self.proceed(request, result == -EAGAIN)

    # Chooses the vectors of a part of request.part bytes, or of fewer.
    cdef bint cut(self, Request *request) noexcept nogil:
        cdef uint64_t size = 0, mask = self.disk.alignment - 1
        cdef uint32_t count = 0
        cdef iovec *vector = request.vector
        cdef bint aligned = True
        while size < request.part and count < <uint32_t>IOV_MAX:
            if (<uintptr_t>vector[count].iov_base | vector[count].iov_len) & mask:
                aligned = False
            size += vector[count].iov_len
            count += 1
        if not aligned:
            return self.cut_bounced(request)
        request.part_vectors = count
        request.last_length = vector[count - 1].iov_len
        if size > request.part:
            vector[count - 1].iov_len -= size - request.part
        else:
            request.part = size
        return True

    # Direct I/O needs aligned memory, which the guest's buffers need not be.
    cdef bint cut_bounced(self, Request *request) noexcept nogil:
        cdef void *buffer = NULL
        if request.bounce == NULL:
            if posix_memalign(&buffer, max(self.disk.alignment, 4096), BOUNCE + sizeof(iovec)):
                return False
            request.bounce = <uint8_t *>buffer
        request.part = min(request.part, <uint64_t>BOUNCE)
        request.part_vectors = 0
        if request.type == VIRTIO_BLK_T_OUT:
            copy(request, request.bounce, request.part, True)
        (<iovec *>(request.bounce + BOUNCE)).iov_base = request.bounce
        (<iovec *>(request.bounce + BOUNCE)).iov_len = request.part
        return True

    cdef inline iovec *part_vector(self, Request *request) noexcept nogil:
        if request.part_vectors:
            return request.vector
        return <iovec *>(request.bounce + BOUNCE)

    cdef inline uint32_t part_count(self, Request *request) noexcept nogil:
        return max(request.part_vectors, <uint32_t>1)

    # Undoes what `cut` did to the last vector.
    cdef inline void restore_part(self, Request *request) noexcept nogil:
        if request.part_vectors:
            request.vector[request.part_vectors - 1].iov_len = request.last_length

    # A part ended with so many bytes, or -errno. True: the request goes on.
    cdef bint moved(self, Request *request, int64_t result) noexcept nogil:
        self.restore_part(request)
        if not request.part_vectors and result > 0 and request.type == VIRTIO_BLK_T_IN:
            # From the bounce buffer.
            copy(request, request.bounce, result, False)
        if result < 0:
            if result == -EINTR or result == -EAGAIN:
                return True
            self.failed(request, <int>-result)
            return False
        if result == 0:
            # The file ends here.
            self.failed(request, 0)
            return False
        advance(request, result)
        if request.left:
            return True
        if (request.type == VIRTIO_BLK_T_OUT and not request.durable
                and blk_load(&self.disk.write_through)):
            # Also where the driver turned the cache off meanwhile.
            request.type = VIRTIO_BLK_T_FLUSH
            self.flush_or_ask(request)
        else:
            self.finish(request, VIRTIO_BLK_S_OK)
        return False

    # ---- what needs the interpreter

    # The host refused: the guest gets an error, the log a line.
    cdef void failed(self, Request *request, int error) noexcept nogil:
        with gil:
            try:
                self.report(request.type, request.offset, request.left, error)
            except BaseException:
                pass
        self.finish(request, VIRTIO_BLK_S_IOERR)

    cdef void slow_path(self) noexcept nogil:
        with gil:
            self.slow_batch()

    cdef void slow_batch(self) noexcept:
        cdef Request *request = self.slow.first
        cdef iovec *vector
        cdef uint64_t size, part
        cdef uint8_t status
        cdef uint32_t index, count = self.slow.count
        batch = []
        try:
            while request != NULL:
                buffers = []
                size = request.left
                vector = request.vector
                while size:
                    part = min(size, <uint64_t>vector.iov_len)
                    if part:
                        buffers.append(PyMemoryView_FromMemory(
                            <char *>vector.iov_base, part,
                            PyBUF_WRITE if request.type == VIRTIO_BLK_T_IN else PyBUF_READ))
                    size -= part
                    vector += 1
                one = SlowRequest(request.type, request.offset, request.left, buffers)
                if request.type == FLUSH_END:
                    one.ticket = request.offset
                batch.append(one)
                request = request.next
            self.slow_requests += len(batch)
            self.serve_slow(batch)
        except BaseException as error:
            try:
                self.report(-1, 0, 0, error)
            except BaseException:
                pass
        for index in range(count):
            request = take(&self.slow)
            status = VIRTIO_BLK_S_IOERR
            if index < len(batch):
                status = batch[index].status
            if status == SYNC_FIRST:
                request.offset = batch[index].ticket
                request.type = FLUSH_END
                with nogil:
                    self.flush(request)
                continue
            if status == VIRTIO_BLK_S_OK and request.type <= VIRTIO_BLK_T_OUT:
                request.left = 0
            self.finish(request, status)

    cdef void trace_request(self, Request *request, uint8_t status) noexcept nogil:
        with gil:
            try:
                self.trace(f"chain {request.chain.head}: request of type {request.type & 0xFFFF} "
                           f"ends at sector {request.offset // SECTOR} with status {status}")
            except BaseException:
                pass
