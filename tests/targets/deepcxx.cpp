// SPDX-License-Identifier: Apache-2.0
/*
 * A deep stack without frame pointers, built -O2 -fomit-frame-pointer: through alloca, an
 * over-aligned frame, the callback of qsort, std::function, a virtual call and recursion to one
 * allocation. The allocating function then waits for its stdin at the same place of its stack, so
 * that a debugger sees what heaptap saw. The first argument says where that happens:
 *
 *   plain      in main's thread                 thread     in a pthread
 *   signal     in a handler of raise()          altstack   the same, on a stack of its own
 *   fault      in a handler of a fault of a function's first instruction
 */
#include <alloca.h>
#include <csignal>
#include <functional>
#include <pthread.h>
#include <sys/syscall.h>

extern "C" {
#include "target.h"
}

#define FRAME __attribute__((noipa))

enum { RECURSION = 12, BLOCK = 7777 };

/* What comes behind a call keeps it from becoming a jump. */
static inline void *used(void *p)
{
	__asm__ volatile("" : "+r"(p));
	return p;
}

/* Without a call, so that the debugger's innermost frame is the caller's. */
static inline void wait_here()
{
	static char line[] = "here\n", byte;
	long n = SYS_write;

	__asm__ volatile("syscall"
			 : "+a"(n)
			 : "D"(1), "S"(line), "d"(sizeof(line) - 1)
			 : "rcx", "r11", "memory");
	n = SYS_read;
	__asm__ volatile("syscall" : "+a"(n) : "D"(0), "S"(&byte), "d"(1) : "rcx", "r11", "memory");
}

FRAME void *leaf(void)
{
	void *p = used(malloc(BLOCK));

	wait_here();
	return p;
}

FRAME long fault_first(const long *where)
{
	return *where;
}

static void *(*ending)(void) = leaf;

static FRAME void *raise_it()
{
	raise(SIGUSR1);
	return used(nullptr);
}

static FRAME void *fault_it()
{
	fault_first(nullptr);
	return used(nullptr);
}

static FRAME void *recurse(int depth)
{
	return used(depth ? recurse(depth - 1) : ending());
}

struct step {
	virtual void *run(int depth) = 0;
	virtual ~step() = default;
};

struct recursing_step : step {
	FRAME void *run(int depth) override
	{
		return used(recurse(depth));
	}
};

static FRAME void *call_function(const std::function<void *(int)> &function)
{
	return used(function(RECURSION));
}

static FRAME int compare(const void *a, const void *b)
{
	static recursing_step recursing;
	step *virtually = &recursing;
	static bool once;

	__asm__ volatile("" : "+r"(virtually));
	if (!once) {
		once = true;
		used(call_function([virtually](int depth) { return virtually->run(depth); }));
	}
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

static FRAME int sorted_first(int seed)
{
	int numbers[] = {3, 1, 2, seed};

	qsort(numbers, NR(numbers), sizeof(int), compare);
	return numbers[0];
}

static FRAME int over_aligned(int seed)
{
	alignas(64) char block[192];

	__asm__ volatile("" : : "r"(block) : "memory");
	return sorted_first(seed) + block[seed & 1];
}

static FRAME int with_alloca(size_t size)
{
	char *block = static_cast<char *>(alloca(size));
	int result;

	memset(block, 1, size);
	used(block);
	result = over_aligned(static_cast<int>(size));
	used(block);
	return result + block[size / 2];
}

static FRAME void *thread(void *)
{
	with_alloca(300);
	return used(nullptr);
}

static FRAME void on_signal(int)
{
	ending = leaf;
	recurse(3);
	_exit(0);
}

static void handle(int number, int flags)
{
	static char stack[64 << 10];
	const stack_t alternate = {stack, 0, sizeof(stack)};
	struct sigaction action = {};

	action.sa_handler = on_signal;
	action.sa_flags = flags;
	if (flags & SA_ONSTACK)
		sigaltstack(&alternate, nullptr);
	sigaction(number, &action, nullptr);
}

int main(int argc, char **argv)
{
	const char *where = argc > 1 ? argv[1] : "plain";
	pthread_t id;

	target_print("ready\n");
	if (!target_line())
		return 0;
	if (!strcmp(where, "thread")) {
		pthread_create(&id, nullptr, thread, nullptr);
		pthread_join(id, nullptr);
		return 0;
	}
	if (!strcmp(where, "signal") || !strcmp(where, "altstack")) {
		ending = raise_it;
		handle(SIGUSR1, *where == 'a' ? SA_ONSTACK : 0);
	} else if (!strcmp(where, "fault")) {
		ending = fault_it;
		handle(SIGSEGV, 0);
	}
	with_alloca(300);
}
