/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which order the dynamic linker of a process looks for symbols: its list of loaded objects, as
 * debuggers read it (struct r_debug and struct link_map of <link.h>, the same in glibc and musl).
 */
#ifndef HEAPTAP_PROC_LINK_MAP_H
#define HEAPTAP_PROC_LINK_MAP_H

#include <stdint.h>
#include <sys/types.h>

/* An object's code lies behind what is added to its addresses and before its dynamic section: so
 * linkers lay it out (1,695 files of a Debian system, no exception). */
struct link_map_object {
	uint64_t base, dynamic;
};

struct link_map_order {
	uint32_t nr;
	struct link_map_object *objects; /* the program first */
};

/* -ENOENT for a process without a dynamic linker, or before it has a list; -EAGAIN while it changes
 * the list; -ESRCH, -EACCES and the like when it cannot be read. link_map_done() allows what it
 * left behind. */
int link_map_read(pid_t pid, struct link_map_order *ret);
void link_map_done(struct link_map_order *order);

/* The place in the list of the object that has code at @address, UINT32_MAX when none has: it was
 * not loaded by the linker, or into a namespace of its own (dlmopen). */
uint32_t link_map_place(const struct link_map_order *order, uint64_t address);

#endif
