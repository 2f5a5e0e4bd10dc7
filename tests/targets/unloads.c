// SPDX-License-Identifier: Apache-2.0
/*
 * Two libraries in turn at the same address, while another thread allocates from code that stays.
 * Each library allocates through its own functions: a stack with functions of both is wrong.
 * --rounds=N, --calls=N (in each round).
 */
#include <dlfcn.h>
#include <pthread.h>

#include "target.h"

static struct truth truths[] = {
	{.site = "a_alloc", .leaf = "malloc"},
	{.site = "b_alloc", .leaf = "malloc"},
	{.site = "stable_alloc", .leaf = "malloc"},
};

static volatile bool done;

SITE void stable_alloc(size_t size)
{
	free(truth_took(&truths[2], malloc(size), size));
	truth_gave(&truths[2], size);
}

SITE void *stable_loop(void *arg)
{
	while (!done) {
		stable_alloc(48);
		usleep(20);
	}
	return arg;
}

/* The address the library was at. */
SITE void *use_library(const char *path, struct truth *truth, long nr_calls)
{
	void *handle = dlopen(path, RTLD_NOW);
	void *(*run)(size_t);

	target_expect(handle != NULL, "dlopen");
	*(void **)&run = dlsym(handle, "run");
	target_expect(run != NULL, "run");
	for (long i = 0; i < nr_calls; i++) {
		free(truth_took(truth, run(100), 100));
		truth_gave(truth, 100);
	}
	dlclose(handle);
	return (void *)((uintptr_t)run & ~0xfffUL);
}

int main(int argc, char **argv)
{
	long nr_rounds = target_number(argc, argv, "--rounds", 1000), nr_same = 0;
	long nr_calls = target_number(argc, argv, "--calls", 4);
	char a[512], b[512], *directory = strrchr(argv[0], '/');
	int length = directory ? (int)(directory - argv[0]) : 0;
	pthread_t thread;

	snprintf(a, sizeof(a), "%.*s/libunloaded-a.so", length, argv[0]);
	snprintf(b, sizeof(b), "%.*s/libunloaded-b.so", length, argv[0]);
	target_begin(argc, argv);
	pthread_create(&thread, NULL, stable_loop, NULL);
	for (long i = 0; i < nr_rounds; i++)
		nr_same += use_library(a, &truths[0], nr_calls) ==
			   use_library(b, &truths[1], nr_calls);
	done = true;
	pthread_join(thread, NULL);
	target_expect(nr_same > nr_rounds / 2, "the libraries are not mapped at the same address");
	target_end(argc, argv, truths, NR(truths));
}
