// Windows that a trigger tells. A group's flags (kernels/group-rows.ts) then are
//
//   | 1 emitted, 2 touched since, 4 held | rows since it was last told: the upper 32 bits |
//
// A group that is held was touched, but is not due at this step's end: whoever looks for changes passes over it.

const TOUCHED: u64 = 2;
const HELD: u64 = 4;
const ROW: u64 = 1 << 32;

/** As group_touch, and counts the rows. */
export function trigger_touch(ats: usize, flags: u32, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const at = <usize>load<u32>(ats + (<usize>i << 2)) + flags;
    store<u64>(at, (load<u64>(at) | TOUCHED) + ROW);
  }
}

/** Holds the touched groups of a table that have had fewer than `least` rows. Returns how many are due. */
export function trigger_hold(rows: usize, stride: u32, count: u32, flags: u32, least: u32): u32 {
  let due: u32 = 0;
  for (let at = rows + flags, g: u32 = 0; g < count; g++, at += stride) {
    const state = load<u64>(at);
    if (!(state & TOUCHED)) continue;
    if (<u32>(state >>> 32) < least) store<u64>(at, state ^ (TOUCHED | HELD));
    else due++;
  }
  return due;
}

/** What was held is touched again. */
export function trigger_release(rows: usize, stride: u32, count: u32, flags: u32): void {
  for (let at = rows + flags, g: u32 = 0; g < count; g++, at += stride) {
    const state = load<u64>(at);
    if (state & HELD) store<u64>(at, state ^ (TOUCHED | HELD));
  }
}

/** Makes n groups new: all zeros from their flags on. */
export function trigger_clear(ats: usize, n: u32, flags: u32, bytes: u32): void {
  for (let i: u32 = 0; i < n; i++) memory.fill(<usize>load<u32>(ats + (<usize>i << 2)) + flags, 0, bytes);
}
