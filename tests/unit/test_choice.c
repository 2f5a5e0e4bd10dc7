// SPDX-License-Identifier: Apache-2.0
/*
 * Which allocator a process uses: of this one, with the C library that is installed and others made
 * up beside it, in the order the dynamic linker really has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "collect/choice.h"
#include "installed_libc.h"
#include "proc/link_map.h"

/* The object mapped here whose path has @part in it. */
static struct object *object_of(const struct space *space, const char *part)
{
	for (uint32_t i = 0; i < space->nr_mappings; i++)
		if (space->mappings[i].object && strstr(space->mappings[i].object->path, part))
			return space->mappings[i].object;
	fail_msg("%s is not mapped", part);
	return NULL;
}

static uint64_t start_of(const struct space *space, const struct object *object)
{
	for (uint32_t i = 0; i < space->nr_mappings; i++)
		if (space->mappings[i].object == object)
			return space->mappings[i].start;
	fail_msg("it is not mapped");
	return 0;
}

/* The program comes first, then what it is linked to in that order; the C library is among the
 * last, and nothing is twice at one place. */
static void test_order(void **state)
{
	struct link_map_order order;
	struct installed_libc libc;
	uint32_t program, cmocka, c;

	(void)state;
	installed_libc_open(&libc);
	assert_int_equal(link_map_read(getpid(), &order), 0);
	program =
		link_map_place(&order, start_of(libc.space, object_of(libc.space, "test_choice")));
	cmocka = link_map_place(&order, start_of(libc.space, object_of(libc.space, "libcmocka")));
	c = link_map_place(&order, start_of(libc.space, libc.object));
	assert_int_equal(program, 0);
	assert_in_range(cmocka, 1, c - 1);
	assert_int_not_equal(c, UINT32_MAX);
	assert_int_equal(link_map_place(&order, 1), UINT32_MAX);
	link_map_done(&order);
	installed_libc_close(&libc);
}

/* Code that somebody mapped himself has no place, whatever the linker loaded below it. */
static void test_no_place(void **state)
{
	const size_t size = 4096;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *code = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	struct link_map_order order;

	(void)state;
	assert_ptr_not_equal(code, MAP_FAILED);
	assert_int_equal(link_map_read(getpid(), &order), 0);
	assert_int_equal(link_map_place(&order, (uintptr_t)code), UINT32_MAX);
	link_map_done(&order);
	munmap(code, size);
	close(fd);
}

/* As if @object had the allocator of @like. */
static struct probes made_up(const struct probes *like, struct object *object)
{
	struct probes probes = *like;

	probes.object = object;
	probes.first = like->first + HT_ALLOCATOR_PROBES;
	for (unsigned int i = 0; i < probes.nr; i++)
		probes.probes[i].number += HT_ALLOCATOR_PROBES;
	return probes;
}

struct world {
	struct installed_libc libc;
	struct probes c, other; /* the C library's, and the same in libcmocka, which comes before */
};

static void world_open(struct world *world)
{
	installed_libc_open(&world->libc);
	assert_int_equal(probes_find(world->libc.object, false, 0, &world->c, NULL), 0);
	world->other = made_up(&world->c, object_of(world->libc.space, "libcmocka"));
}

static void world_close(struct world *world)
{
	probes_done(&world->c);
	installed_libc_close(&world->libc);
}

static void choose(const struct world *world, unsigned int nr, struct choice *ret)
{
	const struct probes *const all[] = {&world->c, &world->other};

	assert_int_equal(choice_make(world->libc.space, all, nr, ret), 0);
}

static void test_only(void **state)
{
	struct choice choice;
	struct world world;

	(void)state;
	world_open(&world);
	choose(&world, 1, &choice);
	assert_int_equal(choice.reasons[0], CHOICE_ONLY);
	assert_int_equal(choice.unused.allocators, 0);
	world_close(&world);
}

