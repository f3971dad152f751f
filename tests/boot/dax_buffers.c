/* Direct I/O whose buffers are a file's own pages: `dax_buffers FILE DISK read|write`. */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 64 << 10 };

int main(int count, char **words)
{
	int is_read = count == 4 && !strcmp(words[3], "read");
	int file = open(words[1], is_read ? O_RDWR : O_RDONLY);
	int disk = open(words[2], (is_read ? O_RDONLY : O_WRONLY) | O_DIRECT);
	void *pages = mmap(0, SIZE, PROT_READ | (is_read ? PROT_WRITE : 0), MAP_SHARED, file, 0);
	ssize_t done;

	if (file < 0 || disk < 0 || pages == MAP_FAILED)
		err(1, "cannot open or map");
	done = is_read ? read(disk, pages, SIZE) : write(disk, pages, SIZE);
	if (done != SIZE)
		err(1, "%zd bytes", done);
	return 0;
}
