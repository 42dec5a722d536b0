import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errors } from 'undici';
import { SyncError } from '../../../src/errors.ts';
import { isOrdinary, networkError, ProxyError, WireError } from '../../../src/remote/network-error.ts';

interface Facts {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
}

const system = (facts: Facts) => Object.assign(new Error('made up'), facts);

function of(cause: unknown): SyncError {
  const error = networkError('reserve', 'flora.example', new WireError(cause));
  assert.ok(error instanceof SyncError);
  return error;
}

describe('what came off the wire', () => {
  it('has nothing to do with FLORA where this machine can open no connection', () => {
    const full = system({ code: 'EMFILE', syscall: 'connect', address: '192.0.2.1', port: 443 });
    for (const cause of [full, system({ code: 'ENFILE', syscall: 'connect' }), new AggregateError([full, full])]) {
      const { code, scope, disposition } = of(cause);
      assert.deepEqual(
        { code, scope, disposition },
        { code: 'too_many_open_files', scope: 'file', disposition: 'retry' },
      );
    }
  });

  const tries = [
    system({ code: 'ENETUNREACH', syscall: 'connect', address: '2001:db8::1', port: 443 }),
    system({ code: 'ETIMEDOUT', syscall: 'connect', address: '192.0.2.1', port: 443 }),
    system({ code: 'EACCES', syscall: 'connect', address: '192.0.2.2', port: 443 }),
  ];

  for (const [what, cause, told] of [
    ['nobody listens', system({ code: 'ECONNREFUSED', syscall: 'connect', address: '192.0.2.1' }), '(ECONNREFUSED)'],
    ['a firewall here forbids it', system({ code: 'EPERM', syscall: 'connect' }), '(EPERM)'],
    ['no port is left', system({ code: 'EADDRNOTAVAIL', syscall: 'connect' }), '(EADDRNOTAVAIL)'],
    ['the resolver fails', system({ code: 'EAI_FAIL', syscall: 'getaddrinfo' }), '(EAI_FAIL)'],
    ['it takes too long', new errors.ConnectTimeoutError('slow'), '(UND_ERR_CONNECT_TIMEOUT)'],
    [
      'each address fails in its own way',
      new AggregateError(tries),
      '(ENETUNREACH [2001:db8::1]:443; ETIMEDOUT 192.0.2.1:443; EACCES 192.0.2.2:443)',
    ],
    ['the proxy does not want to', new ProxyError('the proxy p:1 refuses (403)'), ': the proxy p:1 refuses (403)'],
    ['its certificate is over', system({ code: 'CERT_HAS_EXPIRED' }), 'certificate is not accepted (CERT_HAS_EXPIRED)'],
    ['it speaks no TLS', system({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }), 'no TLS connection comes about'],
  ] as const) {
    it(`when ${what}, nothing of the request went out`, () => {
      const { code, scope, disposition, op, message } = of(cause);
      assert.deepEqual([code, scope, disposition, op], ['unreachable', 'service', 'retry', 'reserve']);
      assert.ok(message.startsWith('flora.example cannot be reached') && message.includes(told), message);
    });
  }

  const neverConnected = [
    'ECONNREFUSED',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ETIMEDOUT',
    'UND_ERR_CONNECT_TIMEOUT',
  ];
  for (const code of neverConnected) {
    it(`with ${code} nothing went out, unless it came from a connection that stood`, () => {
      const cause = system({ code });
      const { code: told, message, hint, cause: kept } = of(cause);
      assert.deepEqual([told, message], ['unreachable', `flora.example cannot be reached (${code})`]);
      assert.match(hint ?? '', /is online and that FLORA_BASE_URL is right/);
      assert.equal(kept, cause);
      assert.equal(of(system({ code, syscall: 'read' })).code, 'connection_lost');
    });
  }

  const refused = ['CERT_X', 'ERR_TLS_CERT_X', 'UNABLE_TO_X', 'DEPTH_ZERO_X', 'SELF_SIGNED_X', 'HOSTNAME_MISMATCH'];
  for (const code of [...refused, 'INVALID_CA', 'ERR_TLS_X', 'ERR_SSL_X', 'EPROTO']) {
    it(`with ${code} no TLS comes about, which a proxy may be behind`, () => {
      const { code: told, message, hint } = of(system({ code }));
      const isCertificate = code.includes('CERT') || refused.includes(code) || code === 'INVALID_CA';
      const why = isCertificate ? 'its certificate is not accepted' : 'no TLS connection comes about with it';
      assert.deepEqual([told, message], ['unreachable', `flora.example cannot be reached: ${why} (${code})`]);
      assert.match(hint ?? '', /captive portal, or a proxy.*HTTPS_PROXY.*NODE_EXTRA_CA_CERTS/);
      assert.equal(of(system({ code: `X_${code}` })).code, 'connection_lost');
    });
  }

  it('by several addresses is told with what each has: its port, brackets for the sixth version, or its code alone', () => {
    const cause = new AggregateError([
      system({ code: 'ENETUNREACH', syscall: 'connect', address: '2001:db8::1' }),
      system({ code: 'ECONNREFUSED', syscall: 'connect', address: '192.0.2.1', port: 443 }),
      system({ code: 'EPERM', syscall: 'connect' }),
    ]);
    const tries = 'ENETUNREACH [2001:db8::1]; ECONNREFUSED 192.0.2.1:443; EPERM';
    assert.equal(of(cause).message, `flora.example cannot be reached (${tries})`);
    const one = new AggregateError([system({ code: 'EPERM', syscall: 'connect', address: '192.0.2.1' })]);
    assert.equal(of(one).message, 'flora.example cannot be reached (EPERM)');
  });

  it('that was lost is told by its code, or by what its maker says', () => {
    const lost = (cause: unknown) => of(cause).message;
    assert.equal(lost(system({ code: 'ECONNRESET' })), 'The connection to flora.example was lost (ECONNRESET)');
    assert.equal(lost(new TypeError('odd')), 'The connection to flora.example was lost (TypeError: odd)');
    assert.equal(lost('odd'), 'The connection to flora.example was lost (no reason was given)');
    assert.equal(
      lost(Object.assign(new errors.HTTPParserError('Bad thing'), { code: 'HPE_X' })),
      'flora.example answers in something that is not HTTP/1.1 (HPE_X: Bad thing)',
    );
    assert.equal(lost(new Error('x'.repeat(500))).length, 'The connection to flora.example was lost ()'.length + 200);
  });

  it('keeps what came, with its code', () => {
    const cause = system({ code: 'ECONNRESET' });
    const error = new WireError(cause);
    assert.deepEqual([error.name, error.code, error.cause], ['WireError', 'ECONNRESET', cause]);
    assert.equal(error.message, 'The request did not get through');
    assert.deepEqual([new ProxyError('no').name, new ProxyError('no').message], ['ProxyError', 'no']);
  });

  for (const [what, cause] of [
    ['a connection that stood timed out', system({ code: 'ETIMEDOUT', syscall: 'read' })],
    ['its host went away meanwhile', system({ code: 'EHOSTUNREACH', syscall: 'write' })],
    ['it was reset', system({ code: 'ECONNRESET', syscall: 'read' })],
    ['one address of several may have been connected', new AggregateError([tries[0], system({ code: 'EPIPE' })])],
    ['there is no code', new Error('odd')],
    ['there is not even an error', 'odd'],
    ['there is nothing', undefined],
    ['an AggregateError holds nothing', new AggregateError([])],
  ] as const) {
    it(`when ${what}, the request may have had its effect`, () => {
      const { code, scope, disposition, op, cause: kept } = of(cause);
      assert.deepEqual([code, scope, disposition, op, kept], ['connection_lost', 'file', null, 'reserve', cause]);
    });
  }

  it('is told on one short line, without secrets', () => {
    const { message } = of(new Error(`see https://user:s3cret@host/?sig=s3cret ${'x'.repeat(999)}`));
    assert.ok(message.length < 300 && !message.includes('s3cret'), message);
  });

  it('is what we threw ourselves where it is that', () => {
    const ours = new SyncError('ours', { code: 'target_refused', scope: 'file', disposition: 'reject', op: 'upload' });
    assert.equal(networkError('upload', 'h', new WireError(ours)), ours);
    assert.equal(networkError('upload', 'h', new WireError(new Error('lookup', { cause: ours }))), ours);
  });
});

