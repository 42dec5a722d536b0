import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureCodes, findingCodes } from '../../src/core/failure.ts';
import { codes, entryOf, foreignCode } from '../../src/errors/codes.ts';
import { SyncError } from '../../src/errors.ts';
import { codeLiterals, literalsIn, takersIn } from '../support/code-literals.ts';
import { codesTable } from '../support/codes-table.ts';
import { blockOf, readConfigFile } from '../support/held.ts';

/** Words of FLORA's own, which `remote` translates and `contract` looks for. */
const ofFlora: ReadonlySet<string> = new Set([
  'idempotency_duplicate',
  'idempotency_conflict',
  'input_validation_error',
  'unauthorized',
  'invalid_api_key',
  'insufficient_credits',
]);

describe('the table of codes', () => {
  it('has every code that the sources name', () => {
    const found = codeLiterals();
    const missing = found.filter(({ code }) => !Object.hasOwn(codes, code) && !ofFlora.has(code));
    assert.deepEqual(missing, []);
    // It finds those that only core speaks of, and that are only handed on.
    const known = new Set(found.map(({ code }) => code));
    for (const code of ['asset_failed', 'superseded', 'source_lost', 'folder_empty', 'match_more', 'read_error'])
      assert.ok(known.has(code), code);
  });

  it('has none that nothing names', () => {
    // What an earlier version stored in ledgers has to be explained too.
    const stored = new Set(['size_mismatch']);
    const named = new Set(codeLiterals().map(({ code }) => code));
    const emulators = Object.keys(codes).filter((code) => code.startsWith('emulator_'));
    const unnamed = Object.keys(codes).filter((code) => !named.has(code) && !stored.has(code));
    assert.deepEqual(unnamed.sort(), emulators.sort());
  });

  it('has those that count as failures and findings', () => {
    for (const code of [...failureCodes, ...findingCodes]) assert.ok(Object.hasOwn(codes, code), code);
  });

  it('says of each what it means and what to do, in sentences', () => {
    for (const [code, { meaning, cure }] of Object.entries(codes)) {
      assert.match(code, /^[a-z]+(?:_[a-z]+)*$/);
      assert.match(meaning, /^[A-Z].*\.$/, code);
      assert.match(cure, /^[A-Z`].*\.$/, code);
    }
  });

  it('is in config/README.md', () => {
    // Written by build/test/support/write-held.js.
    assert.equal(blockOf(readConfigFile('README.md'), 'codes'), codesTable());
  });
});

describe('the search for codes', () => {
  it('sees them in fields, comparisons, sets, choices and calls', () => {
    const text = `
      function told(content: Content, code: string, reason: string) {}
      told({ a: [1, 2] }, isOdd ? 'in_call' : 'in_choice', 'no_code');
      const x = { code: 'in_field', reason: 'y', reasonCode: z ? 'in_reason' : null };
      if (error.code === 'compared' || y.kind === 'no_code_either') return;
      const lostCodes: ReadonlySet<string> = new Set(['in_set', 'and_another']);
    `;
    const takers = new Map(takersIn(text));
    assert.deepEqual([...takers], [['told', 1]]);
    assert.deepEqual([...literalsIn(text, takers)].sort(), [
      'and_another',
      'compared',
      'in_call',
      'in_choice',
      'in_field',
      'in_reason',
      'in_set',
    ]);
  });
});

describe('a SyncError', () => {
  it('has scope and disposition from the table, where it does not say otherwise', () => {
    const plain = new SyncError('x', { code: 'server_error', op: 'reserve' });
    assert.deepEqual([plain.scope, plain.disposition], ['file', 'retry']);
    const other = new SyncError('x', { code: 'server_error', op: 'reserve', scope: 'service', disposition: null });
    assert.deepEqual([other.scope, other.disposition], ['service', null]);
    assert.equal(new SyncError('x', { code: 'key_spent', op: 'reserve' }).disposition, null);
  });

  it('does not compile with a code that is not in the table', () => {
    // @ts-expect-error
    const { code, scope } = new SyncError('x', { code: 'no_such_code', op: 'reserve' });
    assert.deepEqual([code, scope], ['no_such_code', 'file']);
  });

  it('is about one file where the code is FLORA’s own', () => {
    const { code, scope, disposition } = new SyncError('x', { code: foreignCode('teapot'), op: 'reserve' });
    assert.deepEqual([code, scope, disposition], ['teapot', 'file', null]);
    assert.equal(entryOf('http_418'), undefined);
    assert.equal(entryOf(foreignCode('constructor')), undefined);
  });
});
