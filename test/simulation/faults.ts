import type { Computer } from './computer.ts';
import { keyWindow } from './fates.ts';
import type { Loss } from './knobs.ts';
import { hide } from './others.ts';
import type { World } from './world.ts';

/** What happens to the machine and the key while the faults last. */
export function planFaults(world: World, computer: Computer): void {
  const { knobs, timeline, peopleRng, trace } = world;
  const sometime = (run: () => void) => timeline.after(peopleRng.between(0, knobs.faultMs - 1), run);
  for (let count = 0; count < knobs.crashes; count += 1) sometime(() => computer.crash('out of the blue'));
  for (let count = 0; count < knobs.restarts; count += 1) {
    sometime(() => {
      trace.add('SIGTERM');
      void computer.restart();
    });
  }
  for (let count = 0; count < knobs.clockJumps; count += 1) {
    sometime(() => {
      timeline.setClock(peopleRng.pick([0, -3_600_000, 3_600_000, 86_400_000, peopleRng.between(-5_000, 5_000)]));
      trace.add(`the clock is ${timeline.skewMs} ms ahead`);
    });
  }
  for (const loss of knobs.losses) planLoss(world, computer, loss);
  for (let count = 0; count < knobs.fullWalks; count += 1) sometime(() => computer.reconcileFully());
  const rotation = keyWindow(world);
  if (rotation === undefined) return;
  timeline.after(rotation.fromMs, () => {
    world.flora.keyVersion += 1;
    trace.add('the key is rotated');
  });
  timeline.after(rotation.untilMs, () => {
    computer.keys.inFile = world.flora.keyVersion;
    trace.add('the new key is in its file');
  });
}

function planLoss(world: World, computer: Computer, loss: Loss): void {
  const { knobs, timeline, peopleRng } = world;
  const atMs = peopleRng.between(0, knobs.faultMs - 1);
  const lose = () => {
    computer.loseLedger(loss);
    // Listed, and yet a 404: just when it matters most.
    if (peopleRng.chance(0.3)) hide(world, 0);
  };
  if (loss === 'restored' && peopleRng.chance(0.5)) {
    // A copy from the middle of an upload, put back when that upload has got somewhere.
    const soon = () => Math.min(peopleRng.between(1, 120_000), Math.max(0, knobs.faultMs - 1 - timeline.nowMs));
    timeline.after(peopleRng.between(0, atMs), () => computer.takeSnapshotMidway(() => timeline.after(soon(), lose)));
    return;
  }
  if (loss === 'restored') timeline.after(peopleRng.between(0, atMs), () => computer.takeSnapshot());
  timeline.after(atMs, lose);
}
