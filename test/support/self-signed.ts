import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findProgram } from './programs.ts';
import { plantTemporary } from './tree.ts';

/** A key and its certificate for localhost, made by openssl, which has to be there. */
export function selfSigned(t: TestContext): { readonly key: Buffer; readonly cert: Buffer } {
  const openssl = findProgram('openssl');
  if (openssl === undefined) throw new Error('openssl is not installed');
  const directory = plantTemporary(t, {});
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost'];
  execFileSync(openssl, ['req', '-x509', ...kind, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
