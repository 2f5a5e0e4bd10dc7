// SPDX-License-Identifier: Apache-2.0
/* An array by site index, grown as sites appear; pcs and mappings of a stack are one allocation. */
#include "collect/stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *stack_end_name(enum ht_stack_end end)
{
	static const char *const names[] = {
#define X(name, text) #name,
		HT_STACK_ENDS(X)
#undef X
	};

	return end < HT_NR_STACK_ENDS ? names[end] : "unknown";
}

static int stacks_reserve(struct stacks *stacks, uint32_t nr)
{
	uint32_t size = stacks->nr ? stacks->nr : 256;
	struct stack *all;

	if (nr <= stacks->nr)
		return 0;
	while (size < nr)
		size *= 2;
	all = reallocarray(stacks->all, size, sizeof(*all));
	if (!all)
		return -ENOMEM;
	memset(all + stacks->nr, 0, (size - stacks->nr) * sizeof(*all));
	stacks->all = all;
	stacks->nr = size;
	return 0;
}

static int set_pcs(struct stack *stack, const void *pcs, uint32_t nr, const uint32_t *mappings)
{
	uint64_t *memory = malloc(nr * (sizeof(*stack->pcs) + sizeof(*stack->mappings)));

	if (!memory)
		return -ENOMEM;
	free(stack->pcs);
	stack->pcs = memory;
	stack->mappings = (uint32_t *)(stack->pcs + nr);
	stack->nr = nr;
	memcpy(stack->pcs, pcs, nr * sizeof(*stack->pcs));
	for (uint32_t i = 0; i < nr; i++)
		stack->mappings[i] = mappings ? mappings[i] : SPACE_NONE;
	return 0;
}

int stacks_add(struct stacks *stacks, const struct ht_stack_event *event, const uint32_t *mappings)
{
	const struct ht_stack_event_head *head = &event->head;
	struct stack *stack;
	int err = stacks_reserve(stacks, head->site + 1);

	if (err)
		return err;
	stack = &stacks->all[head->site];
	if (stack->nr)
		return 0;
	stack->tgid = head->event.tgid;
	stack->epoch = head->event.epoch;
	stack->probe = head->probe;
	stack->end = head->end;
	return set_pcs(stack, event->pcs, head->nr_pcs, mappings);
}

static void drop_places(struct stack *stack)
{
	free(stack->places);
	stack->places = NULL;
	stack->nr_places = 0;
}

int stacks_add_places(struct stacks *stacks, uint32_t site, const struct v8_resolver *resolver,
		      const struct js_place *places, uint32_t nr)
{
	int err = stacks_reserve(stacks, site + 1);
	struct stack *stack;

	if (err)
		return err;
	stack = &stacks->all[site];
	if (stack->nr || !nr)
		return 0;
	drop_places(stack);
	stack->places = malloc(nr * sizeof(*places));
	if (!stack->places)
		return -ENOMEM;
	memcpy(stack->places, places, nr * sizeof(*places));
	stack->nr_places = nr;
	stack->resolver = resolver;
	return 0;
}

int stacks_replace(struct stacks *stacks, uint32_t site, const uint64_t *pcs, uint32_t nr,
		   const uint32_t *mappings)
{
	int err;

	if (!stacks_at(stacks, site))
		return 0;
	drop_places(&stacks->all[site]);
	err = set_pcs(&stacks->all[site], pcs, nr, mappings);
	if (!err)
		stacks->all[site].end = HT_STACK_complete;
	return err;
}

const struct stack *stacks_at(const struct stacks *stacks, uint32_t site)
{
	if (site >= stacks->nr || !stacks->all[site].nr)
		return NULL;
	return &stacks->all[site];
}

void stacks_drop(struct stacks *stacks, uint32_t site)
{
	if (site >= stacks->nr)
		return;
	drop_places(&stacks->all[site]);
	free(stacks->all[site].pcs);
	stacks->all[site] = (struct stack){0};
}

void stacks_done(struct stacks *stacks)
{
	for (uint32_t i = 0; i < stacks->nr; i++)
		stacks_drop(stacks, i);
	free(stacks->all);
	memset(stacks, 0, sizeof(*stacks));
}
