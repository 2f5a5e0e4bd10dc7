// SPDX-License-Identifier: Apache-2.0
/*
 * From events to ranges: what calls under way have taken, in the orders in which threads may come
 * back, calls that fail, events that were lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect/mapped_book.h"

#define PAGE	 4096ULL
#define AT(page) ((1ULL << 32) + (page)*PAGE)
#define NR_SITES 10

struct sums {
	uint64_t bytes[NR_SITES], objects[NR_SITES];
};

static void counted(void *arg, uint32_t site, uint64_t bytes, bool first)
{
	struct sums *sums = arg;

	sums->bytes[site] += bytes;
	sums->objects[site] += first;
}

static struct mapped_book book;
static struct sums sums;

static int setup(void **state)
{
	(void)state;
	sums = (struct sums){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mapped_book_done(&book);
	return 0;
}

static void take(struct ht_mapping_event event)
{
	assert_int_equal(mapped_book_take(&book, &event, counted, &sums), 0);
}

static void add(uint32_t tid, uint64_t page, uint64_t nr, uint32_t site)
{
	take((struct ht_mapping_event){.tid = tid,
				       .kind = HT_MAPPING_ADD,
				       .flags = HT_MAPPING_COUNTED,
				       .site = site,
				       .start = AT(page),
				       .size = nr * PAGE});
}

static void range(uint32_t tid, uint8_t kind, uint8_t flags, uint64_t page, uint64_t nr)
{
	take((struct ht_mapping_event){
		.tid = tid, .kind = kind, .flags = flags, .start = AT(page), .size = nr * PAGE});
}

static void move(uint32_t tid, uint8_t flags, uint64_t from, uint64_t old, uint64_t to, uint64_t nr)
{
	take((struct ht_mapping_event){.tid = tid,
				       .kind = HT_MAPPING_MOVE,
				       .flags = flags,
				       .site = 9,
				       .start = AT(to),
				       .size = nr * PAGE,
				       .old = AT(from),
				       .old_size = old * PAGE});
}

/* Pages of @site that are mapped. */
static uint64_t pages(uint32_t site)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < book.extents.nr_takes; i++)
		if (book.extents.takes[i].bytes && book.extents.takes[i].site == site)
			bytes += book.extents.takes[i].bytes;
	return bytes / PAGE;
}

/* Another thread gets what is being unmapped, and is back first. */
static void test_reuse(void **state)
{
	(void)state;
	add(1, 0, 10, 1);
	range(1, HT_MAPPING_TAKE, 0, 0, 10);
	add(2, 0, 10, 2);
	add(1, 20, 1, 1); /* what thread 1 does next */
	assert_int_equal(pages(1), 1);
	assert_int_equal(pages(2), 10);
	assert_int_equal(sums.bytes[1], 11 * PAGE);
	assert_int_equal(sums.objects[1], 2);
}

/* What was to be unmapped is there again, and is no second allocation. */
static void test_failed_unmap(void **state)
{
	(void)state;
	add(1, 0, 10, 1);
	range(1, HT_MAPPING_TAKE, 0, 4, 2);
	assert_int_equal(pages(1), 8);
	range(1, HT_MAPPING_RESTORE, 0, 4, 2);
	assert_int_equal(pages(1), 10);
	assert_int_equal(sums.objects[1], 1);
	assert_int_equal(book.extents.nr, 1);
	/* one that failed without having been seen to begin */
	range(1, HT_MAPPING_RESTORE, 0, 3, 20);
	assert_int_equal(pages(1), 10);
	assert_int_equal(book.nr_transits, 0);
}

/* mremap leaves, and another thread gets the old place before it is back. */
static void test_move(void **state)
{
	(void)state;
	add(1, 0, 10, 1);
	range(1, HT_MAPPING_TAKE, HT_MAPPING_MREMAP, 2, 4);
	add(2, 2, 4, 2);
	range(2, HT_MAPPING_TAKE, 0, 2, 1);
	move(1, HT_MAPPING_COUNTED, 2, 4, 50, 7);
	assert_int_equal(pages(1), 10);
	assert_int_equal(pages(2), 3);
	assert_int_equal(pages(9), 3);
	assert_int_equal(extents_find(&book.extents, AT(53))->take,
			 extents_find(&book.extents, AT(0))->take);
	range(1, HT_MAPPING_TAKE, 0, 50, 7);
	assert_int_equal(pages(1), 6);
	assert_int_equal(pages(9), 0);
	assert_int_equal(sums.objects[9], 1);
}

