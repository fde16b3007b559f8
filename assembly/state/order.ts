// Entries in order: runs of equally wide entries of 64-bit words (kernels/words.ts), sorted in place.
//
// An order is up to four keys, eight bits each, the first in the lowest: 0x80 | descending 0x20 | of bytes 0x10 | number of the word.
// Words that are not of bytes compare as signed integers.
import { compareBytes } from "./compare-bytes";

/** Below 0 when the entry at `a` comes before that at `b`. */
export function orderOf(a: usize, b: usize, order: u32): i32 {
  for (let key = order; key; key >>>= 8) {
    const word = <usize>(key & 7) << 3;
    const x = load<u64>(a + word);
    const y = load<u64>(b + word);
    if (x == y) continue;
    const d = key & 0x10 ? compareBytes(x, y) : <i64>x < <i64>y ? -1 : 1;
    if (d) return key & 0x20 ? -d : d;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function swap(a: usize, b: usize, width: u32): void {
  for (let i: usize = 0; i < width; i += 8) {
    const x = load<u64>(a + i);
    store<u64>(a + i, load<u64>(b + i));
    store<u64>(b + i, x);
  }
}

function siftDown(at: usize, root: u32, n: u32, width: u32, order: u32): void {
  for (;;) {
    let child: u32 = 2 * root + 1;
    if (child >= n) return;
    if (child + 1 < n && orderOf(at + <usize>child * width, at + <usize>(child + 1) * width, order) < 0) child++;
    const p = at + <usize>root * width;
    const q = at + <usize>child * width;
    if (orderOf(p, q, order) >= 0) return;
    swap(p, q, width);
    root = child;
  }
}

function heapSort(at: usize, n: u32, width: u32, order: u32): void {
  for (let i = n >>> 1; i > 0; i--) siftDown(at, i - 1, n, width, order);
  for (let i = n - 1; i > 0; i--) {
    swap(at, at + <usize>i * width, width);
    siftDown(at, 0, i, width, order);
  }
}

/** Quicksort that turns to heapsort when it goes too deep (Musser, Introspective sorting and selection algorithms, 1997). */
function introSort(at: usize, n: u32, width: u32, order: u32, depth: u32): void {
  while (n > 16) {
    if (!depth) {
      heapSort(at, n, width, order);
      return;
    }
    depth--;
    // The median of three becomes the first, and is the pivot.
    const middle = at + <usize>(n >>> 1) * width;
    const last = at + <usize>(n - 1) * width;
    if (orderOf(middle, last, order) > 0) swap(middle, last, width);
    if (orderOf(at, middle, order) < 0) swap(at, middle, width);
    if (orderOf(at, last, order) > 0) swap(at, last, width);
    let low: u32 = 0;
    let high = n;
    for (;;) {
      do low++;
      while (low < n && orderOf(at + <usize>low * width, at, order) < 0);
      do high--;
      while (orderOf(at, at + <usize>high * width, order) < 0);
      if (low >= high) break;
      swap(at + <usize>low * width, at + <usize>high * width, width);
    }
    swap(at, at + <usize>high * width, width);
    const right = n - high - 1;
    if (high < right) {
      introSort(at, high, width, order, depth);
      at += <usize>(high + 1) * width;
      n = right;
    } else {
      introSort(at + <usize>(high + 1) * width, right, width, order, depth);
      n = high;
    }
  }
  for (let i: u32 = 1; i < n; i++) {
    for (let p = at + <usize>i * width; p > at && orderOf(p - width, p, order) > 0; p -= width) swap(p - width, p, width);
  }
}

/** Sorts n entries of `width` bytes; entries that are in order already are only looked at. Equal entries may change places. */
export function sortEntries(at: usize, n: u32, width: u32, order: u32): void {
  let i: u32 = 1;
  for (let p = at; i < n && orderOf(p, p + width, order) <= 0; p += width) i++;
  if (i < n) introSort(at, n, width, order, 2 * (32 - clz(n)));
}

// @ts-ignore: decorator
@inline
function swapWords(a: usize, b: usize): void {
  const x = load<i64>(a);
  store<i64>(a, load<i64>(b));
  store<i64>(b, x);
}

/** Puts number k of n signed words, in order, where it belongs: none before it is greater, none after it less (Hoare's find). */
export function selectWord(at: usize, n: u32, k: i32): i64 {
  let low: i32 = 0;
  let high: i32 = n - 1;
  while (low < high) {
    const first = load<i64>(at + (<usize>low << 3));
    const middle = load<i64>(at + (<usize>((low + high) >>> 1) << 3));
    const last = load<i64>(at + (<usize>high << 3));
    const pivot = max(min(first, middle), min(max(first, middle), last));
    let i = low;
    let j = high;
    while (i <= j) {
      while (load<i64>(at + (<usize>i << 3)) < pivot) i++;
      while (load<i64>(at + (<usize>j << 3)) > pivot) j--;
      if (i > j) break;
      swapWords(at + (<usize>i << 3), at + (<usize>j << 3));
      i++;
      j--;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return load<i64>(at + (<usize>k << 3));
}
