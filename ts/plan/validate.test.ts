import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../columns/schema.js';
import { MillraceError, type ErrorCode } from '../core/errors.js';
import { canonicalJson, planHash } from './hash.js';
import { planFromJson, planToJson } from './json.js';
import type { Plan, PlanNode } from './plan.js';
import { validatePlan } from './validate.js';

const SCHEMA = [field('user', 'utf8'), field('n', 'int64'), field('at', 'timestamp')];
const SHAPE = { schema: SCHEMA, timed: true, changes: false };
const main = (node: string) => ({ node, port: 'main' });

const source: PlanNode = {
  id: 'rows',
  kind: 'source',
  inputs: [],
  ...SHAPE,
  source: { connector: 'file', options: { path: 'x.ndjson' } },
  eventTime: { column: 'at', watermark: { kind: 'out-of-order', boundMs: 0 } },
  onMalformed: 'fail',
};
const where: PlanNode = {
  id: 'some',
  kind: 'where',
  inputs: [main('rows')],
  ...SHAPE,
  condition: { op: 'call', fn: 'isNotNull', args: [{ op: 'column', name: 'n' }] },
};
const totals: PlanNode = {
  id: 'totals',
  kind: 'window-aggregate',
  inputs: [main('some')],
  schema: [SCHEMA[0] as (typeof SCHEMA)[0], field('windowStart', 'timestamp'), field('windowEnd', 'timestamp'), field('count', 'int64')],
  timed: true,
  changes: false,
  keys: ['user'],
  window: { kind: 'tumbling', sizeMs: 1000, offsetMs: -1 },
  aggregates: [{ name: 'count', fn: 'count', args: [] }],
  allowedLatenessMs: 0,
  emit: 'final',
};
const late: PlanNode = {
  id: 'late',
  kind: 'sink',
  inputs: [{ node: 'totals', port: 'late' }],
  ...SHAPE,
  sink: { connector: 'collect', options: {} },
};

function plan(nodes: readonly PlanNode[], parts: Plan['parts'] = {}): Plan {
  return { version: 1, name: 'p', nodes, parts, keyGroups: 128 };
}

function refused(wrong: () => unknown, code: ErrorCode, message: RegExp, operator?: string): void {
  assert.throws(wrong, (error) => {
    assert.ok(error instanceof MillraceError, String(error));
    assert.match(error.message, message);
    assert.equal(error.code, code);
    assert.equal(error.operator, operator);
    return true;
  });
}

const good = plan([source, where, totals, late], { totals: main('totals'), bad: { node: 'rows', port: 'malformed' } });

test('a plan that is right passes, and comes back from JSON as it was', () => {
  validatePlan(good);
  const back = planFromJson(planToJson(good));
  assert.deepEqual(back, good);
  assert.ok(Object.isFrozen(back.nodes[2]?.schema[0]));
});

test('a plan is refused where it is wrong, and the operator is named', () => {
  refused(() => validatePlan(plan([])), 'plan.invalid', /job 'p' reads nothing/);
  refused(() => validatePlan({ ...good, name: '' }), 'plan.invalid', /needs a name/);
  refused(() => validatePlan({ ...good, keyGroups: 0 }), 'plan.invalid', /keyGroups is 0/);
  refused(() => validatePlan(plan([source, source])), 'plan.name-taken', /two operators are named 'rows'/, 'rows');
  refused(() => validatePlan(plan([where, source])), 'plan.invalid', /'some' refers to 'rows', which does not stand before it/);
  refused(() => validatePlan(plan([source, { ...where, inputs: [] }])), 'plan.invalid', /'some' \(where\) has 0 inputs; it takes 1/);
  refused(
    () => validatePlan(plan([source, { ...where, inputs: [{ node: 'rows', port: 'late' }] }])),
    'plan.invalid',
    /'some' refers to port 'late' of 'rows', which has main, malformed/,
  );
  refused(() => validatePlan(plan([source], { x: main('y') })), 'plan.invalid', /part 'x' refers to 'y'/);
  refused(
    () => validatePlan(plan([source, { ...where, condition: { op: 'column', name: 'm' } }])),
    'plan.unknown-column',
    /some: no column 'm'/,
    'some',
  );
  refused(
    () => validatePlan(plan([source, { ...where, schema: [field('user', 'utf8')] }])),
    'plan.invalid',
    /'some' \(where\) says another schema/,
  );
  refused(
    () => validatePlan(plan([source, where, { ...totals, changes: true, schema: SCHEMA }])),
    'plan.invalid',
    /'totals' .* another schema/,
  );
  refused(
    () => validatePlan(plan([source, where, { ...totals, aggregates: [{ name: 'count', fn: 'total', args: [] }] }])),
    'plan.wrong-type',
    /totals: .*total/,
    'totals',
  );
});

test('columns of a plan that was not made by the API are checked too', () => {
  const twice = { ...source, schema: [...SCHEMA, field('n', 'int32')] };
  refused(() => validatePlan(plan([twice])), 'plan.name-taken', /there are two columns 'n'/, 'rows');
  const unknown = { ...source, schema: [...SCHEMA, field('list', 'list' as 'utf8')] };
  refused(() => validatePlan(plan([unknown])), 'plan.wrong-type', /column 'list' has the unknown type "list"/, 'rows');
});

test('what is no plan is refused', () => {
  refused(() => planFromJson('{'), 'plan.invalid', /this is no plan/);
  refused(() => planFromJson('null'), 'plan.invalid', /version undefined/);
  refused(() => planFromJson(planToJson({ ...good, version: 2 as 1 })), 'plan.invalid', /version 2; this engine reads version 1/);
});

test('the hash is that of the content, whatever the order of members', () => {
  assert.equal(canonicalJson({ b: [1, { d: undefined, c: null }], a: 'x' }), '{"a":"x","b":[1,{"c":null}]}');
  const turned = JSON.parse(JSON.stringify(good), (_, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).reverse()) : value,
  ) as Plan;
  assert.notEqual(JSON.stringify(turned), JSON.stringify(good));
  assert.equal(planHash(turned), planHash(good));
  assert.notEqual(planHash({ ...good, name: 'q' }), planHash(good));
});
