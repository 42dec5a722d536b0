import type { ErrorCode } from '../../src/errors/codes.ts';
import { SyncError } from '../../src/errors.ts';
import type { Call, CallOp, Pass } from '../../src/sync/flora/call.ts';
import { Gate, type GateDeps } from '../../src/sync/flora/gate.ts';
import { HandClock, settled } from './hand-clock.ts';

/** An error about all requests, as the client gives it. */
export function serviceError(code: ErrorCode, patch: Partial<SyncError> = {}): SyncError {
  return new SyncError(code, { code, scope: 'service', disposition: 'retry', op: 'test', ...patch });
}

export function callFor(id: number, op: CallOp = 'reserve', patch: Partial<Call['file']> = {}): Call {
  return { op, file: { id, sizeBytes: 1_000, attempts: 0, ...patch } };
}

export interface Asker {
  /** Undefined while it waits. */
  pass: Pass | null | undefined;
  /** Hands its pass back as refused. */
  refuse(error: SyncError): Promise<void>;
  grant(): Promise<void>;
}

/** A gate over a clock that stands still, with those who ask. */
export function openGate(patch: Partial<GateDeps> = {}) {
  const clock = new HandClock();
  const told: (string | null)[] = [];
  const random = { fraction: () => 0.5, token: () => 'token' };
  const gate = new Gate({ clock, random, most: 8, onChange: (trouble) => told.push(trouble?.code ?? null), ...patch });
  const { signal } = new AbortController();
  const ask = async (call: Call, by: AbortSignal = signal): Promise<Asker> => {
    const held = () => asker.pass ?? assertPass();
    const asker: Asker = {
      pass: undefined,
      refuse: async (error) => {
        gate.refused(held(), error);
        await settled();
      },
      grant: async () => {
        gate.succeeded(held());
        await settled();
      },
    };
    void gate.enter(call, by).then((pass) => {
      asker.pass = pass;
    });
    await settled();
    return asker;
  };
  return { clock, gate, told, ask };
}

function assertPass(): never {
  throw new Error('It has not been let in');
}
