import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ownModuleSource, type OwnModuleSpec } from '../../ts/build/own-module-source.js';
import { compileAssembly } from '../../ts/runtime/compile-assembly.js';
import type { OwnModule } from '../../ts/wasm/own-module.js';
import { wasm } from '../../ts/wasm/webassembly.js';

/** A module for an aggregate whose file has this text. */
export async function moduleOf(text: string, spec: Omit<OwnModuleSpec, 'retracts'> & { readonly retracts?: boolean }): Promise<OwnModule> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-aggregate-'));
  try {
    writeFileSync(join(folder, 'it.as.ts'), text);
    const source = ownModuleSource({ retracts: false, ...spec }, './it.as');
    const { bytes, log } = await compileAssembly({ source, folder: `${pathToFileURL(folder).href}/` });
    if (bytes === undefined) throw new Error(log);
    return { module: new wasm.Module(bytes), file: './it.as.ts' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A sum that can be taken back, over values of AssemblyScript's type `type`. */
export const sumOf = (type: string, more = ''): string => `
@unmanaged
export class State { sum: f64; n: i32; }
export function init(state: State): void { assert(state.sum == 0 && state.n == 0); state.n = 1000; }
export function add(state: State, value: ${type}): void { state.sum += <f64>value; state.n++; }
export function retract(state: State, value: ${type}): void { state.sum -= <f64>value; state.n--; }
export function merge(state: State, other: State): void { state.sum += other.sum; state.n += other.n - 1000; }
${more}
`;
