import type { Asset } from './asset.ts';
import { bytesOf } from './disk.ts';
import { fileNames as names, type World } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;

/** What other people do in our workspace: assets of their own come and go, and some of ours are hidden or removed. */
export function planOthers(world: World): void {
  const { knobs, timeline, peopleRng, flora } = world;
  for (let count = 0; count < knobs.foreign; count += 1) addForeign(world, -peopleRng.between(0, 40 * hour));
  const sometime = (run: () => void) => timeline.after(peopleRng.between(0, knobs.faultMs - 1), run);
  for (let count = 0; count < knobs.foreign; count += 1) sometime(() => comeOrGo(world, 0.5));
  flora.catalogue.onPage = () => {
    if (!world.areFaultsOver() && peopleRng.chance(knobs.shifting)) comeOrGo(world, 0.3);
  };
  for (let count = 0; count < knobs.hides; count += 1) sometime(() => hide(world));
  for (let count = 0; count < knobs.removals; count += 1) sometime(() => remove(world));
}

/** Of a name and a size that ours have too, with other bytes most of the time. */
function addForeign(world: World, createdMs: number): void {
  const { flora, peopleRng, disk, trace } = world;
  const blocks = Array.from({ length: peopleRng.between(1, 4) }, (_, index) => `x${world.counters.tokens}.${index} `);
  const files = disk.roots.flatMap((root) => [...root.files.values()]);
  const isSame = files.length > 0 && peopleRng.chance(0.1);
  const ours = isSame ? bytesOf(peopleRng.pick(files)) : null;
  const bytes = ours !== null && !flora.isPoison(ours) ? ours : blocks.map((block) => block.padStart(7, '0')).join('');
  const others = world.knobs.isForeignPending ? (['failed', 'pending_upload'] as const) : (['failed'] as const);
  const status = peopleRng.pick(['ready', 'ready', 'ready', ...others] as const);
  const asset = flora.add({
    place: '',
    project: peopleRng.chance(0.2) ? 'prj_1' : null,
    name: peopleRng.pick(names),
    isForeign: true,
    createdMs,
    status,
    bytes: status === 'ready' ? bytes : null,
  });
  trace.add(`others: ${asset.id} ${asset.name} ${status} ${asset.bytes ?? ''}`);
}

function comeOrGo(world: World, coming: number): void {
  const { flora, peopleRng, timeline, trace } = world;
  const foreign = flora.assets.filter((asset) => asset.isForeign && !asset.isRemoved);
  if (foreign.length === 0 || peopleRng.chance(coming)) {
    addForeign(world, timeline.nowMs);
    return;
  }
  if (!flora.mayVanish()) return;
  const gone = peopleRng.pick(foreign);
  gone.isRemoved = true;
  trace.add(`others: ${gone.id} is removed`);
}

function pickOurs(world: World): Asset | undefined {
  const ours = world.flora.assets.filter((asset) => !asset.isForeign && !asset.isRemoved && asset.hidden === null);
  return ours.length === 0 ? undefined : world.peopleRng.pick(ours);
}

/** Briefly from GET alone (an API has more than one server), or from the listing too and for as long as it likes. */
export function hide(world: World, unlisted = 0.7): void {
  const { flora, peopleRng, timeline, trace } = world;
  const asset = pickOurs(world);
  if (asset === undefined) return;
  const isUnlisted = peopleRng.chance(unlisted);
  if (isUnlisted && !flora.mayVanish()) return;
  const fromMs = timeline.nowMs;
  const forMs = peopleRng.between(1, isUnlisted ? peopleRng.pick([5, 15, 40, 90]) * minute : 15 * minute);
  asset.hidden = { fromMs, untilMs: fromMs + forMs, isUnlisted };
  world.calmMs = Math.max(world.calmMs, fromMs + forMs);
  trace.add(`others: ${asset.id} is hidden for ${forMs} ms${isUnlisted ? '' : ', but listed'}`);
}

function remove(world: World): void {
  const { flora, trace } = world;
  const asset = pickOurs(world);
  if (asset === undefined || !flora.mayVanish()) return;
  asset.isRemoved = true;
  trace.add(`others: ${asset.id} is removed, which is ours`);
}
