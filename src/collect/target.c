// SPDX-License-Identifier: Apache-2.0
/* Opening a process and refusing, with the reason, what cannot be profiled. */
#include "collect/target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/perf_map_file.h"
#include "proc/pids.h"
#include "util/clock.h"

static int refuse(const struct process *process, struct diag *diag)
{
	if (process->pid == getpid())
		return diag_fail(diag, -ENOTSUP,
				 "pid %d is heaptap itself: give the pid of another process",
				 process->pid);
	if (process->kernel_thread)
		return diag_fail(diag, -ENOTSUP,
				 "pid %d (%s) is a kernel thread: it has no user memory to profile",
				 process->pid, process->comm);
	if (process->state == 'Z' || process->state == 'X')
		return diag_fail(diag, -ENOTSUP,
				 "pid %d (%s) is a zombie: it has ended and its memory is gone",
				 process->pid, process->comm);
	if (!pids_are_told(process->pid))
		return diag_fail(diag, -ENOTSUP,
				 "pid %d (%s) is in a pid namespace inside the one heaptap is in, "
				 "where the kernel does not tell it apart: run heaptap with the "
				 "machine's pids (hostPID: true, docker run --pid=host)",
				 process->pid, process->comm);
	if (process->is_32bit)
		return diag_fail(diag, -ENOTSUP,
				 "pid %d (%s) is a 32-bit process: only x86-64 is supported",
				 process->pid, process->comm);
	return 0;
}

static int explain(pid_t pid, const struct process *process, int err, struct diag *diag)
{
	switch (err) {
	case 0:
		return 0;
	case -ESRCH:
		return diag_fail(diag, err, "no process has pid %d", pid);
	case -EINVAL:
		return diag_fail(diag, -ENOTSUP,
				 "%d is a thread of process %d: give the process's pid", pid,
				 process->pid);
	default:
		return diag_fail(diag, err, "cannot read /proc/%d: %s", pid, strerror(-err));
	}
}

int target_gone(pid_t pid, struct diag *diag)
{
	return diag_fail(diag, -ESRCH, "pid %d ended while heaptap attached to it", pid);
}

static int open_space(struct target *target, struct objects *objects, struct diag *diag)
{
	pid_t pid = target->process.pid;
	int err;

	target->space = space_new(pid, objects);
	err = target->space ? 0 : -ENOMEM;
	err = err ?: space_refresh(target->space, NULL);
	if (err == -ESRCH)
		return target_gone(pid, diag);
	if (err == -EPERM || err == -EACCES)
		return diag_fail(
			diag, -EACCES,
			"not permitted to read the memory map of pid %d (%s), which belongs to "
			"uid %d: %s",
			pid, target->process.comm, (int)target->process.uid,
			geteuid() ? "run as root, or with CAP_SYS_PTRACE"
				  : "this root lacks CAP_SYS_PTRACE, or a security module "
				    "protects the process");
	if (err)
		return diag_fail(diag, err, "cannot read /proc/%d/maps: %s", pid, strerror(-err));
	return 0;
}

int target_open(pid_t pid, struct objects *objects, struct target *ret, struct diag *diag)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->pidfd = ret->perf_map = -1;
	err = explain(pid, &ret->process, process_read(pid, &ret->process), diag);
	err = err ?: refuse(&ret->process, diag);
	if (err)
		return err;
	ret->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (ret->pidfd < 0) {
		err = -errno;
		return err == -ESRCH ? target_gone(pid, diag)
				     : diag_fail(diag, err, "cannot open pid %d", pid);
	}
	err = open_space(ret, objects, diag);
	if (err) {
		target_close(ret);
		return err;
	}
	cgroup_read(pid, &ret->cgroup);
	target_measure(ret);
	ret->cpu_start_ns = ret->cpu_ns;
	ret->memory_start = ret->memory;
	return 0;
}

int target_open_gone(pid_t pid, const char *comm, struct objects *objects, struct target *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->pidfd = ret->perf_map = -1;
	ret->process.pid = pid;
	snprintf(ret->process.comm, sizeof(ret->process.comm), "%s", comm);
	ret->space = space_new(pid, objects);
	if (!ret->space)
		return -ENOMEM;
	target_end(ret);
	return 0;
}

void target_close(struct target *target)
{
	if (target->pidfd >= 0)
		close(target->pidfd);
	if (target->perf_map >= 0)
		close(target->perf_map);
	space_free(target->space);
	cgroup_done(&target->cgroup);
	target->pidfd = target->perf_map = -1;
	target->space = NULL;
}

void target_measure(struct target *target)
{
	struct process_memory memory;
	uint64_t cpu_ns;

	if (target->ended)
		return;
	if (!process_cpu_ns(target->process.pid, &cpu_ns) && cpu_ns > target->cpu_ns)
		target->cpu_ns = cpu_ns;
	if (!process_memory_read(target->process.pid, &memory) && memory.rss)
		target->memory = memory;
	if (target->perf_map < 0)
		target->perf_map =
			perf_map_file_open(target->process.pid, target->process.inner_pid);
}

int64_t target_rss_change(const struct target *target)
{
	return (int64_t)target->memory.rss_anon - (int64_t)target->memory_start.rss_anon;
}

int target_exec(struct target *target, uint32_t epoch)
{
	struct process process;

	target->epoch = epoch;
	if (!process_read(target->process.pid, &process))
		target->process = process;
	space_retire(target->space);
	return space_refresh(target->space, NULL);
}

void target_end(struct target *target)
{
	target->ended = true;
	target->ended_ns = clock_now_ns();
	if (target->pidfd >= 0)
		close(target->pidfd);
	target->pidfd = -1;
	space_leave(target->space);
}
