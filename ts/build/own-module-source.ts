import type { Kind } from '../columns/schema.js';

/** What one's own aggregate in AssemblyScript says of itself. */
export interface OwnModuleSpec {
  readonly input: Kind;
  readonly output: Kind;
  readonly retracts: boolean;
}

/** AssemblyScript's type of a kind, how a row's word (assembly/kernels/words.ts) is read as it, and how a result is written. */
interface TypeOf {
  readonly type: string;
  readonly read: string;
  readonly write: string;
}

const TYPES: Readonly<Partial<Record<Kind, TypeOf>>> = {
  bool: {
    type: 'bool',
    read: '(load<u32>(word) != 0)',
    write: 'if (value) store<u8>(out + (i >>> 3), <u8>(<u32>load<u8>(out + (i >>> 3)) | (<u32>1 << (i & 7))))',
  },
  int32: { type: 'i32', read: 'load<i32>(word)', write: 'store<i32>(out + (<usize>i << 2), value)' },
  int64: { type: 'i64', read: 'load<i64>(word)', write: 'store<i64>(out + (<usize>i << 3), value)' },
  float64: { type: 'f64', read: 'load<f64>(word)', write: 'store<f64>(out + (<usize>i << 3), value)' },
  timestamp: {
    type: 'i64',
    read: 'load<i64>(word)',
    write: 'if (value > 8640000000000000 || value < -8640000000000000) return i;\n    store<i64>(out + (<usize>i << 3), value)',
  },
};

/** Kinds that one's own aggregate in AssemblyScript may take and give: those of one word. */
export const OWN_MODULE_KINDS: readonly Kind[] = Object.keys(TYPES) as Kind[];

/** `i64` of int64. */
export function assemblyTypeOf(kind: Kind): string {
  return TYPES[kind]?.type ?? kind;
}

/**
 * The AssemblyScript around the user's file: loops over rows, so that the calls of each row stay inside the module and can be
 * inlined. States lie side by side, `stride` bytes each:
 *
 *   | seen u32 | 0 | State ... |      rounded up to 8; until it is seen, a state is to be made by init
 *
 * `places` is u32 a row: which state is its own, counted from 1; 0: the row does not count. `words` is 8 bytes a row.
 */
export function ownModuleSource({ input, output, retracts }: OwnModuleSpec, importPath: string): string {
  const given = TYPES[input] as TypeOf;
  const told = TYPES[output] as TypeOf;
  const rows = (name: string, call: string): string => `
export function ${name}(states: usize, stride: u32, places: usize, words: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const place = load<u32>(places + (<usize>i << 2));
    if (!place) continue;
    const state = stateOf(states + <usize>(place - 1) * stride);
    const word = words + (<usize>i << 3);
    const value: ${given.type} = ${given.read};
    ${call}(state, value);
  }
}
`;
  return `import { State, init, add, merge, result${retracts ? ', retract' : ''} } from ${JSON.stringify(importPath)};

// @ts-ignore: decorator
@inline
function stateOf(at: usize): State {
  const state = changetype<State>(at + 8);
  if (!load<u32>(at)) {
    store<u32>(at, 1);
    init(state);
  }
  return state;
}

/** Bytes of a State. */
export function own_state_bytes(): u32 {
  return <u32>offsetof<State>();
}

/** From here on the module's memory is free. */
export function own_free_from(): usize {
  return __heap_base;
}
${rows('own_add', 'add')}${retracts ? rows('own_retract', 'retract') : ''}
/** \`others\` are states, side by side, for the rows that count. */
export function own_merge(states: usize, stride: u32, places: usize, others: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const place = load<u32>(places + (<usize>i << 2));
    if (!place) continue;
    const at = states + <usize>(place - 1) * stride;
    if (load<u32>(at)) {
      merge(changetype<State>(at + 8), changetype<State>(others));
    } else {
      store<u32>(at, 1);
      memory.copy(at + 8, others, stride - 8);
    }
    others += stride - 8;
  }
}

/** Results as a column, \`out\` being zeros. Returns n, or the first row whose result is no value of its type. */
export function own_result(states: usize, stride: u32, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const at = states + <usize>i * stride;
    if (!load<u32>(at)) continue;
    const value: ${told.type} = result(changetype<State>(at + 8));
    ${told.write};
  }
  return n;
}
`;
}
