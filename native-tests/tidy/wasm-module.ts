/** What a tidy kernels' module may hold, read from its bytes. */
export interface ModuleFacts {
  readonly imports: readonly {
    readonly module: string;
    readonly name: string;
    readonly kind: 'function' | 'table' | 'memory' | 'global';
  }[];
  readonly sharedMemory: boolean;
  /** `name signature` of each exported function, sorted; other exports have their kind in place of the signature. */
  readonly exports: readonly string[];
  readonly globals: readonly { readonly mutable: boolean }[];
  readonly tables: number;
  readonly ownMemories: number;
  readonly start: boolean;
  readonly data: readonly { readonly offset: number; readonly length: number }[];
  readonly functionNames: boolean;
  readonly bytes: number;
}

const VALUE_TYPES: Readonly<Record<number, string>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128', 0x70: 'funcref' };
const KINDS = ['function', 'table', 'memory', 'global'] as const;

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.at++];
    if (value === undefined) throw new Error('the module ends early');
    return value;
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  signed(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return byte & 0x40 ? value - 2 ** (shift + 7) : value;
    }
  }

  text(): string {
    const length = this.unsigned();
    this.at += length;
    return Buffer.from(this.#bytes.subarray(this.at - length, this.at)).toString('utf8');
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.unsigned() }, read);
  }
}

export function readModule(bytes: Uint8Array): ModuleFacts {
  const reader = new Reader(bytes);
  reader.at = 8;
  const imports: { module: string; name: string; kind: (typeof KINDS)[number] }[] = [];
  let types: string[] = [];
  let functions: number[] = [];
  let exported: { name: string; kind: number; index: number }[] = [];
  let globals: { mutable: boolean }[] = [];
  let data: { offset: number; length: number }[] = [];
  let [tables, ownMemories, sharedMemory, start, functionNames] = [0, 0, false, false, false];
  const limits = () => {
    const flags = reader.unsigned();
    reader.unsigned();
    if (flags & 1) reader.unsigned();
    return flags;
  };
  const importOne = () => {
    const [module, name, kind] = [reader.text(), reader.text(), KINDS[reader.byte()] ?? 'function'];
    imports.push({ module, name, kind });
    if (kind === 'function') reader.unsigned();
    else if (kind === 'memory') sharedMemory = (limits() & 2) !== 0;
    else if (kind === 'table') [reader.byte(), limits()];
    else [reader.byte(), reader.byte()];
  };
  const sections: Readonly<Record<number, () => void>> = {
    0: () => (functionNames ||= reader.text() === 'name'),
    1: () => (types = reader.list(() => signature(reader))),
    2: () => reader.list(importOne),
    3: () => (functions = reader.list(() => reader.unsigned())),
    4: () => (tables = reader.unsigned()),
    5: () => (ownMemories = reader.unsigned()),
    6: () => (globals = reader.list(() => global(reader))),
    7: () => (exported = reader.list(() => ({ name: reader.text(), kind: reader.byte(), index: reader.unsigned() }))),
    8: () => (start = true),
    11: () => (data = reader.list(() => segment(reader))),
  };
  while (!reader.done) {
    const id = reader.byte();
    const length = reader.unsigned();
    const end = reader.at + length;
    sections[id]?.();
    reader.at = end;
  }
  const importedFunctions = imports.filter((each) => each.kind === 'function').length;
  const exports = exported.map(({ name, kind, index }) =>
    kind === 0 ? `${name}${types[functions[index - importedFunctions] ?? -1] ?? ' an import'}` : `${name} ${KINDS[kind]}`,
  );
  return { imports, sharedMemory, exports: exports.sort(), globals, tables, ownMemories, start, data, functionNames, bytes: bytes.length };
}

function signature(reader: Reader): string {
  reader.byte();
  const types = () => reader.list(() => VALUE_TYPES[reader.byte()] ?? '?').join(', ');
  return `(${types()}) -> (${types()})`;
}

function global(reader: Reader): { mutable: boolean } {
  reader.byte();
  const mutable = reader.byte() === 1;
  skipExpression(reader);
  return { mutable };
}

/** An active segment at a constant address; anything else gets an address that no rule accepts. */
function segment(reader: Reader): { offset: number; length: number } {
  const flags = reader.unsigned();
  if (flags === 2) reader.unsigned();
  let offset = Number.NaN;
  if (flags !== 1) {
    if (reader.byte() === 0x41) offset = reader.signed();
    while (reader.byte() !== 0x0b);
  }
  const length = reader.unsigned();
  reader.at += length;
  return { offset, length };
}

/** Constant expressions: one instruction with its immediate, then `end`. */
function skipExpression(reader: Reader): void {
  const op = reader.byte();
  if (op === 0x41 || op === 0x42 || op === 0x23) reader.signed();
  else if (op === 0x43) reader.at += 4;
  else if (op === 0x44) reader.at += 8;
  else if (op === 0xfd) reader.at += 17;
  if (reader.byte() !== 0x0b) throw new Error('a global has an initial value that is no constant');
}

export interface ModuleRules {
  readonly dataFrom: number;
  readonly dataTo: number;
  readonly shared: boolean;
  readonly maxBytes: number;
  /** A build without optimisation keeps the compiler's own unused table and globals. */
  readonly unoptimised?: boolean;
}

/** Every way in which a module is not what a kernels' module must be. */
export function brokenModule(name: string, facts: ModuleFacts, rules: ModuleRules): string[] {
  const offences: string[] = [];
  const refuse = (broken: boolean, message: string) => {
    if (broken) offences.push(`${name}: ${message}`);
  };
  const foreign = facts.imports.filter((each) => !(each.module === 'env' && each.name === 'memory' && each.kind === 'memory'));
  refuse(foreign.length > 0, `imports ${foreign.map((each) => `${each.module}.${each.name}`).join(', ')}; only env.memory is allowed`);
  refuse(!facts.imports.some((each) => each.kind === 'memory'), 'does not import its memory');
  refuse(facts.ownMemories > 0, 'has a memory of its own');
  refuse(facts.sharedMemory !== rules.shared, `memory is ${facts.sharedMemory ? '' : 'not '}shared`);
  refuse(!rules.unoptimised && facts.globals.some((each) => each.mutable), 'has mutable globals: two instances on one memory would differ');
  refuse(!rules.unoptimised && facts.tables > 0, 'has a table: kernels call nothing indirectly');
  refuse(facts.start, 'has a start function');
  refuse(!facts.functionNames, 'has no names: profiles and traps could not be read');
  for (const { offset, length } of facts.data) {
    const inside = offset >= rules.dataFrom && offset + length <= rules.dataTo;
    refuse(!inside, `has ${length} bytes of data at ${offset}, outside [${rules.dataFrom}, ${rules.dataTo})`);
  }
  refuse(facts.bytes > rules.maxBytes, `has ${facts.bytes} bytes, at most ${rules.maxBytes}`);
  return offences;
}
