// SPDX-License-Identifier: Apache-2.0
/* An array by site index, grown as sites appear; pcs and mappings of a stack are one allocation. */
#include "collect/stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int stacks_add(struct stacks *stacks, const struct ht_stack_event *event, const struct space *space)
{
	const struct ht_stack_event_head *head = &event->head;
	struct stack *stack;
	int err = stacks_reserve(stacks, head->site + 1);

	if (err)
		return err;
	stack = &stacks->all[head->site];
	if (stack->nr)
		return 0;
	stack->pcs = malloc(head->nr_pcs * (sizeof(*stack->pcs) + sizeof(*stack->mappings)));
	if (!stack->pcs)
		return -ENOMEM;
	stack->mappings = (uint32_t *)(stack->pcs + head->nr_pcs);
	memcpy(stack->pcs, event->pcs, head->nr_pcs * sizeof(*stack->pcs));
	for (uint32_t i = 0; i < head->nr_pcs; i++)
		stack->mappings[i] = space ? space_find(space, stack->pcs[i] - 1) : SPACE_NONE;
	stack->tgid = head->event.tgid;
	stack->epoch = head->event.epoch;
	stack->probe = head->probe;
	stack->end = head->end;
	stack->nr = head->nr_pcs;
	return 0;
}

void stacks_bind(struct stacks *stacks, uint32_t epoch, const struct space *space)
{
	for (uint32_t i = 0; i < stacks->nr; i++) {
		struct stack *stack = &stacks->all[i];

		for (int k = 0; k < stack->nr && stack->epoch == epoch; k++)
			if (stack->mappings[k] == SPACE_NONE)
				stack->mappings[k] = space_find(space, stack->pcs[k] - 1);
	}
}

const struct stack *stacks_at(const struct stacks *stacks, uint32_t site)
{
	if (site >= stacks->nr || !stacks->all[site].nr)
		return NULL;
	return &stacks->all[site];
}

void stacks_done(struct stacks *stacks)
{
	for (uint32_t i = 0; i < stacks->nr; i++)
		free(stacks->all[i].pcs);
	free(stacks->all);
	memset(stacks, 0, sizeof(*stacks));
}
