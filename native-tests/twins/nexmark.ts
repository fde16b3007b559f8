// The Nexmark generator as assembly/kernels/nexmark.ts tells it, one event at a time and in the plainest way.

const MASK = (1n << 64n) - 1n;
const GOLDEN = 0x9e3779b97f4a7c15n;

export interface TwinOptions {
  readonly rate: number;
  readonly seed: number;
  readonly baseTime: number;
  readonly outOfOrderGroup: number;
  readonly splits: number;
}

export type NexmarkEvent = { readonly table: 'persons' | 'auctions' | 'bids'; readonly row: Readonly<Record<string, bigint | string>> };

const FIRST_NAMES = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah', 'Deiter', 'Walter'];
const LAST_NAMES = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones', 'Noris'];
const CITIES = ['Phoenix', 'Los Angeles', 'San Francisco', 'Boise', 'Portland', 'Bend', 'Redmond', 'Seattle', 'Kent', 'Cheyenne'];
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'];

function finish(z: bigint): bigint {
  let x = z & MASK;
  x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return x ^ (x >> 31n);
}

const keyOf = (seed: number): bigint => finish(BigInt(seed) + GOLDEN);
const pick = (w: bigint, n: number): number => Number(((w >> 32n) * BigInt(n)) >> 32n);
const pickLow = (w: bigint, n: number): number => Number(((w & 0xffffffffn) * BigInt(n)) >> 32n);
const unit = (w: bigint): number => Number(w >> 12n) / 2 ** 52;

export function adjustedNumber(n: number, group: number): number {
  return Math.floor(n / group) * group + Number((BigInt(n) * 953n) % BigInt(group));
}

/** Event number n of a timeline whose ids begin at firstId. */
export function nexmarkEvent(options: TwinOptions, firstId: number, n: number): NexmarkEvent {
  const number = adjustedNumber(n, options.outOfOrderGroup);
  const id = firstId + number;
  const key = keyOf(options.seed);
  const draw = (slot: number): bigint => finish(key + (16n * BigInt(id) + BigInt(slot) + 1n) * GOLDEN);
  const timeOf = (m: number): number => options.baseTime + Math.floor((m * 1000 * options.splits) / options.rate);
  const epoch = Math.floor(id / 50);
  const off = id % 50;
  const dateTime = BigInt(timeOf(number));
  const price = (slot: number): bigint => BigInt(priceOf(unit(draw(slot))));
  const person = (slot: number, step: number): bigint => {
    const active = Math.min(epoch + 1, 1000);
    const cold = epoch + 1 - active + pick(draw(slot), active + 10);
    return BigInt(1000 + ((draw(slot) & 3n) > 0n ? Math.floor(epoch / 100) * 100 + step : cold));
  };
  if (off === 0) {
    const row = {
      id: BigInt(1000 + epoch),
      name: `${FIRST_NAMES[pick(draw(0), 11)]} ${LAST_NAMES[pickLow(draw(0), 9)]}`,
      emailAddress: `${words(draw(3), 7)}@${words(draw(5), 5)}.com`,
      creditCard: [0n, 16n, 32n, 48n].map((shift) => String((((draw(2) >> shift) & 0xffffn) * 10_000n) >> 16n).padStart(4, '0')).join(' '),
      city: CITIES[pick(draw(1), 10)] ?? '',
      state: STATES[pickLow(draw(1), 6)] ?? '',
      dateTime,
    };
    const own = 8 + row.name.length + row.emailAddress.length + row.creditCard.length + row.city.length + row.state.length;
    return { table: 'persons', row: { ...row, extra: padding(draw(4), 200, own) } };
  }
  if (off <= 3) {
    const horizon = timeOf(number + 1666) - timeOf(number);
    const row = {
      id: BigInt(1000 + epoch * 3 + off - 1),
      itemName: words(draw(5), 20),
      description: words(draw(6), 100),
      initialBid: price(2),
      reserve: price(2) + price(3),
      dateTime,
      expires: dateTime + 1n + BigInt(Math.floor(unit(draw(7)) * Math.max(2 * horizon, 1))),
      seller: person(0, 0),
      category: BigInt(10 + pick(draw(1), 5)),
    };
    return { table: 'auctions', row: { ...row, extra: padding(draw(4), 500, 48 + row.itemName.length + row.description.length) } };
  }
  const last = epoch * 3 + 2;
  const low = Math.max(last - 100, 0);
  const hot = (draw(0) & 1n) > 0n;
  const hotChannel = (draw(3) & 1n) > 0n;
  const channel = hotChannel ? 10_000 + Number((draw(3) >> 1n) & 3n) : pick(draw(3), 10_000);
  return {
    table: 'bids',
    row: {
      auction: BigInt(1000 + (hot ? Math.floor(last / 100) * 100 : low + pick(draw(0), last + 11 - low))),
      bidder: person(1, 1),
      price: price(2),
      channel: hotChannel ? (HOT_CHANNELS[channel - 10_000] ?? '') : `channel-${channel}`,
      url: urlOf(key, channel),
      dateTime,
      extra: padding(draw(4), 100, 32),
    },
  };
}

