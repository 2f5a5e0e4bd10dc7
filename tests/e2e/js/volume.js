// SPDX-License-Identifier: Apache-2.0
// Allocates a known volume once a line arrives on stdin: arrays of 100 small integers (an array is
// 32 bytes, its elements 16 and 8 for each), and of 20,000, which are large objects. Says what it
// was.
'use strict';
const SMALL = 100, LARGE = 20000, ring = [];

function small(count) {
	for (let i = 0; i < count; i++)
		ring[i & 1023] = new Array(SMALL).fill(0);
}

function large(count) {
	for (let i = 0; i < count; i++)
		ring[i & 15] = new Array(LARGE).fill(0);
}

const bytes = (length) => 32 + 16 + 8 * length;
small(2000);
console.log('ready');
process.stdin.once('data', () => {
	let rounds = 0;
	(function next() {
		small(20000);
		large(10);
		if (++rounds < 20)
			return setImmediate(next);
		console.log(JSON.stringify({
			small: rounds * 20000 * bytes(SMALL),
			large: rounds * 10 * (bytes(LARGE) - 32),
			larges: rounds * 10,
		}));
		console.log('done');
	})();
});
process.stdin.once('end', () => process.exit(0));
