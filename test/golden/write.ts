// Writes down what the stories say now (`npm run tables`): run it after a change of words, and read what `git diff` shows.
import '../support/fs-calls.ts';
import { forgetTold, namesOfTold, play, writeTold } from './golden.ts';
import { stories } from './stories.ts';

for (const told of stories) writeTold(told, await play(told));
for (const name of namesOfTold()) if (!stories.some((told) => told.name === name)) forgetTold(name);
