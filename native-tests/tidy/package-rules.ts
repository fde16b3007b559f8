import { existsSync, readFileSync } from 'node:fs';

/** The parts of package.json that the rules read. */
export interface Manifest {
  readonly name: string;
  readonly type: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function brokenManifest(manifest: Manifest): string[] {
  const offences: string[] = [];
  const rationale = existsSync('docs/RATIONALE.md') ? readFileSync('docs/RATIONALE.md', 'utf8') : '';
  for (const [name, version] of Object.entries({ ...manifest.devDependencies, ...manifest.dependencies })) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) offences.push(`${name}: ${version} is not one version; write it exactly`);
    if (!rationale.includes(`\`${name}\``)) offences.push(`${name} has no reason in docs/RATIONALE.md`);
  }
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue;
    if (Object.keys(target)[0] !== 'types')
      offences.push(`exports ${entry}: types must come first, or the compiler may take another condition`);
  }
  if (manifest.license !== 'Apache-2.0') offences.push(`license is ${manifest.license}, not Apache-2.0`);
  if (manifest.engines.node !== '>=20.19') offences.push(`engines.node is ${manifest.engines.node}, not >=20.19`);
  if (manifest.type !== 'module') offences.push(`type is ${manifest.type}, not module`);
  return offences;
}

/** What the published package lacks, or should not hold. */
export function brokenPack(files: readonly string[], manifest: Manifest): string[] {
  const targets = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  const kernels = ['scalar', 'simd', 'simd.mt'].map((build) => `dist/kernels/${build}.wasm`);
  const needed = [
    ...[...targets, ...Object.values(manifest.bin)].map((path) => path.replace(/^\.\//, '')),
    ...kernels,
    'LICENSE',
    'README.md',
    'package.json',
  ];
  const missing = needed.filter((path) => !files.includes(path)).map((path) => `${path} is missing`);
  const spare = files.filter(
    (path) => /\.(test|test-d|bench)\./.test(path) || !/^(dist\/(ts|kernels)\/|LICENSE$|README\.md$|package\.json$)/.test(path),
  );
  return [...missing, ...spare.map((path) => `${path} is for development; leave it out of "files" in package.json`)];
}
