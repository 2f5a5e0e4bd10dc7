// SPDX-License-Identifier: Apache-2.0
/* A loss of either profile is a loss of the difference. */
#include "profile/diff_notes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOSS_PREFIX "lost_"

int64_t diff_notes_watched_ns(const struct profile *profile)
{
	int64_t ns;

	if (profile_note_number(profile, "watched_ns", &ns) && ns > 0)
		return ns;
	return profile->duration_ns > 0 ? profile->duration_ns : 0;
}

/* Counters are added up; of what is no number both texts are kept. */
static int add_losses(struct profile *diff, const struct profile *from)
{
	int err = 0;

	for (uint32_t i = 0; i < from->nr_notes && !err; i++) {
		const struct profile_note *note = &from->notes[i];
		const char *known = profile_note(diff, note->key);
		int64_t a, b, sum;

		if (strncmp(note->key, LOSS_PREFIX, strlen(LOSS_PREFIX)) != 0)
			continue;
		if (!known)
			err = profile_set_note(diff, note->key, "%s", note->value);
		else if (profile_note_number(diff, note->key, &a) &&
			 profile_note_number(from, note->key, &b) &&
			 !__builtin_add_overflow(a, b, &sum))
			err = profile_set_note(diff, note->key, "%" PRId64, sum);
		else
			err = profile_set_note(diff, note->key, "%s and %s", known, note->value);
	}
	return err;
}

static int add_incomplete(struct profile *diff, const char *base, const char *new)
{
	if (!base && !new)
		return 0;
	return profile_set_note(diff, "incomplete", "%s%s%s%s%s", base ? "BASE: " : "", base ?: "",
				base && new ? "; " : "", new ? "NEW: " : "", new ?: "");
}

/* What both say, or only one of them. */
static int set_common(struct profile *diff, const struct profile *base, const struct profile *new,
		      const char *key)
{
	const char *a = profile_note(base, key), *b = profile_note(new, key);

	if ((!a && !b) || (a && b && strcmp(a, b) != 0))
		return 0;
	return profile_set_note(diff, key, "%s", b ?: a);
}

int diff_notes_set(struct profile *diff, const struct profile *base, const struct profile *new,
		   bool several, bool per_second)
{
	const char *target = profile_note(new, "target"), *old = profile_note(base, "target");
	const char *comm = profile_note(new, "comm");
	int err;

	err = profile_set_note(diff, "diff", "NEW minus BASE%s", per_second ? ", per second" : "");
	if (target)
		err = err ?: profile_set_note(diff, "target", "%s", target);
	if (old)
		err = err ?: profile_set_note(diff, "base_target", "%s", old);
	if (several)
		err = err
			      ?: profile_set_note(diff, "targets", "%s",
						  profile_note(new, "targets") ?: "2");
	else if (comm)
		err = err ?: profile_set_note(diff, "comm", "%s", comm);
	err = err ?: set_common(diff, base, new, "source");
	err = err ?: set_common(diff, base, new, "version");
	err = err ?: add_losses(diff, base);
	err = err ?: add_losses(diff, new);
	return err
		       ?: add_incomplete(diff, profile_note(base, "incomplete"),
					 profile_note(new, "incomplete"));
}
