// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a perf map: every name it gives lies in it, and can be taken apart. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("map", MFD_CLOEXEC);
	struct perf_map_function function;
	struct perf_map *map;
	const char *name;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || perf_map_read(fd, &map))
		abort();
	for (uint64_t address = 0; address < 0x4000; address += 0x101) {
		name = perf_map_find(map, address);
		if (name && !perf_map_javascript(name, &function)) {
			free(function.name);
			free(function.script);
		}
	}
	perf_map_free(map);
	close(fd);
	return 0;
}
