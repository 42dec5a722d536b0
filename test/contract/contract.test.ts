// Runs the contract over the emulator in each of its manners, and over the real API when it is named by the environment.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts';
import { apiKey, workspaceId } from './emulator-support.ts';
import { describeContract } from './suite.ts';

const manners: readonly Omit<EmulatorOptions, 'dataDir'>[] = [
  { idempotency: 'replay', uploadStyle: 'form' },
  { idempotency: 'reject', uploadStyle: 'put' },
  { idempotency: 'replay', uploadStyle: 'form', processingMs: 30 },
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
