import { catches } from './catching.ts';
import { targetMutants } from './mutants-of-targets.ts';

catches(targetMutants);
