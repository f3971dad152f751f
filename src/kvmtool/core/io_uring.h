/* The few things that the I/O engine asks of io_uring (io_uring(7), linux/io_uring.h), by system
 * calls: one ring that one thread submits to, with one registered file.
 */
#ifndef KVMTOOL_IO_URING_H
#define KVMTOOL_IO_URING_H

#include <errno.h>
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Linux 6.0 and 6.1. */
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif

struct uring {
	int fd;	/* -1: closed */
	unsigned entries, prepared;
	unsigned *sq_head, *sq_tail, *cq_head, *cq_tail;
	unsigned sq_mask, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	void *rings;
	size_t rings_size, sqes_size;
};

static void uring_close(struct uring *ring)
{
	/* The kernel takes its time to end a ring, and a file's locks last as long as the file is in
	 * one. */
	if (ring->fd >= 0)
		syscall(SYS_io_uring_register, ring->fd, IORING_UNREGISTER_FILES, NULL, 0);
	if (ring->sqes)
		munmap(ring->sqes, ring->sqes_size);
	if (ring->rings)
		munmap(ring->rings, ring->rings_size);
	if (ring->fd >= 0)
		close(ring->fd);
	memset(ring, 0, sizeof *ring);
	ring->fd = -1;
}

static void *uring_map(struct uring *ring, size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, what);

	return at == MAP_FAILED ? NULL : at;
}

/* Opens a ring that this thread will submit to, `file` registered as its file 0; 0 or -errno. */
static int uring_open(struct uring *ring, unsigned entries, int file)
{
	struct io_uring_params params = { 0 };
	unsigned index, *array, needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP |
					 IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_EXT_ARG |
					 IORING_FEAT_RSRC_TAGS; /* Linux 5.13 */
	uint8_t *base;
	int error;

	memset(ring, 0, sizeof *ring);
	params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	ring->fd = syscall(SYS_io_uring_setup, entries, &params);
	if (ring->fd < 0 && errno == EINVAL) {
		memset(&params, 0, sizeof params);
		ring->fd = syscall(SYS_io_uring_setup, entries, &params);
	}
	if (ring->fd < 0)
		return -errno;
	errno = ENOSYS;
	if ((params.features & needed) != needed)
		goto fail;
	ring->entries = params.sq_entries;
	ring->rings_size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
	if (ring->rings_size < params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe))
		ring->rings_size =
			params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	ring->sqes_size = params.sq_entries * sizeof(struct io_uring_sqe);
	ring->rings = base = uring_map(ring, ring->rings_size, IORING_OFF_SQ_RING);
	ring->sqes = uring_map(ring, ring->sqes_size, IORING_OFF_SQES);
	if (!ring->rings || !ring->sqes)
		goto fail;
	ring->sq_head = (unsigned *)(base + params.sq_off.head);
	ring->sq_tail = (unsigned *)(base + params.sq_off.tail);
	ring->cq_head = (unsigned *)(base + params.cq_off.head);
	ring->cq_tail = (unsigned *)(base + params.cq_off.tail);
	ring->sq_mask = params.sq_entries - 1;
	ring->cq_mask = params.cq_entries - 1;
	ring->cqes = (struct io_uring_cqe *)(base + params.cq_off.cqes);
	array = (unsigned *)(base + params.sq_off.array);
	for (index = 0; index < params.sq_entries; index++)
		array[index] = index;
	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, &file, 1) < 0)
		goto fail;
	return 0;
fail:
	error = errno;
	uring_close(ring);
	return -error;
}

/* At most that many kernel workers for files, and for all else. Best effort. */
static void uring_limit_workers(struct uring *ring, unsigned count)
{
	unsigned counts[2] = { count, count };

	syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, counts, 2);
}

/* A cleared submission entry, or NULL while the queue of them is full. */
static inline struct io_uring_sqe *uring_prepare(struct uring *ring)
{
	unsigned tail = *ring->sq_tail + ring->prepared;
	struct io_uring_sqe *sqe = &ring->sqes[tail & ring->sq_mask];

	if (tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) == ring->entries)
		return NULL;
	ring->prepared++;
	memset(sqe, 0, sizeof *sqe);
	return sqe;
}

/* `size` bytes at `offset` of file 0; `vectors` of them, or one buffer. */
static inline int uring_transfer(struct uring *ring, int is_write, const struct iovec *vector,
				 unsigned vectors, uint64_t offset, int rw_flags,
				 void *user_data)
{
	struct io_uring_sqe *sqe = uring_prepare(ring);

	if (!sqe)
		return -1;
	if (vectors == 1) {
		sqe->opcode = is_write ? IORING_OP_WRITE : IORING_OP_READ;
		sqe->addr = (uintptr_t)vector->iov_base;
		sqe->len = vector->iov_len;
	} else {
		sqe->opcode = is_write ? IORING_OP_WRITEV : IORING_OP_READV;
		sqe->addr = (uintptr_t)vector;
		sqe->len = vectors;
	}
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->off = offset;
	sqe->rw_flags = rw_flags;
	sqe->user_data = (uintptr_t)user_data;
	return 0;
}

static inline int uring_fdatasync(struct uring *ring, void *user_data)
{
	struct io_uring_sqe *sqe = uring_prepare(ring);

	if (!sqe)
		return -1;
	sqe->opcode = IORING_OP_FSYNC;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->fsync_flags = IORING_FSYNC_DATASYNC;
	sqe->user_data = (uintptr_t)user_data;
	return 0;
}

/* Completes each time that `fd` becomes readable (again). */
static inline int uring_watch(struct uring *ring, int fd, void *user_data)
{
	struct io_uring_sqe *sqe = uring_prepare(ring);

	if (!sqe)
		return -1;
	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = fd;
	sqe->len = IORING_POLL_ADD_MULTI;
	sqe->poll32_events = 1;	/* POLLIN */
	sqe->user_data = (uintptr_t)user_data;
	return 0;
}

/* Submits what was prepared, and waits for `wait` completions up to `timeout_ns` (-1: for ever).
 * 0, or -errno; -ETIME after the time, -EINTR. */
static int uring_enter(struct uring *ring, unsigned wait, int64_t timeout_ns)
{
	struct __kernel_timespec time = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	struct io_uring_getevents_arg arg = { .ts = timeout_ns < 0 ? 0 : (uintptr_t)&time };
	unsigned flags = IORING_ENTER_GETEVENTS;
	unsigned pending;
	long done;

	__atomic_store_n(ring->sq_tail, *ring->sq_tail + ring->prepared, __ATOMIC_RELEASE);
	ring->prepared = 0;
	/* With what an earlier call left. */
	pending = *ring->sq_tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
	if (wait)
		done = syscall(SYS_io_uring_enter, ring->fd, pending, wait,
			       flags | IORING_ENTER_EXT_ARG, &arg, sizeof arg);
	else
		done = syscall(SYS_io_uring_enter, ring->fd, pending, 0, flags, NULL, 0);
	return done < 0 ? -errno : 0;
}

/* The next completion: 1, or 0 if there is none. */
static inline int uring_complete(struct uring *ring, void **user_data, int *result, int *more)
{
	unsigned head = *ring->cq_head;
	struct io_uring_cqe *cqe = &ring->cqes[head & ring->cq_mask];

	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return 0;
	*user_data = (void *)(uintptr_t)cqe->user_data;
	*result = cqe->res;
	*more = cqe->flags & IORING_CQE_F_MORE;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return 1;
}

#endif
