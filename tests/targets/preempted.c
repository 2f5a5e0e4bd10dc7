// SPDX-License-Identifier: Apache-2.0
/*
 * Sixteen threads at once, each allocating only through functions of its own, at depths that change
 * with every allocation: thread_N_a calls thread_N_b, which calls itself depth - 1 times and then
 * thread_N_c, which calls malloc. So a recorded stack tells whether all of its frames are of one
 * thread and none is missing: there are DEPTHS stacks a thread, each with --rounds allocations.
 */
#include "target.h"

#include <pthread.h>

enum { THREADS = 16, DEPTHS = 180, SIZE = 48 };

#define THREAD_SITES(X)                                                                            \
	X(10)                                                                                      \
	X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25)

static struct truth truths[THREADS] = {
#define X(n) [n - 10] = {.site = "thread_" #n "_c", .leaf = "malloc"},
	THREAD_SITES(X)
#undef X
};

#define X(n)                                                                                       \
	SITE void *thread_##n##_c(void)                                                            \
	{                                                                                          \
		return truth_took(&truths[n - 10], malloc(SIZE), SIZE);                            \
	}                                                                                          \
	SITE void *thread_##n##_b(int depth)                                                       \
	{                                                                                          \
		return depth > 1 ? thread_##n##_b(depth - 1) : thread_##n##_c();                   \
	}                                                                                          \
	SITE void *thread_##n##_a(int depth)                                                       \
	{                                                                                          \
		return thread_##n##_b(depth);                                                      \
	}
THREAD_SITES(X)
#undef X

static void *(*const chains[THREADS])(int depth) = {
#define X(n) [n - 10] = thread_##n##_a,
	THREAD_SITES(X)
#undef X
};

static pthread_barrier_t start;
static long rounds;

SITE void *body(void *arg)
{
	size_t me = (size_t)arg;

	pthread_barrier_wait(&start);
	for (long round = 0; round < rounds; round++)
		for (int depth = 1; depth <= DEPTHS; depth++) {
			void *p = chains[me](depth);

			if (depth % 2) {
				free(p);
				truth_gave(&truths[me], SIZE);
			}
		}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	rounds = target_number(argc, argv, "--rounds", 10);
	target_begin(argc, argv);
	pthread_barrier_init(&start, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		target_expect(!pthread_create(&threads[i], NULL, body, (void *)i),
			      "pthread_create");
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	target_end(argc, argv, truths, NR(truths));
}
