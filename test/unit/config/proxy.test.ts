import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { proxyOf } from '../../../src/config/proxy.ts';
import { complete, load, loadRequiring, problemsOf } from '../../support/settings.ts';

const a = 'http://a.example:1';
const b = 'http://b.example:2';

describe('the proxies of the environment', () => {
  for (const [what, env, https, http] of [
    ['none', {}, undefined, undefined],
    ['an empty name is none', { https_proxy: '', HTTPS_PROXY: ' ' }, undefined, undefined],
    ['each for its own', { HTTPS_PROXY: a, HTTP_PROXY: b }, a, b],
    ['lower case first', { HTTPS_PROXY: b, https_proxy: a }, a, undefined],
    ['the other case where one is empty', { HTTPS_PROXY: a, https_proxy: '' }, a, undefined],
    ['that for http: where nothing else is named for https:', { http_proxy: a }, a, a],
    ['one for all', { ALL_PROXY: a }, a, a],
    ['one for all, in lower case', { all_proxy: a, ALL_PROXY: b }, a, a],
    ['one for all but https:', { HTTPS_PROXY: a, ALL_PROXY: b }, a, b],
  ] as const) {
    it(what, () => {
      const found = proxyOf(env);
      assert.deepEqual([found?.httpsProxy, found?.httpProxy], [https, http]);
    });
  }
});

describe('a proxy that cannot be used', () => {
  for (const [value, problem] of [
    ['socks5://user:s3cret@proxy.example:1080', /SOCKS proxy \(socks5:\)/],
    ['socks4a://proxy.example', /SOCKS proxy/],
    ['ftp://user:s3cret@proxy.example', /kind of proxy/],
    ['http://', /not the address/],
    ['proxy.example:s3cret', /not the address/],
    ['http://user:s3cret#1@proxy.example:3128', /not the address/],
    ['http://pro xy.example', /not the address/],
    ['proxy.example:99999', /not the address/],
  ] as const) {
    it(`${value.replace('s3cret', '…')} ends with where it stands and what would do, without its text`, () => {
      const problems = problemsOf({ env: { ...complete, HTTPS_PROXY: value } });
      assert.deepEqual(
        problems.map((each) => [each.setting, each.value]),
        [['HTTPS_PROXY', null]],
      );
      assert.match(problems[0]?.problem ?? '', problem);
      assert.match(problems[0]?.hint ?? '', /http:\/\/proxy\.example:3128/);
      assert.ok(!JSON.stringify(problems).includes('s3cret'));
    });
  }

  const socks = 'socks5://proxy.example:1080';

  it('is named once, whatever it would serve', () => {
    const problems = problemsOf({ env: { ...complete, all_proxy: socks } });
    assert.deepEqual(
      problems.map(({ setting }) => setting),
      ['all_proxy'],
    );
  });

  for (const [what, env] of [
    ['another serves all', { ALL_PROXY: socks, HTTPS_PROXY: a, HTTP_PROXY: b }],
    ['FLORA is on this machine', { ALL_PROXY: socks, FLORA_BASE_URL: 'http://127.0.0.1:9/api/v1' }],
    ['every host is reached directly', { ALL_PROXY: socks, NO_PROXY: 'x.example, *' }],
  ] as const) {
    it(`does not matter where ${what}`, () => {
      assert.doesNotThrow(() => load({ env: { ...complete, ...env } }));
    });
  }

  it('does not matter to commands that ask nothing of FLORA', () => {
    assert.doesNotThrow(() => loadRequiring([], { env: { ...complete, ALL_PROXY: socks } }));
  });
});
