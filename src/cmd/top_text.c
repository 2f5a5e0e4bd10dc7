// SPDX-License-Identifier: Apache-2.0
/* Numbers are exact, and the total is that of all rows, also of those that are left out. */
#include "cmd/top_text.h"

#include <inttypes.h>

#include "cmd/top_lines.h"
#include "export/text.h"

void top_text_put(FILE *out, const struct top_rows *rows, const struct top_facts *facts,
		  unsigned int top)
{
	const struct top_style style = {.exact = true};
	struct top_line header[TOP_MAX_HEADER];
	unsigned int nr = top_lines_header(rows, facts, style, header);
	uint32_t shown = top && top < rows->nr_order ? top : rows->nr_order;

	for (unsigned int i = 0; i < nr; i++) {
		text_put(out, header[i].text, 0);
		putc('\n', out);
	}
	top_lines_titles(out, rows, style);
	putc('\n', out);
	for (uint32_t i = 0; i < shown; i++) {
		const struct top_row *row = &rows->rows[rows->order[i]];

		top_lines_row(out, rows, &row->history, row->name, style);
		putc('\n', out);
	}
	top_lines_row(out, rows, &rows->total, "total", style);
	if (shown < rows->nr_order)
		fprintf(out, ", with %" PRIu32 " more rows (--top 0 shows all)",
			rows->nr_order - shown);
	putc('\n', out);
}
