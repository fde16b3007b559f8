// The Nexmark generator: an auction site's persons, auctions and bids, as columns. Schema and proportions are Flink's
// (https://github.com/nexmark/nexmark), but any event can be made alone, from its id and the seed.
//
// CHANCE. Event `id` owns the outputs 16·id … 16·id + 15 (its slots) of the SplitMix64 sequence that starts at `key`:
//
//   finish(z):     z ^= z >>> 30; z *= 0xBF58476D1CE4E5B9; z ^= z >>> 27; z *= 0x94D049BB133111EB; z ^ (z >>> 31)     (mod 2^64)
//   key            = finish(seed + G)                 with G = 0x9E3779B97F4A7C15
//   draw(id, slot) = finish(key + (16·id + slot + 1)·G)
//   pick(w, n)     = ((w >>> 32) · n) >>> 32          in [0, n)
//   unit(w)        = (w >>> 12) / 2^52                in [0, 1)
//
//   slot | bid                              | auction                          | person
//   0    | auction: hot if bit 0, pick      | seller: hot if bits 0-1, pick    | first name: pick; last name: pick of the low half
//   1    | bidder: hot if bits 0-1, pick    | category: pick                   | city: pick; state: pick of the low half
//   2    | price                            | initialBid                       | credit card: 4 groups of 16 bits
//   3    | channel: hot if bit 0, pick      | reserve - initialBid             | local part of the e-mail address
//   4    | extra                            | extra                            | extra
//   5    |                                  | itemName                         | host of the e-mail address
//   6    |                                  | description                      |
//   7    |                                  | expires                          |
//
// TEXT. A slot that stands for text gives its length by `pick`, and is the state of a SplitMix64 sequence of its own for its
// letters: extra takes 8 letters a word ('a' + (byte·26 >>> 8)), others 6 a word (10 bits each, a space with chance 1/13).
//
// IDS. Of each 50 event ids (an epoch), the first is a person, the next 3 auctions, the other 46 bids. `ids` is u64[n] and
// `epochs` u32[n] = id / 50 (below 2^30), as nexmark_select made them; all columns are made from these two.
// Columns are written whole for rows [0, n). Columns of bytes write offsets u32[n + 1] and answer how many bytes they hold;
// `values` needs the room of the table's longest text times n, and 64 bytes more.

const GOLDEN: u64 = 0x9e3779b97f4a7c15;
const EPOCH: u64 = 50;
const AUCTIONS: u32 = 3;
const FIRST_ID: u64 = 1000;
const FIRST_CATEGORY: u64 = 10;
const CATEGORIES: u64 = 5;
const ACTIVE_PERSONS: u32 = 1000;
const OPEN_AUCTIONS: u32 = 100;
const LEAD: u32 = 10;
const HOT_BATCH: u32 = 100;
const CHANNELS: u32 = 10_000;
const HOT_CHANNELS: u32 = 4;
/** Events until as many auctions as are open at once have begun: 100 · 50 / 3. */
const HORIZON_EVENTS: f64 = 1666;
const CHANNEL_STRIDE: u32 = 128;

