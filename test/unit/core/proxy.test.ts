import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { uploadingMissing } from '../../../src/core/drop-folder.ts';
import { exceptsAll, parseProxy } from '../../../src/core/proxy.ts';
import { redactText } from '../../../src/core/redact.ts';

const parsed = (text: string) => {
  const proxy = parseProxy(text);
  return 'problem' in proxy ? proxy.problem : proxy;
};
const plain = { isTls: false, hostname: 'proxy.example', port: 80, authorization: null };
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('a proxy', () => {
  it('is named by a URL, or by host and port', () => {
    assert.deepEqual(parsed('http://proxy.example'), plain);
    assert.deepEqual(parsed(' proxy.example:3128 '), { ...plain, port: 3128 });
    assert.deepEqual(parsed('HTTPS://proxy.example/'), { ...plain, isTls: true, port: 443 });
    assert.deepEqual(parsed('https://[::1]:8443'), { ...plain, isTls: true, hostname: '::1', port: 8443 });
  });

  it('wants who asks as curl tells it: escapes undone, and what is none as it stands', () => {
    const authorization = (credentials: string) => {
      const proxy = parseProxy(`http://${credentials}proxy.example`);
      return 'problem' in proxy ? proxy.problem : proxy.authorization;
    };
    assert.equal(authorization(''), null);
    assert.equal(authorization('ann:pw@'), basic('ann:pw'));
    assert.equal(authorization('ann@'), basic('ann:'));
    assert.equal(authorization(':pw@'), basic(':pw'));
    assert.equal(authorization('a%2Fb:%25x@'), basic('a/b:%x'));
    assert.equal(authorization('a:1%zz@'), basic('a:1%zz'));
    assert.equal(authorization('ü:p@'), basic('ü:p'), 'in UTF-8');
  });

  it('is refused where it is none of HTTP', () => {
    assert.match(String(parsed('socks5h://proxy.example')), /^names a SOCKS proxy \(socks5h:\)/);
    assert.match(String(parsed('ftp://proxy.example')), /^names a kind of proxy that is not supported/);
    assert.equal(parsed('http://'), 'is not the address of a proxy');
    assert.equal(parsed('a b'), 'is not the address of a proxy');
    const write = 'write http://proxy.example:3128, with user:password@ before the name where it wants them';
    for (const [text, hint] of [
      ['socks5://proxy.example', `${write}; for a SOCKS proxy put one that speaks HTTP in front of it`],
      ['ftp://proxy.example', write],
      ['a b', `${write}; a / ? # or % in a password is written as %2F %3F %23 %25`],
    ] as const) {
      const proxy = parseProxy(text);
      assert.equal('problem' in proxy && proxy.hint, hint);
    }
  });
});

describe('hosts without a proxy', () => {
  it('are all only where a star stands by itself', () => {
    const all = [undefined, '', '*', 'a, *', 'a *', '*.example', 'a,b'].map(exceptsAll);
    assert.deepEqual(all, [false, false, true, true, true, false, false]);
  });
});

describe('a text without secrets', () => {
  it('has no keys, tokens, credentials, queries and fragments', () => {
    for (const [text, shown] of [
      ['key sk_live_abc-1 here', 'key [redacted] here'],
      ['SK_TEST_x', '[redacted]'],
      ['ak_0123456789abcdef', '[redacted]'],
      ['Authorization: Bearer abcdefgh', 'Authorization: Bearer [redacted]'],
      ['https://ann:pw@host/a?signature=1 b', 'https://[redacted]@host/a?[redacted] b'],
      ['http://host/a#part', 'http://host/a#[redacted]'],
      ['"https://host/?a=1"', '"https://host/?[redacted]"'],
    ] as const) {
      assert.equal(redactText(text), shown, text);
    }
  });

  it('is the same where it only looks like one', () => {
    for (const text of [
      'plain',
      'sk_SK_poster.png',
      'task_live_x',
      'ak_0123456789abcde',
      'Bearer short',
      'https://host/a',
      'ftp://a:b@c?d',
    ]) {
      assert.equal(redactText(text), text);
    }
  });
});

describe('what is missing at FLORA', () => {
  it('is uploaded again for the folders whose rule that is', () => {
    const isWanted = uploadingMissing([
      { path: '/a', onMissing: 'upload' },
      { path: '/b', onMissing: 'report' },
    ]);
    assert.deepEqual(['/a', '/b', '/c'].map(isWanted), [true, false, false]);
  });
});
