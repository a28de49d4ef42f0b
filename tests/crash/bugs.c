/* Loaded into the command, this library gives it the bugs that BUGS names, for the rigs to find: it
 * leaves out what the command asks for or does more, and tells the command that all went well.
 *
 *   NoFileSync     no sync of a temporary file
 *   NoFolderSync   no sync of a folder
 *   NoLastSync     no sync of the file after that of its folder
 *   NoLedgerSync   no sync of the ledger's temporary file
 *   NoBeforeFolder no sync of the folder after the ledger is kept as the one of before
 *   NoLedgerFolder no sync of the folder after the ledger is in place
 *   LateLedger     the ledger takes its place after the files
 *   EarlyBefore    the ledger of before the run is unlinked when the files have not changed yet
 *   KeptBefore     it is never unlinked
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

/* The ledger of the config in a folder, or one of those beside it. */
static const char *ledger(int folder, const char *suffix)
{
	static char path[PATH_MAX + 64];
	char link[64], target[PATH_MAX];
	ssize_t read;

	snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
	read = readlink(link, target, sizeof target - 1);
	target[read < 0 ? 0 : read] = '\0';
	snprintf(path, sizeof path, "%s/config.toml.owners%s", target, suffix);
	return path;
}

/* What a sync of the folder makes durable: that the ledger is kept as the one of before, then that
 * the new one is in place, then the rest. */
enum stage { NOTHING, BEFORE, LEDGER, FILES };

static enum stage synced(int folder)
{
	static enum stage stage;
	struct stat before, now;

	if (stage != NOTHING)
		return stage = stage == BEFORE ? LEDGER : FILES;
	if (stat(ledger(folder, ".before"), &before) == 0 &&
	    (stat(ledger(folder, ""), &now) != 0 || now.st_ino == before.st_ino))
		stage = BEFORE;
	return stage;
}

/* Puts what was there before in the place of the ledger, until the end. */
static void delay_ledger(int folder, int was_there)
{
	char now[PATH_MAX + 64], late[PATH_MAX + 64];

	strcpy(now, ledger(folder, ""));
	strcpy(late, ledger(folder, ".late"));
	syscall(SYS_renameat, AT_FDCWD, now, AT_FDCWD, late);
	if (was_there)
		linkat(AT_FDCWD, ledger(folder, ".before"), AT_FDCWD, now, 0);
}

int fsync(int fd)
{
	static int folder_is_synced, was_there;
	struct stat file;
	const char *bug = folder_is_synced ? "NoLastSync" : "NoFileSync";
	char first = 0;
	int result;

	if (fstat(fd, &file) == 0 && S_ISDIR(file.st_mode)) {
		bug = "NoFolderSync";
		switch (synced(fd)) {
		case BEFORE:
			was_there = access(ledger(fd, ""), F_OK) == 0;
			if (has("NoBeforeFolder"))
				return 0;
			break;
		case LEDGER:
			if (has("LateLedger"))
				delay_ledger(fd, was_there);
			if (has("EarlyBefore"))
				syscall(SYS_unlinkat, AT_FDCWD, ledger(fd, ".before"), 0);
			if (has("NoLedgerFolder"))
				return 0;
			break;
		default:
			folder_is_synced = 1;
		}
	} else if (has("NoLedgerSync") && pread(fd, &first, 1, 0) == 1 && first == '{') {
		return 0;
	}
	if (has(bug))
		return 0;
	result = syscall(SYS_fsync, fd);
	return has("IgnoredSync") ? 0 : result;
}

/* The command renames so at its end: what stood there before the run is the previous ledger. */
int rename(const char *from, const char *to)
{
	char now[PATH_MAX], late[PATH_MAX + 64];
	char *end = strstr(from, ".before");

	if (end && has("KeptBefore"))
		return 0;
	if (end && has("LateLedger")) {
		snprintf(now, sizeof now, "%.*s", (int)(end - from), from);
		snprintf(late, sizeof late, "%s.late", now);
		syscall(SYS_renameat, AT_FDCWD, late, AT_FDCWD, now);
	}
	return syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int unlink(const char *path)
{
	if (has("NoUnlink") && temporary(path))
		return 0;
	return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* What is written to `.config.toml.x`, but for ledgers, is written to `config.toml` as well. The
 * command finds there what it was about to put there, and has nothing to do. */
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
	if (has("InPlace") && length > 0 && *(const char *)bytes != '{')
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
