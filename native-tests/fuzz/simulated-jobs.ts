// Jobs of a small grammar, each as a pipeline for the engine and as a slow, obvious model of it.
import { job, type Job } from '../../ts/api/job.js';
import type { Random } from '../../ts/core/random.js';
import { count, int64, max, memory, milliseconds, min, outOfOrder, sum, timestamp, tumbling, utf8, type Stream } from '../../ts/index.js';
import type { Int64, Utf8 } from '../../ts/index.js';

export interface Row {
  readonly k: string;
  readonly n: bigint;
  readonly at: number;
}

/** A row on its way through the model: its event time, and the clock that judges whether it is late. */
interface ModelRow {
  readonly k: string;
  readonly n: bigint;
  readonly time: number;
  readonly clock: number;
}

type Part =
  | { readonly kind: 'where'; readonly least: number }
  | { readonly kind: 'filter'; readonly not: string }
  | { readonly kind: 'select'; readonly add: number }
  | { readonly kind: 'map'; readonly from: string; readonly to: string }
  | { readonly kind: 'flatMap'; readonly most: number }
  | { readonly kind: 'branch'; readonly least: number; readonly add: number }
  | { readonly kind: 'window'; readonly keyed: boolean; readonly sizeMs: number; readonly offsetMs: number; readonly name: string };

/** Sources run through parts of their own, are merged, and go on together. */
export interface Shape {
  readonly sources: readonly { readonly boundMs: number; readonly splits: number; readonly parts: readonly Part[] }[];
  readonly parts: readonly Part[];
}

export function randomShape(random: Random): Shape {
  let windows = 0;
  const part = (): Part => {
    const kind = random.pick(['where', 'filter', 'select', 'map', 'flatMap', 'branch', 'window', 'window'] as const);
    if (kind === 'where') return { kind, least: random.int(-20, 0) };
    if (kind === 'filter') return { kind, not: `k${random.int(0, 9)}` };
    if (kind === 'select') return { kind, add: random.int(-3, 3) };
    if (kind === 'map') return { kind, from: `k${random.int(0, 9)}`, to: `k${random.int(0, 9)}` };
    if (kind === 'flatMap') return { kind, most: random.int(1, 4) };
    if (kind === 'branch') return { kind, least: random.int(-5, 5), add: random.int(0, 5) };
    const sizeMs = random.pick([50, 100, 700]);
    return { kind, keyed: random.bool(0.8), sizeMs, offsetMs: random.pick([0, 13]), name: `w${windows++}` };
  };
  const parts = (most: number): Part[] => Array.from({ length: random.int(0, most) }, part);
  const sources = Array.from({ length: random.int(1, 3) }, () => ({
    boundMs: random.pick([0, 40, 300]),
    splits: random.int(1, 2),
    parts: parts(2),
  }));
  return { sources, parts: [...parts(2), { ...part(), ...lastWindow(random, windows) }, ...parts(1)] };
}

function lastWindow(random: Random, at: number): Part {
  return { kind: 'window', keyed: true, sizeMs: random.pick([50, 200]), offsetMs: 0, name: `w${at}last` };
}

/** What plans call the source. */
export function sourceId(index: number): string {
  return `source${index}`;
}

type Flow = Stream<{ k: Utf8; n: Int64 }, 'event-time'>;

/** The job's outputs: `out`, and for each window what was late for it. */
export function jobOf(shape: Shape, name: string): Job<unknown, never> {
  return job(import.meta, name, (env) => {
    const face: Record<string, Flow> = {};
    const flows = shape.sources.map(({ boundMs, parts }, index) => {
      const rows = env.from(memory<Row>([]), {
        schema: { k: utf8(), n: int64(), at: timestamp() },
        eventTime: { column: 'at', watermark: outOfOrder(milliseconds(boundMs)) },
      });
      return build(
        rows.named(sourceId(index)).select((c) => ({ k: c.k, n: c.n })),
        parts,
        face,
      );
    });
    const [first, ...others] = flows as [Flow, ...Flow[]];
    face['out'] = build(others.length === 0 ? first : first.merge(...others), shape.parts, face);
    return face;
  }) as unknown as Job<unknown, never>;
}

function build(start: Flow, parts: readonly Part[], face: Record<string, Flow>): Flow {
  let flow = start;
  const schema = { k: utf8(), n: int64() };
  for (const part of parts) {
    if (part.kind === 'where') flow = flow.where((c) => c.n.ge(part.least));
    else if (part.kind === 'filter') flow = flow.filter((r) => r.k !== part.not);
    else if (part.kind === 'select') flow = flow.select((c) => ({ k: c.k, n: c.n.add(BigInt(part.add)) }));
    else if (part.kind === 'map') flow = flow.map(schema, (r) => ({ k: r.k === part.from ? part.to : r.k, n: r.n }));
    else if (part.kind === 'flatMap') flow = flow.flatMap(schema, (r) => copies(r.n, part.most).map((n) => ({ k: r.k, n })));
    else if (part.kind === 'branch') {
      const { high, rest } = flow.branch({ high: (r) => r.n >= part.least, rest: () => true });
      flow = rest.merge(high.select((c) => ({ k: c.k, n: c.n.add(BigInt(part.add)) })));
    } else {
      const window = tumbling(milliseconds(part.sizeMs), { offset: milliseconds(part.offsetMs) });
      if (part.keyed) {
        const result = flow
          .keyBy('k')
          .window(window)
          .aggregate((c) => ({ rows: count(), total: sum(c.n), least: min(c.n), most: max(c.n) }));
        face[part.name] = result.late;
        flow = result.select((c) => ({ k: c.k, n: c.total.add(c.rows).add(c.most).sub(c.least) }));
      } else {
        const result = flow.window(window).aggregate((c) => ({ rows: count(), total: sum(c.n), k: max(c.k) }));
        face[part.name] = result.late;
        flow = result.select((c) => ({ k: c.k, n: c.total.add(c.rows) }));
      }
    }
  }
  return flow;
}

