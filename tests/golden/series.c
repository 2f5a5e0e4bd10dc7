// SPDX-License-Identifier: Apache-2.0
/*
 * Stores whose verdicts are known: cron's windows of a leak, of a cache and of a service whose
 * survivors replace each other; the snapshots of one recording; another tool's; too few; malloc and
 * page side by side; a machine that was started anew, and gave the process the same number.
 */
#include "series.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "literal.h"
#include "profile/pprof_write.h"

#define BEGIN  1763634600LL /* 2025-11-20 10:30:00 UTC */
#define PERIOD 300	    /* s from profile to profile */
#define SECOND 1000000000LL

enum { WINDOWS = 24, SNAPSHOTS = 12, FEW = 3 };

static void add_held(struct profile *profile, const char *function, const char *file, int line,
		     int64_t bytes)
{
	const struct literal literals[] = {
		{{bytes / 64 + 10, bytes + 640, bytes / 64, bytes},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME(function, file, line, LEAKY),
		  FRAME("main", "src/main.c", 12, LEAKY)}}};

	ADD(profile, literals);
}

static void add_kind(struct profile *profile, const char *kind)
{
	const struct literal literals[] = {{{0, 0, 512, 2 << 20},
					    {{.key = "kind", .string = kind}},
					    {FRAME("serve", "src/serve.c", 8, LEAKY),
					     FRAME("main", "src/main.c", 12, LEAKY)}}};

	ADD(profile, literals);
}

/* A run of @seconds that ended at number @i. */
static struct profile *new_run(int pid, int i, int64_t seconds, int64_t rss)
{
	struct profile *profile = profile_new();

	if (!profile)
		literal_check(-ENOMEM);
	literal_set_run(profile, 1);
	profile->time_ns = (BEGIN + PERIOD * i) * SECOND;
	profile->duration_ns = seconds * SECOND;
	literal_check(profile_set_note(profile, "target", "%d leaky ./leaky --serve", pid));
	literal_check(
		profile_set_note(profile, "watched_ns", "%lld", (long long)(seconds * SECOND)));
	literal_check(profile_set_note(profile, "rss_anon", "%" PRId64, rss));
	literal_check(profile_set_note(profile, "lost_live_full", "0"));
	return profile;
}

static void write_profile(struct profile *profile, const char *directory, const char *series, int i)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, series);
	if (mkdir(path, 0755) && errno != EEXIST)
		literal_check(-errno);
	snprintf(path, sizeof(path), "%s/%s/%02d.pb.gz", directory, series, i);
	out = fopen(path, "w");
	if (!out || pprof_write(profile, out) || fclose(out))
		literal_check(-EIO);
	profile_free(profile);
}

/* Windows of 60 s with a minimal age of 10 s: the leak is 4 KiB a second, and RSS grows so. */
static void write_windows(const char *directory)
{
	for (int i = 0; i < WINDOWS; i++) {
		int64_t rss = (100 << 20) + 4096LL * PERIOD * i + (i % 3 << 12);
		struct profile *profile = new_run(1234, i, 60, rss);

		literal_check(profile_set_note(profile, "min_age_ns", "%lld", 10 * SECOND));
		literal_check(
			profile_set_note(profile, "cgroup_memory", "%" PRId64, rss + (5 << 20)));
		literal_check(profile_set_note(profile, "cgroup_limit", "%d", 200 << 20));
		add_held(profile, "session_create", "src/session.c", 54 + i / 12,
			 50 * 4096 + i % 5 * 64);
		if (i < 6)
			add_held(profile, "cache_add", "src/cache.c", 120, (10 << 20) >> i);
		if (i == 7)
			literal_check(profile_set_note(profile, "lost_live_full", "12"));
		write_profile(profile, directory, "leaky", i);
	}
}

/* Survivors in every window, and the process does not grow. */
static void write_replaced(const char *directory)
{
	for (int i = 0; i < WINDOWS; i++) {
		struct profile *profile = new_run(77, i, 60, (100 << 20) + (i * 7 % 5 << 14));

		literal_check(profile_set_note(profile, "min_age_ns", "%lld", 10 * SECOND));
		add_held(profile, "lru_put", "src/lru.c", 9, 50 * 8192);
		write_profile(profile, directory, "lru", i);
	}
}

