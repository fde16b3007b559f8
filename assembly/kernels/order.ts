// Orders over rows' words: a list of entries, each
//
//   | word u32 | kind u32 | descending u32 | nulls first u32 | null word u32 | null bit u32 |
//
// kind 0: the word as an integer; 1: as a float, -0 as 0, NaN above all; 2: as bytes. A null bit of 0: never null.
import { compareBytes } from "../state/compare-bytes";
import { ROW_HEAD } from "../state/row-store";

const ENTRY: u32 = 24;

// @ts-ignore: decorator
@inline
function orderedFloat(word: u64): i64 {
  const v = reinterpret<f64>(word) + 0.0; // -0 + 0 is 0
  const bits = v != v ? <i64>0x7ff8000000000000 : reinterpret<i64>(v);
  return bits ^ ((bits >> 63) & 0x7fffffffffffffff);
}

// @ts-ignore: decorator
@inline
function compareWords(a: u64, b: u64, kind: u32): i32 {
  if (!kind) return <i32>(<i64>a > <i64>b) - <i32>(<i64>a < <i64>b);
  if (kind == 1) {
    const x = orderedFloat(a);
    const y = orderedFloat(b);
    return <i32>(x > y) - <i32>(x < y);
  }
  return compareBytes(a, b);
}

/** Row r of a batch, whose columns of words begin at the addresses in `columns`, against a kept row: below 0 when it comes first. */
export function compareToRow(orders: usize, count: u32, columns: usize, r: usize, row: usize): i32 {
  const words = row + ROW_HEAD;
  for (let e = orders, end = orders + <usize>(count * ENTRY); e < end; e += ENTRY) {
    const w = <usize>load<u32>(e);
    const bit = load<u32>(e, 20);
    if (bit) {
      const m = <usize>load<u32>(e, 16);
      const x = (load<u32>(<usize>load<u32>(columns + (m << 2)) + (r << 3)) & bit) != 0;
      const y = (load<u32>(words + (m << 3)) & bit) != 0;
      if (x != y) return x == (load<u32>(e, 12) != 0) ? -1 : 1;
      if (x) continue;
    }
    const order = compareWords(load<u64>(<usize>load<u32>(columns + (w << 2)) + (r << 3)), load<u64>(words + (w << 3)), load<u32>(e, 4));
    if (order) return load<u32>(e, 8) ? -order : order;
  }
  return 0;
}
