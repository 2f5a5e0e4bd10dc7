// SPDX-License-Identifier: Apache-2.0
// What the tape v8-14.6-initializers was recorded from: "node initializers.js <pipe".
'use strict';
const fs = require('fs');
class Book {
  static first = 1;
  field = fs.readSync(0, Buffer.alloc(1), 0, 1);
}
class Shelf {
  field = 1;
  static book =
    new Book();
}
void Shelf;