/** Entries of 16 bytes: the length, then the text. */
const FIRST_NAMES = memory.data<u8>([
  5, 80, 101, 116, 101, 114, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Peter
  4, 80, 97, 117, 108, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Paul
  4, 76, 117, 107, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Luke
  4, 74, 111, 104, 110, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // John
  4, 83, 97, 117, 108, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Saul
  5, 86, 105, 99, 107, 121, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Vicky
  4, 75, 97, 116, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Kate
  5, 74, 117, 108, 105, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Julie
  5, 83, 97, 114, 97, 104, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Sarah
  6, 68, 101, 105, 116, 101, 114, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Deiter
  6, 87, 97, 108, 116, 101, 114, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Walter
]);
const LAST_NAMES = memory.data<u8>([
  6, 83, 104, 117, 108, 116, 122, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Shultz
  6, 65, 98, 114, 97, 109, 115, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Abrams
  7, 83, 112, 101, 110, 99, 101, 114, 0, 0, 0, 0, 0, 0, 0, 0, // Spencer
  5, 87, 104, 105, 116, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // White
  7, 66, 97, 114, 116, 101, 108, 115, 0, 0, 0, 0, 0, 0, 0, 0, // Bartels
  6, 87, 97, 108, 116, 111, 110, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Walton
  5, 83, 109, 105, 116, 104, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Smith
  5, 74, 111, 110, 101, 115, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Jones
  5, 78, 111, 114, 105, 115, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Noris
]);
const CITIES = memory.data<u8>([
  7, 80, 104, 111, 101, 110, 105, 120, 0, 0, 0, 0, 0, 0, 0, 0, // Phoenix
  11, 76, 111, 115, 32, 65, 110, 103, 101, 108, 101, 115, 0, 0, 0, 0, // Los Angeles
  13, 83, 97, 110, 32, 70, 114, 97, 110, 99, 105, 115, 99, 111, 0, 0, // San Francisco
  5, 66, 111, 105, 115, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Boise
  8, 80, 111, 114, 116, 108, 97, 110, 100, 0, 0, 0, 0, 0, 0, 0, // Portland
  4, 66, 101, 110, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Bend
  7, 82, 101, 100, 109, 111, 110, 100, 0, 0, 0, 0, 0, 0, 0, 0, // Redmond
  7, 83, 101, 97, 116, 116, 108, 101, 0, 0, 0, 0, 0, 0, 0, 0, // Seattle
  4, 75, 101, 110, 116, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Kent
  8, 67, 104, 101, 121, 101, 110, 110, 101, 0, 0, 0, 0, 0, 0, 0, // Cheyenne
]);
const STATES = memory.data<u8>([
  2, 65, 90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // AZ
  2, 67, 65, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // CA
  2, 73, 68, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // ID
  2, 79, 82, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // OR
  2, 87, 65, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // WA
  2, 87, 89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // WY
]);
const HOT_NAMES = memory.data<u8>([
  6, 71, 111, 111, 103, 108, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Google
  8, 70, 97, 99, 101, 98, 111, 111, 107, 0, 0, 0, 0, 0, 0, 0, // Facebook
  5, 66, 97, 105, 100, 117, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Baidu
  5, 65, 112, 112, 108, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Apple
]);
/** https://www.nexmark.com/ */
const URL_HOST = memory.data<u8>([104, 116, 116, 112, 115, 58, 47, 47, 119, 119, 119, 46, 110, 101, 120, 109, 97, 114, 107, 46, 99, 111, 109, 47]);
/** /item.htm?query=1 */
const URL_PAGE = memory.data<u8>([47, 105, 116, 101, 109, 46, 104, 116, 109, 63, 113, 117, 101, 114, 121, 61, 49]);
/** &channel_id= */
const URL_CHANNEL = memory.data<u8>([38, 99, 104, 97, 110, 110, 101, 108, 95, 105, 100, 61]);

// @ts-ignore: decorator
@inline
function finish(z: u64): u64 {
  z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >>> 27)) * 0x94d049bb133111eb;
  return z ^ (z >>> 31);
}

// @ts-ignore: decorator
@inline
function keyOf(seed: f64): u64 {
  return finish(<u64>seed + GOLDEN);
}

/** `base` is key + (slot + 1)·G. */
// @ts-ignore: decorator
@inline
function draw(base: u64, id: u64): u64 {
  return finish(base + (id << 4) * GOLDEN);
}

// @ts-ignore: decorator
@inline
function baseOf(seed: f64, slot: u32): u64 {
  return keyOf(seed) + <u64>(slot + 1) * GOLDEN;
}

// @ts-ignore: decorator
@inline
function pick(w: u64, n: u64): u64 {
  return ((w >>> 32) * n) >>> 32;
}