static void test_interposed(void **state)
{
	struct choice choice;
	struct world world;

	(void)state;
	world_open(&world);
	choose(&world, 2, &choice);
	assert_int_equal(choice.reasons[0], CHOICE_INTERPOSED);
	assert_int_equal(choice.reasons[1], CHOICE_FIRST);
	assert_int_equal(choice.unused.allocators, 1 << 0);
	world_close(&world);
}

/* What debuggers find, and nobody's copy of it. */
static struct r_debug *linker_debug(void)
{
	for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			return (struct r_debug *)entry->d_un.d_ptr;
	fail_msg("no DT_DEBUG");
	return NULL;
}

/* Half a list would have the allocator that is not in it yet come last, or in another's place. */
static void test_changing(void **state)
{
	struct r_debug *debug = linker_debug();
	struct link_map_order order;
	struct choice choice;
	struct world world;
	int err;

	(void)state;
	world_open(&world);
	debug->r_state = RT_ADD;
	err = link_map_read(getpid(), &order);
	choose(&world, 2, &choice);
	debug->r_state = RT_CONSISTENT;
	assert_int_equal(err, -EAGAIN);
	assert_int_equal(choice.reasons[0], CHOICE_UNKNOWN);
	assert_int_equal(choice.reasons[1], CHOICE_UNKNOWN);
	assert_int_equal(choice.unused.allocators, 0);
	world_close(&world);
}

/* A wrapper of malloc and free leaves the rest to the C library. */
static void test_partly(void **state)
{
	struct choice choice;
	struct world world;
	unsigned int nr = 0;

	(void)state;
	world_open(&world);
	for (unsigned int i = 0; i < world.other.nr; i++) {
		const char *symbol = probe_symbol(&world.other.probes[i]);

		if (!strcmp(symbol, "malloc") || !strcmp(symbol, "free"))
			world.other.probes[nr++] = world.other.probes[i];
	}
	world.other.nr = nr;
	assert_int_equal(nr, 2);
	choose(&world, 2, &choice);
	assert_int_equal(choice.reasons[0], CHOICE_PARTLY);
	assert_int_equal(choice.reasons[1], CHOICE_FIRST);
	assert_int_equal(choice.unused.allocators, 0);
	assert_int_equal(choice.unused.partly, 1);
	for (unsigned int i = 0; i < world.c.nr; i++) {
		const struct probe *probe = &world.c.probes[i];
		const char *symbol = probe_symbol(probe);

		/* free is cfree too, which the other does not have */
		if (probe->state == PROBE_USED && strcmp(symbol, "free") != 0)
			assert_int_equal(choice.unused.partly_probes >> probe->number & 1,
					 !strcmp(symbol, "malloc"));
	}
	world_close(&world);
}

/* Nobody else is asked, nor whoever comes later. */
static void test_told(void **state)
{
	struct choice choice;
	struct world world;

	(void)state;
	world_open(&world);
	world.other.told = true;
	world.other.has_c = false;
	choose(&world, 2, &choice);
	assert_int_equal(choice.reasons[0], CHOICE_UNTOLD);
	assert_int_equal(choice.reasons[1], CHOICE_TOLD);
	assert_true(choice.unused.allocators == ~(1ULL << 1));
	world_close(&world);
}

static void test_unmapped(void **state)
{
	struct object elsewhere = {.refs = 1, .fd = -1, .path = "/elsewhere"};
	struct choice choice;
	struct world world;

	(void)state;
	world_open(&world);
	world.other.object = &elsewhere;
	world.other.told = true;
	choose(&world, 2, &choice);
	assert_int_equal(choice.reasons[0], CHOICE_ONLY);
	assert_int_equal(choice.reasons[1], CHOICE_UNMAPPED);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	   cmocka_unit_test(test_only),
		cmocka_unit_test(test_interposed), cmocka_unit_test(test_partly),
		cmocka_unit_test(test_told),	   cmocka_unit_test(test_unmapped),
		cmocka_unit_test(test_no_place),   cmocka_unit_test(test_changing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
