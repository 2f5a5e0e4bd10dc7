// SPDX-License-Identifier: Apache-2.0
/* One function for each line; the order of the lines is in summary_head() and summary_foot(). */
#include "export/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export/text.h"
#include "heaptap/wire.h"

#define LOSS_PREFIX "lost_"

#define RED_BOLD "\033[1;31m"
#define RESET	 "\033[0m"

static const struct loss {
	const char *name, *text;
	bool partial; /* no bytes are missing, only parts of stacks */
} losses[] = {
#define X(name, text) {#name, text, HT_LOSS_##name >= HT_NR_DATA_LOSSES},
	HT_LOSSES(X)
#undef X
};

const char *summary_loss_name(const char *key)
{
	size_t length = sizeof(LOSS_PREFIX) - 1;

	return strncmp(key, LOSS_PREFIX, length) ? NULL : key + length;
}

static const struct loss *find_loss(const char *name)
{
	for (size_t i = 0; i < HT_NR_LOSSES; i++)
		if (!strcmp(losses[i].name, name))
			return &losses[i];
	return NULL;
}

static void put_word(FILE *out, const struct export_options *options, const char *word,
		     const char *where)
{
	fprintf(out, "%s%s:%s %s", options->color ? RED_BOLD : "", word,
		options->color ? RESET : "", where);
}

/* What is missing, then what is only in part there. A counter of a newer version is shown by its
 * name, as the worse of the two. */
static void put_losses(const struct profile *profile, const struct export_options *options,
		       const char *where, bool partial, FILE *out)
{
	const char *samples = profile_note(profile, "samples");

	for (uint32_t i = 0; i < profile->nr_notes; i++) {
		const struct profile_note *note = &profile->notes[i];
		const char *name = summary_loss_name(note->key);
		const struct loss *loss = name ? find_loss(name) : NULL;

		if (!name || !strcmp(note->value, "0") || (loss && loss->partial) != partial)
			continue;
		put_word(out, options, partial ? "PARTIAL" : "LOST", where);
		text_put(out, note->value, 0);
		if (partial && samples) {
			fputs(" of ", out);
			text_put(out, samples, 0);
		}
		putc(' ', out);
		text_put(out, loss ? loss->text : name, 0);
		putc('\n', out);
	}
}

static void put_incomplete(const struct profile *profile, const struct export_options *options,
			   const char *where, FILE *out)
{
	const char *why = profile_note(profile, "incomplete");

	if (!why)
		return;
	put_word(out, options, "INCOMPLETE", where);
	text_put(out, why, 0);
	putc('\n', out);
}

void summary_losses(const struct profile *profile, const struct export_options *options,
		    const char *where, FILE *out)
{
	put_losses(profile, options, where, false, out);
	put_incomplete(profile, options, where, out);
	put_losses(profile, options, where, true, out);
}

static void put_note(const struct profile *profile, const char *key, const char *title, FILE *out)
{
	const char *value = profile_note(profile, key);

	if (!value || !*value)
		return;
	fprintf(out, "%-10s", title);
	text_put(out, value, 0);
	putc('\n', out);
}

static void put_recorded(const struct profile *profile, FILE *out)
{
	const char *version = profile_note(profile, "version");
	int64_t watched_ns = profile->duration_ns;
	char duration[TEXT_SIZE], date[64];
	time_t seconds = profile->time_ns / 1000000000;
	struct tm tm;

	profile_note_number(profile, "watched_ns", &watched_ns);
	if (watched_ns <= 0 && profile->time_ns <= 0)
		return;
	fprintf(out, "%-10s", "recorded");
	if (watched_ns > 0)
		fprintf(out, "%s", text_duration(duration, watched_ns));
	if (profile->time_ns > 0 && gmtime_r(&seconds, &tm) &&
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm))
		fprintf(out, "%s%s", watched_ns > 0 ? " until " : "", date);
	if (version) {
		fputs(" by heaptap ", out);
		text_put(out, version, 0);
	}
	putc('\n', out);
}

/* Which of another tool's numbers stand for memory in use, when it does not say so itself. */
static void put_foreign_type(const struct profile *profile, FILE *out)
{
	const char *type = profile_note(profile, "sample_type");

	if (type) {
		fputs("; inuse is its ", out);
		text_put(out, type, 0);
	}
	putc('\n', out);
}

