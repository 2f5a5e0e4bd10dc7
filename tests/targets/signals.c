// SPDX-License-Identifier: Apache-2.0
/*
 * Signal handlers that allocate: nested ones, on the normal and on an alternate stack, and a storm
 * of timer signals that lands inside allocator calls. The allocator is not async-signal-safe, so a
 * timer handler allocates only when it did not interrupt one; the nesting inside a call that is in
 * flight is the subject of jumps.c.
 */
#include "target.h"

#include <signal.h>
#include <sys/time.h>

enum { ROUNDS = 500, STORM_BLOCKS = 40000, STORM_SIGNALS = 100 };

enum site { OUTER_HANDLER, INNER_HANDLER, ALT_HANDLER, STORM_MAIN, STORM_HANDLER, NR_SITES };

static struct truth truths[NR_SITES] = {
	[OUTER_HANDLER] = {.site = "outer_handler_alloc", .leaf = "malloc"},
	[INNER_HANDLER] = {.site = "inner_handler_alloc", .leaf = "malloc"},
	[ALT_HANDLER] = {.site = "alt_handler_alloc", .leaf = "malloc"},
	[STORM_MAIN] = {.site = "storm_main_alloc", .leaf = "malloc"},
	[STORM_HANDLER] = {.site = "storm_handler_alloc", .leaf = "malloc"},
};

static volatile sig_atomic_t in_allocator, storm_signals;
static char alternate[64 << 10];

SITE void *outer_handler_alloc(size_t size)
{
	return truth_took(&truths[OUTER_HANDLER], malloc(size), size);
}

SITE void *inner_handler_alloc(size_t size)
{
	return truth_took(&truths[INNER_HANDLER], malloc(size), size);
}

SITE void *alt_handler_alloc(size_t size)
{
	return truth_took(&truths[ALT_HANDLER], malloc(size), size);
}

SITE void *storm_main_alloc(size_t size)
{
	return truth_took(&truths[STORM_MAIN], malloc(size), size);
}

SITE void *storm_handler_alloc(size_t size)
{
	return truth_took(&truths[STORM_HANDLER], malloc(size), size);
}

static void on_usr1(int signal)
{
	void *p = outer_handler_alloc(100);

	(void)signal;
	raise(SIGUSR2);
	free(p);
	truth_gave(&truths[OUTER_HANDLER], 100);
	outer_handler_alloc(60);
}

static void on_usr2(int signal)
{
	(void)signal;
	inner_handler_alloc(40);
}

static void on_alternate(int signal)
{
	(void)signal;
	alt_handler_alloc(80);
}

static void on_alarm(int signal)
{
	(void)signal;
	if (in_allocator)
		return;
	in_allocator = 1;
	free(storm_handler_alloc(24));
	truth_gave(&truths[STORM_HANDLER], 24);
	storm_handler_alloc(16);
	storm_signals++;
	in_allocator = 0;
}

static void storm(void)
{
	struct itimerval every = {.it_interval.tv_usec = 100, .it_value.tv_usec = 100};
	struct itimerval never = {0};

	setitimer(ITIMER_REAL, &every, NULL);
	for (size_t i = 0; i < STORM_BLOCKS || storm_signals < STORM_SIGNALS; i++) {
		void *p;

		in_allocator = 1;
		p = storm_main_alloc(32);
		if (i % 4) {
			free(p);
			truth_gave(&truths[STORM_MAIN], 32);
		}
		in_allocator = 0;
		for (volatile int idle = 0; idle < 500; idle++)
			;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_IGN);
}

static void handle(int signal, void (*handler)(int signal), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags | SA_RESTART};

	target_expect(sigaction(signal, &action, NULL) == 0, "sigaction");
}

int main(int argc, char **argv)
{
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	target_begin(argc, argv);
	target_expect(sigaltstack(&stack, NULL) == 0, "sigaltstack");
	handle(SIGUSR1, on_usr1, 0);
	handle(SIGUSR2, on_usr2, 0);
	handle(SIGHUP, on_alternate, SA_ONSTACK);
	handle(SIGALRM, on_alarm, 0);
	for (size_t i = 0; i < ROUNDS; i++) {
		raise(SIGUSR1);
		raise(SIGHUP);
	}
	storm();
	target_end(argc, argv, truths, NR(truths));
}
