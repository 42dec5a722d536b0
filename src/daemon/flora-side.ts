import type { Config } from '../config/load.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { FloraClient } from '../remote/client.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { version } from '../runtime/version.ts';
import { openFlora, rememberBody } from '../setup/flora-client.ts';
import { tellStrange } from '../setup/log-lines.ts';
import { Creating } from '../sync/flora/creating.ts';
import type { Gate } from '../sync/flora/gate.ts';
import { Learning } from '../sync/flora/learning.ts';
import { type Place, placesOf } from '../sync/flora/listing.ts';
import { Transfers } from '../sync/flora/transfers.ts';
import { WorkspaceCheck } from '../sync/flora/workspace-check.ts';
import type { DueWork } from '../sync/ports/due-work.ts';
import { mostClaimed } from '../sync/upload/scheduler.ts';
import type { EngineEvents } from './engine-events.ts';
import { holdKey, type KeyHolder } from './key-rotation.ts';

/** What an engine has towards FLORA: the door, the client, and what it knows of how FLORA answers. */
export interface FloraSide {
  readonly key: KeyHolder;
  readonly gate: Gate;
  readonly transfers: Transfers;
  readonly remote: FloraClient;
  readonly places: readonly Place[];
  readonly learning: Learning;
  readonly creating: Creating;
  readonly workspaces: WorkspaceCheck;
  /** Reads the key anew from where it came; with another one FLORA is asked again at once. */
  reloadKey(): void;
}

export interface FloraSideDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly ledger: Ledger;
  readonly events: EngineEvents;
  readonly due: DueWork;
  readonly fail: (error: unknown) => void;
}

export function openFloraSide({ config, log, ledger, events, due, fail }: FloraSideDeps): FloraSide {
  const key = holdKey(config, log);
  const places = placesOf(config.folders.map((folder) => folder.destination));
  const workspaces = new WorkspaceCheck({ log, places });
  const workspaceIds = places.map(({ workspaceId }) => workspaceId);
  const { remote, gate }: ReturnType<typeof openFlora> = openFlora(config, key.current, {
    client: {
      ...rememberBody(ledger, workspaceIds, fail),
      onStrange: (strange) => tellStrange(log, strange),
    },
    gate: {
      onFailure: (error) => {
        if (error.disposition === 'wait') reloadKey();
      },
      onChange: (trouble) => void events.emit('flora:trouble', trouble),
      suspect: (error) => workspaces.suspect(error),
      onPace: (saved) => {
        ledger.write(({ facts }) => facts.setPace(saved)).catch(fail);
      },
    },
  });
  const { pace } = ledger.facts;
  if (pace !== null) gate.pace.load(pace, systemClock.monotonic(), systemClock.now());
  const reloadKey = () => {
    if (key.reload()) gate.hurry();
  };
  const transfers = new Transfers(config.concurrency);
  const common = { ledger, remote, gate, transfers, clock: systemClock, log, places };
  const creating = new Creating({
    ...common,
    version,
    most: mostClaimed(config.concurrency),
    onChange: () => due.announce(),
  });
  return { key, gate, transfers, remote, places, learning: new Learning(common), creating, workspaces, reloadKey };
}
