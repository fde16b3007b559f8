// The model test can fail: each fault below, planted into the engine as it is loaded, is found by it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

interface Fault {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'a window fires a millisecond early',
    file: '/ts/operators/window-policy.js',
    find: 'return resultTime(windowEnd) <= watermark;',
    replace: 'return resultTime(windowEnd) - 1 <= watermark;',
  },
  {
    name: 'the second slice of a slide begins a millisecond late',
    file: '/ts/operators/window-policy.js',
    find: 'const cut = size < slide ? size : size % slide;',
    replace: 'const cut = size < slide ? size : (size % slide) + Number(size % slide > 0);',
  },
  {
    name: 'a window that was told is not told again when a late row comes',
    file: '/ts/operators/separate-windows.js',
    find: 'if (fires || free || touched.has(slice))',
    replace: 'if (fires)',
  },
  {
    name: 'late rows are not merged into overlapping windows that have fired',
    file: '/ts/operators/overlapping-windows.js',
    find: 'mergeGroups(this.#ws, from, { table, layout: this.#windowLayout });',
    replace: '',
  },
  {
    name: 'slices that leave are not taken back',
    file: '/ts/operators/window-combiner.js',
    find: "groups, 'unmerge');",
    replace: "groups, 'living');",
  },
  {
    name: 'sessions that become one lose what the later one held',
    file: '/ts/operators/session-groups.js',
    find: 'this.#merge(grouped, readStates(rows, this.layout), count);',
    replace: '',
  },
  {
    name: 'a spilled slice forgets what is on disk',
    file: '/ts/operators/slice.js',
    find: 'this.#merge(attach(this.#ws, batch), into);',
    replace: '',
  },
];

function runModel(fault: Fault | undefined): { status: number | null; output: string } {
  const { file, find, replace } = fault ?? { file: 'nothing', find: '', replace: '' };
  const env: NodeJS.ProcessEnv = { ...process.env, MILLRACE_CASES: '640', MILLRACE_FAULT: JSON.stringify({ file, find, replace }) };
  // Set by the runner of this very test: the model's would report to it instead of to us.
  delete env['NODE_TEST_CONTEXT'];
  const args = ['--import', './dist/native-tests/model/plant-fault.js', 'dist/native-tests/model/windows.test.js'];
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  return { status: done.status, output: done.stdout + done.stderr };
}

test('without a fault the model test passes', () => {
  const { status, output } = runModel(undefined);
  assert.equal(status, 0, output);
  assert.match(output, /\bpass [1-9]/);
});

for (const fault of FAULTS) {
  test(`found: ${fault.name}`, () => {
    const { status, output } = runModel(fault);
    assert.notEqual(status, 0, 'the model test passed');
    assert.match(output, /MILLRACE_SEED=\d+/, 'it failed for another reason');
    assert.ok(!/ has \d+ places /.test(output), output);
  });
}