/* A leak, which the process grows by, and a full cache that takes in twenty times as much. */
static void write_beside(const char *directory)
{
	for (int i = 0; i < WINDOWS; i++) {
		struct profile *profile = new_run(78, i, 60, (100 << 20) + 4096LL * PERIOD * i);

		literal_check(profile_set_note(profile, "min_age_ns", "%lld", 10 * SECOND));
		if (i % 2) /* the others saw no full collection */
			literal_check(profile_set_note(profile, "v8_floor", "%d",
						       (30 << 20) + i * 7 % 5 * 8192));
		add_held(profile, "session_create", "src/session.c", 54, 50 * 4096);
		add_held(profile, "lru_put", "src/lru.c", 9, 50 * 81920);
		write_profile(profile, directory, "beside", i);
	}
}

/* One recording, a snapshot each period, and the process was started anew before. */
static void write_snapshots(const char *directory)
{
	for (int i = 0; i < SNAPSHOTS + FEW; i++) {
		bool second = i >= FEW;
		int n = second ? i - FEW + 1 : i + 1;
		struct profile *profile =
			new_run(second ? 9 : 8, i, PERIOD * n, (50 << 20) + (n << 20));

		add_held(profile, "parse", "src/parse.c", 7, n << 20);
		add_held(profile, "warm_up", "src/main.c", 33, 8 << 20);
		write_profile(profile, directory, "import", i);
	}
}

/* The same, and the clock was set back by half an hour on the way. */
static void write_clock(const char *directory)
{
	for (int i = 0; i < SNAPSHOTS; i++) {
		struct profile *profile = new_run(8, i, PERIOD * (i + 1), (50 << 20) + (i << 20));

		literal_check(
			profile_set_note(profile, "began_ns", "%lld", (BEGIN - PERIOD) * SECOND));
		if (i >= SNAPSHOTS / 2)
			profile->time_ns -= 6 * PERIOD * SECOND;
		add_held(profile, "parse", "src/parse.c", 7, (i + 1) << 20);
		write_profile(profile, directory, "set-back", i);
	}
}

/* Recordings of malloc, and of the page lens in between; one fell back to it on the way. */
static void write_sources(const char *directory)
{
	for (int i = 0; i < 2 * SNAPSHOTS; i++) {
		struct profile *profile = new_run(5, i, 60, (100 << 20) + (i << 12));

		if (i % 2)
			literal_check(profile_set_note(profile, "source", "page"));
		add_held(profile, "serve", "src/serve.c", 8, i % 2 ? 3 << 20 : 1 << 20);
		if (i == SNAPSHOTS)
			add_kind(profile, "page");
		write_profile(profile, directory, "both", i);
	}
}

/* A leak that scatters too much for one run to show it. */
static void write_rebooted(const char *directory)
{
	static const int scatter[] = {3, -6, 8, -4, 0, 7, -8, 2, 6, -7, 4, -3};

	for (int i = 0; i < 2 * SNAPSHOTS; i++) {
		int n = i % SNAPSHOTS, kib = 1024 * n + 256 * scatter[(n + i / SNAPSHOTS) % 12];
		struct profile *profile = new_run(5, i, 60, (100 << 20) + kib * 1024);

		literal_check(profile_set_note(profile, "start_ticks", "900"));
		literal_check(profile_set_note(profile, "boot", "boot-%d", i / SNAPSHOTS));
		write_profile(profile, directory, "rebooted", i);
	}
}

/* Of another tool: no notes, a first profile of nothing. */
static void write_foreign(const char *directory)
{
	for (int i = 0; i < SNAPSHOTS; i++) {
		struct profile *profile = profile_new();

		if (!profile)
			literal_check(-ENOMEM);
		profile->time_ns = (BEGIN + PERIOD * i) * SECOND;
		if (i)
			add_held(profile, "main.grow<x>&\"", "main.go", 3, i << 22);
		write_profile(profile, directory, "go", i);
	}
}

static void write_few(const char *directory)
{
	for (int i = 0; i < FEW; i++)
		write_profile(new_run(i + 1, i, 10, 1 << 20), directory, "restarts", i);
}

void series_write(const char *directory)
{
	char path[4096], file[4200];
	FILE *out;

	snprintf(path, sizeof(path), "%s/store", directory);
	if (mkdir(path, 0755))
		literal_check(-errno);
	write_windows(path);
	write_replaced(path);
	write_snapshots(path);
	write_clock(path);
	write_foreign(path);
	write_few(path);
	write_sources(path);
	write_beside(path);
	write_rebooted(path);
	snprintf(file, sizeof(file), "%s/lru/notes.txt", path);
	out = fopen(file, "w");
	if (!out || fputs("no profile\n", out) < 0 || fclose(out))
		literal_check(-EIO);
}