/** A number in [0, 1) of the word's upper 52 bits. */
// @ts-ignore: decorator
@inline
function unit(w: u64): f64 {
  return reinterpret<f64>((w >>> 12) | 0x3ff0000000000000) - 1.0;
}

// @ts-ignore: decorator
@inline
function idAt(ids: usize, i: u32): u64 {
  return load<u64>(ids + (<usize>i << 3));
}

/**
 * The events of one table (0 persons, 1 auctions, 2 bids) among the numbers [from, to), in the order of their numbers.
 * Event number n has the id firstId + floor(n / group)·group + (n·953 mod group). Answers the count, at most to - from.
 */
export function nexmark_select(table: u32, from: f64, to: f64, firstId: f64, group: u32, ids: usize, epochs: usize): u32 {
  const low: u64 = table == 0 ? 0 : table == 1 ? 1 : 4;
  const high: u64 = table == 0 ? 1 : table == 1 ? 4 : 50;
  let count: u32 = 0;
  let n = <u64>from;
  const end = <u64>to;
  if (group == 1) {
    let id = n + <u64>firstId;
    const stop = end + <u64>firstId;
    let epoch = id / EPOCH;
    while (id < stop) {
      const start = epoch * EPOCH;
      let p = max(id, start + low);
      const q = min(stop, start + high);
      for (; p < q; p++) {
        store<u64>(ids + (<usize>count << 3), p);
        store<u32>(epochs + (<usize>count << 2), <u32>epoch);
        count++;
      }
      epoch++;
      id = epoch * EPOCH;
    }
    return count;
  }
  const size = <u64>group;
  const stride = <u64>953 % size;
  let within = n % size;
  let start = n - within;
  let shuffled = (within * 953) % size;
  for (; n < end; n++) {
    const id = <u64>firstId + start + shuffled;
    const epoch = id / EPOCH;
    const off = id - epoch * EPOCH;
    if (off >= low && off < high) {
      store<u64>(ids + (<usize>count << 3), id);
      store<u32>(epochs + (<usize>count << 2), <u32>epoch);
      count++;
    }
    within++;
    shuffled += stride;
    if (shuffled >= size) shuffled -= size;
    if (within == size) {
      within = 0;
      shuffled = 0;
      start += size;
    }
  }
  return count;
}

/** Some rows' ids and epochs: those of `selection`, i32[count]. */
export function nexmark_keep(ids: usize, epochs: usize, selection: usize, count: u32, keptIds: usize, keptEpochs: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = <usize>load<u32>(selection + (<usize>i << 2));
    store<u64>(keptIds + (<usize>i << 3), load<u64>(ids + (row << 3)));
    store<u32>(keptEpochs + (<usize>i << 2), load<u32>(epochs + (row << 2)));
  }
}

// @ts-ignore: decorator
@inline
function timeOf(number: f64, baseTime: f64, scale: f64, rate: f64): f64 {
  return baseTime + Math.floor((number * scale) / rate);
}

/** dateTime: baseTime + floor((id - firstId) · scale / rate), with scale = 1000 · number of splits. */
export function nexmark_time(ids: usize, n: u32, firstId: f64, baseTime: f64, scale: f64, rate: f64, out: usize): void {
  const first = <u64>firstId;
  for (let i: u32 = 0; i < n; i++) {
    store<i64>(out + (<usize>i << 3), <i64>timeOf(<f64>(idAt(ids, i) - first), baseTime, scale, rate));
  }
}

/** An auction's expires: dateTime + 1 + uniform[0, max(2 · horizon, 1)) ms. */
export function nexmark_expires(ids: usize, n: u32, seed: f64, firstId: f64, baseTime: f64, scale: f64, rate: f64, out: usize): void {
  const first = <u64>firstId;
  const base = baseOf(seed, 7);
  for (let i: u32 = 0; i < n; i++) {
    const id = idAt(ids, i);
    const number = <f64>(id - first);
    const time = timeOf(number, baseTime, scale, rate);
    const horizon = timeOf(number + HORIZON_EVENTS, baseTime, scale, rate) - time;
    store<i64>(out + (<usize>i << 3), <i64>(time + 1.0 + Math.floor(unit(draw(base, id)) * Math.max(2.0 * horizon, 1.0))));
  }
}

