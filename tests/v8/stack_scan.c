// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the chain of frame pointers on a stack, and which of its frames are JavaScript's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "stack_scan.h"

#define MAX_STACK   (8 << 20)
#define MAX_RANGES  4096
#define MAX_WAIT_MS 1000
#define MAX_STARTS  4096 /* words from the stack pointer on that may begin the chain */

struct range {
	uint64_t start, end, offset;
	bool is_code, is_anonymous, is_image;
};

struct process {
	pid_t pid;
	struct range ranges[MAX_RANGES];
	size_t nr_ranges;
	uint64_t sp, stack_size;
	char *stack;
};

static int try_read_sp(pid_t pid, uint64_t *ret)
{
	char path[64], line[512] = "", *last;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	last = strrchr(line, ' '); /* NR ARGS... SP PC */
	if (!last)
		return -EAGAIN; /* "running" */
	*last = '\0';
	last = strrchr(line, ' ');
	*ret = last ? strtoull(last + 1, NULL, 16) : 0;
	return *ret ? 0 : -EAGAIN;
}

/* Waits until it is blocked. */
static int read_sp(pid_t pid, uint64_t *ret)
{
	int err = -EAGAIN;

	for (int i = 0; i < MAX_WAIT_MS && err == -EAGAIN; i++) {
		err = try_read_sp(pid, ret);
		if (err == -EAGAIN)
			usleep(1000);
	}
	return err;
}

/* The image is the first file among the program and libnode.so that has a V8. */
static int open_image(const char *path, struct scan *ret)
{
	struct elf_image *image;
	struct timespec from, to;
	int err, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	err = elf_image_open(fd, &image);
	if (!err) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		err = v8_layout_read(image, &ret->layout);
		clock_gettime(CLOCK_MONOTONIC, &to);
		ret->layout_ms = (double)(to.tv_sec - from.tv_sec) * 1e3 +
				 (double)(to.tv_nsec - from.tv_nsec) / 1e6;
		if (!err && ret->layout.blob_vaddr)
			err = elf_image_vaddr_to_offset(image, ret->layout.blob_vaddr,
							&ret->blob_offset);
		elf_image_free(image);
	}
	close(fd);
	return err;
}

static int read_maps(struct process *process, char *ret_image, size_t size)
{
	char path[64], line[4400], exe[4096] = "";
	ssize_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/exe", process->pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	snprintf(ret_image, size, "%s", exe);
	snprintf(path, sizeof(path), "/proc/%d/maps", process->pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file) && process->nr_ranges < MAX_RANGES) {
		struct range *range = &process->ranges[process->nr_ranges];
		char rights[5], name[4200] = "";

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %4199[^\n]",
			   &range->start, &range->end, rights, &range->offset, name) < 4)
			continue;
		if (strstr(name, "/libnode.so"))
			snprintf(ret_image, size, "%s", name);
		range->is_code = rights[2] == 'x';
		range->is_anonymous = !name[0] || !strncmp(name, "[anon", 5);
		range->is_image = !strcmp(name, ret_image);
		process->nr_ranges++;
	}
	fclose(file);
	return 0;
}

static const struct range *range_of(const struct process *process, uint64_t address)
{
	for (size_t i = 0; i < process->nr_ranges; i++)
		if (address >= process->ranges[i].start && address < process->ranges[i].end)
			return &process->ranges[i];
	return NULL;
}

static int read_stack(struct process *process)
{
	const struct range *range = range_of(process, process->sp);
	struct iovec local, remote;

	/* A thread's stack is any mapping. */
	if (!range || range->end - process->sp > MAX_STACK)
		return -ERANGE;
	process->stack_size = range->end - process->sp;
	process->stack = malloc(process->stack_size);
	if (!process->stack)
		return -ENOMEM;
	local = (struct iovec){process->stack, process->stack_size};
	remote = (struct iovec){(void *)process->sp, process->stack_size};
	if (process_vm_readv(process->pid, &local, 1, &remote, 1, 0) !=
	    (ssize_t)process->stack_size)
		return -EFAULT;
	return 0;
}

static uint64_t word(const struct process *process, uint64_t address)
{
	uint64_t value = 0;

	if (address >= process->sp && address - process->sp <= process->stack_size - sizeof(value))
		memcpy(&value, process->stack + (address - process->sp), sizeof(value));
	return value;
}

/* The length of the chain that begins with the frame pointer saved at @address. */
static uint32_t chain_length(const struct process *process, uint64_t address)
{
	uint32_t nr = 0;

	for (;;) {
		const struct range *code = range_of(process, word(process, address + 8));
		uint64_t next = word(process, address);

		if (!code || !code->is_code)
			return nr;
		nr++;
		if (next <= address || next & 7 || next - process->sp >= process->stack_size)
			return nr;
		address = next;
	}
}

