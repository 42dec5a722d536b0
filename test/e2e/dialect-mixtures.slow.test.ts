import { describe, it } from 'node:test';
import { type EmulatorSettings, settingsTable } from '../../src/emulator/dialects.ts';
import { mainScenario } from '../support/main-scenario.ts';
import { seeded } from '../support/pictures.ts';

/** Each combines one word for each setting, among those with which every file can become ready. */
function combination(seed: number): Partial<EmulatorSettings> {
  const random = seeded(seed);
  const enigmatic = new Set(['none', 'no-ids', 'no-meta', 'unreadable', 'other']);
  const chosen = Object.entries(settingsTable).flatMap(([name, { kind, ...rest }]) => {
    if (kind === 'milliseconds' || random() < 0.5) return [];
    const values = 'values' in rest ? rest.values.filter((value) => !enigmatic.has(String(value))) : [];
    return [[name, values[Math.floor(random() * values.length)]]];
  });
  // Words of a table that nobody here knows by their type.
  const settings = Object.fromEntries(chosen) as Partial<EmulatorSettings>;
  // `none` is a word of two settings that is understood.
  return { ...settings, ...(random() < 0.2 ? { bodyForm: 'none' } : {}) };
}

const seeds = Number(process.env['FLORA_SYNC_TEST_MIXTURES'] ?? 12);
const from = Number(process.env['FLORA_SYNC_TEST_SEED'] ?? 1);

describe('the main scenario', { concurrency: 4 }, () => {
  for (let seed = from; seed < from + seeds; seed += 1) {
    const settings = combination(seed);
    it(`ends with every file ready once in mixture ${seed} (FLORA_SYNC_TEST_SEED): ${JSON.stringify(settings)}`, (t) =>
      mainScenario(t, settings));
  }
});