/** A bid's auction: half of them the hot one. */
export function nexmark_auction(ids: usize, epochs: usize, n: u32, seed: f64, out: usize): void {
  const base = baseOf(seed, 0);
  for (let i: u32 = 0; i < n; i++) {
    const last = load<u32>(epochs + (<usize>i << 2)) * AUCTIONS + 2;
    const w = draw(base, idAt(ids, i));
    const low = last > OPEN_AUCTIONS ? last - OPEN_AUCTIONS : 0;
    const cold = <u64>low + pick(w, last + LEAD + 1 - low);
    const hot = <u64>((last / HOT_BATCH) * HOT_BATCH);
    store<u64>(out + (<usize>i << 3), FIRST_ID + select<u64>(hot, cold, <u32>w & 1));
  }
}

/** A bid's bidder (slot 1, hotStep 1) or an auction's seller (slot 0, hotStep 0): three quarters of them the hot one. */
export function nexmark_person(ids: usize, epochs: usize, n: u32, seed: f64, slot: u32, hotStep: u32, out: usize): void {
  const base = baseOf(seed, slot);
  for (let i: u32 = 0; i < n; i++) {
    const last = load<u32>(epochs + (<usize>i << 2));
    const w = draw(base, idAt(ids, i));
    const active = min(last + 1, ACTIVE_PERSONS);
    const cold = <u64>(last + 1 - active) + pick(w, active + LEAD);
    const hot = <u64>((last / HOT_BATCH) * HOT_BATCH + hotStep);
    store<u64>(out + (<usize>i << 3), FIRST_ID + select<u64>(hot, cold, <u32>w & 3));
  }
}

/** Added to a number of magnitude below 2^51, rounds it to the nearest integer (ties to even), in the low bits. */
const ROUND: f64 = 6755399441055744.0;
/** The bits of 2^0. */
const ONE_BITS: u64 = 0x3ff0000000000000;
const LOG2_MILLION: f64 = 19.931568569324174;
const LN2: f64 = 0.6931471805599453;
/** 1/k!: the series of e^x. */
const C2: f64 = 0.5;
const C3: f64 = 0.16666666666666666;
const C4: f64 = 0.041666666666666664;
const C5: f64 = 0.008333333333333333;
const C6: f64 = 0.001388888888888889;
const C7: f64 = 0.0001984126984126984;
const C8: f64 = 0.0000248015873015873;
const C9: f64 = 0.0000027557319223985893;

/**
 * Cents, log-uniform: 100 · 10^(6u), rounded to the nearest. The power is 2^k · e^x with |x| <= ln 2 / 2 and e^x by its series
 * to x^9, in this order of operations, so that every machine gives the same cents. `add`: added to what `out` holds.
 */
