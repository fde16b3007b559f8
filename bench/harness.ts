// What every bench is written with: contenders that do the same work are run in turns, so that a busy machine disturbs all of
// them alike; their answers must agree; medians over the rounds and the ratio of each peer to ours are printed, and kept as
// JSON where `--json FILE` says so. `--small` runs every contender once over few rows: what the tests do.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Bench } from 'tinybench';
import { machineFacts, type MachineFacts } from './machine.js';

/** One way to do the work. The first contender of a case is the engine; the others are its peers. */
export interface Contender {
  readonly name: string;
  /** Does the work once and returns its answer, which is compared with the others' (`undefined`: nothing to compare). */
  readonly run: () => unknown;
  /** Takes so long that it runs only once: as it warms up it is measured too. */
  readonly slow?: boolean;
}

/** An answer of something that takes its own time: a process of its own, or work between preparations. */
export class Timed {
  readonly answer: unknown;
  readonly wallMs: number;
  readonly cpuMs: number;

  constructor(answer: unknown, wallMs: number, cpuMs: number) {
    this.answer = answer;
    this.wallMs = wallMs;
    this.cpuMs = cpuMs;
  }
}

export interface Measured {
  readonly name: string;
  /** Medians over the rounds. */
  readonly nsPerRow: number;
  readonly cpuSecondsPerMillionRows: number;
  /** Medians over the rounds of this contender's time to the engine's in the same round: above 1, the engine is faster. */
  readonly wallRatio: number;
  readonly cpuRatio: number;
}

export interface CaseResult {
  readonly name: string;
  readonly rows: number;
  /** Bytes read, for what reads bytes. */
  readonly bytes?: number;
  readonly rounds: number;
  readonly contenders: readonly Measured[];
}

export interface SuiteResult {
  readonly suite: string;
  readonly small: boolean;
  readonly machine: MachineFacts;
  readonly cases: readonly CaseResult[];
}

export interface CaseOptions {
  readonly rows: number;
  readonly bytes?: number;
  /** `kernel`: repeated by tinybench within a round; `once`: run once a round. */
  readonly repeat: 'kernel' | 'once';
  /** What `rows` counts. Times of steps are shown in microseconds. */
  readonly unit?: 'row' | 'step';
  readonly rounds?: number;
}

