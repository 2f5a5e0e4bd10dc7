// SPDX-License-Identifier: Apache-2.0
/* Names that begin with a dot are the store's own: locks, and files that are being written. */
#include "store/profiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool stored_profile_parse(const char *name, int64_t *ret_time, pid_t *ret_pid)
{
	struct tm tm = {0};
	const char *rest = strptime(name, "%Y%m%dT%H%M%SZ-", &tm);
	char *end;
	long pid;

	if (!rest || *rest < '0' || *rest > '9')
		return false;
	errno = 0;
	pid = strtol(rest, &end, 10);
	if (errno || pid > INT32_MAX)
		return false;
	if (*end == '.' && end[1] >= '1' && end[1] <= '9')
		strtol(end + 1, &end, 10);
	if (strcmp(end, STORE_SUFFIX) != 0)
		return false;
	*ret_time = timegm(&tm);
	*ret_pid = pid;
	return true;
}

static int add(struct stored_profiles *profiles, const struct stored_profile *profile)
{
	if (profiles->nr == profiles->nr_allocated) {
		uint32_t nr = profiles->nr ? 2 * profiles->nr : 64;
		struct stored_profile *all = reallocarray(profiles->all, nr, sizeof(*all));

		if (!all)
			return -ENOMEM;
		profiles->all = all;
		profiles->nr_allocated = nr;
	}
	profiles->all[profiles->nr++] = *profile;
	return 0;
}

/* One that somebody removes meanwhile was never there. */
static int take_file(struct stored_profiles *profiles, int dir, const char *series,
		     const char *name)
{
	struct stored_profile profile = {0};
	struct stat st;

	if (*name == '.')
		return 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(st.st_mode) || !stored_profile_parse(name, &profile.time, &profile.pid)) {
		profiles->nr_foreign++;
		return 0;
	}
	profile.size = st.st_size;
	profile.series = strdup(series);
	profile.name = strdup(name);
	if (profile.series && profile.name && !add(profiles, &profile))
		return 0;
	free(profile.series);
	free(profile.name);
	return -ENOMEM;
}

/* Calls @take for every name in the directory @fd, which is closed. 0 or the first -errno. */
static int each_name(int fd, int (*take)(const char *name, void *arg), void *arg)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int err = dir ? 0 : -errno;

	if (!dir && fd >= 0)
		close(fd);
	while (!err && (errno = 0, entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = take(entry->d_name, arg);
	if (!err && dir)
		err = -errno;
	if (dir)
		closedir(dir);
	return err;
}

struct reading {
	struct stored_profiles *profiles;
	int fd; /* of the directory that is read */
	const char *series;
};

static int take_profile(const char *name, void *arg)
{
	const struct reading *reading = arg;

	return take_file(reading->profiles, reading->fd, reading->series, name);
}

static int take_series(const char *name, void *arg)
{
	const struct reading *store = arg;
	int fd = openat(store->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct reading reading = {store->profiles, fd, name};

	if (*name != '.' && fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		store->profiles->nr_foreign++;
	if (*name == '.' || fd < 0) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	return each_name(fd, take_profile, &reading);
}

static int compare(const void *a, const void *b)
{
	const struct stored_profile *x = a, *y = b;
	int series = strcmp(x->series, y->series);

	if (series)
		return series;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(x->name, y->name);
}

int stored_profiles_read(const struct store *store, const char *series, struct stored_profiles *ret,
			 struct diag *diag)
{
	struct reading reading = {.profiles = ret, .fd = store_fd(store)};
	int fd, err;

	*ret = (struct stored_profiles){0};
	fd = openat(store_fd(store), series ?: ".",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (series) {
		reading.fd = fd;
		reading.series = series;
	}
	err = fd < 0 ? -errno : each_name(fd, series ? take_profile : take_series, &reading);
	if (err) {
		stored_profiles_done(ret);
		return diag_fail(diag, err, "cannot read %s%s%s: %s", store_path(store),
				 series ? "/" : "", series ?: "", strerror(-err));
	}
	if (ret->nr)
		qsort(ret->all, ret->nr, sizeof(*ret->all), compare);
	return 0;
}

void stored_profiles_done(struct stored_profiles *profiles)
{
	for (uint32_t i = 0; i < profiles->nr; i++) {
		free(profiles->all[i].series);
		free(profiles->all[i].name);
	}
	free(profiles->all);
	*profiles = (struct stored_profiles){0};
}
