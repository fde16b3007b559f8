import { buildJob, type FaceOf, type Job, type ParamsOf } from '../api/job.js';
import type { OutRow } from '../api/stream-types.js';
import type { RowInput } from '../api/types.js';
import { rowsToDetached } from '../columns/builder.js';
import { detachedToRows } from '../columns/rows.js';
import type { Schema as Fields } from '../columns/schema.js';
import { must } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { nodeHost } from '../core/node-host.js';
import { ManualJob } from './manual-job.js';

type Nameless = 'the job returns nothing: return { orders, totals, … } to name its parts';
type IsVoid<F> = [F] extends [void] ? true : false;
type SourceNames<F> =
  IsVoid<F> extends true ? Nameless : { [K in keyof F]: F[K] extends { readonly '~source': unknown } ? K : never }[keyof F] & string;
type TimedNames<F> = {
  [K in keyof F]: F[K] extends { readonly '~source': unknown; readonly '~traits': infer T } ? ('event-time' extends T ? K : never) : never;
}[keyof F] &
  string;
type SchemaAt<E> = E extends { readonly schema: infer S } ? S : never;
type TraitsAt<E> = E extends { readonly '~traits': infer T } ? T : never;
type Args<P, O> = [P] extends [void] ? [options?: O] : [options: O & { params: P }];

/** A job with neither broker nor clock: rows, watermarks and time are given by hand, and each call is one step. */
export interface TestDriver<F> {
  /** Rows of a source, in order; one step. */
  send<N extends SourceNames<F>>(source: N, rows: readonly RowInput<SchemaAt<F[N & keyof F]>>[]): Promise<void>;
  /** Nothing at or before this time is to come from the source. */
  watermark(source: TimedNames<F>, at: number): Promise<void>;
  /** Moves the job's clock, which stands at 0 at first. */
  advanceProcessingTime(ms: number): Promise<void>;
  /** What the part has given since it was last taken. */
  take<N extends IsVoid<F> extends true ? Nameless : keyof F & string>(
    name: N,
  ): OutRow<SchemaAt<F[N & keyof F]>, TraitsAt<F[N & keyof F]>>[];
  /** Takes a snapshot, throws everything else away and goes on from it, at another number of lanes if you like. */
  checkpointAndRestore(options?: { lanes?: number }): Promise<void>;
  /** All inputs end: open windows fire. */
  end(): Promise<void>;
  /** Counters since the last restore: `operator.counter`. */
  metrics(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** Starts a job for a test, with all lanes on the calling thread. */
export async function testDriver<J extends Job<unknown, never>>(
  job: J,
  ...args: Args<ParamsOf<J>, { lanes?: number }>
): Promise<TestDriver<FaceOf<J>>> {
  const options = (args[0] ?? {}) as { lanes?: number; params?: unknown };
  const built = buildJob(job, options.params);
  const sources = new Map<string, { readonly id: string; readonly schema: Fields }>();
  for (const [name, ref] of Object.entries(built.plan.parts)) {
    const node = must(
      built.plan.nodes.find((n) => n.id === ref.node),
      ref.node,
    );
    if (node.kind === 'source' && ref.port === 'main') sources.set(name, { id: node.id, schema: node.schema });
  }
  const taps = Object.keys(built.plan.parts).filter((name) => !sources.has(name));
  const lanes = options.lanes ?? 1;
  const manual = await ManualJob.start(built, { host: nodeHost, lanes, taps });
  return new JobTestDriver(manual, sources, new Set(taps), lanes) as unknown as TestDriver<FaceOf<J>>;
}

class JobTestDriver {
  readonly #job: ManualJob;
  readonly #sources: ReadonlyMap<string, { readonly id: string; readonly schema: Fields }>;
  readonly #taps: ReadonlySet<string>;
  readonly #sent = new Map<string, Record<string, unknown>[]>();
  #lanes: number;

  constructor(
    job: ManualJob,
    sources: ReadonlyMap<string, { readonly id: string; readonly schema: Fields }>,
    taps: ReadonlySet<string>,
    lanes: number,
  ) {
    this.#job = job;
    this.#sources = sources;
    this.#taps = taps;
    this.#lanes = lanes;
  }

  async send(name: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const source = this.#source(name);
    // Through the columns and back, so that what is taken has the form that the job sees.
    const seen = detachedToRows(rowsToDetached(source.schema, rows));
    this.#sent.set(name, [...(this.#sent.get(name) ?? []), ...seen]);
    await this.#job.step([{ source: source.id, rows }]);
  }

  async watermark(name: string, at: number): Promise<void> {
    await this.#job.raise(this.#source(name).id, at);
  }

  async advanceProcessingTime(ms: number): Promise<void> {
    if (!(ms >= 0))
      throw new MillraceError('config.invalid', `advanceProcessingTime(${ms}): time does not go back; give milliseconds >= 0`);
    this.#job.clockMs += ms;
    await this.#job.step([]);
  }

  take(name: string): readonly object[] {
    if (this.#taps.has(name)) return this.#job.take(name);
    this.#source(name);
    const rows = this.#sent.get(name) ?? [];
    this.#sent.set(name, []);
    return rows;
  }

  async checkpointAndRestore(options: { lanes?: number } = {}): Promise<void> {
    this.#lanes = options.lanes ?? this.#lanes;
    await this.#job.checkpointAndRestore(this.#lanes);
  }

  async end(): Promise<void> {
    await this.#job.drain();
  }

  metrics(): Readonly<Record<string, number>> {
    return this.#job.metrics();
  }

  async close(): Promise<void> {
    await this.#job.close();
  }

  #source(name: string): { readonly id: string; readonly schema: Fields } {
    const source = this.#sources.get(name);
    if (source !== undefined) return source;
    const names = [...this.#sources.keys()].map((n) => `'${n}'`).join(', ');
    throw new MillraceError(
      'config.invalid',
      `the job returns no source '${name}'${names === '' ? '; return its sources to send to them' : `; it returns ${names}`}`,
    );
  }
}
