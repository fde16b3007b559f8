import { must } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { KEY_GROUPS } from '../core/limits.js';
import { planHash } from '../plan/hash.js';
import { deepFreeze } from '../plan/json.js';
import type { AggregateCall, ConnectorRef, Plan, PlanNode, PortRef } from '../plan/plan.js';
import { MAIN_PORT, type NodeSpec } from '../plan/rules.js';
import { validatePlan } from '../plan/validate.js';
import { ownPartsOf } from './aggregate-calls.js';
import { fileUrl } from './own-modules.js';
import type { BuiltJob } from './built-job.js';
import type { Draft, DraftPort, UserFunction } from './draft.js';

/** A part that a job returns: a stream, or the stream that was given to a sink. */
export interface DraftPart {
  readonly at: DraftPort;
  readonly sink: Draft | undefined;
}

/** What a plan refers to by number. */
interface Tables {
  readonly functions: UserFunction[];
  readonly objects: unknown[];
  /** The URL of the job's module; undefined outside jobs. */
  readonly module: string | undefined;
}

/** Makes the plan of everything that the parts and sinks need. */
export function assemble(name: string, parts: ReadonlyMap<string, DraftPart>, sinks: readonly Draft[], module?: string): BuiltJob {
  const drafts = inOrder([...[...parts.values()].map((part) => part.at.draft), ...sinks]);
  const ids = nameDrafts(drafts, parts);
  const routed = new Set<Draft>();
  const read = (at: DraftPort): PortRef => {
    if (at.draft.spec.kind === 'source' && at.port !== MAIN_PORT) routed.add(at.draft);
    return { node: must(ids.get(at.draft), 'id of a draft'), port: at.port };
  };
  const inputs = new Map(drafts.map((draft) => [draft, draft.inputs.map(read)]));
  const partRefs = Object.fromEntries([...parts].map(([part, { at }]) => [part, read(at)]));
  const functions: UserFunction[] = [];
  const objects: unknown[] = [];
  const tables: Tables = { functions, objects, module };
  const nodes = drafts.map((draft): PlanNode => {
    const base = { id: must(ids.get(draft), 'id'), inputs: must(inputs.get(draft), 'inputs'), ...draft.output };
    return { ...base, ...withSlots(draft, tables, routed.has(draft)) } as PlanNode;
  });
  const plan: Plan = deepFreeze(structuredClone({ version: 1, name, nodes, parts: partRefs, keyGroups: KEY_GROUPS }));
  validatePlan(plan);
  return Object.freeze({ plan, hash: planHash(plan), functions: Object.freeze(functions), objects: Object.freeze(objects) });
}

function withSlots(draft: Draft, tables: Tables, routed: boolean): NodeSpec {
  const { functions, objects } = tables;
  const { spec } = draft;
  const ref = (given: ConnectorRef): ConnectorRef =>
    draft.connector?.object === undefined ? given : { ...given, slot: objects.push(draft.connector.object) - 1 };
  switch (spec.kind) {
    case 'source':
      return { ...spec, source: ref(spec.source), onMalformed: routed ? 'route' : spec.onMalformed };
    case 'sink':
      return { ...spec, sink: ref(spec.sink) };
    case 'map':
    case 'filter':
    case 'flatMap':
    case 'apply':
    case 'peek':
    case 'branch':
      return { ...spec, functions: draft.functions.map((f) => ({ slot: functions.push(f) - 1 })) };
    default:
      return 'aggregates' in spec ? { ...spec, aggregates: spec.aggregates.map((call) => withOwnParts(call, tables)) } : spec;
  }
}

/** The functions and files of one's own aggregates get their numbers, too. */
function withOwnParts(call: AggregateCall, { functions, objects, module }: Tables): AggregateCall {
  const own = ownPartsOf(call);
  if (own?.functions !== undefined) {
    const slots = Object.entries(own.functions).map(([name, f]) => [name, { slot: functions.push(f) - 1 }] as const);
    return { ...call, functions: Object.fromEntries(slots) };
  }
  return own?.file === undefined ? call : { ...call, module: { slot: objects.push(fileUrl(own.file, module)) - 1 } };
}

/** Inputs before what reads them, else in the order in which they are reached. */
function inOrder(roots: readonly Draft[]): Draft[] {
  const done = new Set<Draft>();
  const stack = roots.toReversed().map((draft) => ({ draft, opened: false }));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (done.has(top.draft)) continue;
    if (top.opened) {
      done.add(top.draft);
      continue;
    }
    stack.push({ draft: top.draft, opened: true });
    for (const input of top.draft.inputs.toReversed()) stack.push({ draft: input.draft, opened: false });
  }
  return [...done];
}

/**
 * Ids: `.named('x')`; else the name under which the job returns the stream, or the stream that a sink was given; else kind
 * and number. A sink is named after its stream.
 */
function nameDrafts(drafts: readonly Draft[], parts: ReadonlyMap<string, DraftPart>): Map<Draft, string> {
  const ids = new Map<Draft, string>();
  const used = new Map<string, Draft>();
  const give = (draft: Draft, id: string): void => {
    const other = used.get(id);
    if (other !== undefined && other !== draft) {
      throw new MillraceError(
        'plan.name-taken',
        `two operators are named '${id}': ${other.spec.kind} and ${draft.spec.kind}; give one of them another name`,
      );
    }
    used.set(id, draft);
    ids.set(draft, id);
  };
  for (const draft of drafts) if (draft.name !== undefined) give(draft, draft.name);
  const byKind = [...parts].sort(([, a], [, b]) => Number(a.sink !== undefined) - Number(b.sink !== undefined));
  for (const [name, { at, sink }] of byKind) {
    if (at.port === MAIN_PORT && !ids.has(at.draft)) give(at.draft, name);
    else if (sink !== undefined && !ids.has(sink) && !used.has(name)) give(sink, name);
  }
  const counts = new Map<string, number>();
  for (const draft of drafts) {
    if (ids.has(draft)) continue;
    const input = draft.inputs[0];
    const base = draft.spec.kind === 'sink' && input !== undefined ? `${must(ids.get(input.draft), 'id of an input')}-sink` : undefined;
    if (base !== undefined && !used.has(base)) {
      give(draft, base);
      continue;
    }
    const prefix = base ?? draft.spec.kind;
    let number = counts.get(prefix) ?? 0;
    do number++;
    while (used.has(`${prefix}-${number}`));
    counts.set(prefix, number);
    give(draft, `${prefix}-${number}`);
  }
  return ids;
}