export function nexmark_price(ids: usize, n: u32, seed: f64, slot: u32, add: u32, out: usize): void {
  const base = baseOf(seed, slot);
  const whole: u64 = (<u64>1 << 51) - 1;
  let i: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    const round = f64x2.splat(ROUND);
    const one = f64x2.splat(1.0);
    for (; i + 2 <= n; i += 2) {
      let w = i64x2.splat(draw(base, idAt(ids, i)));
      w = i64x2.replace_lane(w, 1, draw(base, idAt(ids, i + 1)));
      const u = f64x2.sub(v128.or(i64x2.shr_u(w, 12), i64x2.splat(ONE_BITS)), one);
      const t = f64x2.mul(u, f64x2.splat(LOG2_MILLION));
      const k = f64x2.add(t, round);
      const x = f64x2.mul(f64x2.sub(t, f64x2.sub(k, round)), f64x2.splat(LN2));
      const x2 = f64x2.mul(x, x);
      const a = f64x2.add(f64x2.add(one, x), f64x2.mul(x2, f64x2.add(f64x2.splat(C2), f64x2.mul(x, f64x2.splat(C3)))));
      const b0 = f64x2.add(f64x2.splat(C4), f64x2.mul(x, f64x2.splat(C5)));
      const b1 = f64x2.add(f64x2.splat(C6), f64x2.mul(x, f64x2.splat(C7)));
      const c = f64x2.add(f64x2.splat(C8), f64x2.mul(x, f64x2.splat(C9)));
      const x4 = f64x2.mul(x2, x2);
      const e = f64x2.add(a, f64x2.mul(x4, f64x2.add(f64x2.add(b0, f64x2.mul(x2, b1)), f64x2.mul(x4, c))));
      const scale = i64x2.add(i64x2.shl(k, 52), i64x2.splat(ONE_BITS));
      let cents = v128.and(f64x2.add(f64x2.mul(f64x2.mul(e, f64x2.splat(100.0)), scale), round), i64x2.splat(whole));
      const at = out + (<usize>i << 3);
      if (add) cents = i64x2.add(cents, v128.load(at));
      v128.store(at, cents);
    }
  }
  for (; i < n; i++) {
    const t = unit(draw(base, idAt(ids, i))) * LOG2_MILLION;
    const k = t + ROUND;
    const x = (t - (k - ROUND)) * LN2;
    const x2 = x * x;
    const x4 = x2 * x2;
    const b = C4 + x * C5 + x2 * (C6 + x * C7);
    const e = 1.0 + x + x2 * (C2 + x * C3) + x4 * (b + x4 * (C8 + x * C9));
    const scale = reinterpret<f64>((reinterpret<u64>(k) << 52) + ONE_BITS);
    const cents = reinterpret<u64>(e * 100.0 * scale + ROUND) & whole;
    const at = out + (<usize>i << 3);
    store<u64>(at, add ? load<u64>(at) + cents : cents);
  }
}

/** An auction's category. */
export function nexmark_category(ids: usize, n: u32, seed: f64, out: usize): void {
  const base = baseOf(seed, 1);
  for (let i: u32 = 0; i < n; i++) store<u64>(out + (<usize>i << 3), FIRST_CATEGORY + pick(draw(base, idAt(ids, i)), CATEGORIES));
}

/** A person's id (perEpoch 1) or an auction's (perEpoch 3). */
export function nexmark_id(ids: usize, epochs: usize, n: u32, perEpoch: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const epoch = <u64>load<u32>(epochs + (<usize>i << 2));
    const off = perEpoch == 1 ? 0 : idAt(ids, i) - epoch * EPOCH - 1;
    store<u64>(out + (<usize>i << 3), FIRST_ID + epoch * perEpoch + off);
  }
}

/** Six characters of one word: letters, and `blank` with chance 1/13. */
// @ts-ignore: decorator
@inline
function character(w: u64, index: u32, blank: u32): u32 {
  const v = (<u32>(w >>> (10 * index)) & 1023) * 338 >>> 10;
  return v < 26 ? blank : 97 + (v % 26);
}

function digits(value: u32, p: usize): usize {
  let count: u32 = 1;
  for (let rest = value / 10; rest; rest /= 10) count++;
  let rest = value;
  for (let q = p + count; q > p; rest /= 10) store<u8>(--q, <u8>(48 + (rest % 10)));
  return p + count;
}

/**
 * The table of channels, 10,004 entries of 128 bytes (the four hot ones last), made once for a seed:
 *
 *   0  u8   length of the channel      16  channel, up to 12 bytes
 *   1  u8   length of the url          32  url, up to 77 bytes
 *
 * Entry i takes its words from finish(finish(key + 2^63) + (4·i + j)·G), j = 1 … 4: whether the url has a channel_id (9 of 10), lengths, letters.
 */
