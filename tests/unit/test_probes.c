// SPDX-License-Identifier: Apache-2.0
/*
 * The probes of an object: which functions, in which state, and what their cookies say, on the C
 * library that is installed and on this very program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/probes.h"
#include "heaptap/wire.h"
#include "installed_libc.h"

#define NONE HT_ARG_NONE

static const struct probe *find(const struct probes *probes, const char *symbol)
{
	for (unsigned int i = 0; i < probes->nr; i++)
		if (!strcmp(probe_symbol(&probes->probes[i]), symbol))
			return &probes->probes[i];
	return NULL;
}

static struct ht_cookie cookie_of(const struct probe *probe)
{
	struct ht_cookie cookie;

	memcpy(&cookie, &probe->cookie, sizeof(cookie));
	return cookie;
}

/* What the manual pages say about the arguments. */
static void test_cookies(void **state)
{
	static const struct {
		const char *symbol;
		uint8_t ptr, out, size, count;
	} known[] = {
		{"malloc", NONE, NONE, 0, NONE},   {"calloc", NONE, NONE, 1, 0},
		{"realloc", 0, NONE, 1, NONE},	   {"posix_memalign", NONE, 0, 2, NONE},
		{"memalign", NONE, NONE, 1, NONE}, {"valloc", NONE, NONE, 0, NONE},
		{"pvalloc", NONE, NONE, 0, NONE},  {"free", 0, NONE, NONE, NONE},
	};
	enum { FIRST = 100 };
	struct installed_libc libc;
	struct probes probes;

	(void)state;
	installed_libc_open(&libc);
	assert_int_equal(probes_find(libc.object, false, FIRST, &probes, NULL), 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct probe *probe = find(&probes, known[i].symbol);
		struct ht_cookie cookie;

		assert_non_null(probe);
		assert_int_equal(probe->state, PROBE_USED);
		cookie = cookie_of(probe);
		assert_int_equal(cookie.probe, probe->number);
		assert_in_range(cookie.probe, FIRST, FIRST + probes.nr);
		assert_ptr_equal(probes_at(&probes, cookie.probe), probe);
		assert_int_equal(cookie.arg_ptr, known[i].ptr);
		assert_int_equal(cookie.arg_out, known[i].out);
		assert_int_equal(cookie.arg_size, known[i].size);
		assert_int_equal(cookie.arg_count, known[i].count);
		assert_int_equal(cookie.pushes, probe->site.pushes);
		assert_int_equal(cookie.forwards, probe->forwards);
		/* where a return is probed rsp is as it was at the entry */
		if (strcmp(known[i].symbol, "free") != 0)
			assert_int_equal(cookie.pushes, 0);
	}
	probes_done(&probes);
	installed_libc_close(&libc);
}

static bool is_own(const struct probes *probes, const struct probe *from, uint64_t vaddr)
{
	uint64_t site = from->vaddr + from->site.offset;
	uint64_t at = vaddr - site + cookie_of(from).site;

	for (unsigned int i = 0; i < probes->own.nr; i++)
		if (at >= probes->own.ranges[i].begin && at < probes->own.ranges[i].end)
			return true;
	return false;
}

/* Seen from every site the probed functions are own code, and the library's callers are not. */
static void test_own_code(void **state)
{
	static const char *const callers[] = {"strdup", "strndup", "getdelim", "fopen", "qsort"};
	enum { NR_CALLERS = sizeof(callers) / sizeof(callers[0]) };
	struct elf_symbol symbols[NR_CALLERS];
	struct installed_libc libc;
	struct probes probes;

	(void)state;
	installed_libc_open(&libc);
	assert_int_equal(elf_image_find_symbols(libc.image, callers, NR_CALLERS, symbols), 0);
	assert_int_equal(probes_find(libc.object, false, 0, &probes, NULL), 0);
	assert_false(probes.own_cut);
	for (unsigned int i = 0; i < probes.nr; i++) {
		const struct probe *at = &probes.probes[i];

		if (at->state != PROBE_USED)
			continue;
		for (unsigned int k = 0; k < probes.nr; k++) {
			const struct probe *other = &probes.probes[k];

			if (other->state == PROBE_USED) {
				assert_true(is_own(&probes, at, other->vaddr));
				assert_true(is_own(&probes, at, other->vaddr + other->size - 1));
			}
		}
		for (unsigned int k = 0; k < NR_CALLERS; k++) {
			assert_non_null(symbols[k].name);
			assert_false(is_own(&probes, at, symbols[k].vaddr + 8));
		}
	}
	probes_done(&probes);
	installed_libc_close(&libc);
}

static void test_states(void **state)
{
	struct installed_libc libc;
	const struct probe *probe;
	struct probes probes;

	(void)state;
	installed_libc_open(&libc);
	assert_int_equal(probes_find(libc.object, false, 0, &probes, NULL), 0);
	assert_ptr_equal(probes.object, libc.object);
	probe = find(&probes, "reallocarray");
	if (probe)
		assert_int_equal(probe->state, PROBE_FORWARDS);
	for (unsigned int i = 0; i < probes.nr; i++) {
		bool twice = false;

		probe = &probes.probes[i];
		for (unsigned int k = 0; k < i; k++)
			twice |= probes.probes[k].state == PROBE_USED &&
				 probes.probes[k].vaddr == probe->vaddr;
		if (probe->state == PROBE_USED) {
			assert_false(twice);
			assert_true(probe->site.offset < probe->size);
		}
		if (probe->state == PROBE_ALIAS)
			assert_true(twice);
	}
	probes_done(&probes);
	installed_libc_close(&libc);
}

/* An object without malloc has no probes; one that cannot be opened or is no ELF file is an error.
 */
static void test_no_allocator(void **state)
{
	struct object closed = {.refs = 1, .fd = -1, .error = -EACCES, .path = "/gone"};
	struct space *space = space_new(getpid(), NULL);
	struct probes probes;
	struct diag diag = {""};
	bool seen = false;

	(void)state;
	assert_non_null(space);
	assert_int_equal(space_refresh(space, NULL), 0);
	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		struct object *object = space->mappings[i].object;

		if (!object || !strstr(object->path, "libcmocka"))
			continue;
		assert_int_equal(probes_find(object, false, 0, &probes, &diag), 0);
		assert_int_equal(probes.nr, 0);
		assert_null(probes.object);
		probes_done(&probes);
		seen = true;
	}
	assert_true(seen);
	assert_int_equal(probes_find(&closed, false, 0, &probes, &diag), -EACCES);
	assert_string_equal(diag.text, "cannot open /gone: Permission denied");
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_own_code),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_no_allocator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
