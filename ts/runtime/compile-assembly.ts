import { fileURLToPath } from 'node:url';
import { nodeHost } from '../core/node-host.js';
import { readText } from '../core/read-text.js';

/** A module to be made of a source text and the files that it imports. */
export interface AssemblyInput {
  readonly source: string;
  /** The folder that imports are relative to: a `file:` URL that ends in a slash. */
  readonly folder: string;
}

export interface AssemblyOutput {
  /** Undefined if it does not compile. */
  readonly bytes: Uint8Array | undefined;
  /** What the compiler said. */
  readonly log: string;
  /** Every file that was read: its URL and text. */
  readonly files: readonly (readonly [url: string, text: string])[];
}

/** Where the compiler is told that the source and the files lie. */
const ENTRY = 'millrace-aggregate.ts';
const RUNTIME = 'millrace-runtime';
/** Nothing is behind it: what the language calls to allocate is refused by name. */
const RUNTIME_SOURCE = [
  '__new(size: usize, id: u32): usize',
  '__renew(at: usize, size: usize): usize',
  '__alloc(size: usize): usize',
  '__realloc(at: usize, size: usize): usize',
  '__free(at: usize): void',
  '__link(parent: usize, child: usize, many: bool): void',
  '__pin(at: usize): usize',
  '__unpin(at: usize): void',
  '__collect(): void',
]
  .map((f) => `@global function ${f} { ERROR('nothing can be allocated here'); ${f.endsWith('void') ? '' : 'return 0; '}}\n`)
  .join('');
/** Of 64 KiB: what a module has to begin with, and what it may grow to. */
const PAGES = { initial: 2, most: 1024 };
/** So that address 0 is nothing. */
const CONSTANTS_FROM = 1024;

/**
 * Compiles AssemblyScript to a module with a memory of its own and, unless the source asks for one, no import. There is no
 * runtime behind it: what allocates does not compile.
 */
export async function compileAssembly({ source, folder }: AssemblyInput): Promise<AssemblyOutput> {
  // A large module, and no job needs it but those with an aggregate in AssemblyScript.
  const { default: asc } = await import('assemblyscript/asc');
  let bytes: Uint8Array | undefined;
  let log = '';
  const files = new Map<string, string>();
  const told = { write: (text: string) => void (log += text) };
  const args = [
    ENTRY,
    ...['--outFile', 'out.wasm', '--runtime', RUNTIME, '--use', 'abort=', '--debug', '--enable', 'simd'],
    ...['--optimizeLevel', '3', '--memoryBase', `${CONSTANTS_FROM}`],
    ...['--initialMemory', `${PAGES.initial}`, '--maximumMemory', `${PAGES.most}`],
  ];
  const { error } = await asc.main(args, {
    stdout: told as never,
    stderr: told as never,
    readFile(name: string) {
      const path = name.replace(/^\.\//, '');
      if (path === ENTRY) return source;
      if (path === `${RUNTIME}.ts`) return RUNTIME_SOURCE;
      if (!/\.ts$/.test(path)) return null;
      const url = new URL(path, folder).href;
      const text = readText(nodeHost, fileURLToPath(url));
      if (text !== undefined) files.set(url, text);
      return text ?? null;
    },
    writeFile(name: string, data: string | Uint8Array) {
      if (name === 'out.wasm') bytes = data as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error !== null && error !== undefined && log === '') log = error.message;
  return { bytes: error === null || error === undefined ? bytes : undefined, log, files: [...files] };
}
