import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** A DuckDB in memory with so many threads. Ask it with `oneRow`. */
export class Duck {
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(threads: number): Promise<Duck> {
    const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
    return new Duck(await instance.connect());
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  /** The values of a query's only row; whole numbers as numbers. */
  async oneRow(sql: string): Promise<number[]> {
    const [row = []] = (await this.#connection.runAndReadAll(sql)).getRows();
    return row.map(Number);
  }

  close(): void {
    this.#connection.closeSync();
  }
}
