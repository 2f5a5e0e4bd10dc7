/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every test target shares: the truth it knows about its own allocations, and the protocol
 * by which a test drives it.
 *
 *   --wait-start  print "ready" and wait for a line on stdin before the first allocation
 *   --hold        after the truth, stay alive until stdin closes (or SIGTERM)
 *
 * The truth is one JSON line per site on stdout, then "done". A site is a function that is never
 * inlined, whose name is found in the recorded stacks. Nothing in this file allocates from the
 * heap, so the truth is complete: what a target does not state, it did not allocate.
 */
#ifndef HEAPTAP_TESTS_TARGET_H
#define HEAPTAP_TESTS_TARGET_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Keeps its frame and its name: no inlining, cloning or merging of equal bodies. */
#define SITE static __attribute__((noipa, unused))

/* What one site must show. Updated with atomic builtins: sites may be shared by threads. */
struct truth {
	const char *site;
	const char *leaf; /* the allocator function called, NULL when there are several */
	uint64_t alloc_bytes, alloc_objects, freed_bytes, freed_objects;
	bool inuse_only; /* the alloc totals are not specified (a program that exec'd) */
};

static inline void target_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline void target_print(const char *fmt, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n < 0 || n >= (int)sizeof(line) || write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(99);
}

/* Ends the target: its premise does not hold on this system. */
static inline void target_expect(bool holds, const char *what)
{
	if (holds)
		return;
	target_print("broken: %s\n", what);
	_exit(98);
}

/* @p was allocated at @truth's site with @size bytes. */
static inline void *truth_took(struct truth *truth, void *p, size_t size)
{
	target_expect(p != NULL, truth->site);
	__asm__ volatile("" : "+r"(p)); /* an allocation nobody reads may be left out */
	__atomic_fetch_add(&truth->alloc_bytes, size, __ATOMIC_RELAXED);
	__atomic_fetch_add(&truth->alloc_objects, 1, __ATOMIC_RELAXED);
	return p;
}

/* @size bytes of @truth's site were given back. */
static inline void truth_gave(struct truth *truth, size_t size)
{
	__atomic_fetch_add(&truth->freed_bytes, size, __ATOMIC_RELAXED);
	__atomic_fetch_add(&truth->freed_objects, 1, __ATOMIC_RELAXED);
}

/* Drops stderr, where the allocator complains about the pointers some targets hand it. */
static inline void target_quiet(void)
{
	int fd = open("/dev/null", O_WRONLY);

	target_expect(fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO, "/dev/null");
	close(fd);
}

static inline bool target_flag(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return false;
}

/* Value of "--name=NUMBER", or @otherwise. */
static inline long target_number(int argc, char **argv, const char *name, long otherwise)
{
	size_t length = strlen(name);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
			return strtol(argv[i] + length + 1, NULL, 0);
	return otherwise;
}

/* Waits for a line on stdin; false when it is closed. */
static inline bool target_line(void)
{
	char c;
	ssize_t n;

	while ((n = read(STDIN_FILENO, &c, 1)) == 1)
		if (c == '\n')
			return true;
	return false;
}

static inline void target_begin(int argc, char **argv)
{
	if (!target_flag(argc, argv, "--wait-start"))
		return;
	target_print("ready\n");
	if (!target_line())
		_exit(0);
}

static inline void target_state(const struct truth *truths, size_t nr_truths)
{
	for (size_t i = 0; i < nr_truths; i++) {
		const struct truth *t = &truths[i];

		target_print("{\"site\":\"%s\"", t->site);
		if (t->leaf)
			target_print(",\"leaf\":\"%s\"", t->leaf);
		if (!t->inuse_only)
			target_print(",\"alloc_bytes\":%lu,\"alloc_objects\":%lu", t->alloc_bytes,
				     t->alloc_objects);
		target_print(",\"inuse_bytes\":%lu,\"inuse_objects\":%lu}\n",
			     t->alloc_bytes - t->freed_bytes, t->alloc_objects - t->freed_objects);
	}
	target_print("done\n");
}

/* States the truth and holds if asked to. Leaves without running destructors, which would free. */
static inline void target_end(int argc, char **argv, const struct truth *truths, size_t nr_truths)
{
	target_state(truths, nr_truths);
	if (target_flag(argc, argv, "--hold"))
		while (target_line())
			;
	_exit(0);
}

#define NR(array) (sizeof(array) / sizeof((array)[0]))

#endif
