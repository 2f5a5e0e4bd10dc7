/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a process listens: its TCP sockets, by the kernel's own lists of its network namespace.
 */
#ifndef HEAPTAP_INSPECTOR_LISTENERS_H
#define HEAPTAP_INSPECTOR_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listener {
	bool ipv6;
	uint8_t address[16]; /* as on the wire; the first 4 bytes when not IPv6; zeros: any */
	uint16_t port;
	uint64_t inode; /* of the socket: names it for its life */
};

#define LISTENER_TEXT 48 /* holds "127.0.0.1" or "::1" */

/* The address to connect to, which for a socket that listens on all of them is the loopback's. */
void listener_address(const struct listener *listener, char text[LISTENER_TEXT]);

/* Of one table in the format of /proc/net/tcp or tcp6: those that listen, at most @max. */
size_t listeners_parse(char *table, bool ipv6, struct listener *ret, size_t max);

/*
 * The listening sockets that @pid holds, *ret_nr of them, the caller's to free; those of the
 * loopback come first. -ESRCH when there is no such process, -EACCES when its files are not shown.
 */
int listeners_read(pid_t pid, struct listener **ret, size_t *ret_nr);

/* Whether anybody in the namespace of @pid listens at @port. */
bool listeners_taken(pid_t pid, uint16_t port);

#endif