/* The beginning of a move was lost: what is there moves. */
static void test_move_alone(void **state)
{
	(void)state;
	add(1, 0, 10, 1);
	move(1, HT_MAPPING_COUNTED, 0, 10, 30, 4);
	assert_int_equal(pages(1), 4);
	assert_null(extents_find(&book.extents, AT(0)));
	assert_non_null(extents_find(&book.extents, AT(33)));
	range(1, HT_MAPPING_TAKE, HT_MAPPING_MREMAP, 30, 4);
	range(1, HT_MAPPING_RESTORE, 0, 30, 4);
	assert_int_equal(pages(1), 4);
}

/* What grows counts when it is anonymous; that is looked up, or known from the book. */
static void test_growth(void **state)
{
	(void)state;
	move(1, 0, 0, 4, 0, 8);
	assert_int_equal(pages(9), 0);
	move(1, HT_MAPPING_COUNTED, 20, 4, 20, 8);
	assert_int_equal(pages(9), 4);
	assert_int_equal(book.nr_unknown, 0);
	move(1, HT_MAPPING_UNSURE, 40, 4, 40, 8);
	assert_int_equal(pages(9), 4);
	assert_int_equal(book.nr_unknown, 1);
	add(1, 60, 4, 1);
	move(1, HT_MAPPING_UNSURE, 60, 4, 60, 8);
	assert_int_equal(pages(9), 8);
	assert_int_equal(book.nr_unknown, 1);
	/* reserved stays reserved, also what is added */
	take((struct ht_mapping_event){.kind = HT_MAPPING_ADD,
				       .flags = HT_MAPPING_COUNTED | HT_MAPPING_RESERVED,
				       .site = 3,
				       .start = AT(80),
				       .size = 4 * PAGE});
	move(1, HT_MAPPING_COUNTED, 80, 4, 80, 8);
	assert_int_equal(pages(3) + pages(9), 8);
	range(1, HT_MAPPING_ALLOW, 0, 83, 2);
	assert_int_equal(pages(3), 1);
	assert_int_equal(pages(9), 9);
}

static void test_kept(void **state)
{
	(void)state;
	add(1, 0, 4, 1);
	range(1, HT_MAPPING_TAKE, HT_MAPPING_MREMAP, 0, 4);
	move(1, HT_MAPPING_COUNTED | HT_MAPPING_KEPT, 0, 4, 20, 4);
	assert_int_equal(pages(1), 4);
	assert_int_equal(pages(9), 4);
	assert_int_equal(sums.objects[1] + sums.objects[9], 2);
}

static void brk_to(uint64_t from, uint64_t to, uint32_t site)
{
	take((struct ht_mapping_event){
		.kind = HT_MAPPING_BREAK, .site = site, .start = AT(to), .old = AT(from)});
}

static void test_break(void **state)
{
	(void)state;
	brk_to(0, 4, 1);
	brk_to(4, 6, 2);
	brk_to(6, 3, 0);
	assert_int_equal(pages(1), 3);
	assert_int_equal(pages(2), 0);
	brk_to(3, 5, 2);
	assert_int_equal(pages(2), 2);
	assert_int_equal(sums.objects[2], 2);
}

/* Threads that unmap and end do not pile up. */
static void test_many_threads(void **state)
{
	(void)state;
	for (uint32_t tid = 0; tid < 1000; tid++) {
		add(tid, tid, 1, 1);
		range(tid, HT_MAPPING_TAKE, 0, tid, 1);
	}
	assert_true(book.nr_transits <= 66);
	assert_int_equal(pages(1), 0);
	range(999, HT_MAPPING_RESTORE, 0, 999, 1);
	assert_int_equal(pages(1), 1);
	assert_int_equal(sums.objects[1], 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reuse),  TEST(failed_unmap), TEST(move),  TEST(move_alone),
		TEST(growth), TEST(kept),	  TEST(break), TEST(many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
