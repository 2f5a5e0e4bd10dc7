/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text inside an XML document: whatever a symbol is called, the document stays well-formed
 * and shows the name. Characters that XML 1.0 does not allow, and those that text_is_harmful()
 * names, become '?'; no line of @text ends.
 */
#ifndef HEAPTAP_EXPORT_XML_H
#define HEAPTAP_EXPORT_XML_H

#include <stdio.h>

/*
 * Writes @text as content or as the value of an attribute, cut with an ellipsis to @columns of a
 * font whose letters are equally wide (0: never cut); characters of East Asia take two columns.
 */
void xml_put(FILE *out, const char *text, unsigned int columns);

#endif
