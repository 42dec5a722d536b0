import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { startEngine } from '../../../src/daemon/engine.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { takeLedger } from '../../../src/setup/open-ledger.ts';
import { nobodyWatches } from '../../../src/sync/ports/watch.ts';
import { plantTemporary } from '../../support/tree.ts';

/** Settings of a folder whose FLORA nobody answers for. */
function settings(t: TestContext) {
  const base = plantTemporary(t, {});
  mkdirSync(join(base, 'drop'));
  return loadConfig({
    flags: {
      folder: [join(base, 'drop')],
      state_dir: join(base, 'state'),
      workspace_id: 'ws_1',
      base_url: 'http://127.0.0.1:9/api/v1',
    },
    env: { FLORA_API_KEY: 'sk_live_nobody' },
    homedir: base,
    cwd: base,
  });
}

const log = createLogger({ level: 'silent', pretty: false });

describe('an engine', () => {
  it('whose start fails half-way gives back what it had opened', async (t) => {
    const config = settings(t);
    const watch = () => {
      throw new Error('no watcher today');
    };
    await assert.rejects(startEngine(config, log, { watch }), { message: 'no watcher today' });
    // Its lock is a kernel lock of this very process: it would still be held.
    const taken = takeLedger(config.stateDir, log, Date.now());
    taken.ledger.close();
    taken.release();
  });

  it('holds the ledger until it has stopped', async (t) => {
    const config = settings(t);
    const engine = await startEngine(config, log, { watch: () => nobodyWatches });
    assert.throws(() => takeLedger(config.stateDir, log, Date.now()), { code: 'ledger_owned' });
    await engine.stop();
    assert.equal(engine.state, 'draining');
    const taken = takeLedger(config.stateDir, log, Date.now());
    taken.ledger.close();
    taken.release();
  });

  it('closes the watcher that it was given', async (t) => {
    let closed = 0;
    const watch = () => ({
      ...nobodyWatches,
      close: async () => {
        closed += 1;
      },
    });
    const engine = await startEngine(settings(t), log, { watch });
    await engine.stop();
    assert.equal(closed, 1);
  });
});
