// SPDX-License-Identifier: Apache-2.0
/*
 * Eight threads that allocate at a site each and free half of their neighbour's blocks, all at the
 * same time; then thousands of threads that live for one allocation; then threads that are killed
 * in the middle of an allocator call (in the SIGABRT handler of a realloc that found its pointer
 * invalid), so that its return is never seen.
 */
#include "target.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

enum { WORKERS = 8, BLOCKS = 20000, BRIEF = 3000, KILLED = 300, NR_SITES = WORKERS + 2 };

#define WORKER_SITES(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

static struct truth truths[NR_SITES] = {
#define X(n) [n] = {.site = "worker_" #n, .leaf = "malloc"},
	WORKER_SITES(X)
#undef X
		[WORKERS] = {.site = "brief_alloc", .leaf = "malloc"},
	[WORKERS + 1] = {.site = "after_deaths", .leaf = "malloc"},
};

#define X(n)                                                                                       \
	SITE void *worker_##n(size_t size)                                                         \
	{                                                                                          \
		return truth_took(&truths[n], malloc(size), size);                                 \
	}
WORKER_SITES(X)
#undef X

static void *(*const worker_sites[WORKERS])(size_t size) = {
#define X(n) worker_##n,
	WORKER_SITES(X)
#undef X
};

static void *blocks[WORKERS][BLOCKS];
static pthread_barrier_t half_way;
static void *misaligned;

static size_t block_size(size_t i)
{
	return 16 + i % 512;
}

static void *worker(void *arg)
{
	size_t me = (size_t)arg, neighbour = (me + 1) % WORKERS;

	for (size_t i = 0; i < BLOCKS; i++)
		blocks[me][i] = worker_sites[me](block_size(i));
	pthread_barrier_wait(&half_way);
	for (size_t i = 0; i < BLOCKS; i++) {
		if (i % 2) {
			free(blocks[neighbour][i]);
			truth_gave(&truths[neighbour], block_size(i));
		} else if (i % 8 == 0) {
			worker_sites[me](block_size(i));
		}
	}
	return NULL;
}

SITE void *brief_alloc(size_t size)
{
	return truth_took(&truths[WORKERS], malloc(size), size);
}

static void *brief(void *arg)
{
	(void)arg;
	return brief_alloc(72);
}

SITE void *after_deaths(size_t size)
{
	return truth_took(&truths[WORKERS + 1], malloc(size), size);
}

/* The thread ends here, inside realloc: by the system call, since unwinding would allocate. */
static void die_inside(int signal)
{
	(void)signal;
	syscall(SYS_exit, 0);
}

static void *doomed(void *arg)
{
	(void)arg;
	return realloc(misaligned, 100);
}

static void run(void *(*body)(void *arg), size_t nr, size_t at_once)
{
	pthread_t threads[WORKERS];

	for (size_t done = 0; done < nr; done += at_once) {
		for (size_t i = 0; i < at_once; i++)
			target_expect(pthread_create(&threads[i], NULL, body, (void *)i) == 0,
				      "pthread_create");
		for (size_t i = 0; i < at_once; i++) {
			void *p = NULL;

			pthread_join(threads[i], &p);
			if (p && i % 2) {
				free(p);
				truth_gave(&truths[WORKERS], 72);
			}
		}
	}
}

int main(int argc, char **argv)
{
	static char aligned[64] __attribute__((aligned(64)));
	struct sigaction action = {.sa_handler = die_inside};

	misaligned = aligned + 1;
	target_begin(argc, argv);
	pthread_barrier_init(&half_way, NULL, WORKERS);
	run(worker, WORKERS, WORKERS);
	run(brief, BRIEF, 4);

	/* one at a time: abort() of a thread that died may keep its lock */
	target_quiet();
	sigaction(SIGABRT, &action, NULL);
	run(doomed, KILLED, 1);
	for (size_t i = 0; i < BLOCKS; i++)
		after_deaths(32);
	target_end(argc, argv, truths, NR(truths));
}
