// SPDX-License-Identifier: Apache-2.0
/*
 * What is read about processes, against children made for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc/process.h"

/* Forks a child that runs @setup, says so, and waits for its end. */
static pid_t child_start(void (*setup)(void))
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setup();
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_self(void **state)
{
	struct process process;
	char exe[4096];
	ssize_t len;

	(void)state;
	len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	assert_true(len > 0);
	exe[len] = '\0';
	assert_int_equal(process_read(getpid(), &process), 0);
	assert_int_equal(process.pid, getpid());
	assert_string_equal(process.exe, exe);
	assert_int_equal(process.uid, getuid());
	assert_int_equal(process.state, 'R');
	assert_false(process.kernel_thread);
	assert_false(process.is_32bit);
	assert_true(process.start_ticks > 0);
}

static void set_odd_name(void)
{
	prctl(PR_SET_NAME, "a) Z (b\n) 1 2");
}

static void test_odd_name(void **state)
{
	struct process process, again;
	pid_t pid = child_start(set_odd_name);

	(void)state;
	assert_int_equal(process_read(pid, &process), 0);
	assert_string_equal(process.comm, "a) Z (b\n) 1 2");
	assert_int_equal(process.pid, pid);
	assert_int_not_equal(process.state, 'Z');
	assert_int_equal(process_read(pid, &again), 0);
	assert_int_equal(process.start_ticks, again.start_ticks);
	child_end(pid);
	assert_int_equal(process_read(pid, &process), -ESRCH);
}

static void *report_tid(void *tid)
{
	__atomic_store_n((pid_t *)tid, gettid(), __ATOMIC_SEQ_CST);
	pause();
	return NULL;
}

static void test_thread(void **state)
{
	struct process process = {.comm = "untouched"};
	pthread_t thread;
	pid_t tid = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, report_tid, &tid), 0);
	while (!__atomic_load_n(&tid, __ATOMIC_SEQ_CST))
		usleep(1000);
	assert_int_equal(process_read(tid, &process), -EINVAL);
	assert_int_equal(process.pid, getpid());
	assert_string_equal(process.comm, "untouched");
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