describe('what did not come off the wire', () => {
  for (const error of [
    new TypeError('bug'),
    new errors.InvalidArgumentError('bad header'),
    system({ code: 'EPIPE' }),
  ]) {
    it(`is handed on as the bug that it is: ${error.name} ${error.message}`, () => {
      assert.equal(networkError('reserve', 'flora.example', error), error);
    });
  }
});

describe('an ordinary end of a connection', () => {
  it('has a code of the system, or one of those that undici gives to it', () => {
    const ordinary = [
      system({ code: 'ECONNRESET' }),
      system({ code: 'E2BIG' }),
      new errors.SocketError('other side closed'),
      new errors.InformationalError('info'),
      new errors.RequestAbortedError('aborted'),
      new errors.ClientClosedError('closed'),
      new errors.ConnectTimeoutError('slow'),
      new errors.HeadersTimeoutError('slow'),
      new errors.BodyTimeoutError('slow'),
      new errors.ClientDestroyedError('closed'),
    ];
    assert.ok(ordinary.every(isOrdinary));
    const strange = [
      new errors.HTTPParserError('odd'),
      new errors.HeadersOverflowError('long'),
      new errors.ResponseContentLengthMismatchError('cut'),
      system({ code: 'ERR_ASSERTION' }),
      new TypeError('undici or we'),
      undefined,
    ];
    assert.ok(!strange.some(isOrdinary));
  });
});
