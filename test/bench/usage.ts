// Loaded before the program that is measured: what it took is written down as it ends.
import { writeFileSync } from 'node:fs';

const path = process.env['BENCH_USAGE'];
process.on('exit', () => {
  if (path === undefined) return;
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  writeFileSync(path, JSON.stringify({ cpuMs: (user + system) / 1_000, maxRssBytes: maxRSS * 1_024 }));
});
