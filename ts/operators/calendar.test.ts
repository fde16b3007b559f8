import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import { calendarSpans, type CalendarUnit } from './calendar.js';

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);
const spanAt = (unit: CalendarUnit, zone: string, text: string): string[] => {
  const { start, end } = calendarSpans(unit, zone)(at(text));
  return [start, end].map((t) => new Date(t).toISOString());
};

test('days are as long as their clocks say', () => {
  assert.deepEqual(spanAt('day', 'Europe/Oslo', '2024-03-31T12:00:00Z'), ['2024-03-30T23:00:00.000Z', '2024-03-31T22:00:00.000Z']);
  assert.deepEqual(spanAt('day', 'Europe/Oslo', '2024-10-27T12:00:00Z'), ['2024-10-26T22:00:00.000Z', '2024-10-27T23:00:00.000Z']);
  assert.deepEqual(spanAt('day', 'Europe/Oslo', '2024-03-31T22:00:00Z'), ['2024-03-31T22:00:00.000Z', '2024-04-01T22:00:00.000Z']);
  assert.deepEqual(spanAt('day', 'UTC', '1969-12-31T23:59:59.999Z'), ['1969-12-31T00:00:00.000Z', '1970-01-01T00:00:00.000Z']);
});

test('weeks begin on Monday, months have their own lengths', () => {
  assert.deepEqual(spanAt('week', 'UTC', '2024-02-29T10:00:00Z'), ['2024-02-26T00:00:00.000Z', '2024-03-04T00:00:00.000Z']);
  assert.deepEqual(spanAt('month', 'UTC', '2024-02-29T10:00:00Z'), ['2024-02-01T00:00:00.000Z', '2024-03-01T00:00:00.000Z']);
  assert.deepEqual(spanAt('month', 'America/New_York', '2024-12-01T04:00:00Z'), ['2024-11-01T04:00:00.000Z', '2024-12-01T05:00:00.000Z']);
});

test('a midnight that clocks jump over, and one that comes twice', () => {
  // São Paulo, 2018: at midnight of 4 November clocks went to one o'clock.
  assert.deepEqual(spanAt('day', 'America/Sao_Paulo', '2018-11-04T12:00:00Z'), ['2018-11-04T03:00:00.000Z', '2018-11-05T02:00:00.000Z']);
  // St. John's, 2006: a minute after midnight of 29 October clocks went back by an hour; the new day had begun.
  assert.deepEqual(spanAt('day', 'America/St_Johns', '2006-10-29T02:45:00Z'), ['2006-10-29T02:30:00.000Z', '2006-10-30T03:30:00.000Z']);
  assert.deepEqual(spanAt('day', 'America/St_Johns', '2006-10-29T02:29:00Z'), ['2006-10-28T02:30:00.000Z', '2006-10-29T02:30:00.000Z']);
});

test('spans lie side by side and hold their times, in any zone', () => {
  const random = new Random(4);
  const zones = ['UTC', 'Europe/Oslo', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Sao_Paulo', 'Pacific/Apia'];
  for (let round = 0; round < 300; round++) {
    const unit = random.pick(['day', 'week', 'month'] as const);
    const zone = random.pick(zones);
    const spans = calendarSpans(unit, zone);
    const t = at('1950-01-01T00:00:00Z') + random.int(0, 90 * 365 * 24) * HOUR + random.int(0, HOUR);
    const span = spans(t);
    assert.ok(span.start <= t && t < span.end, `${zone} ${unit} ${t}`);
    assert.deepEqual(calendarSpans(unit, zone)(span.start), span);
    assert.deepEqual(calendarSpans(unit, zone)(span.end - 1), span);
    assert.equal(spans(span.end).start, span.end);
    assert.equal(spans(span.start - 1).end, span.start);
  }
});
