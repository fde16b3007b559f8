import { fileURLToPath } from 'node:url';
import { assemblyTypeOf, ownModuleSource, type OwnModuleSpec } from '../build/own-module-source.js';
import type { Kind } from '../columns/schema.js';
import { MillraceError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { readText } from '../core/read-text.js';
import type { AggregateCall } from '../plan/plan.js';
import type { AssemblyInput, AssemblyOutput } from '../runtime/compile-assembly.js';
import { OffLanes } from '../runtime/off-lanes.js';
import type { OwnModule } from '../wasm/own-module.js';
import { wasm, type WasmModule } from '../wasm/webassembly.js';
import type { BuiltJob } from './built-job.js';

/** Where a file of AssemblyScript is: relative to the job's module. */
export function fileUrl(file: string, module: string | undefined): string {
  if (module === undefined && !URL.canParse(file)) {
    throw new MillraceError(
      'plan.invalid',
      `wasmAggregator('${file}'): outside a job there is no module that the path is relative to; give new URL('${file}', import.meta.url)`,
    );
  }
  const url = new URL(file, module);
  if (url.protocol === 'file:') return url.href;
  throw new MillraceError('plan.invalid', `wasmAggregator('${file}'): ${url.href} is no file; give the path of a file of AssemblyScript`);
}

interface Compiled {
  /** What was read for it: while that is the same, so is the module. */
  readonly files: readonly (readonly [url: string, text: string])[];
  readonly module: WasmModule;
}

const compiled = new Map<string, Compiled>();
/** Its thread, with the compiler in it, ends by itself when there was nothing to compile for a while. */
const offLanes = new OffLanes();

/** The modules of all of the job's own aggregates in AssemblyScript, by slot. Compiled off the lanes, once a process and text. */
export async function compileOwnModules(built: BuiltJob, host: Host): Promise<ReadonlyMap<number, OwnModule>> {
  const calls = built.plan.nodes.flatMap((node) =>
    'aggregates' in node ? node.aggregates.filter((call) => call.module !== undefined) : [],
  );
  const modules = new Map<number, OwnModule>();
  if (calls.length === 0) return modules;
  for (const call of calls) {
    const slot = call.module?.slot as number;
    const { file, input, output, retracts } = call.options as Readonly<Record<string, string | number>>;
    const spec = { input: input as Kind, output: output as Kind, retracts: retracts === 1 };
    modules.set(slot, { module: await compile(call, String(built.objects[slot]), spec, host), file: String(file) });
  }
  return modules;
}

async function compile(call: AggregateCall, url: string, spec: OwnModuleSpec, host: Host): Promise<WasmModule> {
  const key = JSON.stringify([url, spec]);
  const known = compiled.get(key);
  if (known?.files.every(([file, text]) => readText(host, fileURLToPath(file)) === text)) return known.module;
  const what = `aggregate '${call.name}': ${call.options?.['file']}`;
  const path = fileURLToPath(url);
  if (readText(host, path) === undefined)
    throw new MillraceError('file.not-found', `${what}: there is no file ${path}; the path is relative to the job's module as it runs`);
  const folder = new URL('.', url).href;
  const source = ownModuleSource(spec, `./${url.slice(folder.length).replace(/\.ts$/, '')}`);
  const { bytes, log, files } = await assemble({ source, folder }, what);
  if (bytes === undefined) throw new MillraceError('plan.invalid', `${what} does not compile: ${log.trim()}${adviceFor(spec, log)}`);
  const module = new wasm.Module(bytes);
  const imports = wasm.Module.imports(module).map((i) => `${i.module}.${i.name}`);
  if (imports.length > 0) {
    throw new MillraceError(
      'plan.invalid',
      `${what} asks its host for ${imports.join(', ')}; an aggregate stands alone: no console, trace, Date, Math.random or declared functions`,
    );
  }
  compiled.set(key, { files, module });
  return module;
}

async function assemble(input: AssemblyInput, what: string): Promise<AssemblyOutput> {
  try {
    return await offLanes.run('assemble', input);
  } catch (cause) {
    // It ends its thread when it meets what it cannot do.
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('plan.invalid', `${what} does not compile: the AssemblyScript compiler failed on it (${message})`, { cause });
  }
}

function adviceFor({ input, output, retracts }: OwnModuleSpec, log: string): string {
  if (log.includes('nothing can be allocated'))
    return '\nA state is numbers only, and nothing is allocated: no objects, arrays, strings or closures; fields of State and local variables';
  const more = retracts ? `, retract(state: State, value: ${assemblyTypeOf(input)})` : '';
  return (
    `\nThe file exports class State and functions init(state: State), add(state: State, value: ${assemblyTypeOf(input)}), ` +
    `merge(state: State, other: State), result(state: State): ${assemblyTypeOf(output)}${more}`
  );
}
