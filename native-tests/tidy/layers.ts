import { posix } from 'node:path';
import { at, importsOf, isTest, type SourceFile } from './source-files.js';

/**
 * Who may import whom. A layer names the layers it may use; `layer/file.ts` allows that one file only.
 * A layer may always use itself.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  columns: ['core'],
  wasm: ['core', 'columns'],
  plan: ['core', 'columns/schema.ts'],
  state: ['core', 'columns', 'wasm'],
  operators: ['core', 'columns', 'wasm', 'state'],
  connectors: ['core', 'columns', 'wasm'],
  // The runtime declares the program that it runs; build makes one.
  build: ['core', 'columns', 'wasm', 'state', 'plan', 'operators', 'connectors', 'runtime/program.ts', 'runtime/content-reader.ts'],
  runtime: ['core', 'columns', 'wasm', 'state', 'operators/operator.ts', 'connectors/connector.ts'],
  // Besides `run`: the entry of a lane's thread, which makes its memory and kernels.
  api: ['core', 'columns', 'plan', 'build', 'runtime', 'connectors', 'wasm'],
  testing: ['core', 'columns', 'wasm', 'state', 'plan', 'operators', 'connectors', 'build', 'runtime', 'api'],
  cli: ['core', 'columns', 'plan', 'connectors', 'runtime', 'api', 'index.ts'],
  'index.ts': ['core', 'columns', 'plan', 'connectors', 'runtime', 'api'],
};

/** Packages and built-in modules, and the only places that may use each. Everything else goes through core/host.ts. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  assemblyscript: ['ts/runtime/compile-assembly.ts'],
  'apache-arrow': ['ts/columns/', 'ts/connectors/', 'ts/testing/', 'ts/api/'],
  piscina: ['ts/runtime/'],
  esbuild: ['ts/build/', 'ts/api/', 'ts/cli/'],
  'node:crypto': ['ts/core/node-host.ts', 'ts/plan/', 'ts/build/', 'ts/api/', 'ts/cli/'],
  'node:fs': ['ts/core/node-host.ts', 'ts/wasm/module.ts', 'ts/cli/'],
  'node:os': ['ts/core/node-host.ts', 'ts/api/', 'ts/cli/'],
  'node:path': ['ts/core/node-host.ts', 'ts/cli/', 'ts/api/'],
  'node:process': ['ts/cli/'],
  'node:stream': ['ts/core/node-host.ts', 'ts/connectors/'],
  'node:url': ['ts/core/', 'ts/cli/', 'ts/api/', 'ts/runtime/'],
  'node:util': ['ts/cli/'],
  'node:worker_threads': ['ts/core/node-host.ts', 'ts/runtime/'],
  'node:zlib': ['ts/core/node-host.ts', 'ts/connectors/', 'ts/runtime/off-lane-tasks.ts'],
};

/** `ts/plan/plan.ts` -> `plan`; a file directly in `ts/` is a layer of its own. */
export function layerOf(path: string): string {
  const [, folder = ''] = path.split('/');
  return folder;
}

export function brokenLayers(files: readonly SourceFile[]): string[] {
  const operators = new Set(files.filter((file) => exportsAnOperator(file)).map((file) => file.path));
  return files.filter((file) => file.path.startsWith('ts/') && !isTest(file.path)).flatMap((file) => brokenLayersOf(file, operators));
}

function exportsAnOperator(file: SourceFile): boolean {
  return file.path.startsWith('ts/operators/') && /^export class \w+[^{]*\bimplements\b[^{]*\bOperator\b/m.test(file.text);
}

function brokenLayersOf(file: SourceFile, operators: ReadonlySet<string>): string[] {
  const layer = layerOf(file.path);
  const allowed = LAYERS[layer];
  if (allowed === undefined)
    return [`${file.path}: ${layer} is no layer; add it to LAYERS in native-tests/tidy/layers.ts with what it may import`];
  return importsOf(file).flatMap((found) => {
    const where = at(file, found.line);
    if (!found.from.startsWith('.')) return brokenPackage(file, found.from, where);
    const path = resolveImport(file.path, found.from);
    if (!path.startsWith('ts/')) return [`${where}: ${found.from} leads out of ts/`];
    if (isTest(path)) return [`${where}: ${found.from} is a test; what both need belongs in a file of its own`];
    const target = layerOf(path);
    if (target === layer) {
      if (layer === 'operators' && operators.has(path) && path !== file.path) {
        return [`${where}: an operator imports another operator (${path}); move what both need to a file of pure functions`];
      }
      return [];
    }
    if (allowed.includes(target) || allowed.includes(path.slice('ts/'.length))) return [];
    return [`${where}: ${layer} may not import ${path.slice('ts/'.length)}; it may use ${allowed.join(', ') || 'nothing'}`];
  });
}

function brokenPackage(file: SourceFile, name: string, where: string): string[] {
  const root = name.startsWith('node:')
    ? name
    : name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/');
  const places = PACKAGES[root];
  if (places === undefined) return [`${where}: ${name} is not among PACKAGES in native-tests/tidy/layers.ts`];
  if (places.some((place) => file.path.startsWith(place))) return [];
  return [`${where}: ${name} may be used in ${places.join(', ')} only; the engine reaches the machine through core/host.ts`];
}

/** The source file that an import names: `./a.js` in `ts/x/b.ts` is `ts/x/a.ts`. */
export function resolveImport(importer: string, name: string): string {
  return posix.join(posix.dirname(importer), name).replace(/\.js$/, '.ts');
}

/** Every cycle of imports, each told once, starting at its first file in order of names. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter((found) => found.from.startsWith('.'))
        .map((found) => resolveImport(file.path, found.from)),
    ]),
  );
  const done = new Set<string>();
  const cycles = new Map<string, string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path);
    if (seen >= 0) {
      const ring = trail.slice(seen);
      cycles.set([...ring].sort().join(), `${[...ring, path].join(' -> ')} is a cycle of imports; move what both need to a third file`);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of [...edges.keys()].sort()) visit(path, []);
  return [...cycles.values()];
}

/**
 * Files that nothing reaches from the given roots, by import or by `new URL('./x.js', import.meta.url)`. A file's own test
 * does not count as a use of it.
 */
export function unreachedFiles(files: readonly SourceFile[], roots: readonly string[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) return;
    reached.add(path);
    const subject = path.replace(/\.(test|test-d|bench)\.ts$/, '.ts');
    for (const found of importsOf(file)) {
      const target = resolveImport(path, found.from);
      if (found.from.startsWith('.') && (target !== subject || target === path)) visit(target);
    }
    for (const match of file.text.matchAll(/new URL\('(\.[^']*\.js)', import\.meta\.url\)/g)) visit(resolveImport(path, match[1] ?? ''));
  };
  for (const root of roots) visit(root);
  const idle = files.filter((file) => file.path.startsWith('ts/') && !isTest(file.path) && !reached.has(file.path));
  return idle.map((file) => `${file.path}: nothing but its own test imports this file; use it or remove it`);
}
