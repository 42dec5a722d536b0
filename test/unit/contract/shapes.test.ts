import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import { judgeOrder } from '../../../src/contract/judge-listing.ts';
import { tinyPicture } from '../../../src/contract/picture.ts';
import { Secrets } from '../../../src/contract/secrets.ts';
import { cursorForm, duration, errorForm, idLike, timeForm, word } from '../../../src/contract/shapes.ts';
import type { JsonAnswer } from '../../../src/remote/http.ts';

describe('what is told of a foreign value', () => {
  it('is itself when it is a short word, and else only its kind', () => {
    const cases: readonly [unknown, string][] = [
      ['pending_upload', 'pending_upload'],
      ['two words', 'text of 9 characters'],
      ['a'.repeat(41), 'text of 41 characters'],
      ['', 'text of 0 characters'],
      [12, 'an integer'],
      [1.5, 'a number'],
      [null, 'null'],
      [undefined, 'absent'],
      [[1, 2], 'a list of 2'],
      [{ a: 1 }, 'an object'],
    ];
    for (const [value, said] of cases) assert.equal(word(value), said);
  });

  it('is the form of a time', () => {
    const cases: readonly [unknown, string][] = [
      ['2026-11-27T06:28:00.123Z', 'ISO with a zone'],
      ['2026-11-27T06:28:00+01:00', 'ISO with a zone'],
      ['2026-11-27T06:28:00', 'ISO without a zone'],
      ['yesterday', 'text that is no ISO time'],
      [1_795_760_880_000, 'integer, milliseconds'],
      [1_795_760_880, 'integer, seconds'],
      [1_795_760_880.5, 'a number that is no integer'],
      [0, 'integer, neither milliseconds nor seconds'],
      [null, 'null'],
      [undefined, 'absent'],
    ];
    for (const [value, form] of cases) assert.equal(timeForm(value), form, String(value));
  });

  it('is the form of a cursor, not its value', () => {
    assert.equal(cursorForm('eyJvZmZzZXQiOjIwfQ'), 'text of 18 characters, base64 of JSON with offset');
    assert.equal(cursorForm('opaque'), 'text of 6 characters');
    assert.equal(cursorForm(null), 'null');
    assert.equal(cursorForm(20), 'an integer');
  });

  it('is the form of an error', () => {
    const formOf = (json: unknown) => errorForm({ json, isCut: false } as JsonAnswer);
    assert.equal(formOf({ error: { code: 'not_found', message: 'x' } }), 'envelope with code');
    assert.equal(formOf({ error: { message: 'x' } }), 'envelope without code');
    assert.equal(formOf({ error: 'x' }), 'flat: error is text');
    assert.equal(formOf({ code: 'not_found', message: 'x' }), 'flat: no envelope');
    assert.equal(formOf({ detail: 'x' }), 'other members: detail');
    assert.equal(formOf([]), 'JSON, but no object');
    assert.equal(formOf(undefined), 'not JSON');
  });

  it('is a duration in words', () => {
    assert.deepEqual([0, 9_940, 9_990, 12_300, 60_000, 125_000].map(duration), [
      '0.0 s',
      '9.9 s',
      '10 s',
      '12 s',
      '1 min',
      '2 min 5 s',
    ]);
  });
});

describe('an id that names nothing', () => {
  it('has the form of a true one, and another end', () => {
    const chance = '0190-aaaa-7bbb-8ccc-0123456789ab';
    assert.equal(idLike('asset_0123456789abcdef', chance), 'asset_01234567456789ab');
    assert.equal(idLike('asset_01HZY3K9QWERTY12', chance), 'asset_01HZY3K9456789AB');
    assert.match(idLike(null, chance), /^asset_[0-9a-f]{24}$/);
    assert.match(idLike('short', chance), /^asset_[0-9a-f]{24}$/);
  });
});

describe('the order of a listing', () => {
  it('is told by its times, from two different ones on', () => {
    const orderOf = (...times: unknown[]) => judgeOrder(times.map((time) => ({ created_at: time }))).answered;
    assert.equal(orderOf(3, 2, 2, 1), 'newest first, among 4');
    assert.equal(orderOf(1, 2, 2), 'oldest first, among 3');
    assert.equal(orderOf(1, 3, 2), 'none, among 3');
    assert.equal(orderOf(2, 2), 'there are too few assets to tell');
    assert.equal(orderOf(null, 'x', 3, 2), 'newest first, among 2');
  });
});

describe('secrets', () => {
  it('of an upload are hidden wherever they come up again, in both spellings', () => {
    for (const [fields, url] of [
      ['form_fields', 'upload_url'],
      ['formFields', 'uploadUrl'],
    ] as const) {
      const secrets = new Secrets();
      secrets.addFrom({
        asset_id: 'asset_1234567',
        upload: {
          url: 'https://host.test/bucket-of-ours?sig=signature-1',
          [fields]: { policy: 'cG9saWN5', id: 'asset_1234567' },
        },
        [url]: 'https://other.test/path-token-2',
      });
      const shown = secrets.hide(
        'cG9saWN5 signature-1 path-token-2 /bucket-of-ours asset_1234567 https://a.test/x?y=z sk_live_abc',
      );
      assert.equal(
        shown,
        '[redacted] [redacted] [redacted] [redacted] asset_1234567 https://a.test/x?[redacted] [redacted]',
      );
    }
  });
});

describe('a tiny picture', () => {
  it('is a PNG of one pixel whose bytes are those of its text alone', () => {
    const picture = tinyPicture('one');
    assert.equal(picture.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
    assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [1, 1]);
    // The checksum of an empty IEND is in the standard.
    assert.equal(picture.subarray(-4).toString('hex'), 'ae426082');
    const at = picture.indexOf('IDAT') + 4;
    assert.deepEqual([...inflateSync(picture.subarray(at, -16))], [0, 0x80]);
    assert.ok(!picture.equals(tinyPicture('two')));
    assert.ok(picture.equals(tinyPicture('one')));
  });
});
