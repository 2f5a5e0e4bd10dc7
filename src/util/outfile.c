// SPDX-License-Identifier: Apache-2.0
/*
 * The stream is a cookie over a descriptor, for two reasons: the first error is kept with its
 * errno, which stdio forgets, and a write interrupted by Ctrl-C goes on.
 *
 * Not made durable unless asked: after a power cut the new file may be missing or empty.
 */
#include "util/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct outfile {
	FILE *stream;
	char *shown;  /* as the user named it, for messages */
	char *target; /* the name to take at the commit; NULL when written directly */
	char *temp;   /* the name until then */
	int fd;	      /* STDOUT_FILENO is never closed */
	bool sync;
	mode_t mode; /* 0: as the umask has it */
	int err;     /* of the first write that failed; from then on nothing is written */
};

static ssize_t write_fd(void *cookie, const char *data, size_t size)
{
	struct outfile *outfile = cookie;

	for (size_t done = 0; done < size && !outfile->err;) {
		ssize_t nr = write(outfile->fd, data + done, size - done);

		if (nr < 0 && errno == EINTR)
			continue;
		if (nr < 0)
			outfile->err = -errno;
		else
			done += nr;
	}
	return outfile->err ? 0 : size; /* 0 is stdio's sign of an error */
}

static int open_stream(struct outfile *outfile)
{
	outfile->stream = fopencookie(outfile, "w", (cookie_io_functions_t){.write = write_fd});
	return outfile->stream ? 0 : -ENOMEM;
}

/*
 * A new file beside @target, hidden, with an ending no reader of a directory looks for. Its mode is
 * left to the kernel, which knows the umask and the directory's default ACL.
 */
static int open_temp(struct outfile *outfile, const char *target)
{
	const char *slash = strrchr(target, '/');
	int directory_size = slash ? slash + 1 - target : 0;
	unsigned int random;

	outfile->target = strdup(target);
	if (!outfile->target)
		return -ENOMEM;
	for (int tries = 0; tries < 100; tries++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -errno;
		/* the name is cut so that it fits NAME_MAX with what is added */
		if (asprintf(&outfile->temp, "%.*s.%.*s.%08x.tmp", directory_size, target,
			     NAME_MAX - 20, target + directory_size, random) < 0) {
			outfile->temp = NULL;
			return -ENOMEM;
		}
		outfile->fd = open(outfile->temp,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (outfile->fd >= 0)
			return 0;
		free(outfile->temp);
		outfile->temp = NULL;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static bool is_stdout(const struct stat *st)
{
	struct stat own;

	return fstat(STDOUT_FILENO, &own) == 0 && own.st_dev == st->st_dev &&
	       own.st_ino == st->st_ino;
}

/* @fd, open on something that exists, is taken over. Opening it has shown that we may write it, and
 * let the kernel judge symbolic links in shared directories (fs.protected_symlinks). */
static int open_existing(struct outfile *outfile, const char *path, int fd)
{
	struct stat st;
	char *real;
	int err;

	if (fstat(fd, &st)) {
		err = -errno;
		close(fd);
		return err;
	}
	if (!S_ISREG(st.st_mode)) {
		outfile->fd = fd;
		return 0;
	}
	close(fd);
	if (is_stdout(&st)) { /* /dev/stdout: its directory is no place for our file */
		outfile->fd = STDOUT_FILENO;
		return 0;
	}
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	err = open_temp(outfile, real);
	free(real);
	return err;
}

static int open_target(struct outfile *outfile, const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0) {
		outfile->fd = STDOUT_FILENO;
		return 0;
	}
	fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		return open_existing(outfile, path, fd);
	if (errno != ENOENT)
		return -errno;
	return *path ? open_temp(outfile, path) : -ENOENT;
}

static const char *advice(int err)
{
	switch (-err) {
	case ENOSPC:
	case EDQUOT:
		return "; free some space or write elsewhere";
	case EACCES:
	case EPERM:
	case EROFS:
		return "; choose a place you may write to";
	case ENOENT:
	case ENOTDIR:
		return "; does its directory exist?";
	case EISDIR:
		return "; give the name of a file in it";
	default:
		return "";
	}
}

int outfile_open(const char *path, struct outfile **ret, struct diag *diag)
{
	struct outfile *outfile;
	int err = -ENOMEM;

	outfile = calloc(1, sizeof(*outfile));
	if (!outfile)
		goto out;
	outfile->fd = -1;
	outfile->shown = strdup(strcmp(path, "-") == 0 ? "standard output" : path);
	if (!outfile->shown)
		goto out;
	err = open_target(outfile, path);
	if (err)
		goto out;
	err = open_stream(outfile);
	if (err)
		goto out;
	*ret = outfile;
	return 0;
out:
	outfile_close(outfile);
	return diag_fail(diag, err, "cannot create %s: %s%s", *path ? path : "a file without name",
			 strerror(-err), advice(err));
}

FILE *outfile_stream(struct outfile *outfile)
{
	return outfile->stream;
}

/* Everything to the descriptor, which is closed. */
static int flush(struct outfile *outfile)
{
	int err = 0;

	if (fclose(outfile->stream))
		err = -errno;
	outfile->stream = NULL;
	if (outfile->err) /* the first cause; fclose() may not know of it */
		err = outfile->err;
	if (!err && outfile->mode && outfile->target && fchmod(outfile->fd, outfile->mode))
		err = -errno;
	if (!err && outfile->sync && outfile->target && fsync(outfile->fd))
		err = -errno;
	if (outfile->fd != STDOUT_FILENO && close(outfile->fd) && !err)
		err = -errno; /* a network file system or a quota tells at last */
	outfile->fd = -1;
	return err;
}

void outfile_mode(struct outfile *outfile, mode_t mode)
{
	outfile->mode = mode;
}

void outfile_sync(struct outfile *outfile)
{
	outfile->sync = true;
}

int outfile_commit(struct outfile *outfile, struct diag *diag)
{
	int err;

	err = flush(outfile);
	if (!err && outfile->target && rename(outfile->temp, outfile->target))
		err = -errno;
	if (err)
		return diag_fail(diag, err, "cannot write %s: %s%s%s", outfile->shown,
				 strerror(-err), advice(err),
				 outfile->target ? " (nothing was left behind)" : "");
	free(outfile->temp);
	outfile->temp = NULL;
	return 0;
}

void outfile_close(struct outfile *outfile)
{
	if (!outfile)
		return;
	if (outfile->temp)
		unlink(outfile->temp);
	if (!outfile->err)
		outfile->err = -ECANCELED; /* what stdio still holds is not for the reader */
	if (outfile->stream)
		flush(outfile);
	else if (outfile->fd >= 0 && outfile->fd != STDOUT_FILENO)
		close(outfile->fd);
	free(outfile->temp);
	free(outfile->target);
	free(outfile->shown);
	free(outfile);
}
