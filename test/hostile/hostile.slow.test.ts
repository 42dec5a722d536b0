import { cases } from './cases.ts';
import { playRows } from './rows.ts';

/** `FLORA_SYNC_TEST_HOSTILE=words`: only rows whose title has them. */
const words = process.env['FLORA_SYNC_TEST_HOSTILE'] ?? '';

playRows(cases.filter(({ title }) => title.includes(words)));