static bool is_in_blob(const struct scan *scan, const struct range *range, uint64_t pc,
		       uint64_t *ret)
{
	uint64_t offset = pc - range->start + range->offset;

	*ret = offset - scan->blob_offset;
	return range->is_image && *ret < scan->layout.walker.blob_size;
}

static void fill_js(const struct process *process, const struct v8_layout *layout, uint64_t fp,
		    struct ht_js_frame *js)
{
	const struct ht_v8 *v8 = &layout->walker;
	struct iovec local, remote;
	uint64_t at = 0, id = 0;
	uint32_t literal = 0;

	js->function = word(process, fp + (uint64_t)(int64_t)v8->fp_function);
	js->bytecode = word(process, fp + (uint64_t)(int64_t)v8->fp_bytecode_array);
	js->bytecode_offset =
		HT_V8_SMI(word(process, fp + (uint64_t)(int64_t)v8->fp_bytecode_offset));
	for (int i = 0; i < 4; i++) {
		size_t size = i == 2 ? sizeof(literal) : sizeof(id);
		void *to = i == 0   ? (void *)&at
			   : i == 1 ? (void *)&js->script
			   : i == 2 ? (void *)&literal
				    : (void *)&id;
		uint64_t from = i == 0	 ? js->function - 1 + v8->function_shared
				: i == 1 ? at - 1 + v8->shared_script
				: i == 2 ? at - 1 + v8->shared_literal
					 : js->script - 1 + v8->script_id;

		local = (struct iovec){to, size};
		remote = (struct iovec){(void *)from, size};
		if (process_vm_readv(process->pid, &local, 1, &remote, 1, 0) != (ssize_t)size)
			return;
	}
	js->literal_id = literal;
	js->script_id = (uint32_t)HT_V8_SMI(id);
}

static void take_frame(const struct process *process, uint64_t fp, uint64_t pc, struct scan *ret)
{
	const struct range *range = range_of(process, pc);
	const struct ht_v8 *v8 = &ret->layout.walker;
	uint64_t context = word(process, fp + (uint64_t)(int64_t)v8->fp_context);
	struct scan_frame frame = {.pc = pc, .js.pc = pc};
	uint64_t offset;

	if (!range || !range->is_code || ret->nr_frames == HT_MAX_JS_FRAMES)
		return;
	if (is_in_blob(ret, range, pc, &offset)) {
		if (offset < v8->interpreter || offset - v8->interpreter > v8->interpreter_size)
			return;
		frame.js.kind = HT_JS_INTERPRETED;
	} else if (range->is_anonymous) {
		frame.js.kind = HT_V8_IS_OBJECT(context) ? HT_JS_CODE : HT_JS_TYPED;
	} else {
		return;
	}
	if (frame.js.kind == HT_JS_TYPED)
		frame.js.type = (uint16_t)HT_V8_MARKER_TYPE(context);
	else
		fill_js(process, &ret->layout, fp, &frame.js);
	ret->frames[ret->nr_frames++] = frame;
}

static void walk(const struct process *process, struct scan *ret)
{
	uint64_t best = 0, fp;
	uint32_t longest = 0;

	for (uint64_t i = 0; i < MAX_STARTS && i * 8 < process->stack_size; i++) {
		uint32_t nr = chain_length(process, process->sp + i * 8);

		if (nr > longest) {
			longest = nr;
			best = process->sp + i * 8;
		}
	}
	for (fp = best; longest; longest--) {
		take_frame(process, word(process, fp), word(process, fp + 8), ret);
		fp = word(process, fp);
	}
}

int stack_scan(pid_t pid, struct scan *ret, const char **ret_why)
{
	struct process *process = calloc(1, sizeof(*process));
	char image[4200];
	int err;

	if (!process)
		return -ENOMEM;
	ret->nr_frames = 0;
	process->pid = pid;
	*ret_why = "/proc/PID/syscall";
	err = read_sp(pid, &process->sp);
	if (!err) {
		*ret_why = "/proc/PID/maps";
		err = read_maps(process, image, sizeof(image));
	}
	if (!err && !ret->layout_ms) {
		*ret_why = "the layout of V8";
		err = open_image(image, ret);
	}
	if (!err) {
		*ret_why = "the stack";
		err = read_stack(process);
	}
	if (!err)
		walk(process, ret);
	free(process->stack);
	free(process);
	return err;
}
