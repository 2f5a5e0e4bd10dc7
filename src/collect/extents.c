// SPDX-License-Identifier: Apache-2.0
/*
 * Every change is one splice: the pieces that touch a range give way to those that take their
 * place, room for which is made before anything is changed.
 */
#include "collect/extents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void extents_done(struct extents *extents)
{
	free(extents->all);
	free(extents->takes);
	memset(extents, 0, sizeof(*extents));
}

/* Room for @more pieces. 0 or -ENOMEM. */
static int reserve(struct extents *extents, uint32_t more)
{
	uint32_t max = extents->max ? 2 * extents->max : 16;
	struct extent *all;

	if (extents->nr + more <= extents->max)
		return 0;
	if (max < extents->nr + more)
		max = extents->nr + more;
	all = reallocarray(extents->all, max, sizeof(*all));
	if (!all)
		return -ENOMEM;
	extents->all = all;
	extents->max = max;
	return 0;
}

/* The first piece that ends behind @address. */
static uint32_t find(const struct extents *extents, uint64_t address)
{
	uint32_t low = 0, high = extents->nr;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (extents->all[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct extent *extents_find(const struct extents *extents, uint64_t address)
{
	uint32_t at = find(extents, address);

	return at < extents->nr && extents->all[at].start <= address ? &extents->all[at] : NULL;
}

/* --- takes -------------------------------------------------------------------------------------
 */

static int take_new(struct extents *extents, uint32_t site, uint32_t time_ms, uint32_t *ret)
{
	uint32_t nr = extents->free_take - 1;

	if (!extents->free_take && extents->nr_takes == extents->max_takes) {
		uint32_t max = extents->max_takes ? 2 * extents->max_takes : 16;
		struct extent_take *takes = reallocarray(extents->takes, max, sizeof(*takes));

		if (!takes)
			return -ENOMEM;
		extents->takes = takes;
		extents->max_takes = max;
	}
	if (extents->free_take)
		extents->free_take = extents->takes[nr].site;
	else
		nr = extents->nr_takes++;
	extents->takes[nr] = (struct extent_take){.site = site, .time_ms = time_ms};
	*ret = nr;
	return 0;
}

/* --- pieces of the book ------------------------------------------------------------------------
 */

static void enter(struct extents *extents, const struct extent *piece)
{
	struct extent_take *take = &extents->takes[piece->take];

	take->nr_extents++;
	if (!piece->reserved)
		take->bytes += piece->end - piece->start;
}

/* It is in the book no more, but still somewhere. */
static void leave(struct extents *extents, const struct extent *piece)
{
	if (!piece->reserved)
		extents->takes[piece->take].bytes -= piece->end - piece->start;
}

static void forget(struct extents *extents, const struct extent *piece)
{
	struct extent_take *take = &extents->takes[piece->take];

	if (--take->nr_extents)
		return;
	take->site = extents->free_take;
	extents->free_take = piece->take + 1;
}

/* Ends one piece at @address and begins another, when one reaches over it. There is room. */
static void split(struct extents *extents, uint64_t address)
{
	uint32_t at = find(extents, address);
	struct extent *piece = &extents->all[at];

	if (at == extents->nr || piece->start >= address)
		return;
	memmove(piece + 1, piece, (extents->nr - at) * sizeof(*piece));
	extents->nr++;
	piece[0].end = piece[1].start = address;
	extents->takes[piece->take].nr_extents++;
}

/* The pieces that lie in [@start, @end) from now on: from the first that is returned, *ret_nr. At
 * most two more than before; there is room. */
static uint32_t cut(struct extents *extents, uint64_t start, uint64_t end, uint32_t *ret_nr)
{
	uint32_t first;

	split(extents, start);
	split(extents, end);
	first = find(extents, start);
	for (*ret_nr = 0; first + *ret_nr < extents->nr; ++*ret_nr)
		if (extents->all[first + *ret_nr].start >= end)
			break;
	return first;
}

/* Makes one of pieces @at - 1 and @at where they are of one kind. True when it did. */
static bool merge(struct extents *extents, uint32_t at)
{
	struct extent *piece = extents->all + at;

	if (!at || at >= extents->nr || piece[-1].end != piece->start ||
	    piece[-1].take != piece->take || piece[-1].reserved != piece->reserved)
		return false;
	piece[-1].end = piece->end;
	extents->takes[piece->take].nr_extents--;
	memmove(piece, piece + 1, (extents->nr - at - 1) * sizeof(*piece));
	extents->nr--;
	return true;
}

static void remove_pieces(struct extents *extents, uint32_t first, uint32_t nr)
{
	struct extent *piece = extents->all + first;

	memmove(piece, piece + nr, (extents->nr - first - nr) * sizeof(*piece));
	extents->nr -= nr;
}

/* --- changes -----------------------------------------------------------------------------------
 */

int extents_take(struct extents *extents, uint64_t start, uint64_t end, struct extent_list *ret)
{
	uint32_t first, nr;

	if (start >= end || find(extents, start) == find(extents, end - 1)) {
		const struct extent *piece = start < end ? extents_find(extents, end - 1) : NULL;

		if (!piece) /* nothing is there: the most frequent case */
			return 0;
	}
	if (reserve(extents, 2))
		return -ENOMEM;
	if (ret) {
		nr = find(extents, end - 1) - find(extents, start) + 1;
		ret->all = calloc(nr, sizeof(*ret->all));
		if (!ret->all)
			return -ENOMEM;
	}
	first = cut(extents, start, end, &nr);
	for (uint32_t i = first; i < first + nr; i++) {
		leave(extents, &extents->all[i]);
		if (ret)
			ret->all[ret->nr++] = extents->all[i];
		else
			forget(extents, &extents->all[i]);
	}
	remove_pieces(extents, first, nr);
	return 0;
}

/* Into a gap. There is room. */
static void insert(struct extents *extents, const struct extent *piece)
{
	uint32_t at = find(extents, piece->start);

	memmove(extents->all + at + 1, extents->all + at,
		(extents->nr - at) * sizeof(*extents->all));
	extents->all[at] = *piece;
	extents->nr++;
	enter(extents, piece);
	merge(extents, at + 1);
	merge(extents, at);
}

int extents_add(struct extents *extents, uint64_t start, uint64_t end, uint32_t site,
		uint32_t time_ms, bool reserved)
{
	struct extent piece = {.start = start, .end = end, .reserved = reserved};

	if (start >= end)
		return 0;
	if (reserve(extents, 3) || take_new(extents, site, time_ms, &piece.take))
		return -ENOMEM;
	extents_take(extents, start, end, NULL); /* there is room for what it may split */
	insert(extents, &piece);
	return 0;
}

void extents_drop(struct extents *extents, struct extent_list *list)
{
	for (uint32_t i = 0; i < list->nr; i++)
		forget(extents, &list->all[i]);
	free(list->all);
	*list = (struct extent_list){0};
}

int extents_put(struct extents *extents, struct extent_list *list, uint64_t start, uint64_t end,
		int64_t shift)
{
	int err = 0;

	for (uint32_t i = 0; i < list->nr && !err; i++) {
		struct extent piece = list->all[i];

		piece.start = piece.start > start ? piece.start : start;
		piece.end = piece.end < end ? piece.end : end;
		if (piece.start >= piece.end)
			continue;
		piece.start += shift;
		piece.end += shift;
		err = reserve(extents, 3) ?: extents_take(extents, piece.start, piece.end, NULL);
		if (!err)
			insert(extents, &piece);
	}
	extents_drop(extents, list);
	return err;
}

int extents_allow(struct extents *extents, uint64_t start, uint64_t end, uint32_t time_ms,
		  void (*counted)(void *arg, uint32_t site, uint64_t bytes, bool first), void *arg)
{
	uint32_t first, nr;

	if (start >= end)
		return 0;
	if (reserve(extents, 2))
		return -ENOMEM;
	first = cut(extents, start, end, &nr);
	for (uint32_t i = first; i < first + nr; i++) {
		struct extent *piece = &extents->all[i];
		struct extent_take *take = &extents->takes[piece->take];
		uint64_t bytes = piece->end - piece->start;

		if (!piece->reserved)
			continue;
		piece->reserved = false;
		if (!take->bytes)
			take->time_ms = time_ms;
		counted(arg, take->site, bytes, !take->bytes);
		take->bytes += bytes;
	}
	for (uint32_t i = first + nr + 1; i-- > first;)
		merge(extents, i);
	return 0;
}
