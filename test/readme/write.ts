// `npm run session`: records a session anew, and puts it into the README and the picture beside it.
import { readFileSync, writeFileSync } from 'node:fs';
import { drawWay } from './draw.ts';
import { picturePath, readmePath, withSession } from './pages.ts';
import { recordSession, whyNoSession } from './record.ts';

const undo: (() => void | Promise<void>)[] = [];
try {
  const why = whyNoSession();
  if (why !== null) throw new Error(`A session is recorded on a terminal: ${why}`);
  const { transcript, files } = await recordSession({ after: (one) => void undo.unshift(one) });
  writeFileSync(picturePath, drawWay(files));
  writeFileSync(readmePath, withSession(readFileSync(readmePath, 'utf8'), transcript));
} finally {
  for (const one of undo) await one();
}
