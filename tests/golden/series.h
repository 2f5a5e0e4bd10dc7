/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of `heaptap trend`: directories of profiles in @directory. A failure ends the program.
 */
#ifndef HEAPTAP_TESTS_SERIES_H
#define HEAPTAP_TESTS_SERIES_H

void series_write(const char *directory);

#endif
