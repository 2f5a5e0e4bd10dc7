/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to the bytes of a V8 heap: of a live process, or of a test.
 */
#ifndef HEAPTAP_V8_MEMORY_H
#define HEAPTAP_V8_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct v8_memory {
	/* 0 when all of it was read, else -errno. */
	int (*read)(void *data, uint64_t address, void *buffer, size_t size);
	void *data;
	uint64_t nr_reads;
};

int v8_memory_read(struct v8_memory *memory, uint64_t address, void *buffer, size_t size);

/* Reads the process @pid, by system call only: nothing of it is stopped or changed. */
struct v8_memory v8_memory_of_process(pid_t pid);

#endif
