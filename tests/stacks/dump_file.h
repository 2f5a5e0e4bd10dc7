/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of recorded stacks (collect/dump.h), read whole and checked. Samples point into it, so
 * they live as long as it does.
 */
#ifndef HEAPTAP_TESTS_DUMP_FILE_H
#define HEAPTAP_TESTS_DUMP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/dump.h"

struct sample {
	struct dump_sample head;
	const uint64_t *pcs;
	const uint8_t *stack;
};

/* Executable memory and the file behind it; sorted by start, none overlap. */
struct place {
	uint64_t start, end, offset;
	char *path; /* "" for anonymous memory */
	int fd;	    /* of the file, a copy of our own for the vDSO; -1 when there is none */
	bool live;
	uint64_t bias;			  /* address less ELF vaddr; only with a file */
	const struct unwind_table *table; /* the caller's */
};

struct dump_file {
	uint8_t *bytes;
	struct sample *samples;
	struct place *places;
	size_t nr_samples, nr_places, nr_left_out; /* mappings that lay where a later one is */
};

/* false with a message on stderr when @path is no such file. */
bool dump_file_read(const char *path, struct dump_file *ret);
void dump_file_done(struct dump_file *file);

/* NULL when @address was in no mapping. */
const struct place *dump_file_place(const struct dump_file *file, uint64_t address);

#endif
