import { execFileSync } from 'node:child_process';

/**
 * Runs an expression of compiled modules in a process without root's rights, and returns its JSON value. `modules` are
 * file URLs by name, e.g. `{ scanner: import.meta.resolve('../../src/local/walk/scanner.js') }`.
 */
export function withoutRights(modules: Readonly<Record<string, string>>, expression: string): unknown {
  const imports = Object.entries(modules).map(([name, url]) => `import * as ${name} from ${JSON.stringify(url)};`);
  const code = `${imports.join('\n')}\nconsole.log(JSON.stringify(await (async () => ${expression})()));`;
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    ...user,
    cwd: '/',
    encoding: 'utf8',
  });
  return JSON.parse(out);
}
