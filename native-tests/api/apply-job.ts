import { collect, int64, job, list, memory, milliseconds, outOfOrder, timestamp, tumbling, utf8 } from '../../ts/index.js';

export const orderSchema = { id: int64(), user: utf8().nullable(), item: utf8().nullable(), at: timestamp() };
const eventTime = { column: 'at', watermark: outOfOrder(milliseconds(30)) } as const;
const output = { user: utf8().nullable(), items: list(utf8()), ids: list(int64()), from: timestamp(), to: timestamp() };

/** All orders of a user in a window, in order, as one row; and, without a key, those of the whole window. */
export const applied = job(
  import.meta,
  'applied',
  (env, params: { rows: readonly { id: bigint; user: string | null; item: string | null; at: number }[] }) => {
    const orders = env.from(memory(params.rows), { schema: orderSchema, eventTime });
    const windows = orders.keyBy('user').window(tumbling(milliseconds(100)));
    const perUser = windows.apply(output, (rows, { key, start, end }, out) => {
      const items = [...rows].flatMap((r) => (r.item === null ? [] : [r.item]));
      out.emit({ user: key.user, items, ids: [...rows].map((r) => r.id), from: start, to: end });
    });
    const sizes = orders.window(tumbling(milliseconds(50))).apply({ n: int64(), nth: int64() }, (rows, _window, out) => {
      let nth = 0;
      for (const row of rows) out.emit({ n: row.id, nth: nth++ });
    });
    const late = orders.keyBy('user').window(tumbling(milliseconds(100)), { allowedLateness: milliseconds(60) });
    const changing = late.apply(output, (rows, { key, start, end }, out) => {
      if (rows.length > 1) out.emit({ user: key.user, items: [], ids: [...rows].map((r) => r.id), from: start, to: end });
    });
    return { orders, perUser, sizes, changing, tooLate: perUser.late, taken: perUser.to(collect()) };
  },
);
