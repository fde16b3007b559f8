import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../ts/core/random.js';
import type { Value } from '../../ts/wasm/twins/columns.js';
import { call, column, EDGES, literal, strictTwin, verify, verifyRows, workspaces } from '../support/expressions.js';

const UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const;
type Unit = (typeof UNITS)[number];
const DAY = 86_400_000;

/** The start of a unit of UTC by JavaScript's own dates. */
function startOfUtc(ms: number, unit: Unit): number {
  const d = new Date(ms);
  if (unit === 'month' || unit === 'year') {
    const start = new Date(0);
    start.setUTCFullYear(d.getUTCFullYear(), unit === 'month' ? d.getUTCMonth() : 0, 1);
    return start.getTime();
  }
  if (unit === 'second') return d.setUTCMilliseconds(0);
  if (unit === 'minute') return d.setUTCSeconds(0, 0);
  if (unit === 'hour') return d.setUTCMinutes(0, 0, 0);
  d.setUTCHours(0, 0, 0, 0);
  return unit === 'day' ? d.getTime() : d.getTime() - ((d.getUTCDay() + 6) % 7) * DAY;
}

function partUtc(ms: number, part: string): number {
  const d = new Date(ms);
  switch (part) {
    case 'second':
      return d.getUTCSeconds();
    case 'minute':
      return d.getUTCMinutes();
    case 'hour':
      return d.getUTCHours();
    case 'day':
      return d.getUTCDate();
    case 'month':
      return d.getUTCMonth() + 1;
    case 'year':
      return d.getUTCFullYear();
    case 'dayOfWeek':
      return ((d.getUTCDay() + 6) % 7) + 1;
    default:
      return isoWeek(d);
  }
}

/** Weeks counted one by one from that of January the 4th. */
function isoWeek(d: Date): number {
  const monday = startOfUtc(d.getTime(), 'week');
  const year = new Date(monday + 3 * DAY).getUTCFullYear();
  const fourth = new Date(0);
  fourth.setUTCFullYear(year, 0, 4);
  return (monday - startOfUtc(fourth.getTime(), 'week')) / (7 * DAY) + 1;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-u-ca-iso8601', {
      timeZone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** Local time of a zone, from the fields that Intl writes. */
function toLocal(ms: number, timeZone: string): number {
  const fields = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(ms)
      .map((p) => [p.type, Number(p.value)]),
  );
  return (
    Date.UTC(fields['year'] as number, (fields['month'] as number) - 1, fields['day'], fields['hour'], fields['minute'], fields['second']) +
    (((ms % 1000) + 1000) % 1000)
  );
}

/** Every second day boundaries and changes of offset lie on whole quarter hours: the first such instant whose local time has come that far. */
function startOfLocal(ms: number, unit: Unit, timeZone: string): number {
  const wanted = startOfUtc(toLocal(ms, timeZone), unit);
  const quarter = 900_000;
  for (let at = Math.floor((wanted - 26 * 3_600_000) / quarter) * quarter; ; at += quarter) if (toLocal(at, timeZone) >= wanted) return at;
}

const ZONES = [
  'Europe/Oslo',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/Havana',
  'Africa/Casablanca',
  'Pacific/Apia',
];
/** Instants around changes of offset of those zones, and across the date line. */
const CHANGES = [
  '2024-03-31T01:00Z',
  '2024-10-27T01:00Z',
  '2024-03-10T07:00Z',
  '2024-11-03T06:00Z',
  '2018-11-04T03:00Z',
  '2018-02-18T02:00Z',
  '2024-04-06T15:00Z',
  '2024-10-05T15:30Z',
  '2024-03-10T05:00Z',
  '2024-11-03T05:00Z',
  '2011-12-30T10:00Z',
  '2023-03-19T02:00Z',
  '2023-04-23T02:00Z',
  '1970-01-01T00:00Z',
].map((t) => Date.parse(t));

