// SPDX-License-Identifier: Apache-2.0
// How a script takes its turns with the test: it waits for a line, and ends with its stdin.
'use strict';

function next_line() {
	return new Promise((resolve) => process.stdin.once('data', resolve));
}

// Says that all is said, and holds what was allocated until stdin ends, or has ended.
function hold() {
	console.log('done');
	if (process.stdin.readableEnded)
		process.exit(0);
	process.stdin.on('end', () => process.exit(0));
	process.stdin.resume();
}

module.exports = { next_line, hold };
