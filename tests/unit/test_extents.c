// SPDX-License-Identifier: Apache-2.0
/*
 * The book of mapped ranges against a model that keeps every page by itself: random changes, and
 * after each the same pages, bytes of every take, and takes that are there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collect/extents.h"

#define PAGE	 4096ULL
#define NR_PAGES 64
#define NR_SITES 100000
#define BASE	 (1ULL << 40)

/* A page is of the call with that number, which is its site: each call has one of its own. */
struct page {
	uint32_t site; /* 0: not mapped, or not known */
	bool reserved;
};

struct model {
	struct page pages[NR_PAGES];
	uint64_t allowed; /* bytes that came to count by extents_allow() */
	uint32_t nr_first;
};

static uint64_t at(unsigned int page)
{
	return BASE + page * PAGE;
}

static void check(const struct extents *extents, const struct model *model)
{
	static uint64_t bytes[NR_SITES], got[NR_SITES];

	memset(bytes, 0, sizeof(bytes));
	memset(got, 0, sizeof(got));
	for (unsigned int i = 0; i < NR_PAGES; i++) {
		const struct extent *piece = extents_find(extents, at(i) + 5);
		const struct page *page = &model->pages[i];

		assert_int_equal(!!piece, !!page->site);
		if (!piece)
			continue;
		assert_int_equal(extents->takes[piece->take].site, page->site);
		assert_int_equal(piece->reserved, page->reserved);
		if (!page->reserved)
			bytes[page->site] += PAGE;
	}
	for (uint32_t i = 0; i < extents->nr_takes; i++)
		if (extents->takes[i].bytes)
			got[extents->takes[i].site] += extents->takes[i].bytes;
	assert_memory_equal(bytes, got, sizeof(bytes));
	for (uint32_t i = 0; i + 1 < extents->nr; i++) {
		const struct extent *a = &extents->all[i], *b = a + 1;

		assert_true(a->start < a->end && a->end <= b->start);
	}
}

static void counted(void *arg, uint32_t site, uint64_t bytes, bool first)
{
	struct model *model = arg;

	assert_true(site > 0);
	model->allowed += bytes;
	model->nr_first += first;
}

static void add(struct extents *extents, struct model *model, unsigned int from, unsigned int to,
		uint32_t site)
{
	bool reserved = random() % 3 == 0;

	assert_int_equal(extents_add(extents, at(from), at(to), site, 0, reserved), 0);
	for (unsigned int i = from; i < to; i++)
		model->pages[i] = (struct page){site, reserved};
}

/* Out of the book, and perhaps elsewhere into it, less of it, or back. */
static void move(struct extents *extents, struct model *model, unsigned int from, unsigned int to)
{
	unsigned int nr = to - from, kept = random() % (nr + 1);
	unsigned int where = random() % (NR_PAGES - nr + 1);
	struct page taken[NR_PAGES];
	struct extent_list list = {0};

	memcpy(taken, model->pages + from, nr * sizeof(*taken));
	memset(model->pages + from, 0, nr * sizeof(*taken));
	assert_int_equal(extents_take(extents, at(from), at(to), &list), 0);
	check(extents, model);
	if (random() % 4 == 0) {
		extents_drop(extents, &list);
		return;
	}
	assert_int_equal(extents_put(extents, &list, at(from), at(from + kept),
				     ((int64_t)where - from) * (int64_t)PAGE),
			 0);
	assert_null(list.all);
	for (unsigned int i = 0; i < kept; i++)
		if (taken[i].site)
			model->pages[where + i] = taken[i];
}

static void allow(struct extents *extents, struct model *model, unsigned int from, unsigned int to)
{
	uint64_t bytes = 0;

	model->allowed = 0;
	for (unsigned int i = from; i < to; i++) {
		bytes += model->pages[i].site && model->pages[i].reserved ? PAGE : 0;
		model->pages[i].reserved = false;
	}
	assert_int_equal(extents_allow(extents, at(from), at(to), 0, counted, model), 0);
	assert_int_equal(model->allowed, bytes);
}

static void test_random(void **state)
{
	struct extents extents = {0};
	struct model model = {0};

	(void)state;
	srandom(1);
	for (uint32_t n = 1; n < 30000; n++) {
		unsigned int from = random() % NR_PAGES, to = from + random() % (NR_PAGES - from);

		switch (random() % 5) {
		case 0:
		case 1:
			add(&extents, &model, from, to, n);
			break;
		case 2:
			memset(model.pages + from, 0, (to - from) * sizeof(*model.pages));
			assert_int_equal(extents_take(&extents, at(from), at(to), NULL), 0);
			break;
		case 3:
			move(&extents, &model, from, to);
			break;
		case 4:
			allow(&extents, &model, from, to);
			break;
		}
		check(&extents, &model);
	}
	/* rows of calls that are gone serve again */
	assert_true(extents.nr_takes <= 2 * NR_PAGES);
	extents_done(&extents);
}

/* A take stays one until its last byte is gone, and parts of one side by side are one piece. */
static void test_takes(void **state)
{
	struct model model = {0};
	struct extents extents = {0};

	(void)state;
	extents_add(&extents, at(0), at(8), 7, 1, true);
	assert_int_equal(extents.takes[0].bytes, 0);
	extents_allow(&extents, at(0), at(2), 50, counted, &model);
	extents_allow(&extents, at(2), at(4), 90, counted, &model);
	assert_int_equal(model.nr_first, 1);
	assert_int_equal(extents.nr, 2);
	assert_int_equal(extents.takes[0].bytes, 4 * PAGE);
	assert_int_equal(extents.takes[0].time_ms, 50);
	extents_take(&extents, at(0), at(7), NULL);
	assert_int_equal(extents.takes[0].nr_extents, 1);
	extents_take(&extents, at(7), at(8), NULL);
	assert_int_equal(extents.takes[0].nr_extents, 0);
	assert_int_equal(extents.nr, 0);
	extents_take(&extents, at(0), at(NR_PAGES), NULL);
	extents_add(&extents, at(1), at(2), 9, 1, false);
	assert_int_equal(extents.nr_takes, 1);
	extents_done(&extents);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
