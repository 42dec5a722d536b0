// Writes what tests hold equal to tables of src: run it after a change of these, and look at what `git diff` says.
import { writeFileSync } from 'node:fs';
import { configSchema } from '../../src/config/schema.ts';
import { codesTable } from './codes-table.ts';
import { configPath, readConfigFile, withBlock } from './held.ts';
import { settingsTable } from './settings-table.ts';

writeFileSync(configPath('config.schema.json'), `${JSON.stringify(configSchema, null, 2)}\n`);
const withSettings = withBlock(readConfigFile('README.md'), 'settings', settingsTable());
writeFileSync(configPath('README.md'), withBlock(withSettings, 'codes', codesTable()));
