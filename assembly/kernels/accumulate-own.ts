// One's own aggregates. Their accumulators, in a group's row at `offset`, all zero bytes to begin with:
//
//   in JavaScript    | slot u32 | 0 |                       the state is a JavaScript value, found by its slot; 0: none yet
//   in WebAssembly   | seen u32 | place u32 | state ... |   the state's bytes, rounded up to 8; `place` is 0 but while a chunk
//                                                           of rows is away in the other module
//
// `ats`, `bitmap`, [from, to) as in kernels/accumulate.ts. Answers for row i stand at i - from.

// @ts-ignore: decorator
@inline
function counts(bitmap: usize, i: u32): bool {
  return !bitmap || ((load<u8>(bitmap + (i >>> 3)) >>> (i & 7)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
function groupOf(ats: usize, i: u32, offset: u32): usize {
  return <usize>load<u32>(ats + (<usize>i << 2)) + offset;
}

/** States are a few words: a call of memory.copy takes longer. */
// @ts-ignore: decorator
@inline
function copyWords(to: usize, from: usize, bytes: u32): void {
  for (const end = from + bytes; from < end; from += 8, to += 8) store<u64>(to, load<u64>(from));
}

/**
 * The slot of each row that counts, u32 to `slots`; 0 for others. Groups without one get the first of `free` (u32[freeCount]),
 * and then `next`, `next + 1`, ...; returns how many got one.
 */
export function own_slots(
  ats: usize, offset: u32, bitmap: usize, free: usize, freeCount: u32, next: u32, from: u32, to: u32, slots: usize,
): u32 {
  let taken: u32 = 0;
  for (let i = from; i < to; i++, slots += 4) {
    let slot: u32 = 0;
    if (counts(bitmap, i)) {
      const at = groupOf(ats, i, offset);
      slot = load<u32>(at);
      if (!slot) {
        slot = taken < freeCount ? load<u32>(free + (<usize>taken << 2)) : next + taken - freeCount;
        store<u32>(at, slot);
        taken++;
      }
    }
    store<u32>(slots, slot);
  }
  return taken;
}

/**
 * Takes the accumulators (`bytes` each, all in all) of the groups of rows that count, each once, to `states`, side by side, and
 * the groups' addresses to `groups`, u32. `places` tells of each row which of them is its own, counted from 1; 0: the row does
 * not count. Returns how many; `own_put` brings them back.
 */
export function own_take(
  ats: usize, offset: u32, bytes: u32, bitmap: usize, from: u32, to: u32, places: usize, groups: usize, states: usize,
): u32 {
  let taken: u32 = 0;
  for (let i = from; i < to; i++, places += 4) {
    let place: u32 = 0;
    if (counts(bitmap, i)) {
      const at = groupOf(ats, i, offset);
      place = load<u32>(at, 4);
      if (!place) {
        copyWords(states + <usize>taken * bytes, at, bytes);
        store<u32>(groups + (<usize>taken << 2), <u32>at);
        place = ++taken;
        store<u32>(at, place, 4);
      }
    }
    store<u32>(places, place);
  }
  return taken;
}

export function own_put(groups: usize, bytes: u32, n: u32, states: usize): void {
  for (let i: u32 = 0; i < n; i++, states += bytes) {
    const at = <usize>load<u32>(groups + (<usize>i << 2));
    copyWords(at, states, bytes);
    store<u32>(at, 0, 4);
  }
}

/** n accumulators, side by side. */
export function own_copy(ats: usize, offset: u32, bytes: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++, out += bytes) copyWords(out, groupOf(ats, i, offset), bytes);
}

/** The states of those that have one, without what precedes them, side by side, with their ends (and a 0 before) to `offsets`. */
export function own_states(ats: usize, offset: u32, bytes: u32, n: u32, offsets: usize, out: usize): void {
  let end: u32 = 0;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const at = groupOf(ats, i, offset);
    if (load<u32>(at)) {
      memory.copy(out + end, at + 8, bytes - 8);
      end += bytes - 8;
    }
    store<u32>(offsets + (<usize>i << 2), end, 4);
  }
}
