import { catches } from './catching.ts';
import { economyMutants } from './mutants-of-economy.ts';

catches(economyMutants);
