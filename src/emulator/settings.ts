// Reads settings from outside, by the table in dialects.ts.
import { dialectNames, type EmulatorSettings, settingsOf, settingsTable } from './dialects.ts';
import { readFields } from './fields.ts';

/**
 * What the settings are after this admin call: its `dialect` begins from that one's, otherwise what it does not name stays
 * as it is. 400 with every problem when a name or a value is not in the table.
 */
export function changedSettings(current: EmulatorSettings, value: unknown): EmulatorSettings {
  const fields = readFields(value, ['dialect', ...Object.keys(settingsTable)]);
  const dialect = fields.oneOf('dialect', dialectNames);
  const given = Object.entries(settingsTable).map(([name, setting]) => {
    const read =
      setting.kind === 'choice'
        ? fields.oneOf<string | number>(name, setting.values)
        : fields.integer(name, { min: setting.min, max: setting.max });
    return [name, read] as const;
  });
  fields.check();
  const named = given.filter(([, read]) => read !== undefined);
  const base = dialect === undefined ? current : (settingsOf(dialect, {}) ?? current);
  return { ...base, ...Object.fromEntries(named) };
}
