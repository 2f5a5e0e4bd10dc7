// SPDX-License-Identifier: Apache-2.0
/* A ring of arrays, searched from the latest back. */
#include "collect/moments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heaptap/unwind.h"

int moments_add(struct moments *moments, const struct space *space, uint32_t version,
		uint32_t generation, bool stable)
{
	struct moment *moment = &moments->all[moments->next % MOMENTS_KEPT];
	uint32_t *live = space_live(space, &moment->nr);

	free(moment->live);
	moment->live = live;
	moment->version = version;
	moment->generation = HT_MOMENT_OF_GENERATION(generation);
	moment->stable = stable;
	moments->next++;
	return live ? 0 : -ENOMEM;
}

void moments_done(struct moments *moments)
{
	for (int i = 0; i < MOMENTS_KEPT; i++)
		free(moments->all[i].live);
	memset(moments, 0, sizeof(*moments));
}

static uint32_t find(const struct moment *moment, const struct space *space, uint64_t address)
{
	uint32_t low = 0, high = moment->nr;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct mapping *mapping = &space->mappings[moment->live[middle]];

		if (address < mapping->start)
			high = middle;
		else if (address >= mapping->end)
			low = middle + 1;
		else
			return moment->live[middle];
	}
	return SPACE_NONE;
}

bool moments_is_current(const struct moments *moments, uint32_t moment)
{
	const struct moment *latest = &moments->all[(moments->next - 1) % MOMENTS_KEPT];

	return moments->next && latest->live && latest->stable &&
	       latest->generation == HT_MOMENT_GENERATION(moment);
}

uint32_t moments_find(const struct moments *moments, const struct space *space, uint32_t moment,
		      uint64_t address)
{
	uint32_t version = HT_MOMENT_VERSION(moment), found;

	for (uint32_t i = 1; i <= MOMENTS_KEPT && i <= moments->next; i++) {
		const struct moment *m = &moments->all[(moments->next - i) % MOMENTS_KEPT];
		bool same_set = version && m->version == version;

		if (!m->live ||
		    !(same_set || (m->stable && m->generation == HT_MOMENT_GENERATION(moment))))
			continue;
		found = find(m, space, address);
		if (found != SPACE_NONE)
			return found;
	}
	return SPACE_NONE;
}
