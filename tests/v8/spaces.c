// SPDX-License-Identifier: Apache-2.0
/*
 * usage: spaces BINARY PID: the spaces of V8's heaps in a process that runs BINARY, as the reader
 * sees them, one line each: name and committed bytes. Needs BPF for the thread pointers.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "collect/task_info.h"
#include "v8/spaces.h"

static int fail(const char *what, int err)
{
	fprintf(stderr, "spaces: %s: error %d\n", what, -err);
	return 1;
}

static int print(pid_t pid, const struct v8_spaces_layout *layout)
{
	struct v8_memory memory = v8_memory_of_process(pid);
	uint64_t pointers[256];
	struct v8_spaces spaces;
	struct ht_task *tasks;
	size_t nr;
	int err = task_info_read(pid, &tasks, &nr, NULL);

	if (err)
		return fail("threads", err);
	for (size_t i = 0; i < nr && i < 256; i++)
		pointers[i] = tasks[i].fsbase;
	free(tasks);
	v8_spaces_read(&memory, layout, 0, pointers, nr < 256 ? nr : 256, &spaces);
	printf("isolates %u\n", spaces.nr_isolates);
	for (int i = 0; i < V8_NR_SPACES; i++)
		printf("%s %" PRIu64 "\n", v8_space_name(i), spaces.committed[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct v8_spaces_layout spaces;
	struct elf_image *image;
	struct v8_layout layout;
	int err;

	if (argc != 3)
		return fail("usage: spaces BINARY PID", 0);
	err = elf_image_open(open(argv[1], O_RDONLY), &image);
	err = err ?: v8_layout_read(image, &layout);
	err = err ?: v8_spaces_layout_read(image, &layout, &spaces);
	return err ? fail(argv[1], err) : print(atoi(argv[2]), &spaces);
}
