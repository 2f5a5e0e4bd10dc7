// SPDX-License-Identifier: Apache-2.0
/* Sums and their words. */
#include "cmd/rss.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "export/text.h"

#define SMALLEST_SPACE (64 << 10) /* a change below it is not worth a word */

void rss_account(const struct session *session, const struct snapshot *snapshot, struct rss *ret)
{
	struct javascript_report javascript;
	struct session_sums sums;
	struct site_totals total;

	session_sums(session, &sums);
	snapshot_total(snapshot, &total);
	*ret = (struct rss){
		.pages = session_v8(session)->source == SOURCE_PAGE,
		.native = llround(total.inuse_bytes - snapshot->mmaps.bytes),
		.anon = sums.rss_anon,
		.swap = sums.swap,
		.change = sums.rss_anon_change,
	};
	if (!ret->pages) /* of a page it is not asked whose it is */
		ret->native -= llround(snapshot->pages.resident);
	ret->rest = ret->change - ret->native;
	if (ret->pages)
		return;
	session_javascript(session, &javascript);
	ret->has_v8 = javascript.nr_heaps;
	ret->v8_heap = javascript.committed;
	for (int i = 0; i < V8_NR_SPACES; i++) {
		ret->spaces[i] = javascript.space_changes[i];
		ret->v8 += ret->spaces[i];
	}
	ret->rest -= ret->v8;
}

static int note_spaces(struct profile *profile, const struct rss *rss)
{
	int err = profile_set_note(profile, "v8_heap", "%" PRIu64, rss->v8_heap);

	err = err ?: profile_set_note(profile, "rss_v8", "%" PRId64, rss->v8);

	for (int i = 0; i < V8_NR_SPACES && !err; i++) {
		char key[32];

		snprintf(key, sizeof(key), "rss_v8_%s", v8_space_name(i));
		err = profile_set_note(profile, key, "%" PRId64, rss->spaces[i]);
	}
	return err;
}

int rss_note(struct profile *profile, const struct rss *rss)
{
	int err = profile_set_note(profile, "rss_anon", "%" PRIu64, rss->anon);

	err = err ?: profile_set_note(profile, "swap", "%" PRIu64, rss->swap);
	err = err ?: profile_set_note(profile, "rss_anon_change", "%" PRId64, rss->change);
	err = err ?: profile_set_note(profile, "rss_explained", "%" PRId64, rss->native);
	if (!err && rss->has_v8)
		err = note_spaces(profile, rss);
	return err ?: profile_set_note(profile, "rss_unexplained", "%" PRId64, rss->rest);
}

/* "+1.2M" or "-300K". */
static const char *signed_bytes(char *buffer, size_t size, int64_t bytes)
{
	char text[TEXT_SIZE];

	snprintf(buffer, size, "%c%s", bytes < 0 ? '-' : '+', text_bytes(text, llabs(bytes)));
	return buffer;
}

void rss_describe(const struct rss *rss, char *text, size_t size)
{
	char change[TEXT_SIZE + 1], native[TEXT_SIZE + 1], v8[TEXT_SIZE + 1], rest[TEXT_SIZE + 1];
	FILE *out = fmemopen(text, size, "w");
	const char *separator = " (";

	if (!out) {
		*text = '\0';
		return;
	}
	fprintf(out, "%s since the start = %s %s",
		signed_bytes(change, sizeof(change), rss->change),
		signed_bytes(native, sizeof(native), rss->native),
		rss->pages ? "in pages" : "native");
	if (rss->has_v8)
		fprintf(out, " (with what JavaScript has outside its heap) %s V8 heap",
			signed_bytes(v8, sizeof(v8), rss->v8));
	for (int i = 0; i < V8_NR_SPACES; i++) {
		char space[TEXT_SIZE + 1];

		if (llabs(rss->spaces[i]) < SMALLEST_SPACE)
			continue;
		fprintf(out, "%s%s %s", separator, v8_space_name(i),
			signed_bytes(space, sizeof(space), rss->spaces[i]));
		separator = ", ";
	}
	fprintf(out, "%s %s the rest", *separator == ',' ? ")" : "",
		signed_bytes(rest, sizeof(rest), rss->rest));
	fclose(out);
}
