// SPDX-License-Identifier: Apache-2.0
// A module: V8 knows its script by a file:// URL, and the truth has the path.
import take_module from '../take.js';

const { take } = take_module;

export function exported(size) {
	return [
		take(size),
	];
}

export class InModule {
	method(size) {
		return exported(
			size);
	}
}

export default [
	{ name: 'module function', run: (size) => exported(size) },
	{ name: 'module class', run: (size) => new InModule().method(size) },
	{
		name: 'module async', async run(size) {
			await null;
			exported(
				size);
		},
	},
];
