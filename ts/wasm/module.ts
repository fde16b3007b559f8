import { readFileSync } from 'node:fs';
import type { KernelExports } from './generated/kernels.js';
import { wasm, type WasmMemory, type WasmModule } from './webassembly.js';

/** The builds of the one AssemblyScript source: the same exports, the same results. */
export type KernelBuild = 'debug' | 'scalar' | 'simd' | 'simd.mt';

export type { KernelExports };

/** Addresses below this hold the module's constant tables; arenas begin here. */
export const MEMORY_BASE = 1 << 20;

/** Compiled once a process; the module itself may be posted to other threads. */
export function loadKernels(build: KernelBuild): WasmModule {
  return new wasm.Module(readFileSync(new URL(`../../kernels/${build}.wasm`, import.meta.url)));
}

export function instantiate(module: WasmModule, memory: WasmMemory): KernelExports {
  return new wasm.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
}

/** Pages are touched only when used: reserving all of it at once costs nothing and spares every view from going stale. */
export function createMemory(bytes: number, shared: boolean): WasmMemory {
  const pages = Math.ceil(bytes / 65_536);
  return new wasm.Memory({ initial: pages, maximum: shared ? 65_536 : pages, shared });
}
