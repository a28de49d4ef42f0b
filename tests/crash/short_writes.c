/* Cuts every write to a regular file to one byte; with INTERRUPTED set, every other one is
 * interrupted as well; with UNHEARD set, the program does not hear that it was cut, as one does not
 * that never looks. At the end of the process the number of writes that were cut is written to the
 * file named by COUNT. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned long cut;
static unsigned long asked;

static int is_interrupted(void)
{
	return getenv("INTERRUPTED") && asked++ % 2 == 0;
}

static size_t shortened(int fd, size_t length)
{
	struct stat file;

	if (length == 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
		return length;
	if (is_interrupted())
		return 0;
	cut++;
	return 1;
}

/* What the program hears of a write. */
static ssize_t heard(ssize_t taken, size_t length)
{
	return taken < 0 || !getenv("UNHEARD") ? taken : (ssize_t)length;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	size_t taken = shortened(fd, length);

	if (taken == 0 && length != 0) {
		errno = EINTR;
		return -1;
	}
	return heard(syscall(SYS_write, fd, bytes, taken), length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
	size_t taken = shortened(fd, length);

	if (taken == 0 && length != 0) {
		errno = EINTR;
		return -1;
	}
	return heard(syscall(SYS_pwrite64, fd, bytes, taken, offset), length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	return pwrite64(fd, bytes, length, offset);
}

/* One that takes less than it is given is as good as a short one. */
ssize_t writev(int fd, const struct iovec *parts, int count)
{
	for (int part = 0; part < count; part++)
		if (parts[part].iov_len > 0)
			return write(fd, parts[part].iov_base, parts[part].iov_len);
	return 0;
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("COUNT");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
	char text[32];
	int length = snprintf(text, sizeof text, "%lu", cut);

	if (fd >= 0)
		syscall(SYS_write, fd, text, (size_t)length);
}