for (const [build, ws] of workspaces()) {
  test(`${build}: units of UTC begin, and parts of it are, as JavaScript's dates have them`, () => {
    for (const unit of UNITS) {
      const startOf = call('startOf', [column('a')], { unit });
      const edges = EDGES.timestamp.filter((t) => t !== -8_640_000_000_000_000n);
      verify({
        ws,
        kinds: ['timestamp'],
        pools: [edges],
        expression: startOf,
        twin: strictTwin((a: bigint) => BigInt(startOfUtc(Number(a), unit))),
      });
      const part = call('part', [column('a')], { unit });
      verify({ ws, kinds: ['timestamp'], pools: [edges], expression: part, twin: strictTwin((a: bigint) => partUtc(Number(a), unit)) });
    }
    const dayOfWeek = call('part', [column('a')], { unit: 'dayOfWeek' });
    verify({ ws, kinds: ['timestamp'], expression: dayOfWeek, twin: strictTwin((a: bigint) => partUtc(Number(a), 'dayOfWeek')) });
  });

  test(`${build}: every day of forty years, and of the years around 0`, () => {
    const days = (from: number, count: number): Value[] => Array.from({ length: count }, (_, i) => BigInt(from + i * DAY + 12_345));
    for (const values of [days(Date.UTC(1969, 0, 1), 14_610), days(-62_200_000_000_000, 1500)]) {
      for (const unit of ['week', 'month', 'year'] as const) {
        verifyRows(ws, { a: ['timestamp', values] }, call('startOf', [column('a')], { unit }), ([a]) =>
          BigInt(startOfUtc(Number(a), unit)),
        );
        verifyRows(ws, { a: ['timestamp', values] }, call('part', [column('a')], { unit }), ([a]) => partUtc(Number(a), unit));
      }
    }
  });

  test(`${build}: days, weeks, months and parts of named zones, around their changes of offset`, () => {
    const random = new Random(9);
    const values: Value[] = CHANGES.flatMap((t) =>
      [-86_400_000, -3_600_001, -1, 0, 1, 1_799_999, 3_600_000, 90_000_000].map((d) => BigInt(t + d)),
    );
    values.push(null);
    for (const timeZone of ZONES) {
      const chosen = build === 'simd' ? values : values.filter(() => random.bool(0.15));
      for (const unit of ['day', 'week', 'month', 'year'] as const) {
        const expression = call('startOf', [column('a')], { unit, timeZone });
        const some = chosen.filter(() => random.bool(unit === 'day' ? 0.5 : 0.1));
        verifyRows(
          ws,
          { a: ['timestamp', some] },
          expression,
          strictTwin((a: bigint) => BigInt(startOfLocal(Number(a), unit, timeZone))),
        );
      }
      for (const unit of ['minute', 'hour', 'day', 'dayOfWeek'] as const) {
        const expression = call('part', [column('a')], { unit, timeZone });
        verifyRows(
          ws,
          { a: ['timestamp', chosen] },
          expression,
          strictTwin((a: bigint) => partUtc(toLocal(Number(a), timeZone), unit)),
        );
      }
    }
  });

  test(`${build}: hours of a named zone begin at its own full hours, and not before a change of offset`, () => {
    const at = (texts: readonly string[]): Value[] => texts.map((t) => BigInt(Date.parse(t)));
    const given = at(['2024-10-27T00:10Z', '2024-10-27T00:50Z', '2024-10-27T01:10Z', '2024-07-01T12:34:56.789Z']);
    const starts = at(['2024-10-27T00:00Z', '2024-10-27T00:00Z', '2024-10-27T01:00Z', '2024-07-01T12:00Z']);
    const oslo = call('startOf', [column('a')], { unit: 'hour', timeZone: 'Europe/Oslo' });
    verifyRows(ws, { a: ['timestamp', given] }, oslo, ([a]) => starts[given.indexOf(a as Value)] as Value);
    const kathmandu = call('startOf', [column('a')], { unit: 'hour', timeZone: 'Asia/Kathmandu' });
    verifyRows(ws, { a: ['timestamp', at(['2024-07-01T12:34:56Z', '2024-07-01T12:10:00Z'])] }, kathmandu, ([a]) =>
      a === at(['2024-07-01T12:34:56Z'])[0] ? (at(['2024-07-01T12:15:00Z'])[0] as Value) : (at(['2024-07-01T11:15:00Z'])[0] as Value),
    );

    // At 15:00 UTC the clock goes back from 02:00 to 01:30: the second half hour is a stretch of its own.
    const again = at(['2024-04-06T14:50Z', '2024-04-06T15:10Z', '2024-04-06T15:40Z']);
    const begun = at(['2024-04-06T14:00Z', '2024-04-06T15:00Z', '2024-04-06T15:30Z']);
    const howe = call('startOf', [column('a')], { unit: 'hour', timeZone: 'Australia/Lord_Howe' });
    verifyRows(ws, { a: ['timestamp', again] }, howe, ([a]) => begun[again.indexOf(a as Value)] as Value);
  });

  test(`${build}: times move by durations, and their difference is one`, () => {
    const near = [0n, -1n, 5n, 1_700_000_000_000n];
    verify({
      ws,
      kinds: ['timestamp'],
      pools: [near],
      expression: call('plus', [column('a')], { ms: 90_000 }),
      twin: strictTwin((a: bigint) => a + 90_000n),
    });
    verify({
      ws,
      kinds: ['timestamp'],
      pools: [near],
      expression: call('minus', [column('a')], { ms: 90_000 }),
      twin: strictTwin((a: bigint) => a - 90_000n),
    });
    const since = call('since', [column('a'), column('b')]);
    verify({ ws, kinds: ['timestamp', 'timestamp'], expression: since, twin: strictTwin((a: bigint, b: bigint) => a - b) });
    const epoch = call('since', [column('a'), literal('timestamp', '1000')]);
    verify({ ws, kinds: ['timestamp'], expression: epoch, twin: strictTwin((a: bigint) => a - 1000n) });
    const last = { t: ['timestamp', [8_640_000_000_000_000n]] } as const;
    assert.throws(() => verifyRows(ws, last, call('plus', [column('t')], { ms: 1 }), () => 0n), {
      code: 'value.overflow',
      message: /^plus\(t, 1\): \+275760-09-13T00:00:00\.000Z is moved out of the range of dates/,
    });
  });
}
