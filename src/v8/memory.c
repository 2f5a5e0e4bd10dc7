// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a process's memory while it runs.
 */
#include <errno.h>
#include <sys/uio.h>

#include "v8/memory.h"

#define ADDRESS_END (1ULL << 47) /* of user space */

int v8_memory_read(struct v8_memory *memory, uint64_t address, void *buffer, size_t size)
{
	if (address >= ADDRESS_END || size > ADDRESS_END - address)
		return -EFAULT;
	memory->nr_reads++;
	return memory->read(memory->data, address, buffer, size);
}

static int read_process(void *data, uint64_t address, void *buffer, size_t size)
{
	const struct iovec local = {buffer, size};
	const struct iovec remote = {(void *)address, size};
	ssize_t n = process_vm_readv((pid_t)(intptr_t)data, &local, 1, &remote, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EFAULT;
}

struct v8_memory v8_memory_of_process(pid_t pid)
{
	return (struct v8_memory){.read = read_process, .data = (void *)(intptr_t)pid};
}
