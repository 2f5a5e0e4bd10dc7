// SPDX-License-Identifier: Apache-2.0
/* Profiles are read one after the other, in the order of their times, and none is kept. */
#include "cmd/trend_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "profile/pprof_read.h"
#include "store/profiles.h"

struct file {
	char *path;
	int64_t time; /* ns */
};

struct list {
	uint32_t nr, max;
	struct file *files;
};

static void list_done(struct list *list)
{
	for (uint32_t i = 0; i < list->nr; i++)
		free(list->files[i].path);
	free(list->files);
}

static int read_profile(const char *path, struct profile **ret, struct diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;
	struct stat stat;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat))
		err = -errno;
	else if (!S_ISREG(stat.st_mode))
		err = diag_fail(diag, -EINVAL, "it is no regular file");
	else
		err = pprof_read(fd, ret, diag);
	close(fd);
	return err;
}

static void skip(struct trend_files *files, bool quiet, const char *path, int err,
		 const struct diag *diag)
{
	files->nr_skipped++;
	if (!quiet)
		cmd_warning("%s is skipped: %s", path, *diag->text ? diag->text : strerror(-err));
}

/* A name that heaptap gave tells the time. -ENOMEM, or 0 also for a file that is skipped. */
static int list_file(struct trend_files *files, struct list *list, const char *name, char *path,
		     bool quiet)
{
	struct profile *profile;
	struct diag diag = {0};
	int64_t time;
	pid_t pid;
	int err;

	if (list->nr == list->max) {
		uint32_t max = list->max ? 2 * list->max : 64;
		struct file *more = reallocarray(list->files, max, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->files = more;
		list->max = max;
	}
	if (stored_profile_parse(name, &time, &pid)) {
		time *= 1000000000;
	} else {
		err = read_profile(path, &profile, &diag);
		if (err) {
			skip(files, quiet, path, err, &diag);
			free(path);
			return 0;
		}
		time = profile->time_ns;
		profile_free(profile);
	}
	list->files[list->nr++] = (struct file){path, time};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return x->time != y->time ? (x->time > y->time) - (x->time < y->time)
				  : strcmp(x->path, y->path);
}

/* Those of one directory follow each other. */
static struct trend_target *find_target(struct trend_files *files, uint32_t first,
					const char *source)
{
	for (uint32_t i = first; i < files->nr_targets; i++)
		if (!strcmp(files->targets[i].source, source))
			return &files->targets[i];
	return NULL;
}

static struct trend_target *add_target(struct trend_files *files, const char *name,
				       const char *source)
{
	struct trend_target *target;

	if (files->nr_targets == files->max_targets) {
		uint32_t max = files->max_targets ? 2 * files->max_targets : 8;
		struct trend_target *more = reallocarray(files->targets, max, sizeof(*more));

		if (!more)
			return NULL;
		files->targets = more;
		files->max_targets = max;
	}
	target = &files->targets[files->nr_targets];
	*target = (struct trend_target){.name = strdup(name), .source = strdup(source)};
	files->nr_targets++;
	if (!target->name || !target->source)
		return NULL;
	return target;
}

/* -ENODATA: it says nothing of memory in use. */
static int add_profile(struct trend_files *files, uint32_t first, const char *name,
		       const struct profile *profile)
{
	const char *source = history_source(profile);
	struct trend_target *target;

	if (!profile->has_metric[METRIC_INUSE_SPACE])
		return -ENODATA;
	target = find_target(files, first, source) ?: add_target(files, name, source);
	return target ? history_add(&target->history, profile) : -ENOMEM;
}

/* The profiles of @list as target @name, or several of that name when they are of several sources.
 */
static int take(struct trend_files *files, struct list *list, const char *name, bool quiet)
{
	uint32_t first = files->nr_targets;
	int err = 0;

	if (list->nr)
		qsort(list->files, list->nr, sizeof(*list->files), compare);
	for (uint32_t i = 0; i < list->nr && err != -ENOMEM; i++) {
		struct profile *profile = NULL;
		struct diag diag = {0};

		err = read_profile(list->files[i].path, &profile, &diag);
		if (!err)
			err = add_profile(files, first, name, profile);
		if (err == -ENODATA)
			diag_fail(&diag, err, "it says nothing of memory in use");
		if (err && err != -ENOMEM)
			skip(files, quiet, list->files[i].path, err, &diag);
		profile_free(profile);
	}
	for (uint32_t i = first; i < files->nr_targets; i++)
		files->targets[i].several = files->nr_targets > first + 1;
	return err == -ENOMEM ? err : 0;
}

/* Temporary files, locks and whatever begins with a dot are nobody's profiles. */
static bool is_hidden(const char *name)
{
	return *name == '.';
}

static bool is_directory(const char *path)
{
	struct stat stat;

	return !lstat(path, &stat) && S_ISDIR(stat.st_mode);
}

/* Of @directory the profiles, as target @name; with @below also each directory in it. */
static int read_directory(struct trend_files *files, const char *directory, const char *name,
			  const char *series, bool below, bool quiet)
{
	struct dirent **names;
	struct list list = {0};
	int nr = scandir(directory, &names, NULL, alphasort), err = 0;

	if (nr < 0)
		return -errno;
	for (int i = 0; i < nr; i++) {
		const char *entry = names[i]->d_name;
		char *path = NULL;

		if (!err && !is_hidden(entry) && asprintf(&path, "%s/%s", directory, entry) < 0)
			err = -ENOMEM;
		if (!path || err) {
			free(names[i]);
			continue;
		}
		if (!is_directory(path) && !(below && series)) {
			err = list_file(files, &list, entry, path, quiet);
			path = NULL;
		} else if (below && (!series || !strcmp(series, entry))) {
			err = read_directory(files, path, entry, NULL, false, quiet);
		}
		free(path);
		free(names[i]);
	}
	free(names);
	err = err ?: take(files, &list, name, quiet);
	list_done(&list);
	return err;
}

int trend_files_read(const char *directory, const char *series, bool quiet, struct trend_files *ret)
{
	int err;

	*ret = (struct trend_files){0};
	err = read_directory(ret, directory, directory, series, true, quiet);
	if (err)
		cmd_fail(err, NULL, "cannot read %s", directory);
	return err;
}

void trend_files_done(struct trend_files *files)
{
	for (uint32_t i = 0; i < files->nr_targets; i++) {
		history_done(&files->targets[i].history);
		free(files->targets[i].name);
		free(files->targets[i].source);
	}
	free(files->targets);
}
