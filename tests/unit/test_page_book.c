// SPDX-License-Identifier: Apache-2.0
/* The book of pages, beside the pagemap of this very process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/page_book.h"

#define PAGE RESIDENT_PAGE
#define HUGE RESIDENT_REGION

enum { THEN = 1000, LATER = 2000 };

struct sums {
	size_t nr;
	uint64_t bytes;
};

static void touched(void *arg, const struct page *page, uint32_t bytes)
{
	struct sums *sums = arg;

	sums->nr++;
	sums->bytes += (uint64_t)bytes * page->period;
}

static char *map(size_t size, int advice)
{
	char *p =
		mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	if (madvise(p, size, advice))
		assert_int_equal(errno, EINVAL); /* a kernel without huge pages */
	return p;
}

static unsigned long resident_pages(void)
{
	unsigned long size, pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%lu %lu", &size, &pages), 2);
	fclose(statm);
	return pages;
}

/* Does this kernel map one page of zeroes for all that is only read? Some virtual machines have
 * none. */
static bool has_zero_page(void)
{
	volatile char *p = map(HUGE, MADV_NOHUGEPAGE);
	unsigned long before = resident_pages();

	for (size_t i = 0; i < HUGE; i += PAGE)
		assert_int_equal(p[i], 0);
	return resident_pages() - before < HUGE / PAGE / 2;
}

static void add(struct page_book *book, const volatile char *p, uint32_t period, uint32_t time_ms)
{
	const struct ht_page_event event = {
		.address = (uintptr_t)p, .period = period, .time_ms = time_ms, .site = 1};

	assert_int_equal(page_book_add(book, &event), 0);
}

static struct sums check(struct page_book *book, bool all, uint32_t now_ms)
{
	struct sums sums = {0};

	assert_int_equal(page_book_check(book, getpid(), all, now_ms, touched, &sums), 0);
	return sums;
}

static uint64_t resident(const struct page_book *book)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < book->nr; i++)
		bytes += (uint64_t)book->pages[i].bytes * book->pages[i].period;
	return bytes;
}

static void pages_come_and_go(void **state)
{
	volatile char *p = map(HUGE, MADV_NOHUGEPAGE);
	struct page_book book = {0};
	struct sums sums;

	(void)state;
	for (int i = 0; i < 10; i++) {
		p[i * PAGE] = 1;
		add(&book, p + i * PAGE, 3, THEN);
	}
	sums = check(&book, false, LATER);
	assert_int_equal(sums.nr, 10);
	assert_int_equal(sums.bytes, 30 * PAGE);
	assert_int_equal(resident(&book), 30 * PAGE);
	assert_int_equal(madvise((char *)p, 4 * PAGE, MADV_DONTNEED), 0);
	assert_int_equal(check(&book, true, LATER).nr, 0);
	assert_int_equal(resident(&book), 18 * PAGE);
	page_book_done(&book);
}

static void a_later_fault_has_the_page(void **state)
{
	volatile char *p = map(HUGE, MADV_NOHUGEPAGE);
	struct page_book book = {0};

	(void)state;
	*p = 1;
	add(&book, p, 1, THEN);
	check(&book, false, LATER);
	add(&book, p, 5, THEN + 1);
	check(&book, false, LATER);
	check(&book, true, LATER);
	assert_int_equal(book.nr, 1);
	assert_int_equal(resident(&book), 5 * PAGE);
	page_book_done(&book);
}

static void what_was_only_read_is_not_resident(void **state)
{
	volatile char *p = map(HUGE, MADV_NOHUGEPAGE);
	struct page_book book = {0};

	(void)state;
	if (!has_zero_page()) {
		print_message("skipped: what is only read is resident here\n");
		skip();
	}
	assert_int_equal(*p, 0);
	add(&book, p, 1, THEN);
	assert_int_equal(check(&book, false, LATER).nr, 1);
	assert_int_equal(resident(&book), 0);
	assert_int_equal(book.nr_zero, 1);
	*p = 1;
	check(&book, true, LATER);
	assert_int_equal(resident(&book), PAGE);
	page_book_done(&book);
}

