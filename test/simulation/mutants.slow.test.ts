import { catches } from './catching.ts';
import { mutants } from './mutants.ts';

catches(mutants);
