import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAboutBytes, isTooSlow, readRefusal } from '../../../src/remote/refusal.ts';

const read = (text: string, contentType = 'application/xml', secrets: readonly string[] = []) =>
  readRefusal(Buffer.from(text), contentType, secrets);
const xml = (code: string, message: string, more = '') =>
  `<?xml version='1.0' encoding='UTF-8'?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`;

describe('what an upload host says of a refusal', () => {
  const forms: Record<string, [text: string, contentType: string, code: string, told: string]> = {
    'XML as S3 has it': [
      xml('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', '<ProposedSize>9</ProposedSize>'),
      'application/xml',
      'EntityTooLarge',
      'EntityTooLarge: Your proposed upload exceeds the maximum allowed size',
    ],
    'XML with details as Google has it': [
      xml(
        'InvalidPolicyDocument',
        'The content of the form does not meet the conditions specified in the policy document.',
        '<Details>Failed condition: [&quot;eq&quot;, &quot;$Content-Type&quot;, &quot;image/png&quot;]</Details>',
      ),
      'application/xml; charset=UTF-8',
      'InvalidPolicyDocument',
      'InvalidPolicyDocument: The content of the form does not meet the conditions specified in the policy document.: ' +
        'Failed condition: ["eq", "$Content-Type", "image/png"]',
    ],
    'XML with several lines as Azure has it': [
      '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>RequestBodyTooLarge</Code><Message>The request body is too ' +
        'large.\nRequestId:1\nTime:2026-01-01T00:00:00Z</Message></Error>',
      'application/xml',
      'RequestBodyTooLarge',
      'RequestBodyTooLarge: The request body is too large. RequestId:1 Time:2026-01-01T00:00:00Z',
    ],
    'XML that was cut off': [
      '<Error><Code>BadDigest</Code><Message>The Content-MD5 you',
      '',
      'BadDigest',
      'BadDigest: The Content-MD5 you',
    ],
    'XML with a section of characters': [
      '<Error><Code>X</Code><Message><![CDATA[ 1 & 2 ]]></Message></Error>',
      'text/xml',
      'X',
      'X: 1 & 2',
    ],
    'JSON with an error in it': [
      '{"error":{"message":"File size too large. Got 11. Maximum is 10."}}',
      'application/json',
      '',
      'File size too large. Got 11. Maximum is 10.',
    ],
    'JSON with a code': ['{"error":{"code":"too_big","message":"No"}}', 'application/json', 'too_big', 'too_big: No'],
    'flat JSON': ['{"message":"Your token was used","help":"…"}', 'application/json', '', 'Your token was used'],
    'JSON whose error is text': ['{"error":"no such thing"}', 'application/json', '', 'no such thing'],
    'a web page by its title': [
      '<!DOCTYPE html>\n<html><head><title> 413 Request Entity Too Large &amp; more</title></head><body><h1>413</h1>',
      'text/html',
      '',
      '413 Request Entity Too Large & more',
    ],
    'a web page by its heading': ['<html><body><h1>Blocked</h1><p>by us', 'text/html', '', 'Blocked'],
    'plain text': ['too large\n', 'text/plain', '', 'too large'],
    'plain text without a type': ['too large', '', '', 'too large'],
    nothing: ['', '', '', ''],
    'an empty element': ['<Error><Code></Code></Error>', 'application/xml', '', ''],
    'other XML by its text': ['<fault><string>too large</string></fault>', 'application/xml', '', 'too large'],
    'a code that is a sentence': [xml('No such luck', 'Sorry'), 'application/xml', '', 'No such luck: Sorry'],
    'text of a type that is none': ['too large', 'application/octet-stream', '', ''],
    'an image that is text': ['too large', 'image/svg+xml', '', ''],
    'JSON that is none': ['too large', 'application/json', '', 'too large'],
    'a page whose type is none': ['<BODY><H1 id="a">Blocked</H1>', '', '', 'Blocked'],
    'a page whose title is blank': ['<html><title> </title><h1>No</h1>', 'text/html', '', 'No'],
    'text that is no page in its first thousand': [
      `${'x'.repeat(1_000)}<html><title>No</title>`,
      'text/plain',
      '',
      `${'x'.repeat(499)}…`,
    ],
    'bytes of something': ['\0\u0001\u0002', 'application/octet-stream', '', ''],
  };
  for (const [what, [text, contentType, code, told]] of Object.entries(forms)) {
    it(`is read from ${what}`, () => assert.deepEqual(read(text, contentType), { code, told }));
  }

  it('is one line of 500 characters, without what steers a terminal', () => {
    const { told } = read(xml('Code', `a\u001b[31m\r\n\u202eb\u0007 ${'😀'.repeat(400)}`));
    assert.ok(told.startsWith('Code: a [31m b 😀'), told.slice(0, 30));
    assert.ok(told.length <= 500 && told.endsWith('😀…') && told.isWellFormed());
  });

  it('hides what was sent along, wherever it is repeated', () => {
    const policy = 'eyJleHBpcmF0aW9uIjoiMjAyNiJ9';
    const { told } = read(xml('AccessDenied', `Policy ${policy} and ${policy}.`), '', [policy, 'png']);
    assert.equal(told, 'AccessDenied: Policy [redacted] and [redacted].');
  });

  const leaks: Record<string, string> = {
    'a signed URL': 'See https://storage.example/a.png?X-Goog-Signature=c0ffee00c0ffee00 for more',
    'a URL in entities': 'See https://storage.example/a?b=1&amp;X-Amz-Signature=c0ffee00c0ffee00',
    'a path with its query': 'Cannot PUT /bucket/a.png?X-Amz-Credential=a&amp;X-Amz-Signature=c0ffee00c0ffee00',
    'a parameter': 'bad X-Amz-Signature=c0ffee00c0ffee00',
    'a field': '"signature": "c0ffee00c0ffee00"',
    'an API key': 'sk_live_c0ffee00c0ffee00',
    'a bearer token': 'Bearer c0ffee00c0ffee00',
  };
  for (const [what, message] of Object.entries(leaks)) {
    it(`never shows ${what}`, () => {
      const { told } = read(xml('AccessDenied', message));
      assert.ok(!told.includes('c0ffee00') && told.includes('[redacted]'), told);
    });
  }
});

