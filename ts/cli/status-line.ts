interface Watched {
  metrics(): Readonly<Record<string, number>>;
}

interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Summary {
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly watermark: string | undefined;
  readonly text: string;
}

const REFRESH_MS = 250;
const LINE_MS = 5_000;

/** Says how a job is getting on: refreshed in place on a terminal, else a plain line now and then. */
export class StatusLine {
  readonly #out: Out;
  readonly #job: Watched;
  readonly #json: boolean;
  readonly #started: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #shown = false;

  constructor(out: Out, job: Watched, options: { readonly json: boolean; readonly quiet: boolean; readonly started: number }) {
    this.#out = out;
    this.#job = job;
    this.#json = options.json;
    this.#started = options.started;
    const inPlace = out.isTTY === true && !options.json;
    if (!options.quiet) this.#timer = setInterval(() => this.#show(inPlace), inPlace ? REFRESH_MS : LINE_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#shown) this.#out.write('\r\u001b[K');
  }

  #show(inPlace: boolean): void {
    const { text, ...facts } = summarise(this.#job.metrics(), performance.now() - this.#started);
    if (this.#json) this.#out.write(`${JSON.stringify(facts)}\n`);
    else if (!inPlace) this.#out.write(`${text}\n`);
    else {
      this.#shown = true;
      this.#out.write(`\r\u001b[K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
    }
  }
}

/** What the counters of a job come to. */
export function summarise(metrics: Readonly<Record<string, number>>, elapsedMs: number): Summary {
  let rows = 0;
  let watermark = Number.POSITIVE_INFINITY;
  let problems = '';
  for (const [name, value] of Object.entries(metrics)) {
    if (name.endsWith('.sourceRows')) rows += value;
    if (name.endsWith('.watermarkMs')) watermark = Math.min(watermark, value);
    if (value > 0 && /\.(lateRows|malformedRows|futureRows)$/.test(name)) problems += `, ${name} ${value}`;
  }
  const seconds = elapsedMs / 1000;
  const rowsPerSecond = Math.round(rows / Math.max(seconds, 0.001));
  const at = Number.isFinite(watermark) ? new Date(watermark).toISOString() : undefined;
  const lag = metrics['lagMs'];
  const state = metrics['stateBytes'] ?? 0;
  const parts = [
    `${rows.toLocaleString('en')} rows in ${seconds.toFixed(1)} s`,
    `${rowsPerSecond.toLocaleString('en')} rows/s`,
    ...(at === undefined ? [] : [`watermark ${at}`]),
    ...(lag === undefined ? [] : [`lag ${(lag / 1000).toFixed(1)} s`]),
    `state ${(state / 2 ** 20).toFixed(1)} MiB`,
  ];
  return { rows, seconds, rowsPerSecond, watermark: at, text: parts.join(', ') + problems };
}
