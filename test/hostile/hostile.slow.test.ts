import { cases } from './cases.ts';
import { firstRows } from './kinds.ts';
import { playRows } from './rows.ts';

/** `FLORA_SYNC_TEST_HOSTILE=words`: only rows whose title has them, of all that there are. */
const words = process.env['FLORA_SYNC_TEST_HOSTILE'] ?? '';

playRows(cases.filter((row) => (words === '' ? !firstRows.includes(row) : row.title.includes(words))));
