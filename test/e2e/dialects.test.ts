import { describe, it } from 'node:test';
import { dialects } from '../../src/emulator/dialects.ts';
import { mainScenario } from '../support/main-scenario.ts';

/** The documents, and what live clients met; all others are in `dialects.slow.test.ts`. */
const most = ['seeds', 'gcs', 'imagekit', 'measured'];

describe('the main scenario', { concurrency: 4 }, () => {
  for (const name of most)
    it(`ends with every file ready once in the dialect ${name}`, (t) =>
      mainScenario(t, dialects[name]?.settings ?? {}));
});
