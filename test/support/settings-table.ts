import { CONFIG_VARIABLE, CREDENTIAL_NAME, KEY_VARIABLE, SETTINGS, type Setting } from '../../src/config/schema.ts';
import { markdownTable } from './held.ts';

/** The settings for users, as config/README.md has them. */
export function settingsTable(): string {
  const key = [
    `\`${KEY_VARIABLE}\`, else \`${KEY_VARIABLE}_FILE\`, else \`$CREDENTIALS_DIRECTORY/${CREDENTIAL_NAME}\``,
    'the API key (never a flag, never in the TOML file: both can be read by others)',
    'required',
  ];
  const file = [`\`${CONFIG_VARIABLE}\``, 'the TOML file', '`$XDG_CONFIG_HOME/flora-sync/config.toml`'];
  return markdownTable(['Variable', 'Meaning', 'Default'], [key, ...SETTINGS.map(row), file]);
}

function row({ variable, summary, meaning = summary, inFolder, shown, schema }: Setting): readonly string[] {
  const where = inFolder === undefined ? '' : '; also in a `[[folder]]` table, for that folder';
  return [`\`${variable}\``, meaning + where, shown ?? `\`${schema.default}\``];
}
