// SPDX-License-Identifier: Apache-2.0
// Not ASCII, yet one byte a character in V8: ä ö ü ß é ñ.
'use strict';

const { take } = require('../take.js');

function größe(size) {
	/* é é é é é é é é é é é é */ return 'ñ' +
		take(size);
}

module.exports = [{ name: 'latin-1', run: (size) => größe(size) }];
