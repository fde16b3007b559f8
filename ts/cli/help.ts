export type HelpTopic = 'main' | 'run' | 'explain' | 'generate';

export const HELP: Readonly<Record<HelpTopic, string>> = {
  main: `Usage: millrace <command>

  run <module>        run the job that a module defines, in TypeScript or JavaScript
  explain <module>    show the plan of a job without running it
  generate nexmark    write test data

Examples:
  millrace run orders.ts --lanes 4
  millrace run orders.ts --param path=orders.ndjson --json
  millrace explain orders.ts
  millrace generate nexmark --rows 5000000 --out bids.ndjson

'millrace <command> --help' tells more.
`,
  run: `Usage: millrace run <module> [options]

Runs a job until its inputs end. Ctrl-C finishes the steps under way and stops; a second Ctrl-C ends at once.

  --job <name>          which of the module's jobs, if it defines several
  --lanes <n>           threads, each with its share of the keys; as many as processors unless said
  --param <name=value>  a param of the job; may be repeated; a value that is JSON is read as such
  --state-limit <bytes> state that all lanes together may hold; a job that holds more fails, naming the operator
  --spill-dir <path>    where groups of windows go while lanes hold more than --memory
  --memory <bytes>      what all lanes together may hold before; with --spill-dir
  --no-threads          all lanes on the main thread
  --json                status lines and the closing summary as JSON
  --quiet               no status lines

Status lines go to stderr: refreshed in place on a terminal, a line now and then elsewhere.
Exit codes: 0 done, 1 the job failed, 2 wrong usage, 130 interrupted.

Examples:
  millrace run orders.ts
  millrace run orders.ts --lanes 2 --param least=9 --param path=a.csv
  millrace run jobs.js --job late-orders --json 2>status.ndjson
`,
  explain: `Usage: millrace explain <module> [--job <name>] [--param <name=value>]... [--lanes <n>] [--json]

Shows the plan: what reads what, with columns and types; then how it runs on so many lanes (2 unless said): stages,
operators, and where rows move between lanes. --json prints the plan itself.

Examples:
  millrace explain orders.ts
  millrace explain jobs.js --job late-orders --json
`,
  generate: `Usage: millrace generate nexmark [options]

Writes a table of the Nexmark benchmark's generator; the same options give the same bytes.

  --table bids|auctions|persons   bids unless said
  --rows <n>                      rows to write
  --events <n>                    or: the rows among so many events of all tables
  --out <path>                    a file, or - for stdout (the default)
  --format ndjson|csv|arrow       by the path's extension, else ndjson
  --rate <n>                      events a second of event time, 10000 unless said
  --seed <n>                      1 unless said

Examples:
  millrace generate nexmark --rows 5e6 --out bids.ndjson
  millrace generate nexmark --table auctions --events 1_000_000 --format csv | head
`,
};
