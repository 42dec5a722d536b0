import assert from 'node:assert/strict';
import { type ExecFileException, execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { isDirect } from '../../../src/remote/no-proxy.ts';
import { answering, rawServer } from '../../support/raw-server.ts';

/**
 * NO_PROXY, host, whether it is reached directly. `wider` are those of which curl knows nothing, or not in each of its versions:
 * undici took them, or nobody who writes that can mean anything else.
 */
const table: readonly (readonly [string, string, boolean, 'wider'?])[] = [
  ['', 'a.test', false],
  [' , ,', 'a.test', false],
  ['*', 'a.test', true],
  ['*', '10.1.2.3', true],
  ['x.test,*', 'a.test', true, 'wider'],
  ['*,x.test', 'a.test', true, 'wider'],
  ['x.test *', '10.1.2.3', true, 'wider'],
  ['a.test', 'a.test', true],
  ['A.Test', 'a.test', true],
  ['a.test', 'b.a.test', true],
  ['a.test', 'ba.test', false],
  ['b.a.test', 'a.test', false],
  ['.a.test', 'a.test', true],
  ['.a.test', 'c.b.a.test', true],
  ['.a.test', 'ba.test', false],
  ['a.test.', 'a.test', true],
  ['.a.test.', 'b.a.test', true],
  ['a.test', 'a.test.', true],
  ['.', 'a.test', false],
  ['*.a.test', 'b.a.test', true, 'wider'],
  ['*.a.test', 'ba.test', false],
  ['x.test,a.test', 'a.test', true],
  ['x.test, a.test', 'a.test', true],
  ['x.test a.test', 'a.test', true],
  ['x.test,,a.test', 'a.test', true],
  [' a.test ', 'a.test', true],
  ['b\u00fccher.test', 'xn--bcher-kva.test', true, 'wider'],
  ['a.test:80', 'a.test', true, 'wider'],
  ['a.test:81', 'a.test', false],
  ['10.1.2.3', '10.1.2.3', true],
  ['10.1.2.3', '10.1.2.30', false],
  ['2.3', '10.1.2.3', false],
  ['.2.3', '10.1.2.3', false],
  ['10.1.2.3:80', '10.1.2.3', true, 'wider'],
  ['10.1.2.3:81', '10.1.2.3', false],
  ['10.0.0.0/8', '10.1.2.3', true],
  ['10.9.9.9/8', '10.1.2.3', true],
  ['10.0.0.0/12', '10.15.255.255', true],
  ['10.0.0.0/12', '10.16.0.0', false],
  ['10.1.2.3/32', '10.1.2.3', true],
  ['10.1.2.2/31', '10.1.2.3', true],
  ['0.0.0.0/0', '10.1.2.3', true, 'wider'],
  ['10.0.0.0/33', '10.1.2.3', false],
  ['10.0.0.0/x', '10.1.2.3', false],
  ['10.0.0.0/8', 'a.test', false],
  ['10.0.0.0/8,a.test', 'a.test', true],
  ['fd00::1', '[fd00::1]', true],
  ['FD00::1', '[fd00::1]', true],
  ['fd00:0:0::1', '[fd00::1]', true, 'wider'],
  ['[fd00::1]', '[fd00::1]', true, 'wider'],
  ['[fd00::1]:80', '[fd00::1]', true, 'wider'],
  ['[fd00::1]:81', '[fd00::1]', false],
  ['fd00::/8', '[fd12:3456::1]', true, 'wider'],
  ['fd00::/8', '[fe00::1]', false],
  ['fd00::/129', '[fd00::1]', false],
  ['fd00::1', '10.1.2.3', false],
];

describe('NO_PROXY', () => {
  for (const [noProxy, host, isReachedDirectly] of table) {
    it(`${JSON.stringify(noProxy)} has ${host} reached ${isReachedDirectly ? 'directly' : 'through the proxy'}`, () => {
      assert.equal(isDirect(noProxy, host, 80), isReachedDirectly);
    });
  }

  it('that is not set has nothing reached directly', () => {
    assert.equal(isDirect(undefined, 'a.test', 443), false);
  });

  it('is read as curl reads it, and wider only where that is said here', async (t) => {
    if (!(await hasCurl())) return t.skip('there is no curl here');
    const seen = await rawServer(t, answering('HTTP/1.1 502 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'));
    for (const [noProxy, host, isReachedDirectly, wider] of table) {
      const before = seen.connections();
      await curl(`http://${host}/`, `http://${seen.host}`, noProxy);
      const isDirectByCurl = seen.connections() === before;
      if (wider !== undefined && !isDirectByCurl) continue;
      assert.equal(isReachedDirectly, isDirectByCurl, `${JSON.stringify(noProxy)} and ${host}`);
    }
  });
});

async function hasCurl(): Promise<boolean> {
  const error = await new Promise<ExecFileException | null>((resolve) => execFile('curl', ['--version'], resolve));
  return error === null;
}

/** Its end does not matter: none of these hosts is there. */
function curl(url: string, proxy: string, noProxy: string): Promise<void> {
  const env = { PATH: process.env['PATH'], http_proxy: proxy, no_proxy: noProxy };
  const args = ['--silent', '--globoff', '--connect-timeout', '0.05', '--max-time', '5', url];
  return new Promise((resolve) => void execFile('curl', args, { env }, () => resolve()));
}
