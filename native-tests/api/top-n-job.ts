import { collect, int64, job, memory } from '../../ts/index.js';

export const topOfMany = job(import.meta, 'top-of-many', (env) => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ key: i % 50, value: i }));
  const values = env.from(memory(rows), { schema: { key: int64(), value: int64() } });
  return {
    best: values
      .keyBy('key')
      .topN(2, (c) => c.value.desc())
      .to(collect()),
  };
});