describe('the words of a refusal in JSON', () => {
  for (const [json, code, told] of [
    [{ error: 'a', message: 'b' }, '', 'a'],
    [{ error: '', message: 'b' }, '', 'b'],
    [{ error: { message: 'a', Message: 'b' }, message: 'c' }, '', 'a'],
    [{ error: { message: '', Message: 'b' }, message: 'c' }, '', 'b'],
    [{ error: { message: 5 }, message: 'c', detail: 'd' }, '', 'c'],
    [{ error: {}, detail: 'd' }, '', 'd'],
    [{ Message: 'b' }, '', 'b'],
    [{ error: { code: 'A', Code: 'B' }, code: 'C' }, 'A', 'A'],
    [{ error: { code: '', Code: 'B' }, code: 'C', message: 'c' }, 'B', 'B: c'],
    [{ error: { code: 7 }, code: 'C' }, 'C', 'C'],
    [{ Code: 'B' }, 'B', 'B'],
    [{ error: null, message: null }, '', ''],
    [{ code: 'same', message: 'same' }, 'same', 'same'],
  ] as const) {
    it(`are the first of ${JSON.stringify(json)}`, () => {
      assert.deepEqual(read(JSON.stringify(json), 'application/json'), { code, told });
    });
  }
});

describe('a refusal', () => {
  const codes = [
    'EntityTooLarge',
    'EntityTooSmall',
    'MaxMessageLengthExceeded',
    'RequestBodyTooLarge',
    'MissingContentLength',
    'IncompleteBody',
    'BadDigest',
    'InvalidDigest',
    'InvalidMd5',
    'Md5Mismatch',
    'XAmzContentSHA256Mismatch',
    'InvalidContentType',
    'UnsupportedMediaType',
    'MalformedPOSTRequest',
    'MalformedMultiPartBody',
  ];
  for (const code of codes) {
    it(`by ${code} is about the bytes, whatever its status and its letters`, () => {
      for (const word of [code, code.toLowerCase(), code.toUpperCase()])
        for (const status of [400, 403, 404, 409]) assert.ok(isAboutBytes(status, { code: word, told: '' }), word);
      assert.equal(isAboutBytes(400, { code: `${code}s`, told: '' }), false);
    });
  }

  for (const code of [
    'Expired',
    'ExpiredToken',
    'RequestTimeTooSkewed',
    'SignatureDoesNotMatch',
    'AuthenticationFailed',
    'InvalidAccessKeyId',
    'InvalidToken',
    'NoSuchUpload',
  ]) {
    it(`by ${code} is about the target, whatever it says of the bytes`, () => {
      assert.equal(isAboutBytes(400, { code, told: 'The file is too large' }), false);
      assert.ok(isAboutBytes(400, { code: `X${code}`, told: 'The file is too large' }));
    });
  }

  it('by a condition is about the bytes where it names one that they do not meet', () => {
    for (const code of ['AccessDenied', 'InvalidPolicyDocument']) {
      for (const status of [400, 403]) {
        const isMeant = (told: string) => isAboutBytes(status, { code, told });
        assert.deepEqual(
          ['Condition: content-type', 'a condition that failed', 'The content-type is odd'].map(isMeant),
          [true, false, false],
        );
      }
    }
    assert.ok(!isAboutBytes(403, { code: 'Other', told: 'Condition: content-type' }));
  });

  const aboutBytes: [status: number, text: string][] = [
    [413, ''],
    [411, ''],
    [422, ''],
    [413, '<html><head><title>413 Request Entity Too Large</title></head></html>'],
    [415, ''],
    [411, xml('MissingContentLength', 'You must provide the Content-Length HTTP header.')],
    [400, xml('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size')],
    [400, xml('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size')],
    [400, xml('BadDigest', 'The Content-MD5 you specified did not match what we received.')],
    [
      400,
      xml('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header.'),
    ],
    [400, xml('InvalidArgument', 'Invalid argument.', '<Details>Content-Type image/heic is not allowed</Details>')],
    [
      403,
      xml('AccessDenied', 'Invalid according to Policy: Policy Condition failed: ["eq", "$Content-Type", "image/png"]'),
    ],
    [400, xml('InvalidPolicyDocument', 'x', '<Details>Failed condition: ["content-length-range", 0, 1]</Details>')],
    [400, '{"error":{"message":"File size too large. Got 11. Maximum is 10."}}'],
    [400, '{"error":{"message":"Invalid image file"}}'],
    [400, '{"message":"Unsupported file format heic"}'],
    [400, '{"error":"The file exceeds the maximum size of 5 MB"}'],
  ];
  for (const [status, text] of aboutBytes) {
    it(`with ${status} ${text.slice(-60)} is about the bytes`, () =>
      assert.equal(isAboutBytes(status, read(text)), true));
  }

  const others: [status: number, text: string][] = [
    [400, ''],
    [401, ''],
    [403, ''],
    [404, ''],
    [412, ''],
    [414, ''],
    [416, ''],
    [417, ''],
    [401, 'The file is too large'],
    [403, 'The file is too large'],
    [410, ''],
    [400, xml('ExpiredToken', 'The provided token has expired.')],
    [400, xml('InvalidArgument', 'Invalid argument.', '<Details>Signature expired</Details>')],
    [403, xml('AccessDenied', 'Request has expired')],
    [403, xml('AccessDenied', 'Invalid according to Policy: Policy expired.')],
    [403, xml('AccessDenied', 'Access denied.')],
    [403, xml('SignatureDoesNotMatch', 'The request signature we calculated does not match. Check Content-Type.')],
    [403, xml('RequestTimeTooSkewed', 'The difference between the request time and the server time is too large.')],
    [403, xml('AuthenticationFailed', 'Server failed to authenticate the request.')],
    [404, xml('NoSuchBucket', 'The specified bucket does not exist.')],
    [400, '{"message":"A request with this token has been received already."}'],
    [403, '<html><head><title>Request blocked</title></head></html>'],
  ];
  for (const [status, text] of others) {
    it(`with ${status} ${text.slice(-60)} is not known to be`, () =>
      assert.equal(isAboutBytes(status, read(text)), false));
  }

  it('because the bytes came too slowly is known', () => {
    const slow = xml('RequestTimeout', 'Your socket connection to the server was not read from or written to in time.');
    assert.equal(isTooSlow(400, read(slow)), true);
    assert.ok(isTooSlow(408, read('')));
    assert.ok(isTooSlow(400, { code: 'REQUESTTIMEOUT' }));
    for (const [status, code] of [
      [400, 'BadDigest'],
      [400, 'RequestTimeouts'],
      [403, 'RequestTimeout'],
      [407, ''],
    ] as const)
      assert.equal(isTooSlow(status, { code }), false, `${status} ${code}`);
  });
});
