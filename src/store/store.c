// SPDX-License-Identifier: Apache-2.0
/* Locks are files of their own, ".lock-TARGET", which stay: removing one would let a third in. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_MAX_SIZE 100
#define MAX_SAME      1000 /* profiles of one process and second */

struct store {
	int fd;
	char *path;
	int lock; /* -1: none */
};

int store_open(const char *path, bool create, struct store **ret, struct diag *diag)
{
	struct store *store = calloc(1, sizeof(*store));
	int err;

	if (!store || !(store->path = strdup(path))) {
		free(store);
		return diag_fail(diag, -ENOMEM, "out of memory");
	}
	store->lock = -1;
	if (create && mkdir(path, 0777) && errno != EEXIST)
		err = -errno;
	else
		err = (store->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ? -errno : 0;
	if (err) {
		free(store->path);
		free(store);
		return diag_fail(diag, err, "cannot open the store %s: %s", path, strerror(-err));
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->lock >= 0)
		close(store->lock);
	close(store->fd);
	free(store->path);
	free(store);
}

int store_fd(const struct store *store)
{
	return store->fd;
}

const char *store_path(const struct store *store)
{
	return store->path;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

char *store_escape(const char *text)
{
	char *name = malloc(NAME_MAX_SIZE + 1);
	size_t n = 0;

	if (!name)
		return NULL;
	for (size_t i = 0; text[i] && n + 3 <= NAME_MAX_SIZE; i++) {
		bool plain = is_plain(text[i]) && (i || text[i] != '.');

		n += sprintf(name + n, plain ? "%c" : "%%%02X", (unsigned char)text[i]);
	}
	if (!n)
		n += sprintf(name, "unknown");
	name[n] = '\0';
	return name;
}

static pid_t read_holder(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : 0;
}

int store_lock(struct store *store, const char *target, pid_t *ret_holder, struct diag *diag)
{
	char *escaped = store_escape(target), *name = NULL;
	int fd = -1, err = -ENOMEM;

	if (!escaped || asprintf(&name, ".lock-%s", escaped) < 0)
		goto out;
	fd = openat(store->fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	err = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
	if (err == -EWOULDBLOCK) {
		*ret_holder = read_holder(fd);
		err = -EBUSY;
	}
	if (!err) {
		/* who reads a number that is not whole says less, and nothing else depends on it */
		if (ftruncate(fd, 0) || dprintf(fd, "%d\n", getpid()) < 0)
			err = -errno;
	}
out:
	if (err && err != -EBUSY)
		diag_fail(diag, err, "cannot lock %s in the store %s: %s", target, store->path,
			  strerror(-err));
	if (err && fd >= 0)
		close(fd);
	if (!err)
		store->lock = fd;
	free(escaped);
	free(name);
	return err;
}

/* The @same-th path of its kind, from 0 on; NULL when out of memory. */
static char *make_path(const struct store *store, const char *series, int64_t time, pid_t pid,
		       unsigned int same)
{
	char stamp[32], number[16] = "", *path;
	time_t seconds = time;
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &tm));
	if (same)
		snprintf(number, sizeof(number), ".%u", same);
	if (asprintf(&path, "%s/%s/%s-%d%s" STORE_SUFFIX, store->path, series, stamp, pid, number) <
	    0)
		return NULL;
	return path;
}

int store_new_path(const struct store *store, const char *comm, int64_t time, pid_t pid, char **ret,
		   struct diag *diag)
{
	char *series = store_escape(comm), *path = NULL;
	int err = series ? 0 : -ENOMEM;
	struct stat st;

	if (!err && mkdirat(store->fd, series, 0777) && errno != EEXIST)
		err = -errno;
	for (unsigned int same = 0; !err && same < MAX_SAME; same++) {
		free(path);
		path = make_path(store, series, time, pid, same);
		if (!path)
			err = -ENOMEM;
		else if (lstat(path, &st))
			break;
	}
	if (err) {
		diag_fail(diag, err, "cannot make a place for %s in the store %s: %s", comm,
			  store->path, strerror(-err));
		free(path);
	} else {
		*ret = path;
	}
	free(series);
	return err;
}
