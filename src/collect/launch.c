// SPDX-License-Identifier: Apache-2.0
/*
 * Holding by ptrace, from exec to the first system call that does not come from the dynamic loader:
 * by then every library the program is linked to is mapped, and none of their code has run before
 * its stop.
 */
#include "collect/launch.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/limits.h"

#define SYSCALL_STOP (SIGTRAP | 0x80) /* with PTRACE_O_TRACESYSGOOD */

/* In the child. Reports why exec failed through @report, which closes by itself when it works. */
static void run_command(char *const argv[], int report)
{
	int err;

	if (!ptrace(PTRACE_TRACEME, 0, NULL, NULL)) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_DFL);
		/* It is stopped for moments, see HT_PROCESS_HOLD: never for longer than heaptap
		 * lives. */
		prctl(PR_SET_PDEATHSIG, SIGCONT);
		execvp(argv[0], argv);
	}
	err = errno;
	if (write(report, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

/* The name given is at fault, not what this user or machine allows. */
static bool is_no_program(int err)
{
	return err == ENOENT || err == ENOTDIR || err == EACCES || err == ENOEXEC || err == ELOOP;
}

int launch_start(char *const argv[], pid_t *ret_pid, struct diag *diag)
{
	int report[2], err = 0, status;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return diag_fail(diag, -errno, "cannot start %s: %s", argv[0], strerror(errno));
	pid = fork();
	if (pid == 0)
		run_command(argv, report[1]);
	close(report[1]);
	if (pid < 0)
		err = errno;
	else if (read(report[0], &err, sizeof(err)) == sizeof(err))
		waitpid(pid, NULL, 0);
	else if (waitpid(pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
		err = ESRCH;
	close(report[0]);
	if (err)
		return diag_fail(diag, is_no_program(err) ? -ESRCH : -err, "cannot run %s: %s",
				 argv[0], strerror(err));
	limits_raise_files();
	*ret_pid = pid;
	return 0;
}

/* Where the dynamic loader was mapped: AT_BASE of the auxiliary vector; 0 for a static program. */
static uint64_t loader_base(pid_t pid)
{
	char path[32];
	Elf64_auxv_t entry;
	uint64_t base = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fread(&entry, sizeof(entry), 1, file) == 1)
		if (entry.a_type == AT_BASE)
			base = entry.a_un.a_val;
	fclose(file);
	return base;
}

/* Does @address lie in the loader? Its mappings begin at its base and are small. */
static bool in_loader(uint64_t base, uint64_t address)
{
	return address >= base && address - base < (1 << 20);
}

/* Goes on to the next stop. 1 at a system call, 0 at another stop (its signal is in @signal),
 * -ESRCH when the process has ended. */
static int next_stop(pid_t pid, int *signal)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, NULL, (long)*signal))
		return -errno;
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	*signal = 0;
	if (!WIFSTOPPED(status))
		return -ESRCH;
	if (WSTOPSIG(status) == SYSCALL_STOP)
		return 1;
	if (!(status >> 16))
		*signal = WSTOPSIG(status);
	return 0;
}

static bool maps_code(const struct __ptrace_syscall_info *call)
{
	return (call->entry.nr == SYS_mmap || call->entry.nr == SYS_mprotect) &&
	       (call->entry.args[2] & PROT_EXEC);
}

int launch_load(pid_t pid, int (*on_code)(uint64_t loader_base, bool loaded, void *arg), void *arg)
{
	uint64_t base = loader_base(pid);
	struct __ptrace_syscall_info info;
	bool mapping = false;
	int err, signal = 0;

	ptrace(PTRACE_SETOPTIONS, pid, NULL, (long)PTRACE_O_TRACESYSGOOD);
	err = on_code(base, false, arg);
	while (!err && base) {
		int stop = next_stop(pid, &signal);

		if (stop < 0)
			return stop;
		if (!stop)
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
			return -errno;
		if (!in_loader(base, info.instruction_pointer))
			break;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			mapping = maps_code(&info);
		else if (mapping)
			err = on_code(base, false, arg);
	}
	if (err >= 0)
		err = on_code(base, true, arg);
	ptrace(PTRACE_DETACH, pid, NULL, (long)signal);
	return err < 0 ? err : 0;
}
