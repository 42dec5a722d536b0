import { partOf } from '../support/part.ts';
import { cases } from './cases.ts';
import { firstRows } from './kinds.ts';
import { playRows } from './rows.ts';

/** `FLORA_SYNC_TEST_HOSTILE=words`: only rows whose title has them, of all that there are. */
const words = process.env['FLORA_SYNC_TEST_HOSTILE'] ?? '';

const rest = () => partOf(cases.filter((row) => !firstRows.includes(row)));

playRows(words === '' ? rest() : cases.filter(({ title }) => title.includes(words)));
