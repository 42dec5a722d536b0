// A certificate for tests, made on the spot: a key in the repository would be taken for somebody's.
import { generateKeyPairSync, sign } from 'node:crypto';

/** Key and self-signed certificate (X.509 v3, P-256), as PEM, good for these host names from yesterday until tomorrow. */
export function selfSigned(names: readonly string[]): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const commonName = sequence(set(sequence(objectId(0x55, 0x04, 0x03), tagged(0x0c, Buffer.from(names[0] ?? '')))));
  const dayMs = 86_400_000;
  const alternatives = sequence(...names.map((name) => tagged(0x82, Buffer.from(name))));
  const extensions = sequence(
    // basicConstraints, critical: a certificate authority, since it is its own.
    sequence(
      objectId(0x55, 0x1d, 0x13),
      tagged(0x01, Buffer.of(0xff)),
      octets(sequence(tagged(0x01, Buffer.of(0xff)))),
    ),
    sequence(objectId(0x55, 0x1d, 0x11), octets(alternatives)),
  );
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.of(1)),
    ecdsaWithSha256,
    commonName,
    sequence(utc(Date.now() - dayMs), utc(Date.now() + dayMs)),
    commonName,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, extensions),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)]));
  const base64 = sequence(body, ecdsaWithSha256, signature)
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')
    .trimEnd();
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}

/** One value of DER: tag, length, contents. */
function tagged(tag: number, contents: Buffer): Buffer {
  const { length } = contents;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), contents]);
  const head = length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), contents]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(parts));
}

function octets(contents: Buffer): Buffer {
  return tagged(0x04, contents);
}

function objectId(...bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes));
}

/** UTCTime, good until 2049. */
function utc(ms: number): Buffer {
  return tagged(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}
