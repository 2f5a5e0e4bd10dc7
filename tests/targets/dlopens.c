// SPDX-License-Identifier: Apache-2.0
/*
 * A library that is loaded while recorded, allocates, and is unloaded before the end. What it
 * still holds must keep its name. The library is libplugin.so beside this program.
 */
#include "target.h"

#include <dlfcn.h>
#include <limits.h>

enum { ROUNDS = 300 };

static struct truth truths[] = {
	{.site = "plugin_allocate", .leaf = "malloc"},
};

int main(int argc, char **argv)
{
	char path[PATH_MAX + 16] = "";
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
	void *(*allocate)(size_t size);
	void *library;

	target_expect(length > 0, "/proc/self/exe");
	path[length] = '\0';
	strcpy(strrchr(path, '/'), "/libplugin.so");
	target_begin(argc, argv);

	library = dlopen(path, RTLD_NOW);
	target_expect(library != NULL, "dlopen of libplugin.so");
	*(void **)&allocate = dlsym(library, "plugin_allocate");
	target_expect(allocate != NULL, "dlsym");
	for (size_t i = 0; i < ROUNDS; i++) {
		void *p = truth_took(&truths[0], allocate(90), 90);

		if (i % 3 == 0) {
			free(p);
			truth_gave(&truths[0], 90);
		}
	}
	usleep((useconds_t)target_number(argc, argv, "--loaded-ms", 500) * 1000);
	target_expect(dlclose(library) == 0, "dlclose");
	target_end(argc, argv, truths, NR(truths));
}
