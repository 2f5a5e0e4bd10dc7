# SPDX-License-Identifier: Apache-2.0
# From a command's --help to what help2man takes for headings and for verbatim examples.
s/^ \([A-Z].*:\)$/\1/
/^Examples:/,/^[A-Z].*:$/s/^  \(\S.*\)/  $ \1/
s/^Exit status:$/*Exit status*/
