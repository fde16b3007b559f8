// Exits 0 when node_modules holds exactly what package-lock.json asks for (packages for other platforms aside), else 1.
import { existsSync, readFileSync } from 'node:fs';

const installedPath = 'node_modules/.package-lock.json';
if (!existsSync(installedPath)) process.exit(1);
const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
const present = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
const missing = Object.entries(wanted).filter(
  ([path, entry]) => path !== '' && !entry.optional && present[path]?.version !== entry.version,
);
for (const [path, entry] of missing) console.log(`${path} ${entry.version} is not installed`);
process.exit(missing.length > 0 ? 1 : 0);
