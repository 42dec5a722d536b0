import { describe, it } from 'node:test';
import { dialects } from '../../src/emulator/dialects.ts';
import { mainScenario } from '../support/main-scenario.ts';

describe('the main scenario', { concurrency: 4 }, () => {
  for (const [name, { settings, understood }] of Object.entries(dialects)) {
    if (understood) it(`ends with every file ready once in the dialect ${name}`, (t) => mainScenario(t, settings));
  }
});
