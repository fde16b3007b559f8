import type { Program, Target } from '../runtime/program.js';

/** A program as text, for `explain`: stages, operators in the order in which rows pass them, and how rows move between lanes. */
export function describeProgram(program: Program): string {
  const lines: string[] = [];
  for (const [index, stage] of program.stages.entries()) {
    lines.push(`stage ${index}`);
    const name = (target: Target): string => {
      if (target.to === 'node') return stage.nodes[target.node]?.id ?? '?';
      if (target.to === 'sink') return `${program.sinks[target.sink]?.id ?? '?'} (as ${program.sinks[target.sink]?.takes ?? '?'})`;
      return `exchange ${target.exchange}`;
    };
    const to = (targets: readonly Target[]) => (targets.length === 0 ? 'nowhere' : targets.map(name).join(', '));
    for (const source of stage.sources) {
      const read = program.sources[source];
      if (read === undefined) continue;
      const columns = read.schema.map((f) => f.name).join(', ');
      lines.push(
        `  source ${read.id} reads ${columns || 'no column'}${read.filter ? ', filtered while decoding' : ''} -> ${to(read.targets)}`,
      );
      if (read.malformed.length > 0) lines.push(`    malformed -> ${to(read.malformed)}`);
    }
    for (const exchange of stage.exchanges) {
      const at = program.exchanges[exchange];
      if (at === undefined) continue;
      const how =
        at.route === 'key'
          ? `by ${at.keys.map((key) => at.schema[key]?.name).join(', ')}`
          : at.route === 'one-lane'
            ? 'all to one lane'
            : 'within the lane';
      lines.push(`  exchange ${exchange} ${how} -> ${to(at.targets)}`);
    }
    for (const node of stage.nodes) lines.push(`  ${node.id} -> ${node.outputs.map(to).join(' | ')}`);
  }
  return `${lines.join('\n')}\n`;
}
