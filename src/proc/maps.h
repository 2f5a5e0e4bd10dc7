/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of /proc/PID/maps, and nothing but the text: no file that it names is opened here.
 *
 * Invariant: the entries of a struct maps are sorted by address and do not overlap.
 */
#ifndef HEAPTAP_PROC_MAPS_H
#define HEAPTAP_PROC_MAPS_H

#include <stdbool.h>
#include <stdint.h>

struct maps_entry {
	uint64_t start, end, offset;
	uint64_t dev; /* as makedev(); of the superblock, which need not be fstat's st_dev */
	uint64_t ino; /* 0: no file */
	bool executable;
	char *name; /* last column as it stands: a newline as \012, maybe " (deleted)" at the end */
};

struct maps {
	uint32_t nr_entries;
	struct maps_entry *entries;
};

#define MAPS_DELETED " (deleted)"

/* Does @name, as maps and the link /proc/PID/exe have it, name the file @path, which may be gone?
 */
bool maps_name_is(const char *name, const char *path);

/* Parses one line, with or without its newline, which is cut. ret->name points into @line.
 * -EINVAL when it is none. */
int maps_parse_line(char *line, struct maps_entry *ret);

/*
 * The executable entries of an open maps file. -ESRCH when the address space is gone, also when
 * it went while being read: a list cut short is never taken for a whole one. @fd stays the
 * caller's. maps_done() allows what maps_read() left behind and zeroes.
 */
int maps_read(int fd, struct maps *ret);
void maps_done(struct maps *maps);

#endif
