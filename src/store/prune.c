// SPDX-License-Identifier: Apache-2.0
/* Two that prune at once may both want a file: one that is gone already is as good as removed. */
#include "store/prune.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_MIN_AGE 3600 /* seconds; no profile takes so long to write */

struct pruning {
	const struct store *store;
	const struct prune_options *options;
	int64_t now;
	struct pruned *pruned;
	struct diag *diag;
	int err;
};

static void remove_file(struct pruning *pruning, const char *series, const char *name,
			uint64_t size)
{
	char *path;

	if (asprintf(&path, "%s/%s", series, name) < 0) {
		pruning->err = pruning->err ?: -ENOMEM;
		return;
	}
	if (!unlinkat(store_fd(pruning->store), path, 0)) {
		pruning->pruned->nr++;
		pruning->pruned->bytes += size;
	} else if (errno != ENOENT && !pruning->err) {
		pruning->err = diag_fail(pruning->diag, -errno, "cannot remove %s/%s: %s",
					 store_path(pruning->store), path, strerror(errno));
	}
	free(path);
}

/* ".NAME.XXXXXXXX.tmp", as util/outfile.c names what is being written. */
static bool is_temporary(const char *name)
{
	size_t length = strlen(name);

	return *name == '.' && length > strlen(".x" STORE_SUFFIX ".tmp") &&
	       !strcmp(name + length - strlen(".tmp"), ".tmp") && strstr(name, STORE_SUFFIX);
}

static void remove_temporary(struct pruning *pruning, const char *series)
{
	int fd = openat(store_fd(pruning->store), series,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (is_temporary(entry->d_name) && !fstatat(fd, entry->d_name, &st, 0) &&
		    st.st_mtime < pruning->now - TEMPORARY_MIN_AGE)
			remove_file(pruning, series, entry->d_name, st.st_size);
	if (dir)
		closedir(dir);
}

/* @nr profiles of one series, the oldest first. */
static void prune_series(struct pruning *pruning, const struct stored_profile *all, uint32_t nr)
{
	const struct prune_options *options = pruning->options;

	for (uint32_t i = 0; i < nr; i++) {
		bool many = options->keep && nr - i > options->keep;
		bool old = options->keep_for && all[i].time < pruning->now - options->keep_for;

		if (many || old)
			remove_file(pruning, all[i].series, all[i].name, all[i].size);
	}
	remove_temporary(pruning, all[0].series);
}

int store_prune(const struct store *store, const char *series, const struct prune_options *options,
		int64_t now, struct pruned *ret, struct diag *diag)
{
	struct pruning pruning = {store, options, now, ret, diag, 0};
	struct stored_profiles profiles;
	int err = stored_profiles_read(store, series, &profiles, diag);

	*ret = (struct pruned){0};
	if (err)
		return err;
	for (uint32_t first = 0, next; first < profiles.nr; first = next) {
		for (next = first + 1; next < profiles.nr; next++)
			if (strcmp(profiles.all[next].series, profiles.all[first].series) != 0)
				break;
		prune_series(&pruning, profiles.all + first, next - first);
	}
	stored_profiles_done(&profiles);
	return pruning.err;
}
