import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../ts/columns/schema.js';
import { Random } from '../../ts/core/random.js';
import { readWord } from '../../ts/state/group-rows.js';
import { keyShapeOf } from '../../ts/state/key-words.js';
import { SESSION_CLOCK, SESSION_END, SESSION_START, SessionTable } from '../../ts/state/session-table.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { int64s } from '../support/columns.js';

const BUILDS = ['debug', 'scalar', 'simd'] as const;
/** Of the only accumulator, a count of rows, in a session's row. */
const COUNT = 32;

interface Row {
  readonly key: number;
  readonly start: number;
  readonly end: number;
  readonly clock: number;
}
interface Session {
  readonly key: number;
  readonly start: number;
  readonly end: number;
  readonly rows: number;
}

/** Sessions as an array that every row goes through. */
function twinPlace(sessions: readonly Session[], row: Row, latenessMs: number): Session[] {
  const joins = sessions.filter((s) => s.key === row.key && s.start <= row.end && row.start <= s.end && s.end > row.clock - latenessMs);
  const joined = {
    key: row.key,
    start: Math.min(row.start, ...joins.map((s) => s.start)),
    end: Math.max(row.end, ...joins.map((s) => s.end)),
    rows: 1 + joins.reduce((sum, s) => sum + s.rows, 0),
  };
  return [...sessions.filter((s) => !joins.includes(s)), joined];
}

class Sessions {
  readonly table: SessionTable;
  readonly #ws: Workspace;

  constructor(ws: Workspace, timed: boolean, inOrder: boolean) {
    this.#ws = ws;
    const keys = keyShapeOf([field('key', 'int64')]);
    this.table = new SessionTable(ws, { keys, rowBytes: 8, imageBytes: 0, timed, allowedLatenessMs: 0, inOrder });
  }

