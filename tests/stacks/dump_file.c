// SPDX-License-Identifier: Apache-2.0
/* Reading recorded stacks, and opening the files that their addresses lie in. */
#include "dump_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/image.h"

#define VDSO_SIZE_MAX (64 << 10)

static bool fail(const char *path, const char *what)
{
	fprintf(stderr, "oracle: %s: %s\n", path, what);
	return false;
}

static uint8_t *read_all(const char *path, size_t *ret_size)
{
	FILE *in = fopen(path, "re");
	struct stat st;
	uint8_t *bytes = NULL;

	if (!in || fstat(fileno(in), &st))
		goto out;
	bytes = malloc(st.st_size + 1);
	if (bytes && fread(bytes, 1, st.st_size, in) != (size_t)st.st_size) {
		free(bytes);
		bytes = NULL;
	}
	*ret_size = st.st_size;
out:
	if (in)
		fclose(in);
	return bytes;
}

/* Our own vDSO is the target's: both run on one kernel. */
static int open_vdso(void)
{
	const uint8_t *start = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	int fd = start ? memfd_create("vdso", MFD_CLOEXEC) : -1;

	for (size_t at = 0; fd >= 0 && at < VDSO_SIZE_MAX; at += 4096)
		if (write(fd, start + at, 4096) != 4096)
			break;
	return fd;
}

static void open_place(struct place *place)
{
	struct elf_image *image;
	uint64_t vaddr;

	place->fd = -1;
	if (!strcmp(place->path, "[vdso]"))
		place->fd = open_vdso();
	else if (place->path[0] == '/')
		place->fd = open(place->path, O_RDONLY | O_CLOEXEC);
	if (place->fd < 0 || elf_image_open(place->fd, &image))
		goto without;
	if (!elf_image_mapping_to_vaddr(image, place->offset, &vaddr)) {
		place->bias = place->start - vaddr;
		elf_image_free(image);
		return;
	}
	elf_image_free(image);
without:
	if (place->fd >= 0)
		close(place->fd);
	place->fd = -1;
}

static bool overlaps(const struct dump_file *file, const struct dump_mapping *mapping)
{
	for (size_t i = 0; i < file->nr_places; i++)
		if (mapping->start < file->places[i].end && file->places[i].start < mapping->end)
			return true;
	return false;
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static bool take_mapping(struct dump_file *file, const uint8_t *payload, uint32_t size, bool live)
{
	struct dump_mapping mapping;
	struct place *places;

	if (size < sizeof(mapping) + 1 || payload[size - 1])
		return false;
	memcpy(&mapping, payload, sizeof(mapping));
	if (!!mapping.live != live)
		return true;
	if (overlaps(file, &mapping)) {
		file->nr_left_out++;
		return true;
	}
	places = reallocarray(file->places, file->nr_places + 1, sizeof(*places));
	if (!places)
		return false;
	file->places = places;
	places[file->nr_places] = (struct place){
		.start = mapping.start,
		.end = mapping.end,
		.offset = mapping.offset,
		.path = strdup((const char *)payload + sizeof(mapping)),
		.live = live,
	};
	open_place(&places[file->nr_places++]);
	return true;
}

static bool take_sample(struct dump_file *file, const uint8_t *payload, uint32_t size)
{
	struct sample sample, *samples;
	size_t pcs_size;

	if (size < sizeof(sample.head))
		return false;
	memcpy(&sample.head, payload, sizeof(sample.head));
	pcs_size = sample.head.nr_pcs * sizeof(uint64_t);
	if (sample.head.nr_pcs > HT_MAX_FRAMES || !sample.head.nr_pcs ||
	    sample.head.end >= HT_NR_STACK_ENDS ||
	    size != sizeof(sample.head) + pcs_size + sample.head.stack_size)
		return false;
	sample.stack = payload + sizeof(sample.head) + pcs_size;
	sample.pcs = malloc(pcs_size);
	samples = reallocarray(file->samples, file->nr_samples + 1, sizeof(*samples));
	if (!sample.pcs || !samples)
		return false;
	memcpy((void *)sample.pcs, payload + sizeof(sample.head), pcs_size);
	file->samples = samples;
	samples[file->nr_samples++] = sample;
	return true;
}

/* What is mapped in the end wins over what was mapped there before: two rounds. */
static bool take_records(struct dump_file *file, size_t size, bool live)
{
	size_t at = strlen(DUMP_MAGIC);
	struct dump_record record;

	for (; size - at >= sizeof(record); at += record.size) {
		memcpy(&record, file->bytes + at, sizeof(record));
		at += sizeof(record);
		if (record.size > size - at)
			return false;
		if (record.kind == DUMP_MAPPING &&
		    !take_mapping(file, file->bytes + at, record.size, live))
			return false;
		if (record.kind == DUMP_SAMPLE && live &&
		    !take_sample(file, file->bytes + at, record.size))
			return false;
	}
	return at == size;
}

bool dump_file_read(const char *path, struct dump_file *ret)
{
	const size_t magic = strlen(DUMP_MAGIC);
	size_t size;

	*ret = (struct dump_file){.bytes = read_all(path, &size)};
	if (!ret->bytes)
		return fail(path, strerror(errno));
	if (size < magic || memcmp(ret->bytes, DUMP_MAGIC, magic))
		return fail(path, "not a file of recorded stacks");
	if (!take_records(ret, size, true) || !take_records(ret, size, false))
		return fail(path, "a record is broken");
	if (!ret->nr_places)
		return fail(path, "no mappings: the recording did not end");
	qsort(ret->places, ret->nr_places, sizeof(*ret->places), compare_places);
	return true;
}

void dump_file_done(struct dump_file *file)
{
	for (size_t i = 0; i < file->nr_samples; i++)
		free((void *)file->samples[i].pcs);
	for (size_t i = 0; i < file->nr_places; i++) {
		if (file->places[i].fd >= 0)
			close(file->places[i].fd);
		free(file->places[i].path);
	}
	free(file->samples);
	free(file->places);
	free(file->bytes);
}

const struct place *dump_file_place(const struct dump_file *file, uint64_t address)
{
	size_t low = 0, high = file->nr_places;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct place *place = &file->places[middle];

		if (address < place->start)
			high = middle;
		else if (address >= place->end)
			low = middle + 1;
		else
			return place;
	}
	return NULL;
}
