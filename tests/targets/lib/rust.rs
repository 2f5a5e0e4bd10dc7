// SPDX-License-Identifier: Apache-2.0
// A Rust program: Vec, Box, String and an over-aligned type through the system allocator. Speaks the
// protocol of target.h. Every Vec is made with its capacity, so the sizes are known.

use std::io::{BufRead, Read, Write};

const BLOCKS: u64 = 200;

// Keeps the optimizer from seeing through a value (std::hint::black_box is newer than Debian's rustc).
#[inline(never)]
fn opaque<T>(value: T) -> T {
    unsafe {
        let copy = std::ptr::read_volatile(&value);
        std::mem::forget(value);
        copy
    }
}

#[repr(align(256))]
struct Aligned(#[allow(dead_code)] [u8; 512]);

#[inline(never)]
fn make_vec(size: usize) -> Vec<u8> {
    Vec::with_capacity(opaque(size))
}

#[inline(never)]
pub fn keep_vecs(size: usize) {
    for _ in 0..BLOCKS {
        std::mem::forget(make_vec(size));
        drop(opaque(make_vec(size)));
    }
}

#[inline(never)]
fn make_zeroed(size: usize) -> Vec<u8> {
    opaque(vec![0; size])
}

#[inline(never)]
pub fn keep_zeroed(size: usize) {
    for _ in 0..BLOCKS {
        std::mem::forget(make_zeroed(size));
    }
}

#[inline(never)]
fn make_aligned() -> Box<Aligned> {
    opaque(Box::new(Aligned([1; 512])))
}

#[inline(never)]
pub fn keep_aligned() {
    for _ in 0..BLOCKS {
        std::mem::forget(make_aligned());
    }
}

fn state(site: &str, leaf: &str, alloc: u64, inuse: u64, size: u64) {
    println!(
        "{{\"site\":\"{}\",\"leaf\":\"{}\",\"alloc_bytes\":{},\"alloc_objects\":{},\
         \"inuse_bytes\":{},\"inuse_objects\":{}}}",
        site, leaf, alloc * size, alloc, inuse * size, inuse
    );
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut line = String::with_capacity(64);

    println!("ready");
    std::io::stdout().flush().unwrap();
    if args.iter().any(|a| a == "--wait-start") {
        std::io::stdin().lock().read_line(&mut line).unwrap();
    }
    keep_vecs(1000);
    keep_zeroed(3000);
    keep_aligned();
    state("keep_vecs", "malloc", 2 * BLOCKS, BLOCKS, 1000);
    state("keep_zeroed", "calloc", BLOCKS, BLOCKS, 3000);
    state("keep_aligned", "posix_memalign", BLOCKS, BLOCKS, 512);
    println!("done");
    if args.iter().any(|a| a == "--hold") {
        std::io::stdin().lock().read_to_string(&mut line).unwrap();
    }
}
