// SPDX-License-Identifier: Apache-2.0
// Names and a source of two bytes a character, with some beyond the basic plane: 𝒜 𝒷 😀.
'use strict';

const { take } = require('../take.js');

function 名前(size) {
	/* 😀😀😀😀😀😀😀😀 */ return '→' +
		take(size);
}

class Größe {
	Ωmethod(size) {
		return /* 😀 */ 名前(
			size);
	}

	get 값() {
		return (
			take(this.size)
		);
	}
}

const größe = new Größe();

module.exports = [
	{ name: 'unicode', run: (size) => größe.Ωmethod(size) },
	{
		name: 'unicode getter', run(size) {
			größe.size = size;
			return größe.값;
		},
	},
];
