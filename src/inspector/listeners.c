// SPDX-License-Identifier: Apache-2.0
/*
 * /proc/PID/net/tcp and tcp6 list the sockets of a whole network namespace, /proc/PID/fd names by
 * inode which of them the process holds.
 */
#include "inspector/listeners.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/procfs.h"

#define STATE_LISTEN  0x0A /* TCP_LISTEN of linux/tcp.h */
#define MAX_LISTENERS 4096 /* of a namespace; a machine has dozens */
#define TABLE_MAX     (64 << 20)

static bool is_any(const struct listener *listener)
{
	static const uint8_t zeros[16];

	return !memcmp(listener->address, zeros, listener->ipv6 ? 16 : 4);
}

static bool is_loopback(const struct listener *listener)
{
	static const uint8_t one[16] = {[15] = 1};

	return listener->ipv6 ? !memcmp(listener->address, one, 16) : listener->address[0] == 127;
}

void listener_address(const struct listener *listener, char text[LISTENER_TEXT])
{
	if (is_any(listener))
		strcpy(text, listener->ipv6 ? "::1" : "127.0.0.1");
	else
		inet_ntop(listener->ipv6 ? AF_INET6 : AF_INET, listener->address, text,
			  LISTENER_TEXT);
}

/* "0100007F": words of four bytes, each printed as the machine's number. */
static bool parse_address(const char *text, struct listener *listener)
{
	size_t nr_words = listener->ipv6 ? 4 : 1;

	if (strlen(text) != nr_words * 8)
		return false;
	for (size_t i = 0; i < nr_words; i++) {
		unsigned int word;

		if (sscanf(text + i * 8, "%8x", &word) != 1)
			return false;
		memcpy(&listener->address[i * 4], &word, 4);
	}
	return true;
}

static bool parse_line(const char *line, struct listener *listener)
{
	unsigned int port, state;
	char address[33];

	/* sl local rem st tx:rx tr:when retrnsmt uid timeout inode */
	if (sscanf(line, " %*u: %32[0-9A-F]:%4x %*[0-9A-F]:%*x %2x %*s %*s %*s %*u %*u %" SCNu64,
		   address, &port, &state, &listener->inode) != 4)
		return false;
	listener->port = port;
	return state == STATE_LISTEN && parse_address(address, listener);
}

size_t listeners_parse(char *table, bool ipv6, struct listener *ret, size_t max)
{
	char *save = NULL;
	size_t nr = 0;

	for (char *line = strtok_r(table, "\n", &save); line && nr < max;
	     line = strtok_r(NULL, "\n", &save)) {
		struct listener listener = {.ipv6 = ipv6};

		if (parse_line(line, &listener))
			ret[nr++] = listener;
	}
	return nr;
}

/* The whole of a file whose size is not known before. -EFBIG past TABLE_MAX. */
static int read_whole(int dir, const char *name, char **ret)
{
	for (size_t size = 1 << 16; size <= TABLE_MAX; size *= 4) {
		char *text = malloc(size);
		long n = text ? procfs_read(dir, name, text, size) : -ENOMEM;

		if (n >= 0 && n < (long)size - 1) {
			*ret = text;
			return 0;
		}
		free(text);
		if (n < 0)
			return n;
	}
	return -EFBIG;
}

/* Both tables; a kernel without IPv6 has one. */
static int read_tables(int dir, struct listener *ret, size_t *ret_nr)
{
	size_t nr = 0;

	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		char *table = NULL;
		int err = read_whole(dir, ipv6 ? "net/tcp6" : "net/tcp", &table);

		if (err && ipv6)
			break;
		if (err)
			return err;
		nr += listeners_parse(table, ipv6, ret + nr, MAX_LISTENERS - nr);
		free(table);
	}
	*ret_nr = nr;
	return 0;
}

/* Marks in @held which of @all have a descriptor below /proc/PID/fd. */
static int find_held(int dir, const struct listener *all, size_t nr, bool *held)
{
	int fd = procfs_openat(dir, "fd", O_RDONLY | O_DIRECTORY);
	const struct dirent *entry;
	DIR *files;

	if (fd < 0)
		return fd;
	files = fdopendir(fd);
	if (!files) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(files))) {
		char link[64];
		ssize_t n = readlinkat(fd, entry->d_name, link, sizeof(link) - 1);
		uint64_t inode;

		link[n < 0 ? 0 : n] = '\0';
		if (sscanf(link, "socket:[%" SCNu64, &inode) != 1)
			continue;
		for (size_t i = 0; i < nr; i++)
			held[i] |= all[i].inode == inode;
	}
	closedir(files);
	return 0;
}

/* Keeps those that are held, loopback first: an inspector is not meant to be seen from outside. */
static size_t keep_held(struct listener *all, size_t nr, const bool *held)
{
	struct listener *kept = calloc(nr + 1, sizeof(*kept));
	size_t nr_kept = 0;

	if (!kept)
		return 0;
	for (int loopback = 1; loopback >= 0; loopback--)
		for (size_t i = 0; i < nr; i++)
			if (held[i] && is_loopback(&all[i]) == loopback)
				kept[nr_kept++] = all[i];
	memcpy(all, kept, nr_kept * sizeof(*kept));
	free(kept);
	return nr_kept;
}

int listeners_read(pid_t pid, struct listener **ret, size_t *ret_nr)
{
	struct listener *all = calloc(MAX_LISTENERS, sizeof(*all));
	bool *held = calloc(MAX_LISTENERS, sizeof(*held));
	int dir = procfs_open(pid), err;
	size_t nr = 0;

	err = dir < 0 ? dir : !all || !held ? -ENOMEM : read_tables(dir, all, &nr);
	err = err ?: find_held(dir, all, nr, held);
	if (!err) {
		*ret_nr = keep_held(all, nr, held);
		*ret = all;
		all = NULL;
	}
	if (dir >= 0)
		close(dir);
	free(held);
	free(all);
	return err;
}

bool listeners_taken(pid_t pid, uint16_t port)
{
	struct listener *all = calloc(MAX_LISTENERS, sizeof(*all));
	int dir = procfs_open(pid);
	bool taken = false;
	size_t nr = 0;

	if (dir >= 0 && all && !read_tables(dir, all, &nr))
		for (size_t i = 0; i < nr; i++)
			taken |= all[i].port == port;
	if (dir >= 0)
		close(dir);
	free(all);
	return taken;
}
