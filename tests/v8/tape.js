// SPDX-License-Identifier: Apache-2.0
// What the tapes of tests/fuzz/corpus/v8 were recorded from: "node tape.js CALLS <pipe".
'use strict';
const fs = require('fs');
const byte = Buffer.alloc(1);
const targets = [() => 1, () => 2, () => fs.readSync(0, byte, 0, 1)];
let hook = targets[0];
class Book {
  #title = 'größe';
  read(page) {
    return this.#turn(page) +
      1;
  }
  #turn(page) {
    return page +
      hook();
  }
}
function inlined(book, page) {
  return book.read(page);
}
function reader(book) {
  return [1, 2].map((page) => inlined(book, page)).length;
}
const book = new Book();
for (let i = 0; i < Number(process.argv[2]); i++) {
  hook = targets[i % 2];
  reader(book);
}
hook = targets[2];
fs.writeSync(1, 'ready\n');
reader(book);