export function nexmark_channels(seed: f64, table: usize): void {
  const base = finish(keyOf(seed) + 0x8000000000000000);
  for (let i: u32 = 0; i < CHANNELS + HOT_CHANNELS; i++) {
    const entry = table + <usize>i * CHANNEL_STRIDE;
    const start = base + <u64>(4 * i) * GOLDEN;
    const hot = i >= CHANNELS;
    let p = entry + 16;
    if (hot) {
      const name = HOT_NAMES + (<usize>(i - CHANNELS) << 4);
      const length = load<u8>(name);
      memory.copy(p, name + 1, length);
      p += length;
    } else {
      store<u64>(p, 0x2d6c656e6e616863); // "channel-"
      p = digits(i, p + 8);
    }
    store<u8>(entry, <u8>(p - entry - 16));
    p = entry + 32;
    memory.copy(p, URL_HOST, 24);
    p += 24;
    const lengths = finish(start + 2 * GOLDEN);
    for (let part: u32 = 0; part < 3; part++) {
      const length: u32 = 3 + (<u32>(lengths >>> part) & 1);
      if (part) store<u8>(p++, 47);
      for (let c: u32 = 0; c < length; c++) {
        const at = part * 4 + c;
        const w = finish(start + (at < 6 ? 3 * GOLDEN : 4 * GOLDEN));
        store<u8>(p++, <u8>character(w, at < 6 ? at : at - 6, 95));
      }
    }
    memory.copy(p, URL_PAGE, 17);
    p += 17;
    if (!hot && pick(finish(start + GOLDEN), 10) > 0) {
      memory.copy(p, URL_CHANNEL, 12);
      p += 12;
      let reversed: u32 = 0;
      for (let b: u32 = 0; b < 32; b++) reversed |= ((i >>> b) & 1) << (31 - b);
      p = digits(<i32>reversed < 0 ? 0 - reversed : reversed, p);
    }
    store<u8>(entry, <u8>(p - entry - 32), 1);
  }
}

/** A bid's channel (url 0) or url (url 1), from the table of nexmark_channels. */
export function nexmark_channel(ids: usize, n: u32, seed: f64, table: usize, url: u32, offsets: usize, values: usize): u32 {
  const base = baseOf(seed, 3);
  let p = values;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const w = draw(base, idAt(ids, i));
    const entry = select<u32>(CHANNELS + ((<u32>w >>> 1) & 3), <u32>pick(w, CHANNELS), <u32>w & 1);
    const from = table + <usize>entry * CHANNEL_STRIDE;
    if (url) {
      if (ASC_FEATURE_SIMD) {
        v128.store(p, v128.load(from, 32));
        v128.store(p, v128.load(from, 48), 16);
        v128.store(p, v128.load(from, 64), 32);
        v128.store(p, v128.load(from, 80), 48);
        v128.store(p, v128.load(from, 96), 64);
      } else {
        for (let k: usize = 0; k < 80; k += 8) store<u64>(p + k, load<u64>(from + k, 32));
      }
      p += load<u8>(from, 1);
    } else {
      store<u64>(p, load<u64>(from, 16));
      store<u64>(p, load<u64>(from, 24), 8);
      p += load<u8>(from);
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(p - values), 4);
  }
  return <u32>(p - values);
}

/** Adds each row's length in a column of bytes to sizes u32[n]. */
export function nexmark_add_lengths(offsets: usize, n: u32, sizes: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>i << 2;
    store<u32>(sizes + at, load<u32>(sizes + at) + load<u32>(offsets + at, 4) - load<u32>(offsets + at));
  }
}

/**
 * Padding that brings a row to about `average` bytes: none when its own sizes[i] + own exceed that, else d ± d/5 letters of the rest d.
 * `sizes` 0: all are 0.
 */
