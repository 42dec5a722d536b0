import { describe, it } from 'node:test';
import { dialects } from '../../src/emulator/dialects.ts';
import { mainScenario } from '../support/main-scenario.ts';

/** What live clients met; all are in `dialects.slow.test.ts`. */
const most = ['gcs', 'imagekit'];

describe('the main scenario', { concurrency: 4 }, () => {
  for (const name of most)
    it(`ends with every file ready once in the dialect ${name}`, (t) =>
      mainScenario(t, dialects[name]?.settings ?? {}));
});
