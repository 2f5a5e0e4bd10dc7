// SPDX-License-Identifier: Apache-2.0
/* The flame graph's style sheets and script, put into the program as they are. make knows that this
 * file depends on them (Makefile). */
#include "export/svg.h"

/* The assembler looks for the file from the top of the tree, where make runs. */
#define EMBED(symbol, file)                                                                        \
	__asm__(".pushsection .rodata\n"                                                           \
		".global " symbol "\n"                                                             \
		".type " symbol ", @object\n" symbol ":\n"                                         \
		".incbin \"" file "\"\n"                                                           \
		".byte 0\n"                                                                        \
		".popsection\n")

EMBED("svg_style", "src/export/svg.css");
EMBED("svg_diff_style", "src/export/svg_diff.css");
EMBED("svg_script", "src/export/svg.js");
