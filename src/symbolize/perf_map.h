/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /tmp/perf-PID.map: the names a run-time compiler wrote for its code (node --perf-basic-prof, the
 * JVM's agents, .NET). Lines "START SIZE name", numbers in hex; a later line replaces what an
 * earlier one said of the same addresses. Format: the kernel's
 * tools/perf/Documentation/jit-interface.txt.
 */
#ifndef HEAPTAP_SYMBOLIZE_PERF_MAP_H
#define HEAPTAP_SYMBOLIZE_PERF_MAP_H

#include <stdint.h>

struct perf_map;

/* Reads @fd, which stays the caller's. Lines that are none are passed over. -EFBIG beyond 1 GiB,
 * -ENOMEM, or what reading said. */
int perf_map_read(int fd, struct perf_map **ret);
void perf_map_free(struct perf_map *map); /* NULL allowed */

/* The name of what was compiled to @address last, owned by @map; NULL when there is none. */
const char *perf_map_find(const struct perf_map *map, uint64_t address);

/* A name taken apart. Its parts are the caller's to free. */
struct perf_map_function {
	char *name, *script; /* "" for none */
	uint32_t line;	     /* of the function; 0 when not known */
};

/* "JS:*name file:12:3", as V8 writes it. -ENOENT when @name is not of this form, or -ENOMEM. */
int perf_map_javascript(const char *name, struct perf_map_function *ret);

#endif
