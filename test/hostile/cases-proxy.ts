// A proxy in trouble for its first seconds, and well after them.
import type { Case } from './play.ts';
import type { ProxyMischief } from './proxy.ts';

const forMs = 5_000;

const mischiefs: Readonly<Record<string, ProxyMischief>> = {
  'drops each CONNECT': { kind: 'bytes', bytes: '', end: 'close' },
  'resets each CONNECT': { kind: 'bytes', bytes: '', end: 'reset' },
  'answers CONNECT with the banner of an SSH server': { kind: 'bytes', bytes: 'SSH-2.0-x\r\n', end: 'close' },
  'answers CONNECT with noise': { kind: 'bytes', bytes: '\x15\x03\x01\x00\x02\x02\x28\xff\xfe', end: 'close' },
  'answers CONNECT with half a status line': { kind: 'bytes', bytes: 'HTTP/1.1 20', end: 'close' },
  'wants a login (407)': {
    kind: 'bytes',
    bytes:
      'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="x"\r\ncontent-length: 0\r\n\r\n',
    end: 'close',
  },
  'finds no way (502, with a page)': {
    kind: 'bytes',
    bytes: 'HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 12\r\n\r\n<p>Sorry</p>',
    end: 'close',
  },
  'finds no way (503), on a connection that stays': {
    kind: 'bytes',
    bytes: 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n',
    end: 'stay',
  },
  'answers CONNECT with a page (200)': {
    kind: 'bytes',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<p>Log in</p>',
    end: 'stay',
  },
  'opens a tunnel to what is not TLS': { kind: 'tunnelled', bytes: 'HTTP/1.1 400 Bad Request\r\n\r\n', end: 'close' },
  'opens a tunnel that ends at once': { kind: 'tunnelled', bytes: '', end: 'reset' },
  'never answers CONNECT': { kind: 'silence' },
};

export const proxyCases: readonly Case[] = Object.entries(mischiefs).map(([name, what]) => ({
  title: `a proxy that for five seconds ${name}`,
  troubles: [],
  proxy: { forMs, what },
  // A tunnel that is never granted is given up after ten seconds, and some are begun before it is well.
  withinMs: 120_000,
  isSlow: true,
}));
