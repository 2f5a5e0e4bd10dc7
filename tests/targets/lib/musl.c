// SPDX-License-Identifier: Apache-2.0
/*
 * For another C library: stacks that end in its code, in main's thread, in a thread and in a signal
 * handler, without frame pointers.
 */
#include <pthread.h>
#include <signal.h>

#include "../target.h"

enum { ROUNDS = 50, BLOCK = 640 };

enum site { IN_MAIN, IN_THREAD, IN_HANDLER, NR_SITES };

static struct truth truths[NR_SITES] = {
	[IN_MAIN] = {.site = "main_alloc", .leaf = "malloc"},
	[IN_THREAD] = {.site = "thread_alloc", .leaf = "malloc"},
	[IN_HANDLER] = {.site = "handler_alloc", .leaf = "malloc"},
};

SITE void main_alloc(void)
{
	truth_took(&truths[IN_MAIN], malloc(BLOCK), BLOCK);
}

SITE void thread_alloc(void)
{
	truth_took(&truths[IN_THREAD], malloc(BLOCK), BLOCK);
}

SITE void handler_alloc(void)
{
	truth_took(&truths[IN_HANDLER], malloc(BLOCK), BLOCK);
}

SITE void on_signal(int number)
{
	handler_alloc();
	target_expect(number == SIGUSR1, "another signal");
}

SITE void *thread_body(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		thread_alloc();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	signal(SIGUSR1, on_signal);
	free(NULL); /* a static program has free() only when it is called */
	target_begin(argc, argv);
	for (int i = 0; i < ROUNDS; i++) {
		main_alloc();
		raise(SIGUSR1);
	}
	pthread_create(&thread, NULL, thread_body, NULL);
	pthread_join(thread, NULL);
	target_end(argc, argv, truths, NR(truths));
}
