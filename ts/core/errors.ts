import { AssertionError } from './assert.js';

/** Who can mend a fault: the author of the job, the world around it, or us. */
export type ErrorDomain = 'user' | 'external' | 'internal';

interface CodeFacts {
  readonly domain: ErrorDomain;
  /** Whether running the same job again may help. */
  readonly retryable: boolean;
}

const user = { domain: 'user', retryable: false } as const;
const external = { domain: 'external', retryable: true } as const;
const internal = { domain: 'internal', retryable: false } as const;

/** Every operating fault has one of these codes; bugs are assertions (see assert.ts). */
export const ERROR_CODES = {
  /** The job itself is wrong; found before anything runs. */
  'plan.invalid': user,
  'plan.unknown-column': user,
  'plan.wrong-type': user,
  'plan.no-event-time': user,
  'plan.name-taken': user,
  'plan.differs': user,
  'config.invalid': user,
  /** A record could not be decoded and its source's policy is to fail. */
  'record.malformed': user,
  'record.too-large': user,
  /** A value that no column type can hold, or an integer sum beyond int64. */
  'value.overflow': user,
  'value.invalid': user,
  /** The user's own function threw or returned what its schema does not allow. */
  'function.failed': user,
  /** The user's own WebAssembly trapped. */
  'function.trapped': user,
  'state.too-large': user,
  'state.incompatible': user,
  /** State that was to move out of memory could not be written, or read again. */
  'state.spill-failed': external,
  'memory.exhausted': user,
  'source.failed': external,
  'sink.failed': external,
  'file.not-found': { domain: 'external', retryable: false },
  'lane.crashed': { domain: 'internal', retryable: true },
  'lane.hung': { domain: 'internal', retryable: true },
  'kernel.trapped': internal,
  'job.cancelled': { domain: 'user', retryable: true },
  'internal.bug': internal,
} as const satisfies Record<string, CodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorOptionsOf {
  /** The operator's id in the plan, as `explain` prints it. */
  readonly operator?: string | undefined;
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** A fault of operation, typed. `message` names what the user wrote, what was expected and what to do. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly domain: ErrorDomain;
  readonly retryable: boolean;
  readonly operator: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptionsOf = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MillraceError';
    this.code = code;
    this.domain = ERROR_CODES[code].domain;
    this.retryable = ERROR_CODES[code].retryable;
    this.operator = options.operator;
    this.details = options.details ?? {};
  }

  /** The same fault, said of an operator; the innermost operator wins. */
  at(operator: string): MillraceError {
    if (this.operator !== undefined) return this;
    const named = new MillraceError(this.code, `${operator}: ${this.message}`, { operator, cause: this.cause, details: this.details });
    if (this.stack !== undefined) named.stack = this.stack;
    return named;
  }
}

/** Plain data that crosses threads. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly operator: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly stack: string | undefined;
  /** What lay beneath, as far as it can cross threads. */
  readonly cause: { readonly name: string; readonly message: string; readonly stack: string | undefined } | undefined;
}

export function errorToData(error: unknown): ErrorData {
  const e = toMillraceError(error);
  return { code: e.code, message: e.message, operator: e.operator, details: e.details, stack: e.stack, cause: causeToData(e.cause) };
}

export function errorFromData(data: ErrorData): MillraceError {
  const error = new MillraceError(data.code, data.message, {
    operator: data.operator,
    details: data.details,
    cause: causeFromData(data.cause),
  });
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

function causeToData(cause: unknown): ErrorData['cause'] {
  if (cause === undefined) return undefined;
  return cause instanceof Error
    ? { name: cause.name, message: cause.message, stack: cause.stack }
    : { name: typeof cause, message: String(cause), stack: undefined };
}

function causeFromData(data: ErrorData['cause']): Error | undefined {
  if (data === undefined) return undefined;
  const cause = new Error(data.message);
  cause.name = data.name;
  if (data.stack !== undefined) cause.stack = data.stack;
  return cause;
}

/** Anything thrown, as one of ours: a WASM trap keeps its name, all else is a bug. */
export function toMillraceError(error: unknown, operator?: string): MillraceError {
  if (error instanceof MillraceError) return operator === undefined ? error : error.at(operator);
  const message = error instanceof Error ? error.message : String(error);
  const code: ErrorCode = isTrap(error) ? 'kernel.trapped' : 'internal.bug';
  const named = new MillraceError(code, operator === undefined ? message : `${operator}: ${message}`, { operator, cause: error });
  if (error instanceof Error && error.stack !== undefined) named.stack = error.stack;
  return named;
}

/** What the world outside threw at us, such as a connection or somebody's own connector; bugs of ours stay bugs. */
export function toExternalError(error: unknown, code: 'source.failed' | 'sink.failed', what: string, operator?: string): MillraceError {
  if (error instanceof MillraceError || error instanceof AssertionError || isTrap(error)) return toMillraceError(error, operator);
  const message = `${what} failed: ${error instanceof Error ? error.message : String(error)}`;
  const named = new MillraceError(code, message, { cause: error });
  return operator === undefined ? named : named.at(operator);
}

function isTrap(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Object.prototype.toString.call(error) === '[object Error]'
    ? (error as Error).name === 'RuntimeError'
    : false;
}
