import { catches } from './catching.ts';
import { dialectMutants } from './mutants-of-dialects.ts';

catches(dialectMutants);
