import { MillraceError } from '../core/errors.js';
import type { Stage } from './stage.js';

interface Holder {
  readonly id: string;
  readonly bytes: number;
}

const ADVICE = 'give groups a ttl, make windows smaller or allowed lateness shorter, use more lanes or fewer keys';

/**
 * Throws when the operators of a lane hold more state than its share of the job's `stateLimit`. `bytesInUse`: of all of the
 * lane's memory, which must be above the share before operators are asked.
 */
export function checkStateLimit(stages: readonly Stage[], bytesInUse: number, limitBytes: number, lanes: number): void {
  if (bytesInUse <= limitBytes) return;
  const holders = holdersOf(stages);
  const held = holders.reduce((sum, { bytes }) => sum + bytes, 0);
  const [most] = holders;
  if (held <= limitBytes || most === undefined) return;
  const share = lanes === 1 ? '' : `, a lane's share of ${limitBytes * lanes} at ${lanes} lanes`;
  throw new MillraceError(
    'state.too-large',
    `${most.id} holds ${most.bytes} bytes of state, of ${held} in its lane: the stateLimit is ${limitBytes} bytes${share}; ${ADVICE}, or raise the stateLimit`,
    { operator: most.id, details: { stateBytes: held, limitBytes, holders } },
  );
}

/** An error of a lane that has no memory left says who holds most of it. */
export function withHolders(error: unknown, stages: readonly Stage[]): unknown {
  if (!(error instanceof MillraceError) || error.code !== 'memory.exhausted') return error;
  const holders = holdersOf(stages);
  const [most] = holders;
  if (most === undefined) return error;
  const told = new MillraceError(error.code, `${error.message}; ${most.id} holds most of it, ${most.bytes} bytes`, {
    operator: error.operator,
    cause: error.cause,
    details: { ...error.details, holders },
  });
  if (error.stack !== undefined) told.stack = error.stack;
  return told;
}

/** Operators that hold state, those that hold most first. */
function holdersOf(stages: readonly Stage[]): Holder[] {
  return stages
    .flatMap((stage) => stage.operators)
    .map(({ id, operator }) => ({ id, bytes: operator.metrics()['stateBytes'] ?? 0 }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
}
