// SPDX-License-Identifier: Apache-2.0
/*
 * A munmap is told of when it begins, and again only when it failed: what it took is kept until
 * the same thread does something else, or so many other threads have begun one.
 */
#include "collect/mapped_book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNMAPS_KEPT 64

struct counting {
	struct mapped_book *book;
	const struct ht_mapping_event *event;
	void (*counted)(void *arg, uint32_t site, uint64_t bytes, bool first);
	void *arg;
};

static int add(const struct counting *counting, uint64_t start, uint64_t end, bool reserved)
{
	const struct ht_mapping_event *event = counting->event;
	int err = extents_add(&counting->book->extents, start, end, event->site, event->time_ms,
			      reserved);

	if (!err && !reserved)
		counting->counted(counting->arg, event->site, end - start, true);
	return err;
}

/* --- what calls under way have taken -----------------------------------------------------------
 */

static void settle(struct mapped_book *book, uint32_t index)
{
	struct mapped_transit *transit = &book->transits[index];

	extents_drop(&book->extents, &transit->list);
	memmove(transit, transit + 1, (book->nr_transits - index - 1) * sizeof(*transit));
	book->nr_transits--;
}

static void settle_thread(struct mapped_book *book, uint32_t tid)
{
	for (uint32_t i = book->nr_transits; i-- > 0;)
		if (book->transits[i].tid == tid)
			settle(book, i);
}

static void settle_oldest(struct mapped_book *book)
{
	uint32_t oldest = UINT32_MAX, nr = 0;

	for (uint32_t i = book->nr_transits; i-- > 0;)
		if (!book->transits[i].mremap) {
			oldest = i;
			nr++;
		}
	if (nr > UNMAPS_KEPT)
		settle(book, oldest);
}

static int begin(struct mapped_book *book, const struct ht_mapping_event *event)
{
	struct mapped_transit *all, *transit;
	int err;

	settle_oldest(book);
	all = reallocarray(book->transits, book->nr_transits + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	book->transits = all;
	transit = &all[book->nr_transits];
	*transit = (struct mapped_transit){.tid = event->tid,
					   .mremap = event->flags & HT_MAPPING_MREMAP,
					   .start = event->start,
					   .size = event->size};
	err = extents_take(&book->extents, event->start, event->start + event->size,
			   &transit->list);
	/* of what nobody knew nothing is to be put back */
	if (!err && (transit->list.nr || transit->mremap))
		book->nr_transits++;
	return err;
}

/* What the call of @event's thread took when it began. When that was not seen: what is there. */
static int end(struct mapped_book *book, const struct ht_mapping_event *event, uint64_t start,
	       uint64_t size, struct extent_list *ret)
{
	for (uint32_t i = 0; i < book->nr_transits; i++) {
		struct mapped_transit *transit = &book->transits[i];

		if (transit->tid != event->tid || transit->start != start || transit->size != size)
			continue;
		*ret = transit->list;
		transit->list = (struct extent_list){0};
		settle(book, i);
		return 0;
	}
	return extents_take(&book->extents, start, start + size, ret);
}

/* --- calls -------------------------------------------------------------------------------------
 */

static int restore(struct mapped_book *book, const struct ht_mapping_event *event)
{
	struct extent_list list = {0};
	int err = end(book, event, event->start, event->size, &list);

	return err ?: extents_put(&book->extents, &list, 0, UINT64_MAX, 0);
}

static int move(const struct counting *counting)
{
	const struct ht_mapping_event *event = counting->event;
	struct extents *extents = &counting->book->extents;
	uint64_t from = event->old, size = event->size, old_size = event->old_size;
	uint64_t stays = size < old_size ? size : old_size;
	const struct extent *last;
	struct extent_list list = {0};
	bool known, reserved, grown = size > old_size && old_size;
	int err = end(counting->book, event, from, old_size, &list);

	last = list.nr ? &list.all[list.nr - 1] : NULL;
	known = last && last->end == from + old_size;
	reserved = known && last->reserved;
	if (event->flags & HT_MAPPING_KEPT) {
		err = err ?: extents_put(extents, &list, 0, UINT64_MAX, 0);
		stays = 0;
		grown = true;
	}
	err = err ?: extents_take(extents, event->start, event->start + size, NULL);
	err = err
		      ?: extents_put(extents, &list, from, from + stays,
				     (int64_t)(event->start - from));
	if (err || !grown)
		return err;
	if (!known && event->flags & HT_MAPPING_UNSURE)
		counting->book->nr_unknown++;
	if (!known && !(event->flags & HT_MAPPING_COUNTED))
		return 0;
	return add(counting, event->start + stays, event->start + size, reserved);
}

static int take_event(const struct counting *counting)
{
	const struct ht_mapping_event *event = counting->event;
	struct mapped_book *book = counting->book;
	uint64_t start = event->start, stop = start + event->size;

	switch (event->kind) {
	case HT_MAPPING_ADD:
		if (event->flags & HT_MAPPING_COUNTED)
			return add(counting, start, stop, event->flags & HT_MAPPING_RESERVED);
		return extents_take(&book->extents, start, stop, NULL);
	case HT_MAPPING_TAKE:
		return begin(book, event);
	case HT_MAPPING_RESTORE:
		return restore(book, event);
	case HT_MAPPING_MOVE:
		return move(counting);
	case HT_MAPPING_BREAK:
		if (start > event->old)
			return add(counting, event->old, start, false);
		return extents_take(&book->extents, start, event->old, NULL);
	case HT_MAPPING_ALLOW:
		return extents_allow(&book->extents, start, stop, event->time_ms, counting->counted,
				     counting->arg);
	default:
		return 0;
	}
}

int mapped_book_take(struct mapped_book *book, const struct ht_mapping_event *event,
		     void (*counted)(void *arg, uint32_t site, uint64_t bytes, bool first),
		     void *arg)
{
	const struct counting counting = {book, event, counted, arg};

	if (event->kind != HT_MAPPING_RESTORE && event->kind != HT_MAPPING_MOVE)
		settle_thread(book, event->tid);
	return take_event(&counting);
}

void mapped_book_done(struct mapped_book *book)
{
	while (book->nr_transits)
		settle(book, book->nr_transits - 1);
	free(book->transits);
	extents_done(&book->extents);
	*book = (struct mapped_book){0};
}
