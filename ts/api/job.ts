import { MillraceError } from '../core/errors.js';
import { assemble } from './assemble.js';
import type { BuiltJob } from './built-job.js';
import { Scope } from './draft.js';
import { functionGiven } from './given.js';
import { sourceStream, type From } from './source.js';
import { partsOf } from './stream.js';
import type { Part } from './stream-types.js';
import { show } from './types.js';

/** What a job's function makes its streams from. */
export interface Env {
  readonly from: From;
}

/** What a job returns: the names under which tests, queries and metrics know its parts. */
export type Face = Readonly<Record<string, Part>>;

export interface Job<out F, in P> {
  readonly name: string;
  readonly '~face': F;
  readonly '~params': (params: P) => void;
}
export type FaceOf<J> = J extends Job<infer F, never> ? F : never;
export type ParamsOf<J> = J extends Job<unknown, infer P> ? P : never;

/** What a job is at run time. */
export class JobDefinition {
  readonly name: string;
  /** The module that lanes import to have the job's functions. */
  readonly url: string;
  readonly build: (env: Env, params: unknown) => unknown;

  constructor(name: string, url: string, build: (env: Env, params: unknown) => unknown) {
    this.name = name;
    this.url = url;
    this.build = build;
    Object.freeze(this);
  }
}

/** By module and name; undefined where a module has defined two of one name. */
const jobs = new Map<string, Map<string, JobDefinition | undefined>>();

/**
 * Defines a job. `import.meta` says which module the lanes import; there they call the same function again, so it must
 * do the same every time: what varies comes as params.
 */
export function job<F extends Face | void = void, P = void>(
  module: ImportMeta,
  name: string,
  build: (env: Env, params: P) => F,
): Job<F, P> {
  if (typeof name !== 'string' || name === '')
    throw new MillraceError('plan.invalid', `job(import.meta, ${show(name)}, …): give the job a name`);
  if (typeof module?.url !== 'string')
    throw new MillraceError('plan.invalid', `job '${name}': the first argument must be import.meta, not ${show(module)}`);
  functionGiven(build, `job '${name}'`, '(env) => ({ … })');
  const definition = new JobDefinition(name, module.url, build as JobDefinition['build']);
  const ofModule = jobs.get(module.url) ?? new Map<string, JobDefinition | undefined>();
  jobs.set(module.url, ofModule.set(name, ofModule.has(name) ? undefined : definition));
  return definition as unknown as Job<F, P>;
}

/** The job of this name that the module has defined, once it has been imported. */
export function findJob(url: string, name: string): Job<unknown, never> {
  const ofModule = jobs.get(url);
  const found = ofModule?.get(name);
  if (found !== undefined) return found as unknown as Job<unknown, never>;
  if (ofModule?.has(name) === true)
    throw new MillraceError('plan.name-taken', `${url} defines two jobs named '${name}'; give them different names`);
  const names = [...(ofModule?.keys() ?? [])].map((other) => `'${other}'`).join(', ');
  throw new MillraceError('plan.invalid', `${url} defines no job '${name}'${names === '' ? '' : `; it defines ${names}`}`);
}

export function jobDefinition(given: unknown): JobDefinition {
  if (given instanceof JobDefinition) return given;
  throw new MillraceError('plan.invalid', `${show(given)} is no job; give what job(import.meta, name, (env) => …) returns`);
}

/** Calls the job's function and makes its plan. The same job and params give the same plan, everywhere. */
export function buildJob(given: Job<unknown, never>, params?: unknown): BuiltJob {
  const { name, url, build } = jobDefinition(given);
  const scope = new Scope(name, undefined);
  const env = Object.freeze({ from: (source: unknown, options: unknown) => sourceStream(scope, source, options) }) as unknown as Env;
  return assemble(name, partsOf(build(env, params), scope), scope.sinks, url);
}
