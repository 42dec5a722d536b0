// Runs the contract over the emulator in every dialect that the SDK can work in, and over the real API when it is named by the
// environment.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dialectNames, settingsOf } from '../../src/emulator/dialects.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts';
import { apiKey, workspaceId } from './emulator-support.ts';
import { describeContract } from './suite.ts';

/** Where the SDK itself cannot bring a file in, or read the answer. */
const beyondTheSdk: Readonly<Record<string, string>> = {
  'sdk-old': 'since 2026-05-15 it reads form_fields only, and leaves formFields out of the form',
  'put-method': 'it puts a form where raw bytes are wanted',
  measured: 'it completes without a body',
  lagging: 'its upload() takes a GET that answers 404 for the end',
  'camel-listing': 'it reads next_cursor only, and ends after the first page',
  'no-target': 'it has nowhere to send bytes to, and says so',
  'no-ids': 'it hands the nulls on',
  'no-meta': 'it cannot tell whether there is another page',
  'unreadable-listing': 'it hands the nulls on',
  'other-words': 'its upload() waits for "ready" until its time is over',
};

const manners: readonly Omit<EmulatorOptions, 'dataDir'>[] = [
  ...dialectNames.filter((dialect) => !(dialect in beyondTheSdk)).map((dialect) => ({ dialect })),
  { idempotency: 'replay', uploadStyle: 'put' },
  { processingMs: 30 },
  { processingMs: 30, statusWords: 'processing' },
];

for (const manner of manners) {
  describe(`the emulator ${JSON.stringify(manner)}`, () => {
    let emulator: Emulator;
    let dataDir: string;
    before(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'flora-contract-'));
      emulator = await startEmulator({ ...manner, dataDir });
    });
    after(async () => {
      await emulator.close();
      await rm(dataDir, { recursive: true, force: true });
    });
    describeContract('keeps the contract', () => ({
      baseUrl: emulator.baseUrl,
      apiKey,
      workspaceId,
      pollMs: 5,
      settings: settingsOf(manner.dialect ?? 'seeds', manner) ?? assert.fail(),
      expire: async (assetId) => {
        await fetch(`${emulator.adminUrl}/assets/${assetId}`, { method: 'POST', body: '{"expire":true}' });
      },
    }));
  });
}

const { FLORA_CONTRACT_API_KEY, FLORA_CONTRACT_WORKSPACE_ID, FLORA_CONTRACT_BASE_URL } = process.env;
if (FLORA_CONTRACT_API_KEY && FLORA_CONTRACT_WORKSPACE_ID) {
  describeContract('the real API keeps the contract', () => ({
    baseUrl: FLORA_CONTRACT_BASE_URL || 'https://app.flora.ai/api/v1',
    apiKey: FLORA_CONTRACT_API_KEY,
    workspaceId: FLORA_CONTRACT_WORKSPACE_ID,
    pollMs: 1000,
  }));
} else {
  it('the real API keeps the contract', {
    skip: 'set FLORA_CONTRACT_API_KEY and FLORA_CONTRACT_WORKSPACE_ID to run it (it creates assets that nothing can delete)',
  });
}
