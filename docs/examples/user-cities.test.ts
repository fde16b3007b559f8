import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testDriver } from 'millrace/testing';
import userCities from './user-cities.js';

const PAGE = readFileSync('docs/operators/changes.md', 'utf8');

test('users per city, as they move', async () => {
  for (const lanes of [1, 3]) {
    const t = await testDriver(userCities, { lanes });
    const told: string[] = [];
    const step = async (...rows: readonly (readonly [string, string])[]): Promise<void> => {
      await t.send(
        'moves',
        rows.map(([user, city]) => ({ user, city })),
      );
      const homes = t.take('homes').map(({ op, user, city }) => `${op} ${user} ${city}`);
      const cities = t.take('cities').map(({ op, city, users }) => `${op} ${city} ${users}`);
      told.push(`${homes.sort().join(', ')} | ${cities.sort().join(', ')}`);
    };
    await step(['ann', 'Oslo'], ['bob', 'Oslo']);
    await t.checkpointAndRestore({ lanes: lanes + 1 });
    await step(['ann', 'Rome']);
    await step(['bob', 'Rome']);
    await t.close();
    assert.deepEqual(told, [
      '+I ann Oslo, +I bob Oslo | +I Oslo 2',
      '+U ann Rome, -U ann Oslo | +I Rome 1, +U Oslo 1, -U Oslo 2',
      '+U bob Rome, -U bob Oslo | +U Rome 2, -D Oslo 1, -U Rome 1',
    ]);
  }
});

test('the page on changes shows the code that runs', () => {
  const code = readFileSync('docs/examples/user-cities.ts', 'utf8').replaceAll(/^ {2}/gm, '');
  const blocks = [...PAGE.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 1);
  for (const block of blocks) assert.ok(code.includes(block), block);
});
