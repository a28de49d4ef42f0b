/* Loaded into the command, this library gives it the bugs that BUGS names, for the rigs to find: it
 * leaves out what the command asks for or does more, and tells the command that all went well.
 *
 *   NoFileSync     no sync of a temporary file
 *   NoFolderSync   no sync of a folder
 *   NoLastSync     no sync of the file after that of its folder
 *   IgnoredSync    a sync that fails passes for one that did not
 *   InPlace        the config is overwritten before it is replaced
 *   NoUnlink       temporary files stay
 *   NoLock         the lock is not taken
 *   UnlinkedLock   the lock file is unlinked at the end, when somebody else may have locked it
 *   NoExchange     files can't be exchanged: what was replaced is not looked at */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int has(const char *bug)
{
	const char *bugs = getenv("BUGS");

	return bugs && strstr(bugs, bug);
}

/* The name in a path of a temporary file, which begins with a dot. */
static char *temporary(const char *path)
{
	char *slash = strrchr(path, '/');

	return slash && slash[1] == '.' ? slash + 1 : NULL;
}

int fsync(int fd)
{
	static int folder_is_synced;
	struct stat file;
	const char *bug = folder_is_synced ? "NoLastSync" : "NoFileSync";
	int result;

	if (fstat(fd, &file) == 0 && S_ISDIR(file.st_mode)) {
		folder_is_synced = 1;
		bug = "NoFolderSync";
	}
	if (has(bug))
		return 0;
	result = syscall(SYS_fsync, fd);
	return has("IgnoredSync") ? 0 : result;
}

int unlink(const char *path)
{
	if (has("NoUnlink") && temporary(path))
		return 0;
	return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* What is written to `.config.toml.x` is written to `config.toml` as well. The command finds there
 * what it was about to put there, and has nothing to do. */
static void overwrite(int fd, const void *bytes, size_t length)
{
	char link[64], path[PATH_MAX], *name, *end;
	ssize_t read;
	int config;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	read = readlink(link, path, sizeof path - 1);
	path[read < 0 ? 0 : read] = '\0';
	name = temporary(path);
	end = name ? strstr(name, ".toml") : NULL;
	if (!end)
		return;
	end[strlen(".toml")] = '\0';
	memmove(name, name + 1, strlen(name));
	/* Never closed: ext4 and xfs write a file that was truncated as soon as it is. */
	config = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (config >= 0)
		syscall(SYS_write, config, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	if (has("InPlace"))
		overwrite(fd, bytes, length);
	return syscall(SYS_write, fd, bytes, length);
}

/* Has the kernel give this answer to a call, which is not made. For calls that the command makes
 * itself, without the C library. */
static void answer(unsigned call, unsigned error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		abort();
}

static const char *config;

/* The first argument is `--config`. */
__attribute__((constructor)) static void begin(int count, char **arguments)
{
	config = count > 2 ? arguments[2] : NULL;
	if (has("NoLock"))
		answer(SYS_flock, 0);
	if (has("NoExchange"))
		answer(SYS_renameat2, EINVAL);
}

__attribute__((destructor)) static void end(void)
{
	char path[PATH_MAX];

	if (!config || !has("UnlinkedLock"))
		return;
	snprintf(path, sizeof path, "%s.lock", config);
	unlink(path);
}
