// SPDX-License-Identifier: Apache-2.0
/* The table of formats. A new format is a file, a declaration in writers.h and a row here. */
#include <string.h>

#include "export/export.h"
#include "export/text.h"
#include "export/writers.h"

const struct export_format export_formats[] = {
	{
		.name = "table",
		.suffix = ".txt",
		.help = "text for reading: losses, the run, then who holds the memory",
		.grouped = true,
		.tells_shown = true,
		.write = table_write,
	},
	{
		.name = "folded",
		.suffix = ".folded",
		.help = "one line for each stack, for flamegraph.pl, inferno, speedscope",
		.positive_only = true,
		.grouped = true,
		.write = folded_write,
	},
	{
		.name = "svg",
		.suffix = ".svg",
		.help = "flame graph for a browser: one file with zoom and search",
		.positive_only = true,
		.grouped = true,
		.tells_shown = true,
		.write = svg_write,
	},
	{
		.name = "pprof",
		.suffix = ".pb.gz",
		.help = "gzip'd protobuf with all four metrics, for pprof and heaptap itself",
		.binary = true,
		.write = pprof_format_write,
	},
	{
		.name = "speedscope",
		.suffix = ".speedscope.json", /* before ".json" */
		.help = "for speedscope.app: every metric",
		.positive_only = true,
		.grouped = true,
		.write = speedscope_write,
	},
	{
		.name = "json",
		.suffix = ".json",
		.help = "notes, losses, totals and every stack (docs/json.md)",
		.tells_shown = true,
		.write = json_write,
	},
	{
		.name = "heapprofile",
		.suffix = ".heapprofile",
		.help = "for the Memory panel of Chrome DevTools, and speedscope: one metric",
		.positive_only = true,
		.write = heapprofile_write,
	},
	{
		.name = "prom",
		.suffix = ".prom",
		.help = "Prometheus metrics, for node_exporter's textfile collector",
		.write = prom_write,
	},
	{0},
};

const struct export_format *export_format_by_name(const char *name)
{
	for (const struct export_format *format = export_formats; format->name; format++)
		if (!strcmp(format->name, name))
			return format;
	return NULL;
}

const struct export_format *export_format_by_file(const char *path)
{
	for (const struct export_format *format = export_formats; format->name; format++)
		if (format->suffix && text_ends(path, format->suffix))
			return format;
	return NULL;
}
