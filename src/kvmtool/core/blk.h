/* What the block engine needs of C and Linux, beside io_uring.h. */
#ifndef KVMTOOL_BLK_H
#define KVMTOOL_BLK_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/virtio_blk.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#ifndef IOV_MAX
#define IOV_MAX 1024
#endif

#if defined(__x86_64__)
#define blk_relax() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define blk_relax() __asm__ volatile("yield")
#else
#define blk_relax() ((void)0)
#endif

/* Another thread's, in this process. */
#define blk_load(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define blk_store(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define blk_add(p, v) __atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define blk_exchange(p, was, v) \
	__atomic_compare_exchange_n((p), (was), (v), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

static inline uint64_t blk_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waits until one of two descriptors is readable; -1: for ever. */
static void blk_sleep(int first, int second, int64_t timeout_ns)
{
	struct timespec time = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	struct pollfd fds[2] = { { first, POLLIN, 0 }, { second, POLLIN, 0 } };
	eventfd_t count;
	ppoll(fds, 2, timeout_ns < 0 ? NULL : &time, NULL);
	if (fds[0].revents & POLLIN)
		eventfd_read(first, &count);
	if (fds[1].revents & POLLIN)
		eventfd_read(second, &count);
}

/*
 * preadv2 and pwritev2 as the kernel has them: in those of the C library a thread can be cancelled,
 * which costs 4 % of the CPU time of small reads.
 */
static inline ssize_t blk_read(int fd, const struct iovec *vector, int count, int64_t offset,
			       int flags)
{
	return syscall(SYS_preadv2, fd, vector, (long)count, offset, 0L, flags);
}

static inline ssize_t blk_write(int fd, const struct iovec *vector, int count, int64_t offset,
				int flags)
{
	return syscall(SYS_pwritev2, fd, vector, (long)count, offset, 0L, flags);
}

/* Whether reads can be refused instead of waiting for the disk (RWF_NOWAIT). */
static int blk_reads_nowait(int fd)
{
	char byte;
	struct iovec vector = { &byte, 1 };
	return blk_read(fd, &vector, 1, 0, RWF_NOWAIT) >= 0 || errno != EOPNOTSUPP;
}

/* Whether what is on the filesystem is in memory: then a read never waits for long. */
static int blk_is_in_memory(int fd)
{
	struct statfs status;
	return fstatfs(fd, &status) == 0 &&
		   (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}

#endif