/** 100 · 10^(6u), by the same series as the kernel's: Math.pow differs between machines. */
function priceOf(u: number): number {
  const t = u * 19.931568569324174;
  const round = 6755399441055744;
  const k = t + round - round;
  const x = (t - k) * Math.LN2;
  const x2 = x * x;
  const x4 = x2 * x2;
  const low = 1 + x + x2 * (0.5 + x * 0.16666666666666666);
  const middle = 0.041666666666666664 + x * 0.008333333333333333 + x2 * (0.001388888888888889 + x * 0.0001984126984126984);
  const e = low + x4 * (middle + x4 * (0.0000248015873015873 + x * 0.0000027557319223985893));
  return e * 100 * 2 ** k + round - round;
}

function urlOf(key: bigint, channel: number): string {
  const base = finish(key + (1n << 63n));
  const word = (j: bigint): bigint => finish(base + (4n * BigInt(channel) + j) * GOLDEN);
  const letters = [...Array(6).keys()]
    .map((c) => character(word(3n), c, '_'))
    .concat([...Array(6).keys()].map((c) => character(word(4n), c, '_')));
  const parts = [0, 1, 2].map((p) => letters.slice(p * 4, p * 4 + 3 + Number((word(2n) >> BigInt(p)) & 1n)).join(''));
  const url = `https://www.nexmark.com/${parts.join('/')}/item.htm?query=1`;
  if (channel >= 10_000 || pick(word(1n), 10) === 0) return url;
  const reversed = Number.parseInt(channel.toString(2).padStart(32, '0').split('').reverse().join(''), 2) | 0;
  return `${url}&channel_id=${Math.abs(reversed)}`;
}

function character(w: bigint, index: number, blank: string): string {
  const v = Math.floor((Number((w >> BigInt(10 * index)) & 1023n) * 338) / 1024);
  return v < 26 ? blank : String.fromCharCode(97 + (v % 26));
}

function words(w: bigint, limit: number): string {
  const length = 3 + pick(w, limit - 3);
  return Array.from({ length }, (_, i) => character(finish(w + BigInt(1 + Math.floor(i / 6)) * GOLDEN), i % 6, ' '))
    .join('')
    .replace(/^ +| +$/g, '');
}

function padding(w: bigint, average: number, own: number): string {
  if (own > average) return '';
  const d = average - own;
  const delta = Math.round(0.2 * d);
  const length = d - delta + pick(w, 2 * delta);
  const letter = (i: number): string => {
    const byte = (finish(w + BigInt(1 + Math.floor(i / 8)) * GOLDEN) >> BigInt(8 * (i % 8))) & 255n;
    return String.fromCharCode(97 + Number((byte * 26n) >> 8n));
  };
  return Array.from({ length }, (_, i) => letter(i)).join('');
}
