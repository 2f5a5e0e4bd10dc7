// SPDX-License-Identifier: Apache-2.0
/*
 * The layout of real binaries: every Node that is unpacked in HEAPTAP_NODES, and Debian's stripped
 * libnode when HEAPTAP_LIBNODE names it. Without them those tests are skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "v8/layout.h"

#define NODES	"/var/cache/heaptap-test/node"
#define LIBNODE "/usr/lib/x86_64-linux-gnu/libnode.so.108"

struct expected {
	const char *node;
	uint32_t major, minor, build, patch;
	uint32_t nr_bytecodes;
	uint16_t function_shared, shared_script, shared_literal;
	int32_t bytecode_data, code_positions;
	bool new_positions;
};

static const struct expected versions[] = {
	{"18.20.8", 10, 2, 154, 26, 198, 24, 32, 52, 56, 24, false},
	{"20.20.2", 11, 3, 244, 8, 198, 24, 32, 52, 54, 24, false},
	{"22.23.3", 12, 4, 254, 21, 203, 32, 32, 52, 64, 16, false},
	{"24.21.0", 13, 6, 233, 17, 208, 32, 40, 60, 64, 16, false},
	{"25.9.0", 14, 1, 146, 11, 212, 32, 40, 60, 64, 16, true},
	{"26.10.0", 14, 6, 202, 34, 212, 32, 40, 60, 64, 16, true},
};

static int read_layout(const char *path, struct v8_layout *ret)
{
	struct elf_image *image;
	int err, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	err = elf_image_open(fd, &image);
	if (!err) {
		err = v8_layout_read(image, ret);
		elf_image_free(image);
	}
	close(fd);
	return err;
}

static void check_common(const struct v8_layout *layout)
{
	const struct ht_v8 *walker = &layout->walker;

	assert_int_equal(walker->fp_context, -8);
	assert_int_equal(walker->fp_function, -16);
	assert_int_equal(walker->fp_bytecode_array, -32);
	assert_int_equal(walker->fp_bytecode_offset, -40);
	assert_int_equal(walker->script_id, 64);
	assert_true(layout->blob_vaddr > 0);
	assert_in_range(walker->blob_size, 1 << 20, 4 << 20);
	assert_in_range(walker->interpreter, 64, walker->blob_size);
	assert_in_range(walker->interpreter_size, 0x100, 0x1000);
	assert_int_equal(layout->frame_labels[1], V8_LABEL_OTHER); /* entry */
	assert_int_equal(layout->frame_labels[3], V8_LABEL_EXIT);
	for (int scale = 0; scale < V8_NR_SCALES; scale++)
		for (uint32_t i = 0; i < layout->nr_bytecodes; i++)
			assert_in_range(layout->bytecode_sizes[scale][i], 1, 32);
}

static void test_nodes(void **state)
{
	const char *nodes = getenv("HEAPTAP_NODES");
	unsigned int nr = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		const struct expected *wanted = &versions[i];
		struct v8_layout layout;
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s/bin/node", nodes ? nodes : NODES, wanted->node);
		if (access(path, R_OK))
			continue;
		nr++;
		assert_int_equal(read_layout(path, &layout), 0);
		check_common(&layout);
		assert_int_equal(layout.major, wanted->major);
		assert_int_equal(layout.minor, wanted->minor);
		assert_int_equal(layout.build, wanted->build);
		assert_int_equal(layout.patch, wanted->patch);
		assert_int_equal(layout.nr_bytecodes, wanted->nr_bytecodes);
		assert_int_equal(layout.walker.function_shared, wanted->function_shared);
		assert_int_equal(layout.walker.shared_script, wanted->shared_script);
		assert_int_equal(layout.walker.shared_literal, wanted->shared_literal);
		assert_int_equal(layout.offsets.bytecode_data, wanted->bytecode_data);
		assert_int_equal(layout.offsets.code_positions, wanted->code_positions);
		assert_int_equal(layout.new_positions, wanted->new_positions);
		assert_false(layout.assumed);
		assert_string_equal(layout.note, "");
	}
	if (!nr) {
		printf("# no Node in %s\n", nodes ? nodes : NODES);
		skip();
	}
}

/* Without .symtab there are no Builtins_* symbols: V8's own table of builtins says the same. */
static void test_stripped_library(void **state)
{
	const char *path = getenv("HEAPTAP_LIBNODE") ? getenv("HEAPTAP_LIBNODE") : LIBNODE;
	struct v8_layout layout;

	(void)state;
	if (access(path, R_OK)) {
		printf("# no %s\n", path);
		skip();
	}
	assert_int_equal(read_layout(path, &layout), 0);
	check_common(&layout);
	assert_int_equal(layout.major, 10);
	assert_int_equal(layout.minor, 2);
}

static void test_others(void **state)
{
	struct v8_layout layout;

	(void)state;
	assert_int_equal(read_layout("/proc/self/exe", &layout), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_stripped_library),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