static void test_zombie(void **state)
{
	struct process_memory memory = {.rss = 1};
	struct process process;
	siginfo_t info;
	uint64_t ns;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_read(pid, &process), 0);
	assert_int_equal(process.state, 'Z');
	assert_string_equal(process.exe, "");
	assert_int_equal(process_memory_read(pid, &memory), 0);
	assert_int_equal(memory.rss, 0);
	assert_int_equal(process_cpu_ns(pid, &ns), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_kernel_thread(void **state)
{
	struct process process;

	(void)state;
	if (process_read(2, &process) || strcmp(process.comm, "kthreadd")) {
		print_message("skipped: no kernel threads in this pid namespace\n");
		skip();
	}
	assert_true(process.kernel_thread);
	assert_string_equal(process.exe, "");
	assert_int_equal(process.uid, 0);
}

static void test_no_process(void **state)
{
	struct process_memory memory = {.rss = 77};
	struct process process = {.pid = 77};
	uint64_t ns = 77;
	static const pid_t none[] = {0, -1, 0x7fffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(process_read(none[i], &process), -ESRCH);
		assert_int_equal(process_cpu_ns(none[i], &ns), -ESRCH);
		assert_int_equal(process_memory_read(none[i], &memory), -ESRCH);
	}
	assert_int_equal(process.pid, 77);
	assert_int_equal(ns, 77);
	assert_int_equal(memory.rss, 77);
}

/* Writes a program of @size bytes and starts it, already deleted. -1 when the kernel cannot. */
static pid_t program_start(const void *bytes, size_t size, char *path, const char *argument)
{
	int failed[2], fd, err = 0;
	pid_t pid;

	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	assert_int_equal(pipe2(failed, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, path, argument, NULL);
		err = errno;
		_exit(write(failed[1], &err, sizeof(err)) < 0);
	}
	close(failed[1]);
	if (read(failed[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(failed[0]);
	unlink(path);
	if (!err)
		return pid;
	waitpid(pid, NULL, 0);
	return -1;
}

static void test_executes(void **state)
{
	char path[] = "/tmp/heaptap-test-exe-XXXXXX", self[4096];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static uint8_t program[16 << 20];
	FILE *file = fopen("/usr/bin/sleep", "re");
	size_t nr;
	pid_t pid;

	(void)state;
	assert_true(size > 1 && file);
	self[size] = '\0';
	assert_true(process_executes(getpid(), self));
	self[size - 1] = '\0';
	assert_false(process_executes(getpid(), self));
	assert_false(process_executes(getpid(), "/usr/bin/sleep"));
	assert_false(process_executes(-1, self));
	/* one whose file is gone has the path it had */
	nr = fread(program, 1, sizeof(program), file);
	fclose(file);
	pid = program_start(program, nr, path, "60");
	assert_true(pid > 0);
	assert_true(process_executes(pid, path));
	child_end(pid);
}

/* A 32-bit program: pause() for ever. */
static void test_32bit_deleted(void **state)
{
	static const struct {
		Elf32_Ehdr ehdr;
		Elf32_Phdr phdr;
		uint8_t code[16];
	} program = {
		.ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
			 .e_type = ET_EXEC,
			 .e_machine = EM_386,
			 .e_version = EV_CURRENT,
			 .e_entry = 0x8048000 + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
			 .e_phoff = sizeof(Elf32_Ehdr),
			 .e_ehsize = sizeof(Elf32_Ehdr),
			 .e_phentsize = sizeof(Elf32_Phdr),
			 .e_phnum = 1},
		.phdr = {.p_type = PT_LOAD,
			 .p_vaddr = 0x8048000,
			 .p_filesz = sizeof(program),
			 .p_memsz = sizeof(program),
			 .p_flags = PF_R | PF_X,
			 .p_align = 4096},
		/* mov $29,%eax; int $0x80; jmp back */
		.code = {0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7},
	};
	char path[] = "/tmp/heaptap-test-32-XXXXXX", deleted[64];
	struct process process;
	pid_t pid;

	(void)state;
	pid = program_start(&program, sizeof(program), path, NULL);
	if (pid < 0) {
		print_message("skipped: this kernel runs no 32-bit programs\n");
		skip();
	}
	assert_int_equal(process_read(pid, &process), 0);
	snprintf(deleted, sizeof(deleted), "%s (deleted)", path);
	assert_string_equal(process.exe, deleted);
	assert_true(process.is_32bit);
	child_end(pid);
}

static void *burn(void *unused)
{
	struct timespec ts;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	while (ts.tv_nsec < 30000000);
	return unused;
}

static void burn_two_threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, burn, NULL);
	burn(NULL);
	pthread_join(thread, NULL);
}

static void test_cpu(void **state)
{
	struct rusage usage;
	uint64_t ns, total;
	pid_t pid = child_start(burn_two_threads);

	(void)state;
	assert_int_equal(process_cpu_ns(pid, &ns), 0);
	assert_true(ns >= 60000000);
	kill(pid, SIGKILL);
	assert_int_equal(wait4(pid, NULL, 0, &usage), pid);
	total = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
		(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
	assert_true(ns <= total + 1000000);
}

#define GROWTH (8 << 20)

static void test_memory(void **state)
{
	struct process_memory before, after;
	char *bytes;

	(void)state;
	assert_int_equal(process_memory_read(getpid(), &before), 0);
	assert_int_equal(before.rss, before.rss_anon + before.rss_file + before.rss_shmem);
	bytes = mmap(NULL, GROWTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	memset(bytes, 1, GROWTH);
	assert_int_equal(process_memory_read(getpid(), &after), 0);
	/* The kernel's per-thread counters may be up to 64 pages behind. */
	assert_in_range(after.rss_anon - before.rss_anon, GROWTH - (512 << 10), GROWTH + (1 << 20));
	munmap(bytes, GROWTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),	      cmocka_unit_test(test_odd_name),
		cmocka_unit_test(test_thread),	      cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_kernel_thread), cmocka_unit_test(test_no_process),
		cmocka_unit_test(test_32bit_deleted), cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_memory),	      cmocka_unit_test(test_executes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
