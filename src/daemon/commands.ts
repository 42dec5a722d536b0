import { type Command, serve } from '../control/server.ts';
import type { DropFolder } from '../core/drop-folder.ts';
import { displayName } from '../core/name.ts';
import type { SyncError } from '../errors.ts';
import type { Inventory } from '../ledger/inventory.ts';
import { inHand, listInHand } from '../operations/in-hand.ts';
import { type ReconcileWork, reconcile, reconcileAsked } from '../operations/reconcile.ts';
import { resume, resumeFolder } from '../operations/resume.ts';
import { retry, retryFiles } from '../operations/retry.ts';
import type { Hints } from '../sync/intake/hints.ts';
import type { Intake } from '../sync/intake/intake.ts';
import type { RetryDeps, RetryFile } from '../sync/upload/retry.ts';
import { describeInHand } from './status.ts';

/** What commands need of a running engine. */
export interface CommandTargets {
  readonly flora: Pick<ReconcileWork, 'remote' | 'gate'> & { reloadKey(): void };
  readonly inventory: Inventory;
  readonly hints: Pick<Hints, 'add'>;
  readonly intake: Pick<Intake, 'list' | 'accept'>;
  readonly folders: readonly DropFolder[];
  /** Why folders cannot be read, by the path that people see. */
  readonly folderTroubles: ReadonlyMap<string, SyncError>;
  /** With what a person's commands change the ledger. */
  readonly operating: Omit<RetryDeps, 'onLook'>;
  reconcileNow: ReconcileWork['run'];
}

/** What other flora-sync commands may have the running daemon do, by the path of their POST. */
export function commandsOf(targets: CommandTargets): Readonly<Record<string, Command>> {
  return Object.fromEntries([
    serve(reconcile, async (request, tell, signal) => {
      const { flora, inventory } = targets;
      // Whoever asks may just have put the new key in its place.
      flora.reloadKey();
      const pathOf = (id: number) => inventory.pathOf(id);
      const run: ReconcileWork['run'] = (options, cut) => targets.reconcileNow(options, cut);
      return await reconcileAsked({ remote: flora.remote, gate: flora.gate, pathOf, run }, request, tell, signal);
    }),
    serve(retry, async (request, tell, signal) => {
      const { operating, inventory, hints } = targets;
      const onLook = (file: RetryFile) => hints.add(file);
      return await retryFiles({ ...operating, inventory, onLook }, request, tell, signal);
    }),
    serve(inHand, async (_, tell, signal) => {
      const files = await targets.intake.list(signal);
      return await listInHand(files.map(describeInHand), tell);
    }),
    serve(resume, async (request) => {
      const { folders, folderTroubles, intake } = targets;
      const isHalted = ({ root }: DropFolder) => folderTroubles.has(displayName(root));
      return await resumeFolder({ folders, isHalted, accept: (folder) => intake.accept(folder) }, request);
    }),
  ]);
}