interface Sample {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const KERNEL_MS = 100;
const ROUNDS = 5;

export const small = process.argv.includes('--small');

/** The value of `--name value`, or undefined. */
export function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

export function median(values: readonly number[]): number {
  assert(values.length > 0, 'the median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}

/** Times a part of what a contender does; the rest of it (preparing, checking) does not count. */
export async function timed(run: () => unknown): Promise<Timed> {
  const cpu = process.cpuUsage();
  const from = process.hrtime.bigint();
  const answer = await run();
  const wallMs = Number(process.hrtime.bigint() - from) / 1e6;
  const { user, system } = process.cpuUsage(cpu);
  return new Timed(answer, wallMs, (user + system) / 1000);
}

/** Runs the work once, and takes its wall-clock and CPU time (of all threads of this process) unless it has done so itself. */
async function once(contender: Contender): Promise<Timed> {
  const whole = await timed(contender.run);
  return whole.answer instanceof Timed ? whole.answer : whole;
}

async function repeated(contender: Contender): Promise<Sample> {
  const cpu = process.cpuUsage();
  const bench = new Bench({ time: KERNEL_MS, iterations: 3, warmup: false });
  bench.add(contender.name, async () => {
    await contender.run();
  });
  const [task] = await bench.run();
  const { user, system } = process.cpuUsage(cpu);
  assert(task !== undefined && task.result.state === 'completed', `${contender.name} did not complete`);
  return { wallMs: task.result.latency.p50, cpuMs: (user + system) / 1000 / task.runs };
}

/** The cases of one bench file. Prints each as it comes; `end` writes the JSON. */
export class Suite {
  readonly #name: string;
  readonly #cases: CaseResult[] = [];
  readonly #machine = machineFacts();

  constructor(name: string) {
    this.#name = name;
  }

  async case(name: string, options: CaseOptions, contenders: readonly Contender[]): Promise<CaseResult> {
    const samples = contenders.map((): Sample[] => []);
    let first: { name: string; answer: unknown } | undefined;
    const rounds = small ? 1 : (options.rounds ?? ROUNDS);
    // Round -1 warms up and compares the answers.
    for (let round = -1; round < rounds; round++) {
      for (const [i, contender] of contenders.entries()) {
        if (round >= 0 && contender.slow) continue;
        const timed = round < 0 || small || options.repeat === 'once' ? await once(contender) : undefined;
        if (timed !== undefined && timed.answer !== undefined) {
          first ??= { name: contender.name, answer: timed.answer };
          assert.deepEqual(timed.answer, first.answer, `${this.#name}, ${name}: ${contender.name} and ${first.name} disagree`);
        }
        if (round < 0 && !contender.slow) continue;
        (samples[i] as Sample[]).push(timed ?? (await repeated(contender)));
      }
    }
    const result: CaseResult = {
      name,
      rows: options.rows,
      ...(options.bytes === undefined ? {} : { bytes: options.bytes }),
      rounds,
      contenders: contenders.map((contender, i) => summed(contender.name, samples[i] as Sample[], samples[0] as Sample[], options.rows)),
    };
    this.#cases.push(result);
    console.log(options.unit === 'step' ? tableOfSteps(result) : table(result));
    return result;
  }

  /** Call it when all cases are done. */
  end(): void {
    const path = option('json');
    if (path === undefined) return;
    mkdirSync(dirname(path), { recursive: true });
    const result: SuiteResult = { suite: this.#name, small, machine: this.#machine, cases: this.#cases };
    writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`);
  }
}

function summed(name: string, samples: readonly Sample[], ours: readonly Sample[], rows: number): Measured {
  const ratio = (of: (sample: Sample) => number) => {
    // What ran only once has no partner in the same round.
    if (samples.length < ours.length) return median(samples.map(of)) / median(ours.map(of));
    return median(samples.map((sample, i) => of(sample) / of(ours[i] as Sample)));
  };
  return {
    name,
    nsPerRow: (median(samples.map((s) => s.wallMs)) * 1e6) / rows,
    cpuSecondsPerMillionRows: (median(samples.map((s) => s.cpuMs)) * 1000) / rows,
    wallRatio: ratio((s) => s.wallMs),
    cpuRatio: ratio((s) => s.cpuMs),
  };
}

function tableOfSteps({ name, rows, contenders }: CaseResult): string {
  const lines = contenders.map(({ name: who, nsPerRow, cpuSecondsPerMillionRows: cpu, wallRatio }, i) => {
    const ratio = i === 0 ? '' : `${wallRatio.toFixed(2).padStart(8)}x time`;
    return `  ${who.padEnd(34)}${(nsPerRow / 1000).toFixed(1).padStart(10)} us/step ${cpu.toFixed(1).padStart(9)} CPU us ${ratio}`.trimEnd();
  });
  return [`${name} (${rows.toLocaleString('en')} steps)`, ...lines].join('\n');
}

function table(result: CaseResult): string {
  const { rows, bytes } = result;
  const head = `${result.name} (${rows.toLocaleString('en')} rows${bytes === undefined ? '' : `, ${(bytes / rows).toFixed(0)} bytes each`})`;
  const lines = result.contenders.map((c, i) => {
    const rate = bytes === undefined ? '' : `${(bytes / rows / c.nsPerRow).toFixed(2).padStart(7)} GB/s`;
    const ratios = i === 0 ? '' : `${c.wallRatio.toFixed(2).padStart(8)}x time ${c.cpuRatio.toFixed(2).padStart(7)}x CPU`;
    const perRow = `${c.nsPerRow.toFixed(2).padStart(10)} ns/row ${(1000 / c.nsPerRow).toFixed(2).padStart(9)} M rows/s`;
    return `  ${c.name.padEnd(34)}${perRow}${rate} ${c.cpuSecondsPerMillionRows.toFixed(4).padStart(9)} CPU s/M ${ratios}`.trimEnd();
  });
  return [head, ...lines].join('\n');
}