export function nexmark_extra(ids: usize, n: u32, seed: f64, average: u32, own: u32, sizes: usize, offsets: usize, values: usize): u32 {
  const base = baseOf(seed, 4);
  let p = values;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const size = own + (sizes ? load<u32>(sizes + (<usize>i << 2)) : 0);
    if (size <= average) {
      const d = average - size;
      const delta = (d + 2) / 5;
      const w = draw(base, idAt(ids, i));
      const end = p + (d - delta + <u32>pick(w, 2 * delta));
      let state = w;
      for (; p < end; p += 8) {
        state += GOLDEN;
        const bytes = finish(state);
        // 'a' + (byte * 26 >>> 8), in eight lanes: the even bytes, then the odd ones.
        const even = (((bytes & 0x00ff00ff00ff00ff) * 26) >>> 8) & 0x00ff00ff00ff00ff;
        const odd = (((bytes >>> 8) & 0x00ff00ff00ff00ff) * 26) & 0xff00ff00ff00ff00;
        store<u64>(p, (even | odd) + 0x6161616161616161);
      }
      p = end;
    }
    store<u32>(offsets + (<usize>i << 2), <u32>(p - values), 4);
  }
  return <u32>(p - values);
}

/** Words of 3 to limit - 1 characters, less the spaces at both ends: an auction's itemName, description. */
function text(w: u64, limit: u32, p: usize): usize {
  const length: u32 = 3 + <u32>pick(w, limit - 3);
  const start = p;
  let state = w;
  let word: u64 = 0;
  let index: u32 = 6;
  for (let i: u32 = 0; i < length; i++) {
    if (index == 6) {
      state += GOLDEN;
      word = finish(state);
      index = 0;
    }
    const c = character(word, index++, 32);
    if (c == 32 && p == start) continue;
    store<u8>(p++, <u8>c);
  }
  while (p > start && load<u8>(p - 1) == 32) p--;
  return p;
}

export function nexmark_text(ids: usize, n: u32, seed: f64, slot: u32, limit: u32, offsets: usize, values: usize): u32 {
  const base = baseOf(seed, slot);
  let p = values;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    p = text(draw(base, idAt(ids, i)), limit, p);
    store<u32>(offsets + (<usize>i << 2), <u32>(p - values), 4);
  }
  return <u32>(p - values);
}

function entryText(entry: usize, p: usize): usize {
  const length = <usize>load<u8>(entry);
  memory.copy(p, entry + 1, length);
  return p + length;
}

/** A person's text. part: 0 name, 1 emailAddress, 2 creditCard, 3 city, 4 state. */
export function nexmark_person_text(ids: usize, n: u32, seed: f64, part: u32, offsets: usize, values: usize): u32 {
  const slot: u32 = part == 0 ? 0 : part == 1 ? 3 : part == 2 ? 2 : 1;
  const base = baseOf(seed, slot);
  const hosts = baseOf(seed, 5);
  let p = values;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const id = idAt(ids, i);
    const w = draw(base, id);
    if (part == 0) {
      p = entryText(FIRST_NAMES + (<usize>pick(w, 11) << 4), p);
      store<u8>(p++, 32);
      p = entryText(LAST_NAMES + (<usize>pick(w << 32, 9) << 4), p);
    } else if (part == 1) {
      p = text(w, 7, p);
      store<u8>(p++, 64);
      p = text(draw(hosts, id), 5, p);
      store<u32>(p, 0x6d6f632e); // ".com"
      p += 4;
    } else if (part == 2) {
      for (let g: u32 = 0; g < 4; g++) {
        const number = ((<u32>(w >>> (16 * g)) & 0xffff) * 10_000) >>> 16;
        if (g) store<u8>(p++, 32);
        store<u8>(p, <u8>(48 + number / 1000));
        store<u8>(p, <u8>(48 + ((number / 100) % 10)), 1);
        store<u8>(p, <u8>(48 + ((number / 10) % 10)), 2);
        store<u8>(p, <u8>(48 + (number % 10)), 3);
        p += 4;
      }
    } else if (part == 3) p = entryText(CITIES + (<usize>pick(w, 10) << 4), p);
    else p = entryText(STATES + (<usize>pick(w << 32, 6) << 4), p);
    store<u32>(offsets + (<usize>i << 2), <u32>(p - values), 4);
  }
  return <u32>(p - values);
}
