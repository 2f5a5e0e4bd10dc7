// SPDX-License-Identifier: Apache-2.0
/* What the kernel says about the threads of this process, beside what they know themselves. */
#include <asm/prctl.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "collect/task_info.h"

struct thread {
	pthread_barrier_t *told, *done;
	pid_t tid;
	uint64_t fsbase;
};

static void look_at_self(struct thread *thread)
{
	thread->tid = gettid();
	syscall(SYS_arch_prctl, ARCH_GET_FS, &thread->fsbase);
}

static void *run(void *arg)
{
	struct thread *thread = arg;

	look_at_self(thread);
	pthread_barrier_wait(thread->told);
	pthread_barrier_wait(thread->done);
	return NULL;
}

static void handler(int number)
{
	(void)number;
}

/* Skips where BPF is not permitted. */
static size_t read_own(struct ht_task **ret)
{
	struct diag diag = {""};
	size_t nr = 0;
	int err = task_info_read(getpid(), ret, &nr, &diag);

	if (err == -EPERM || err == -ENOTSUP)
		skip();
	assert_int_equal(err, 0);
	return nr;
}

static void test_threads(void **state)
{
	pthread_barrier_t told, done;
	struct thread threads[2] = {{0}, {.told = &told, .done = &done}};
	struct ht_task *tasks;
	pthread_t other;
	size_t nr, nr_found = 0;

	(void)state;
	look_at_self(&threads[0]);
	pthread_barrier_init(&told, NULL, 2);
	pthread_barrier_init(&done, NULL, 2);
	pthread_create(&other, NULL, run, &threads[1]);
	pthread_barrier_wait(&told);
	nr = read_own(&tasks);
	pthread_barrier_wait(&done);
	pthread_join(other, NULL);
	for (size_t i = 0; i < nr; i++)
		for (int t = 0; t < 2; t++)
			if (tasks[i].fsbase == threads[t].fsbase)
				nr_found++;
	assert_int_equal(nr_found, 2);
	for (size_t i = 1; i < nr; i++)
		assert_int_equal(tasks[i].tgid, tasks[0].tgid);
	free(tasks);
}

static void test_handler(void **state)
{
	const struct {
		void (*handler)(int);
		uint64_t expected;
	} cases[] = {{SIG_DFL, 0}, {SIG_IGN, 1}, {handler, (uintptr_t)handler}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ht_task *tasks;

		signal(SIGUSR1, cases[i].handler);
		assert_true(read_own(&tasks) > 0);
		assert_true(tasks[0].sigusr1 == cases[i].expected);
		free(tasks);
	}
	signal(SIGUSR1, SIG_DFL);
}

static void test_none(void **state)
{
	struct ht_task *tasks;
	struct diag diag = {""};
	size_t nr;
	int err = task_info_read(1 << 30, &tasks, &nr, &diag);

	(void)state;
	if (err == -EPERM || err == -ENOTSUP)
		skip();
	assert_int_equal(err, -ESRCH);
	assert_string_not_equal(diag.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_handler),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
