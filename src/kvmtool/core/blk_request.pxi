# Part of blk.pyx: a request under way, and its data.

cdef struct Request:
    ChainState *chain
    iovec *vector               # what is left of the data
    uint32_t vectors
    uint32_t type
    uint8_t *status
    uint64_t offset             # in the disk, bytes
    uint64_t left               # bytes
    uint64_t part               # of them under way
    uint32_t part_vectors
    size_t last_length          # what the part's last vector was before it was cut
    uint8_t epoch
    bint durable                # what was written of it so far is on stable storage
    uint8_t *bounce
    Request *next

cdef struct List:
    Request *first
    Request *last
    uint32_t count

cdef inline void append(List *queue, Request *request) noexcept nogil:
    request.next = NULL
    if queue.first == NULL:
        queue.first = request
    else:
        queue.last.next = request
    queue.last = request
    queue.count += 1

cdef inline Request *take(List *queue) noexcept nogil:
    cdef Request *request = queue.first
    if request != NULL:
        queue.first = request.next
        queue.count -= 1
    return request

# Passes over `size` bytes of the data.
cdef void advance(Request *request, uint64_t size) noexcept nogil:
    request.offset += size
    request.left -= size
    while size:
        if size < request.vector.iov_len:
            request.vector.iov_base = <uint8_t *>request.vector.iov_base + size
            request.vector.iov_len -= size
            return
        size -= request.vector.iov_len
        request.vector += 1
        request.vectors -= 1

# Copies between the first `size` bytes of the data and a buffer; from it, unless `gather`.
# A buffer of NULL stands for zeros.
cdef void copy(Request *request, uint8_t *buffer, uint64_t size, bint gather) noexcept nogil:
    cdef iovec *vector = request.vector
    cdef uint64_t part
    while size:
        part = min(size, <uint64_t>vector.iov_len)
        if gather:
            memcpy(buffer, vector.iov_base, part)
        elif buffer != NULL:
            memcpy(vector.iov_base, buffer, part)
        else:
            memset(vector.iov_base, 0, part)
        if buffer != NULL:
            buffer += part
        size -= part
        vector += 1
