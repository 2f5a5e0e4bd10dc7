// SPDX-License-Identifier: Apache-2.0
/* Without the dynamic linker's list nothing is left out: what is not called is not hit either. */
#include "collect/choice.h"

#include <errno.h>
#include <string.h>

#include "proc/link_map.h"

const char *choice_reason_text(enum choice_reason reason)
{
	static const char *const texts[] = {
		[CHOICE_TOLD] = "the process samples its allocations itself, and no other "
				"allocator of it is probed",
		[CHOICE_UNTOLD] = "not used: the process samples its allocations itself",
		[CHOICE_UNMAPPED] = "not mapped",
		[CHOICE_ONLY] = "the only one",
		[CHOICE_FIRST] = "first in the link order",
		[CHOICE_OWN_NAMES] = "called by names of its own",
		[CHOICE_UNKNOWN] = "the link order is not known",
		[CHOICE_PARTLY] = "used for what the first in the link order does not define",
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

struct choosing {
	const struct probes *const *all;
	unsigned int nr;
	uint32_t places[HT_MAX_ALLOCATORS]; /* UINT32_MAX: not known */
};

/* Does another allocator before number @which define @symbol? */
static bool is_interposed(const struct choosing *choosing, unsigned int which, const char *symbol)
{
	for (unsigned int i = 0; i < choosing->nr; i++) {
		const struct probes *other = choosing->all[i];

		if (!other->has_c || choosing->places[i] >= choosing->places[which])
			continue;
		for (unsigned int k = 0; k < other->nr; k++)
			if (!strcmp(probe_symbol(&other->probes[k]), symbol))
				return true;
	}
	return false;
}

/* Of the probes of number @which, by their numbers, those that are there in vain. A function is in
 * use when one of its names is. */
static uint64_t interposed_probes(const struct choosing *choosing, unsigned int which,
				  uint64_t *ret_all)
{
	const struct probes *probes = choosing->all[which];
	uint64_t used = 0, all = 0;

	for (unsigned int i = 0; i < probes->nr; i++) {
		const struct probe *probe = &probes->probes[i];
		enum allocator_names names = allocator_functions[probe->function].names;
		const struct probe *probed = probes_at_vaddr(probes, probe->vaddr);

		if (!probed)
			continue;
		all |= 1ULL << (probed->number - probes->first);
		if (names > NAMES_OPERATOR || !is_interposed(choosing, which, probe_symbol(probe)))
			used |= 1ULL << (probed->number - probes->first);
	}
	*ret_all = all;
	return all & ~used;
}

/* One whose everyday functions are all interposed has only oddities such as pvalloc left. */
static bool has_no_say(const struct choosing *choosing, unsigned int which)
{
	static const char *const everyday[] = {"malloc", "calloc", "realloc", "free"};

	for (size_t i = 0; i < sizeof(everyday) / sizeof(everyday[0]); i++)
		if (!is_interposed(choosing, which, everyday[i]))
			return false;
	return !choosing->all[which]->has_prefixed;
}

static enum choice_reason choose(const struct choosing *choosing, unsigned int which,
				 unsigned int nr_c, struct choice *choice)
{
	const struct probes *probes = choosing->all[which];
	uint64_t all, interposed;

	if (nr_c == 1)
		return CHOICE_ONLY;
	if (choosing->places[which] == UINT32_MAX)
		return CHOICE_UNKNOWN;
	interposed = interposed_probes(choosing, which, &all);
	if (!interposed)
		return CHOICE_FIRST;
	if (interposed == all || has_no_say(choosing, which)) {
		choice->unused.allocators |= 1ULL << which;
		return CHOICE_INTERPOSED;
	}
	/* of a second such allocator all is taken to be used */
	if (!choice->unused.partly) {
		choice->unused.partly = which + 1;
		choice->unused.partly_probes = interposed;
	}
	return probes->has_prefixed ? CHOICE_OWN_NAMES : CHOICE_PARTLY;
}

/* Where a process tells of its allocations itself nobody else is asked, nor what other processes
 * bring in later. */
static bool choose_told(const struct probes *const *all, unsigned int nr, struct choice *choice)
{
	uint64_t told = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (all[i]->told && choice->reasons[i] != CHOICE_UNMAPPED)
			told |= 1ULL << i;
	if (!told)
		return false;
	choice->unused.allocators = ~told;
	for (unsigned int i = 0; i < nr; i++)
		if (choice->reasons[i] != CHOICE_UNMAPPED)
			choice->reasons[i] = all[i]->told ? CHOICE_TOLD : CHOICE_UNTOLD;
	return true;
}

int choice_make(const struct space *space, const struct probes *const *all, unsigned int nr,
		struct choice *ret)
{
	struct choosing choosing = {.all = all, .nr = nr};
	struct link_map_order order;
	unsigned int nr_c = 0;
	int err = link_map_read(space->pid, &order);

	*ret = (struct choice){0};
	if (err == -ENOMEM)
		return err;
	for (unsigned int i = 0; i < nr; i++) {
		bool mapped;

		choosing.places[i] = place_of(space, all[i]->object, &order, &mapped);
		ret->reasons[i] = mapped ? CHOICE_OWN_NAMES : CHOICE_UNMAPPED;
		if (!mapped || !all[i]->has_c)
			continue;
		ret->reasons[i] = CHOICE_UNKNOWN;
		nr_c++;
	}
	link_map_done(&order);
	if (choose_told(all, nr, ret))
		return 0;
	for (unsigned int i = 0; i < nr; i++)
		if (ret->reasons[i] == CHOICE_UNKNOWN)
			ret->reasons[i] = choose(&choosing, i, nr_c, ret);
	return 0;
}
