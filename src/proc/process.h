/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says about one process: who it is, whether it can be profiled at all, what CPU and
 * memory it has used. Nothing here needs privilege beyond reading /proc, and nothing is kept open.
 */
#ifndef HEAPTAP_PROC_PROCESS_H
#define HEAPTAP_PROC_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;	 /* thread group id */
	pid_t inner_pid; /* the same in its own pid namespace; else equal */
	char comm[16];
	char exe[4096]; /* readlink of /proc/PID/exe, "" when unreadable; may end in " (deleted)" */
	uid_t uid;
	char state; /* as in /proc/PID/stat: R S D Z X ... */
	bool kernel_thread;
	bool is_32bit;	      /* its executable is ELFCLASS32; false when the exe cannot be read */
	uint64_t start_ticks; /* since boot, in clock ticks: with the pid, names one process */
};

/* 0; -ESRCH no such process; -EINVAL @pid is a thread, not a process (ret->pid is then its thread
 * group); -EACCES or another -errno when /proc cannot be read. */
int process_read(pid_t pid, struct process *ret);

/* Is @path, as /proc/PID/maps has it and without " (deleted)", what the process executes now? It
 * may have exec'd since it was read. */
bool process_executes(pid_t pid, const char *path);

/* User plus system CPU time of all threads, ns. 0 or -errno. */
int process_cpu_ns(pid_t pid, uint64_t *ret_ns);

struct process_memory {
	uint64_t rss, rss_anon, rss_file, rss_shmem, swap; /* bytes */
};
int process_memory_read(pid_t pid, struct process_memory *ret);

#endif