function copies(n: bigint, most: number): bigint[] {
  const length = Number(BigInt.asUintN(16, n)) % (most + 1);
  return Array.from({ length }, (_, i) => n + BigInt(i));
}

/** Blocks of rows, and splits that are idle: what was in a step. */
export interface Step {
  readonly blocks: readonly { readonly source: number; readonly split: string; readonly rows: readonly Row[] }[];
  readonly idle: readonly { readonly source: number; readonly split: string }[];
}

/** What the job must give, part by part, as sorted text. */
export function modelOf(shape: Shape, steps: readonly Step[]): Record<string, string[]> {
  const given = judged(shape, steps);
  const found: Record<string, ModelRow[]> = {};
  const flows = shape.sources.map(({ parts }, source) => through(given[source] as ModelRow[], parts, found));
  found['out'] = through(flows.flat(), shape.parts, found);
  return Object.fromEntries(Object.entries(found).map(([name, rows]) => [name, rows.map(show).sort()]));
}

export function show(row: { readonly k?: unknown; readonly n?: unknown }): string {
  return `${String(row.k)}=${String(row.n)}`;
}

/** Each source's rows, in order, each with the clock that judges it. */
function judged(shape: Shape, steps: readonly Step[]): ModelRow[][] {
  return shape.sources.map(({ boundMs, splits }, source) => {
    const marks = new Map(Array.from({ length: splits }, (_, split) => [String(split), -Infinity]));
    let watermark = -Infinity;
    const out: ModelRow[] = [];
    for (const step of steps) {
      for (const block of step.blocks) {
        if (block.source !== source) continue;
        for (const { k, n, at } of block.rows) {
          const before = marks.get(block.split) as number;
          out.push({ k, n, time: at, clock: Math.max(before, watermark) });
          marks.set(block.split, Math.max(before, at - boundMs - 1));
        }
      }
      const idle = new Set(step.idle.filter((ref) => ref.source === source).map((ref) => ref.split));
      const live = [...marks].filter(([split]) => !idle.has(split)).map(([, mark]) => mark);
      watermark = Math.max(watermark, live.length === 0 ? Math.max(...marks.values()) : Math.min(...live));
    }
    return out;
  });
}

function through(start: readonly ModelRow[], parts: readonly Part[], found: Record<string, ModelRow[]>): ModelRow[] {
  let rows = [...start];
  for (const part of parts) {
    if (part.kind === 'where') rows = rows.filter((r) => r.n >= BigInt(part.least));
    else if (part.kind === 'filter') rows = rows.filter((r) => r.k !== part.not);
    else if (part.kind === 'select') rows = rows.map((r) => ({ ...r, n: r.n + BigInt(part.add) }));
    else if (part.kind === 'map') rows = rows.map((r) => ({ ...r, k: r.k === part.from ? part.to : r.k }));
    else if (part.kind === 'flatMap') rows = rows.flatMap((r) => copies(r.n, part.most).map((n) => ({ ...r, n })));
    else if (part.kind === 'branch') rows = rows.map((r) => (r.n >= BigInt(part.least) ? { ...r, n: r.n + BigInt(part.add) } : r));
    else rows = windowed(rows, part, found);
  }
  return rows;
}

function windowed(rows: readonly ModelRow[], part: Part & { kind: 'window' }, found: Record<string, ModelRow[]>): ModelRow[] {
  const groups = new Map<string, { last: number; rows: ModelRow[] }>();
  const late: ModelRow[] = [];
  for (const row of rows) {
    const start = Math.floor((row.time - part.offsetMs) / part.sizeMs) * part.sizeMs + part.offsetMs;
    const last = start + part.sizeMs - 1;
    if (last <= row.clock) {
      late.push(row);
      continue;
    }
    const key = part.keyed ? `${start} ${row.k}` : String(start);
    const group = groups.get(key) ?? { last, rows: [] };
    groups.set(key, group);
    group.rows.push(row);
  }
  found[part.name] = late;
  return [...groups.values()].map((group) => {
    const values = group.rows.map((r) => r.n);
    const total = values.reduce((a, b) => a + b, 0n) + BigInt(values.length);
    const least = values.reduce((a, b) => (a < b ? a : b));
    const most = values.reduce((a, b) => (a > b ? a : b));
    const keys = group.rows.map((r) => r.k).sort();
    return { k: keys.at(-1) as string, n: part.keyed ? total + most - least : total, time: group.last, clock: -Infinity };
  });
}
