import { Creating } from '../../src/sync/flora/creating.ts';
import { Learning } from '../../src/sync/flora/learning.ts';
import { Transfers } from '../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../src/sync/ports/flora.ts';
import type { LedgerPort } from '../../src/sync/ports/ledger.ts';
import type { ClockPort } from '../../src/sync/ports/runtime.ts';

const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The real budget of assets, over this ledger. */
export function creatingOver(ledger: LedgerPort, clock: ClockPort, onChange: () => void = () => {}): Creating {
  return new Creating({ ledger, clock, log: noLog, version: '1', most: 64, onChange });
}

/** Learns nothing, and asks for nothing: for tests that are about something else. */
export class NoLearning extends Learning {
  constructor(ledger: LedgerPort, remote?: RemotePort) {
    super({ ledger, remote, transfers: new Transfers(8) } as ConstructorParameters<typeof Learning>[0]);
  }

  override isWanted(): boolean {
    return false;
  }

  override async seen(): Promise<void> {}

  override async listed(): Promise<void> {}

  override async targeted(): Promise<void> {}
}
