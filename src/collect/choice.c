// SPDX-License-Identifier: Apache-2.0
/* Without the dynamic linker's list nothing is left out: what is not called is not hit either. */
#include "collect/choice.h"

#include <errno.h>

#include "proc/link_map.h"

const char *choice_reason_text(enum choice_reason reason)
{
	static const char *const texts[] = {
		[CHOICE_UNMAPPED] = "not mapped",
		[CHOICE_ONLY] = "the only one",
		[CHOICE_FIRST] = "first in the link order",
		[CHOICE_OWN_NAMES] = "called by names of its own",
		[CHOICE_UNKNOWN] = "the link order is not known",
		[CHOICE_INTERPOSED] = "not used: another malloc comes first in the link order",
	};

	return texts[reason];
}

/* Where in the order @object is; UINT32_MAX when it is not mapped or its place is not known. */
static uint32_t place_of(const struct space *space, const struct object *object,
			 const struct link_map_order *order, bool *ret_mapped)
{
	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		const struct mapping *mapping = &space->mappings[i];

		if (mapping->object != object || !mapping->live)
			continue;
		*ret_mapped = true;
		return link_map_place(order, mapping->start);
	}
	*ret_mapped = false;
	return UINT32_MAX;
}

int choice_make(const struct space *space, const struct probes *const *all, unsigned int nr,
		struct choice *ret)
{
	uint32_t places[HT_MAX_ALLOCATORS], first = UINT32_MAX;
	unsigned int nr_c = 0;
	struct link_map_order order;
	int err = link_map_read(space->pid, &order);

	*ret = (struct choice){0};
	if (err == -ENOMEM)
		return err;
	for (unsigned int i = 0; i < nr; i++) {
		bool mapped;

		places[i] = place_of(space, all[i]->object, &order, &mapped);
		ret->reasons[i] = mapped ? CHOICE_OWN_NAMES : CHOICE_UNMAPPED;
		if (!mapped || !all[i]->has_c)
			continue;
		ret->reasons[i] = CHOICE_UNKNOWN;
		nr_c++;
		if (places[i] < first)
			first = places[i];
	}
	link_map_done(&order);
	for (unsigned int i = 0; i < nr; i++) {
		if (ret->reasons[i] != CHOICE_UNKNOWN)
			continue;
		if (nr_c == 1)
			ret->reasons[i] = CHOICE_ONLY;
		else if (first != UINT32_MAX && places[i] == first)
			ret->reasons[i] = CHOICE_FIRST;
		else if (first != UINT32_MAX && places[i] != UINT32_MAX)
			ret->reasons[i] =
				all[i]->has_prefixed ? CHOICE_OWN_NAMES : CHOICE_INTERPOSED;
		if (ret->reasons[i] == CHOICE_INTERPOSED)
			ret->unused |= 1ULL << i;
	}
	return 0;
}
