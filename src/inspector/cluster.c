// SPDX-License-Identifier: Apache-2.0
/* A worker is a child that was started with NODE_UNIQUE_ID in its environment. Children of the main
 * thread only: no other may fork workers. */
#include "inspector/cluster.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/procfs.h"

#define WORKER_MARK    "NODE_UNIQUE_ID="
#define ENVIRON_SIZE   (1 << 20)
#define CHILDREN_SIZE  (1 << 16) /* eight thousand of them */
#define CHILDREN_DIGIT "0123456789"

/* @text is a sequence of NUL-terminated "NAME=VALUE". */
static bool has_variable(const char *text, size_t size, const char *mark)
{
	size_t length = strlen(mark);

	for (const char *end = text + size; text < end; text += strnlen(text, end - text) + 1)
		if ((size_t)(end - text) >= length && !memcmp(text, mark, length))
			return true;
	return false;
}

static bool is_worker(pid_t pid)
{
	char *text = malloc(ENVIRON_SIZE);
	int dir = procfs_open(pid);
	long n = -ENOMEM;
	bool found;

	if (dir >= 0 && text)
		n = procfs_read(dir, "environ", text, ENVIRON_SIZE);
	found = n > 0 && has_variable(text, n, WORKER_MARK);
	if (dir >= 0)
		close(dir);
	free(text);
	return found;
}

pid_t cluster_find_worker(pid_t pid)
{
	char *children = malloc(CHILDREN_SIZE), name[48], *at;
	int dir = procfs_open(pid);
	pid_t worker = 0;
	long n;

	snprintf(name, sizeof(name), "task/%d/children", pid);
	n = dir < 0 ? dir : children ? procfs_read(dir, name, children, CHILDREN_SIZE) : -ENOMEM;
	if (dir >= 0)
		close(dir);
	for (at = children; n > 0 && !worker && *at; at += strspn(at, CHILDREN_DIGIT)) {
		at += strcspn(at, CHILDREN_DIGIT);
		if (*at && is_worker(atoi(at)))
			worker = atoi(at);
	}
	free(children);
	return n < 0 ? (pid_t)n : worker;
}
