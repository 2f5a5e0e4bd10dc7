// SPDX-License-Identifier: Apache-2.0
/*
 * From the auxiliary vector to the program headers, the dynamic section and its DT_DEBUG, all in
 * the memory of the process: what it says is not believed further than that it is copied.
 */
#include "proc/link_map.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/procfs.h"

#define MAX_OBJECTS 4096 /* then it is no list but a ring, or garbage */
#define MAX_HEADERS 64
#define MAX_DYNAMIC 256

static int read_at(int mem, uint64_t address, void *buffer, size_t size)
{
	ssize_t n = pread(mem, buffer, size, (off_t)address);

	return n < 0 ? -errno : n == (ssize_t)size ? 0 : -EFAULT;
}

static int read_auxv(int dir, uint64_t *ret_phdr, uint64_t *ret_phnum)
{
	Elf64_auxv_t auxv[64];
	long n = procfs_read(dir, "auxv", (char *)auxv, sizeof(auxv));

	*ret_phdr = *ret_phnum = 0;
	for (long i = 0; i < n / (long)sizeof(auxv[0]); i++) {
		if (auxv[i].a_type == AT_PHDR)
			*ret_phdr = auxv[i].a_un.a_val;
		if (auxv[i].a_type == AT_PHNUM)
			*ret_phnum = auxv[i].a_un.a_val;
	}
	if (n < 0)
		return (int)n;
	return *ret_phdr && *ret_phnum && *ret_phnum <= MAX_HEADERS ? 0 : -ENOENT;
}

/* The address of the program's dynamic section. */
static int find_dynamic(int mem, uint64_t phdr, uint64_t phnum, uint64_t *ret)
{
	Elf64_Phdr headers[MAX_HEADERS];
	uint64_t bias = 0;
	int err = read_at(mem, phdr, headers, phnum * sizeof(headers[0]));

	for (uint64_t i = 0; i < phnum && !err; i++)
		if (headers[i].p_type == PT_PHDR)
			bias = phdr - headers[i].p_vaddr;
	for (uint64_t i = 0; i < phnum && !err; i++)
		if (headers[i].p_type == PT_DYNAMIC) {
			*ret = bias + headers[i].p_vaddr;
			return 0;
		}
	return err ?: -ENOENT;
}

static int find_map(int mem, uint64_t dynamic, uint64_t *ret)
{
	struct r_debug debug;
	Elf64_Dyn entry;
	int err = 0;

	for (int i = 0; i < MAX_DYNAMIC && !err; i++) {
		err = read_at(mem, dynamic + i * sizeof(entry), &entry, sizeof(entry));
		if (err || entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag != DT_DEBUG || !entry.d_un.d_ptr)
			continue;
		err = read_at(mem, entry.d_un.d_ptr, &debug, sizeof(debug));
		if (err)
			return err;
		*ret = (uintptr_t)debug.r_map;
		return debug.r_state != RT_CONSISTENT ? -EAGAIN : *ret ? 0 : -ENOENT;
	}
	return err ?: -ENOENT;
}

static int append(struct link_map_order *order, const struct link_map *map)
{
	/* powers of 2 are full */
	if (!(order->nr & (order->nr - 1))) {
		uint32_t max = order->nr ? 2 * order->nr : 1;
		struct link_map_object *objects =
			reallocarray(order->objects, max, sizeof(*objects));

		if (!objects)
			return -ENOMEM;
		order->objects = objects;
	}
	order->objects[order->nr++] = (struct link_map_object){map->l_addr, (uintptr_t)map->l_ld};
	return 0;
}

static int read_list(int mem, uint64_t address, struct link_map_order *ret)
{
	struct link_map map;
	int err;

	while (address && ret->nr < MAX_OBJECTS) {
		err = read_at(mem, address, &map, sizeof(map));
		err = err ?: append(ret, &map);
		if (err)
			return err;
		address = (uintptr_t)map.l_next;
	}
	return address ? -ELOOP : 0;
}

int link_map_read(pid_t pid, struct link_map_order *ret)
{
	uint64_t phdr, phnum, dynamic, map;
	int dir = procfs_open(pid), mem = -1, err;

	*ret = (struct link_map_order){0};
	if (dir < 0)
		return dir;
	err = read_auxv(dir, &phdr, &phnum);
	if (!err) {
		mem = procfs_openat(dir, "mem", O_RDONLY);
		err = mem < 0 ? mem : 0;
	}
	err = err ?: find_dynamic(mem, phdr, phnum, &dynamic);
	err = err ?: find_map(mem, dynamic, &map);
	err = err ?: read_list(mem, map, ret);
	if (mem >= 0)
		close(mem);
	close(dir);
	if (err)
		link_map_done(ret);
	return err;
}

void link_map_done(struct link_map_order *order)
{
	free(order->objects);
	*order = (struct link_map_order){0};
}

uint32_t link_map_place(const struct link_map_order *order, uint64_t address)
{
	uint32_t found = UINT32_MAX;

	for (uint32_t i = 0; i < order->nr; i++) {
		const struct link_map_object *object = &order->objects[i];

		if (object->base <= address && address < object->dynamic &&
		    (found == UINT32_MAX || object->base > order->objects[found].base))
			found = i;
	}
	return found;
}