/* The period of another tool's file says nothing sure, so it is not worded. */
static void put_source(const struct profile *profile, FILE *out)
{
	const char *source = profile_note(profile, "source");
	char bytes[TEXT_SIZE];

	fprintf(out, "%-10s", "source");
	if (!source) {
		fputs("not a recording of heaptap", out);
		put_foreign_type(profile, out);
		return;
	}
	text_put(out, source, 0);
	if (strchr(source, ',')) /* of several files: nothing is true of all of them */
		putc('\n', out);
	else if (profile->has_metric[METRIC_GC_PAUSES])
		fputs(", every garbage collection of V8, by the stack it came from\n", out);
	else if (profile->period > 1)
		fprintf(out,
			", one sample per %s allocated on average\n"
			"%-10serror is one standard error: 2 of 3 true values lie within it\n",
			text_bytes(bytes, profile->period), "");
	else
		fputs(", every allocation (exact)\n", out);
}

static void put_late(const struct profile *profile, FILE *out)
{
	const char *attached = profile_note(profile, "attached");
	int64_t watched_ns = profile->duration_ns;
	char duration[TEXT_SIZE];

	if (!attached || strcmp(attached, "late") != 0 || !profile->has_metric[METRIC_INUSE_SPACE])
		return;
	profile_note_number(profile, "watched_ns", &watched_ns);
	fprintf(out, "%-10sinuse: allocated in the %s since attaching, and not freed\n", "",
		text_duration(duration, watched_ns));
}

static void put_min_age(const struct profile *profile, FILE *out)
{
	char duration[TEXT_SIZE];
	int64_t ns;

	if (profile_note_number(profile, "min_age_ns", &ns) && ns > 0)
		fprintf(out, "%-10sinuse: without what is younger than %s\n", "",
			text_duration(duration, ns));
}

/* What is said of collections, and of JavaScript's allocations. */
static void put_v8(const struct profile *profile, FILE *out)
{
	int64_t collections, pause_ns, watched_ns = profile->duration_ns;
	char pause[TEXT_SIZE];

	put_note(profile, "weight", "weight", out);
	if (!profile_note_number(profile, "collections", &collections) ||
	    !profile_note_number(profile, "pause_ns", &pause_ns))
		return;
	profile_note_number(profile, "watched_ns", &watched_ns);
	fprintf(out, "%-10s%" PRId64 " collections, %s in pauses", "seen", collections,
		text_pause(pause, pause_ns));
	if (watched_ns > 0)
		fprintf(out, ": %.2f%% of the time", 100.0 * (double)pause_ns / (double)watched_ns);
	putc('\n', out);
}

static void put_counts(const struct profile *profile, FILE *out)
{
	int64_t allocs, frees, samples, complete;

	if (!profile_note_number(profile, "allocs", &allocs) ||
	    !profile_note_number(profile, "frees", &frees))
		return;
	fprintf(out, "%-10s%" PRId64 " allocations, %" PRId64 " frees", "seen", allocs, frees);
	if (profile->period > 1 && profile_note_number(profile, "samples", &samples))
		fprintf(out, ", %" PRId64 " sampled", samples);
	if (profile_note_number(profile, "samples", &samples) && samples > 0 &&
	    profile_note_number(profile, "complete_samples", &complete))
		fprintf(out, "; %.1f%% of the stacks are complete",
			100.0 * (double)complete / (double)samples);
	putc('\n', out);
}

/* Of a process in a container: which, and its pid there. */
static void put_container(const struct profile *profile, FILE *out)
{
	const char *container = profile_note(profile, "container");
	const char *pid = profile_note(profile, "inner_pid");

	if (!container && !pid)
		return;
	fprintf(out, "%-10s%s", "inside", container ?: "another pid namespace");
	if (pid)
		fprintf(out, ", as pid %s", pid);
	putc('\n', out);
}

