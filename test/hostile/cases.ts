// The table: every row is played against the real process by `hostile.slow.test.ts`.
import { fileCases } from './cases-files.ts';
import { proxyCases } from './cases-proxy.ts';
import { serviceCases } from './cases-service.ts';
import { wireCases } from './cases-wire.ts';
import type { Case } from './play.ts';

export const cases: readonly Case[] = [...wireCases, ...fileCases, ...serviceCases, ...proxyCases];
