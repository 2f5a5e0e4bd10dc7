/* SPDX-License-Identifier: Apache-2.0 */
/* From a name in a symbol table to the one people write: C++ and Rust, and C with clone suffixes.
 */
#ifndef HEAPTAP_SYMBOLIZE_DEMANGLE_H
#define HEAPTAP_SYMBOLIZE_DEMANGLE_H

/*
 * The name to show for @symbol: scopes and template arguments, but no parameter list, return type
 * or Rust hash; a compiler's clone suffix (.cold, .part.0, .constprop.1, ...) is cut. What is not
 * mangled, or not decodable within the limits, comes back as it is. The caller frees it; NULL when
 * out of memory.
 */
char *demangle(const char *symbol);

#endif
