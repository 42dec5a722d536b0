import { catches } from './catching.ts';
import { searchMutants } from './mutants-of-search.ts';

// A file of its own: both run side by side, and neither takes longer than a file may.
catches(searchMutants);
