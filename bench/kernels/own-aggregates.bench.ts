// A sum by int64 key, columns in memory, written three times: the aggregate that ships with us, one's own in AssemblyScript, and
// one's own in JavaScript. The same groups, the same answers; what differs is what a row costs on its way into its state.
// usage: own-aggregates.bench.js [--small] [--json FILE]
import { ownModuleSource } from '../../ts/build/own-module-source.js';
import { batchOf, type Batch } from '../../ts/columns/batch.js';
import { NONE } from '../../ts/columns/memory.js';
import { field, type Schema } from '../../ts/columns/schema.js';
import type { BoundAggregate } from '../../ts/operators/group-layout.js';
import { WindowAggregate } from '../../ts/operators/window-aggregate.js';
import { compileAssembly } from '../../ts/runtime/compile-assembly.js';
import type { OwnModule } from '../../ts/wasm/own-module.js';
import { wasm } from '../../ts/wasm/webassembly.js';
import { createWorkspace, type Workspace } from '../../ts/wasm/workspace.js';
import { small, Suite, type Contender } from '../harness.js';
import { keyAt, valueAt } from '../peers/rows.js';

const BATCH_ROWS = 32_768;
const ROWS = small ? 131_072 : 4_194_304;
const SCHEMA: Schema = [field('key', 'int64'), field('value', 'int64')];
const SUM = `
@unmanaged export class State { sum: i64; }
export function init(state: State): void {}
export function add(state: State, value: i64): void { state.sum += value; }
export function merge(state: State, other: State): void { state.sum += other.sum; }
export function result(state: State): i64 { return state.sum; }
`;

function fill(ws: Workspace, keys: number): Batch[] {
  return Array.from({ length: ROWS / BATCH_ROWS }, (_, b) => {
    const [k, v, t] = [0, 0, 0].map(() => ws.blocks.alloc(BATCH_ROWS * 8)) as [number, number, number];
    for (let i = 0; i < BATCH_ROWS; i++) {
      ws.memory.i64[k / 8 + i] = BigInt(keyAt(b * BATCH_ROWS + i, keys));
      ws.memory.i64[v / 8 + i] = BigInt(valueAt(b * BATCH_ROWS + i));
      ws.memory.i64[t / 8 + i] = 0n;
    }
    const column = (values: number) => ({ kind: 'int64' as const, validity: NONE, offsets: NONE, values });
    return batchOf(SCHEMA, BATCH_ROWS, [column(k), column(v)], t);
  });
}

/** From an empty table to results; the answer is how many groups there are and their sums' sum. */
function contender(name: string, ws: Workspace, batches: readonly Batch[], aggregate: BoundAggregate): Contender {
  const run = (): unknown => {
    const operator = new WindowAggregate(ws, {
      window: { kind: 'tumbling', sizeMs: 1000, offsetMs: 0 },
      inputSchema: SCHEMA,
      keys: [0],
      aggregates: [aggregate],
      outputSchema: [field('key', 'int64'), field('windowStart', 'timestamp'), field('windowEnd', 'timestamp'), field('total', 'int64')],
      allowedLatenessMs: 0,
      emit: 'final',
      changes: false,
      mode: 'rows',
      keyGroups: { count: 128, lane: 0, lanes: 1 },
    });
    let [groups, total] = [0, 0n];
    const emit = (_port: number, { rows, columns }: Batch): void => {
      groups += rows;
      const at = (columns[3]?.values ?? 0) / 8;
      for (let i = 0; i < rows; i++) total += ws.memory.i64[at + i] as bigint;
    };
    const out = { room: () => BATCH_ROWS, emit };
    for (const batch of batches) {
      operator.push(0, batch);
      while (operator.pull(out) === 'more');
    }
    operator.mark(0, { step: 0, clockMs: 0, watermark: Number.POSITIVE_INFINITY });
    while (operator.pull(out) === 'more');
    operator.close();
    return [groups, total];
  };
  return { name, run };
}

async function compiled(): Promise<OwnModule> {
  const folder = 'file:///bench/';
  const spec = { input: 'int64', output: 'int64', retracts: false } as const;
  // The file's text and the loops around it in one source: there is no file to import.
  const source = `${SUM}${ownModuleSource(spec, './sum.as').replace(/^import .*$/m, '')}`;
  const { bytes, log } = await compileAssembly({ source, folder });
  if (bytes === undefined) throw new Error(log);
  return { module: new wasm.Module(bytes), file: './sum.as.ts' };
}

const suite = new Suite('kernels/own-aggregates');
const module = await compiled();
for (const keys of small ? [1000, 20_000] : [10, 1000, 100_000, 1_000_000]) {
  const ws = createWorkspace({ bytes: small ? 128 << 20 : 1 << 30 });
  const batches = fill(ws, keys);
  const common = { name: 'total', args: [1], kinds: ['int64'], options: { input: 'int64', output: 'int64' } } as const;
  const functions = {
    init: () => 0n,
    add: (sum: bigint, value: bigint) => sum + value,
    merge: (a: bigint, b: bigint) => a + b,
    result: (sum: bigint) => sum,
  } as unknown as NonNullable<BoundAggregate['functions']>;
  await suite.case(`${keys.toLocaleString('en')} keys`, { rows: ROWS, repeat: 'once' }, [
    contender('the sum that ships with us', ws, batches, { ...common, fn: 'sum' }),
    contender('wasmAggregator', ws, batches, { ...common, fn: 'wasmAggregator', module }),
    contender('aggregator', ws, batches, { ...common, fn: 'aggregator', functions }),
  ]);
}
suite.end();