  place(rows: readonly Row[], clocks: boolean): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const columns = [
      int64s(
        ws,
        rows.map((r) => r.key),
      ),
    ];
    const addresses = ws.alloc(4);
    ws.memory.u32.set(columns, addresses / 4);
    const [groups, ats, pairs] = [ws.alloc(rows.length * 4), ws.alloc(rows.length * 4), this.table.newPairs()];
    this.table.keys.find({ shape: this.table.keys.shape, rows: rows.length, columns, addresses }, 0, 0, rows.length, groups);
    const spans = {
      starts: int64s(
        ws,
        rows.map((r) => r.start),
      ),
      ends: int64s(
        ws,
        rows.map((r) => r.end),
      ),
      gapMs: 0,
      clocks: clocks
        ? int64s(
            ws,
            rows.map((r) => r.clock),
          )
        : 0,
    };
    for (let at = 0; at < rows.length; ) {
      const stop = this.table.place(groups, spans, at, rows.length, ats, pairs);
      ws.kernels.accumulate_count(ats, COUNT, 0, at, stop);
      const { into, others, count } = this.table.pairs(pairs);
      if (count > 0) {
        const counts = readWord({ ws, ats: others, count }, COUNT, 'int64');
        ws.kernels.accumulate_add_i64(into, COUNT, counts.values, 0, count);
        this.table.merged(pairs);
      }
      at = stop;
    }
    ws.scratch.release(mark);
  }

  due(watermark: number, most: number): Session[] {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const ats = ws.alloc(most * 4);
    const out: Session[] = [];
    for (let count = 0; (count = ws.kernels.sessions_due(this.table.at, watermark, 0, ats, most) >>> 0) > 0; ) {
      assert.ok(count <= most);
      out.push(...this.read(ats, count));
      ws.kernels.sessions_fired(this.table.at, watermark, 0, ats, count);
    }
    ws.scratch.release(mark);
    return out;
  }

  all(): Session[] {
    const out: Session[] = [];
    for (const { ats, count } of this.table.list(7)) out.push(...this.read(ats, count));
    return out;
  }

  read(ats: number, count: number): Session[] {
    const rows = { ws: this.#ws, ats, count };
    const columns = [this.table.keysOf(rows), rows, rows, rows].map((of, i) =>
      readWord(of, [0, SESSION_START, SESSION_END, COUNT][i] as number, 'int64'),
    );
    const value = (column: number, row: number): number =>
      Number(this.#ws.memory.i64[(columns[column] as { values: number }).values / 8 + row]);
    return Array.from({ length: count }, (_, i) => ({ key: value(0, i), start: value(1, i), end: value(2, i), rows: value(3, i) }));
  }
}

const sorted = (sessions: readonly Session[]): string[] => sessions.map((s) => JSON.stringify(s)).sort();

for (const build of BUILDS) {
  test(`sessions equal the twin's, and come due in order of their ends (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    for (let seed = 1; seed <= 150; seed++) {
      const random = new Random(seed);
      const sessions = new Sessions(ws, true, random.bool());
      let twin: Session[] = [];
      const scale = random.pick([1, 7, 1000, 1e9, 1e13]);
      const keys = random.pick([1, 3, 40]);
      let watermark = random.pick([-8e15, -3e5, 0, 1.7e12]);
      sessions.table.begin(watermark);
      const latest = Math.min(watermark + 30 * 100 * scale, 4e15);
      for (let step = 0; step < 30; step++) {
        const clocks = random.bool();
        const rows = Array.from({ length: random.int(0, random.pick([5, 200])) }, (): Row => {
          const start = watermark + 1 + Math.floor(random.int(0, 300) * scale);
          // No row is late: it would not be there.
          const gap = random.int(1, random.pick([3, 60])) * scale;
          return { key: random.int(0, keys - 1), start, end: start + gap, clock: watermark };
        }).map((row) => {
          if (!clocks || random.bool(0.8)) return row;
          const clock = watermark + random.int(0, 200) * scale;
          const end = Math.max(row.end, clock + 1);
          return { ...row, clock, start: Math.min(row.start, clock), end };
        });
        sessions.place(rows, clocks);
        for (const row of rows) twin = twinPlace(twin, row, 0);
        const what = `seed ${seed}, step ${step}`;
        assert.deepEqual(sorted(sessions.all()), sorted(twin), what);
        assert.equal(sessions.table.sessions, twin.length);
        const earliest = Math.min(...twin.map((s) => s.end));
        const next = sessions.table.next();
        assert.ok(twin.length === 0 ? next === Infinity : next <= earliest, `${what}: the next is due at ${next}, not ${earliest}`);
        watermark = step === 29 ? Infinity : Math.min(latest, watermark + random.pick([0, 1, 50, 400]) * scale);
        const wanted = twin.filter((s) => s.end <= watermark);
        const found = sessions.due(watermark, random.pick([1, 3, 1000]));
        assert.deepEqual(sorted(found), sorted(wanted), what);
        assert.ok(
          found.every((s, i) => i === 0 || (found[i - 1] as Session).end <= s.end),
          `${what}: out of order`,
        );
        twin = twin.filter((s) => s.end > watermark);
        sessions.table.compactKeys();
        assert.deepEqual(sorted(sessions.all()), sorted(twin), what);
      }
      sessions.table.close();
      assert.equal(ws.scratch.mark().chunk <= 0, true);
    }
  });

  test(`gathered sessions, taken in their order, make the sessions that the rows would (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    for (let seed = 1; seed <= 150; seed++) {
      const random = new Random(seed);
      const gathered = new Sessions(ws, false, false);
      // Two splits, one ahead of the other: what a row behind its clock finds hangs on all rows before it.
      const splits = [0, random.int(0, 80)];
      const rows = Array.from({ length: random.int(1, 400) }, (): Row => {
        const split = random.int(0, 1);
        const clock = (splits[split] as number) + random.int(0, 3);
        splits[split] = clock;
        const start = clock + 1 + random.int(0, 60) - (random.bool(0.1) ? 70 : 0);
        return { key: random.int(0, 4), start, end: Math.max(start + random.int(1, 30), clock + 2), clock };
      });
      gathered.place(rows, true);
      let direct: Session[] = [];
      for (const row of rows) direct = twinPlace(direct, row, 0);
      let twice: Session[] = [];
      const clocks: number[] = [];
      for (const { ats, count } of gathered.table.list(50)) {
        const { values } = readWord({ ws, ats, count }, SESSION_CLOCK, 'int64');
        for (let i = 0; i < count; i++) clocks.push(Number(ws.memory.i64[values / 8 + i]));
      }
      const partials = gathered.all();
      assert.ok(partials.length < rows.length || rows.length < 50, 'something was gathered');
      partials.forEach((partial, i) => {
        const before = twice;
        twice = twinPlace(twice, { ...partial, clock: clocks[i] as number }, 0);
        const joined = twice.find((s) => !before.includes(s)) as Session;
        twice = [...twice.filter((s) => s !== joined), { ...joined, rows: joined.rows - 1 + partial.rows }];
      });
      assert.deepEqual(sorted(twice), sorted(direct), `seed ${seed}`);
      gathered.table.close();
    }
  });

  test(`ends, gaps and lateness of rows equal the twin's (${build})`, () => {
    const ws = createWorkspace({ build, bytes: 64 << 20 });
    const { kernels, memory } = ws;
    const random = new Random(5);
    for (let round = 0; round < 200; round++) {
      const mark = ws.scratch.mark();
      const n = random.int(1, 300);
      const times = Array.from({ length: n }, () => random.int(-1000, 1000));
      const gaps = times.map(() => random.int(1, 50));
      const [at, gapsAt, out] = [int64s(ws, times), int64s(ws, gaps), ws.alloc(n * 8)];
      const list = (address: number): number[] => [...memory.i64.subarray(address / 8, address / 8 + n)].map(Number);
      kernels.sessions_ends(at, gapsAt, n, out);
      assert.deepEqual(
        list(out),
        times.map((t, i) => t + (gaps[i] as number)),
      );
      kernels.sessions_result_times(at, n, out);
      assert.deepEqual(
        list(out),
        times.map((t) => t - 1),
      );

      assert.equal(kernels.sessions_bad_gap(gapsAt, 0, n, 50), n);
      const bad = random.int(0, n - 1);
      memory.i64[gapsAt / 8 + bad] = BigInt(random.pick([0, -1, -9e15, 51]));
      assert.equal(kernels.sessions_bad_gap(gapsAt, 0, n, 50), bad);
      memory.i64[gapsAt / 8 + bad] = BigInt(gaps[bad] as number);
      const validity = ws.alloc(Math.ceil(n / 8));
      memory.u8.fill(0xff, validity, validity + Math.ceil(n / 8));
      assert.equal(kernels.sessions_bad_gap(gapsAt, validity, n, 50), n);
      memory.u8[validity + (bad >>> 3)] = 0xff ^ (1 << (bad & 7));
      assert.equal(kernels.sessions_bad_gap(gapsAt, validity, n, 50), bad);

      const clocks = times.map((t) => t + random.int(-60, 80));
      const [clock, lateness] = [random.int(-1000, 1000), random.pick([0, 11])];
      for (const [own, perRow] of [
        [true, true],
        [false, true],
        [true, false],
      ] as const) {
        const late = times.map((t, i) => t + (perRow ? (gaps[i] as number) : 20) - 1 + lateness <= (own ? (clocks[i] as number) : clock));
        const inTime = kernels.sessions_late(at, perRow ? gapsAt : 0, 20, own ? int64s(ws, clocks) : 0, clock, n, lateness, out);
        const rows = times.map((_, i) => i);
        assert.deepEqual([...memory.u32.subarray(out / 4, out / 4 + n)], [...rows.filter((i) => !late[i]), ...rows.filter((i) => late[i])]);
        assert.equal(inTime, late.filter((l) => !l).length);
      }
      ws.scratch.release(mark);
    }
  });
}