void summary_head(const struct profile *profile, const struct export_options *options, FILE *out)
{
	summary_losses(profile, options, "", out);
	put_note(profile, "diff", "diff", out);
	put_note(profile, "target", "target", out);
	put_container(profile, out);
	put_recorded(profile, out);
	put_source(profile, out);
	put_late(profile, out);
	put_min_age(profile, out);
	put_counts(profile, out);
	put_v8(profile, out);
	put_note(profile, "shown", "shown", out);
}

/* Copies the value of "@key=..." out of a note of blank-separated pairs. */
static bool pair(const char *text, const char *key, char *value, size_t size)
{
	size_t length = strlen(key), skip;

	for (; *text; text += skip) {
		text += strspn(text, " ");
		skip = strcspn(text, " ");
		if (skip <= length || strncmp(text, key, length) != 0 || text[length] != '=' ||
		    skip - length - 1 >= size)
			continue;
		memcpy(value, text + length + 1, skip - length - 1);
		value[skip - length - 1] = '\0';
		return true;
	}
	return false;
}

static void put_cost(const struct profile *profile, FILE *out)
{
	const char *cost = profile_note(profile, "cost");
	char hits[32], ns[32], share[32];

	if (!cost)
		return;
	if (!pair(cost, "hits", hits, sizeof(hits)) || !pair(cost, "ns_per_hit", ns, sizeof(ns)) ||
	    !pair(cost, "share", share, sizeof(share))) {
		put_note(profile, "cost", "cost", out);
		return;
	}
	fprintf(out, "%-10s", "cost");
	text_put(out, share, 0);
	fputs(" of the target's CPU time: ", out);
	text_put(out, hits, 0);
	fputs(" probe hits of ", out);
	text_put(out, ns, 0);
	fputs(" ns\n", out);
}

static void put_all_notes(const struct profile *profile, FILE *out)
{
	for (uint32_t i = 0; i < profile->nr_notes; i++) {
		const struct profile_note *note = &profile->notes[i];

		fprintf(out, "%-10s", i ? "" : "notes");
		text_put(out, note->key, 0);
		if (*note->key)
			putc('=', out);
		text_put(out, note->value, 0);
		putc('\n', out);
	}
}

/* "1.5M in use" and, where V8's heap is known, how much that has grown. */
static void put_held(const struct profile *profile, int64_t native, char *text, size_t size)
{
	char bytes[TEXT_SIZE], heap[TEXT_SIZE];
	int64_t v8;

	text_bytes(bytes, native);
	if (profile_note_number(profile, "rss_v8", &v8) && v8 > 0)
		snprintf(text, size, "%s V8 heap and %s", text_bytes(heap, v8), bytes);
	else
		snprintf(text, size, "%s", bytes);
}

/* What is held explains a part of the growth; the rest is said, not attributed. */
static void put_rss(const struct profile *profile, FILE *out)
{
	char anon[TEXT_SIZE], change[TEXT_SIZE], held[2 * TEXT_SIZE + 16], rest[TEXT_SIZE];
	int64_t values[4];

	if (!profile_note_number(profile, "rss_anon", &values[0]) ||
	    !profile_note_number(profile, "rss_anon_change", &values[1]) ||
	    !profile_note_number(profile, "rss_explained", &values[2]) ||
	    !profile_note_number(profile, "rss_unexplained", &values[3]))
		return;
	put_held(profile, values[2], held, sizeof(held));
	fprintf(out, "%-10s%s anonymous memory, ", "rss", text_bytes(anon, values[0]));
	if (values[1] <= 0)
		fprintf(out, "%s less than at the start, with %s in use\n",
			text_bytes(change, values[1] > INT64_MIN ? -values[1] : INT64_MAX), held);
	else if (values[3] <= 0)
		fprintf(out, "%s more than at the start, with %s in use\n",
			text_bytes(change, values[1]), held);
	else
		fprintf(out, "%s more than at the start: %s in use, %s unexplained\n",
			text_bytes(change, values[1]), held, text_bytes(rest, values[3]));
}

void summary_foot(const struct profile *profile, const struct export_options *options, FILE *out)
{
	if (profile_note(profile, "cost") || profile_note(profile, "rss_anon") ||
	    (options->verbose && profile->nr_notes))
		putc('\n', out);
	put_cost(profile, out);
	put_rss(profile, out);
	if (options->verbose)
		put_all_notes(profile, out);
}
