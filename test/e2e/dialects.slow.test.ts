import { describe, it } from 'node:test';
import { dialects } from '../../src/emulator/dialects.ts';
import { mainScenario } from '../support/main-scenario.ts';
import { partOf } from '../support/part.ts';

describe('the main scenario', { concurrency: 4 }, () => {
  const understood = Object.entries(dialects).filter(([, dialect]) => dialect.understood);
  for (const [name, { settings }] of partOf(understood))
    it(`ends with every file ready once in the dialect ${name}`, (t) => mainScenario(t, settings));
});