/* The event comes before the page does. */
static void a_young_page_is_waited_for(void **state)
{
	volatile char *p = map(HUGE, MADV_NOHUGEPAGE);
	struct page_book book = {0};

	(void)state;
	add(&book, p, 1, THEN);
	assert_int_equal(check(&book, false, THEN + PAGE_BOOK_YOUNG_MS - 1).nr, 0);
	*p = 1;
	assert_int_equal(check(&book, true, THEN + PAGE_BOOK_YOUNG_MS - 1).nr, 1);
	assert_int_equal(resident(&book), PAGE);
	add(&book, p + PAGE, 1, THEN);
	assert_int_equal(check(&book, false, LATER).nr, 1);
	assert_int_equal(book.nr, 1);
	page_book_done(&book);
}

static void files_are_not_counted(void **state)
{
	volatile char *p =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct page_book book = {0};

	(void)state;
	*p = 1;
	add(&book, p, 7, THEN);
	assert_int_equal(check(&book, false, LATER).nr, 0);
	assert_int_equal(book.nr, 0);
	assert_int_equal(book.nr_files, 7);
	page_book_done(&book);
}

static bool is_huge(struct page_book *book, const volatile char *p)
{
	struct resident_region region = {.base = (uintptr_t)p & ~(HUGE - 1)};

	return !resident_read(&book->resident, 0, RESIDENT_REGION_PAGES, &region) &&
	       region.flags[0] & RESIDENT_HUGE;
}

static void a_huge_page_is_what_is_left_of_it(void **state)
{
	volatile char *p = map(HUGE, MADV_HUGEPAGE);
	struct page_book book = {0};

	(void)state;
	p[9 * PAGE] = 1;
	add(&book, p + 9 * PAGE, 2, THEN);
	check(&book, false, LATER);
	if (!is_huge(&book, p))
		skip();
	assert_int_equal(resident(&book), 2 * HUGE);
	assert_int_equal(book.nr_huge, 2);
	assert_int_equal(madvise((char *)p, HUGE / 2, MADV_DONTNEED), 0);
	check(&book, true, LATER);
	assert_int_equal(resident(&book), HUGE);
	assert_int_equal(madvise((char *)p, HUGE, MADV_DONTNEED), 0);
	check(&book, true, LATER);
	assert_int_equal(book.nr, 0);
	page_book_done(&book);
}

/* MADV_COLLAPSE, Linux 6.1, does what khugepaged would. */
static void what_is_collapsed_is_whose_the_pages_were(void **state)
{
	volatile char *p = map(HUGE, MADV_NOHUGEPAGE);
	struct page_book book = {0};

	(void)state;
	for (int i = 0; i < 4; i++) {
		p[i * PAGE] = 1;
		add(&book, p + i * PAGE, 1, THEN);
	}
	check(&book, false, LATER);
	if (madvise((char *)p, HUGE, MADV_HUGEPAGE) || madvise((char *)p, HUGE, 25))
		skip();
	check(&book, true, LATER);
	assert_int_equal(book.nr, 4);
	assert_int_equal(resident(&book), HUGE);
	assert_int_equal(book.nr_huge, 0);
	page_book_done(&book);
}

static void what_an_image_held_at_its_end_stays(void **state)
{
	struct page_book book = {0};
	struct sums sums = {0};
	volatile char *p = map(HUGE, MADV_NOHUGEPAGE);
	pid_t child;
	int fds[2];
	char c;

	(void)state;
	*p = 1;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (!child)
		_exit(read(fds[0], &c, 1) != 1);
	add(&book, p, 1, THEN);
	assert_int_equal(page_book_check(&book, child, true, LATER, touched, &sums), 0);
	add(&book, p + PAGE, 1, LATER);
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(page_book_check(&book, child, true, LATER, touched, &sums), 0);
	assert_true(book.gone);
	assert_int_equal(sums.nr, 2);
	assert_int_equal(resident(&book), PAGE);
	page_book_done(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_and_go),
		cmocka_unit_test(a_later_fault_has_the_page),
		cmocka_unit_test(what_was_only_read_is_not_resident),
		cmocka_unit_test(a_young_page_is_waited_for),
		cmocka_unit_test(files_are_not_counted),
		cmocka_unit_test(a_huge_page_is_what_is_left_of_it),
		cmocka_unit_test(what_is_collapsed_is_whose_the_pages_were),
		cmocka_unit_test(what_an_image_held_at_its_end_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
