/** The few parts of WebAssembly's JavaScript interface that we use; Node has them, but its types do not. */
export interface WasmModule {
  readonly '~wasm': 'module';
}

export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

interface WasmInterface {
  Module: {
    new (bytes: Uint8Array): WasmModule;
    imports(module: WasmModule): readonly { readonly module: string; readonly name: string }[];
  };
  Memory: new (options: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  Instance: new (module: WasmModule, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => { readonly exports: object };
}

export const wasm: WasmInterface = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;
