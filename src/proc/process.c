// SPDX-License-Identifier: Apache-2.0
/*
 * /proc/PID/stat, status and exe of one process. The command name in stat may hold spaces,
 * parentheses and newlines, so stat is parsed from its last ')'; status has the name escaped and
 * may be searched by line.
 */
#include "proc/process.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proc/maps.h"
#include "proc/procfs.h"

#define KERNEL_THREAD_FLAG 0x00200000 /* PF_KTHREAD of linux/sched.h, in stat since 2.6.38 */
#define MAX_PID		   (1 << 22)  /* PID_MAX_LIMIT of linux/threads.h */
#define STAT_SIZE	   2048
#define STATUS_SIZE	   8192 /* the fields read here are in its first 2 KiB */

static int parse_stat(const char *stat, struct process *process)
{
	const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
	unsigned long long start;
	unsigned int flags;
	size_t len;
	char state;

	if (!open || !close || close < open)
		return -EINVAL;
	/* Fields 3 (state), 9 (flags) and 22 (start time) of proc(5). */
	if (sscanf(close + 1,
		   " %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &state, &flags, &start) != 3)
		return -EINVAL;
	len = close - open - 1;
	if (len >= sizeof(process->comm))
		len = sizeof(process->comm) - 1; /* kernel threads may have longer ones */
	memcpy(process->comm, open + 1, len);
	process->comm[len] = '\0';
	process->state = state;
	process->kernel_thread = flags & KERNEL_THREAD_FLAG;
	process->start_ticks = start;
	return 0;
}

/* The first number of the line "KEY:\tNUMBER ..."; @key is given as "\nKEY:". */
static bool status_number(const char *status, const char *key, uint64_t *ret)
{
	const char *line = strstr(status, key);

	if (!line)
		return false;
	*ret = strtoull(line + strlen(key), NULL, 10);
	return true;
}

/* The last number of "NSpid:\t1234\t7": the namespaces from ours inwards. */
static pid_t innermost(const char *status, pid_t pid)
{
	const char *line = strstr(status, "\nNSpid:");
	size_t size = line ? strcspn(line + 1, "\n") + 1 : 0, i = size;

	while (i > 0 && line[i - 1] >= '0' && line[i - 1] <= '9')
		i--;
	return i < size ? (pid_t)strtol(line + i, NULL, 10) : pid;
}

static bool exe_is_32bit(int dir)
{
	unsigned char ident[EI_NIDENT];
	bool is_32bit;
	int fd;

	fd = procfs_openat(dir, "exe", O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return false;
	is_32bit = pread(fd, ident, sizeof(ident), 0) == sizeof(ident) &&
		   !memcmp(ident, ELFMAG, SELFMAG) && ident[EI_CLASS] == ELFCLASS32;
	close(fd);
	return is_32bit;
}

int process_read(pid_t pid, struct process *ret)
{
	char stat[STAT_SIZE], status[STATUS_SIZE];
	struct process process = {.pid = pid};
	uint64_t tgid, uid;
	ssize_t len;
	long n;
	int dir, err;

	dir = procfs_open(pid);
	if (dir < 0)
		return dir;
	n = procfs_read(dir, "stat", stat, sizeof(stat));
	err = n < 0 ? (int)n : parse_stat(stat, &process);
	if (err)
		goto out;
	n = procfs_read(dir, "status", status, sizeof(status));
	if (n < 0) {
		err = (int)n;
		goto out;
	}
	if (!status_number(status, "\nTgid:", &tgid) || !status_number(status, "\nUid:", &uid)) {
		err = -EPROTO;
		goto out;
	}
	if ((pid_t)tgid != pid) {
		ret->pid = (pid_t)tgid;
		err = -EINVAL;
		goto out;
	}
	process.uid = (uid_t)uid;
	process.inner_pid = innermost(status, pid);
	len = readlinkat(dir, "exe", process.exe, sizeof(process.exe) - 1);
	process.exe[len < 0 ? 0 : len] = '\0';
	process.is_32bit = exe_is_32bit(dir);
	*ret = process;
out:
	close(dir);
	return err;
}

bool process_executes(pid_t pid, const char *path)
{
	char link[32], exe[4096];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	size = readlink(link, exe, sizeof(exe) - 1);
	if (size < 0)
		return false;
	exe[size] = '\0';
	return maps_name_is(exe, path);
}

/* The CPU clock, unlike utime and stime of /proc/PID/stat, does not count in ticks of 10 ms. */
int process_cpu_ns(pid_t pid, uint64_t *ret_ns)
{
	struct timespec ts;
	clockid_t clock;
	int err;

	if (pid <= 0 || pid > MAX_PID) /* a larger one would wrap to another process's clock */
		return -ESRCH;
	err = clock_getcpuclockid(pid, &clock);
	if (err)
		return -err;
	if (clock_gettime(clock, &ts)) /* EINVAL: gone since */
		return errno == EINVAL ? -ESRCH : -errno;
	*ret_ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	return 0;
}

int process_memory_read(pid_t pid, struct process_memory *ret)
{
	struct process_memory memory = {0};
	const struct {
		const char *key;
		uint64_t *value;
	} fields[] = {
		{"\nVmRSS:", &memory.rss},	  {"\nRssAnon:", &memory.rss_anon},
		{"\nRssFile:", &memory.rss_file}, {"\nRssShmem:", &memory.rss_shmem},
		{"\nVmSwap:", &memory.swap},
	};
	char status[STATUS_SIZE];
	long n;
	int dir;

	dir = procfs_open(pid);
	if (dir < 0)
		return dir;
	n = procfs_read(dir, "status", status, sizeof(status));
	close(dir);
	if (n < 0)
		return (int)n;
	/* A zombie and a kernel thread have none of these lines, and no memory. */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (status_number(status, fields[i].key, fields[i].value))
			*fields[i].value *= 1024;
	*ret = memory;
	return 0;
}
