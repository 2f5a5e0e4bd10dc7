// SPDX-License-Identifier: Apache-2.0
/* The table of formats of a difference. A new one is a file, a declaration in diff_view.h and a row
 * here. */
#include <string.h>

#include "export/diff_view.h"
#include "export/text.h"
#include "profile/pprof_write.h"

const struct diff_format diff_formats[] = {
	{
		.name = "table",
		.suffix = ".txt",
		.tells_losses = true,
		.write = diff_table_write,
	},
	{
		.name = "folded2",
		.suffix = ".folded2",
		.write = diff_folded_write,
	},
	{
		.name = "svg",
		.suffix = ".svg",
		.tells_losses = true,
		.write = diff_svg_write,
	},
	{
		.name = "pprof",
		.suffix = ".pb.gz",
		.binary = true,
		.write = diff_pprof_write,
	},
	{
		.name = "json",
		.suffix = ".json",
		.tells_losses = true,
		.write = diff_json_write,
	},
	{0},
};

int diff_pprof_write(const struct diff_view *view, const struct export_options *options, FILE *out)
{
	(void)options;
	return pprof_write(view->diff->profile, out);
}

const struct diff_format *diff_format_by_name(const char *name)
{
	for (const struct diff_format *format = diff_formats; format->name; format++)
		if (!strcmp(format->name, name))
			return format;
	return NULL;
}

const struct diff_format *diff_format_by_file(const char *path)
{
	for (const struct diff_format *format = diff_formats; format->name; format++)
		if (text_ends(path, format->suffix))
			return format;
	return NULL;
}
