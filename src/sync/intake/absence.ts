import { type FilePath, isOtherKind } from '../../core/entry.ts';
import type { LocalPort } from '../ports/local.ts';

/**
 * Whether what stood at the name does not: something of another kind does not, nor the same under another spelling of the
 * name. What cannot be read still stands there, as far as anybody knows.
 */
export function isGone(local: LocalPort, path: FilePath, wanted: 'file' | 'directory'): boolean {
  const look = local.look(path);
  if (look.kind === 'gone' || local.detour(path) !== null) return true;
  if (look.kind === 'problem') return wanted === 'directory' && isOtherKind(look.problem);
  // Of what a rule leaves alone, nobody may conclude more than that something of another kind stands there.
  if (look.kind === 'excluded') return look.is !== null && look.is !== wanted;
  return look.kind !== wanted;
}
