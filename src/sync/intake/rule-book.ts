import type { DropFolder } from '../../core/drop-folder.ts';
import type { FilePath } from '../../core/entry.ts';
import { displayName } from '../../core/name.ts';
import { ignoreFileName } from '../../core/skip-rules.ts';
import { type DirectoryRules, FolderRules, noRules, type RuleSettings, rulesWith } from '../../rules/folder-rules.ts';
import type { IgnoreFile, IgnoreFilePort } from '../ports/local.ts';
import type { RootGuard } from '../roots/root-guard.ts';
import { countExcluded, type JudgeDeps, judgeKnown } from './judge-known.ts';

const plainRules: RuleSettings = { ...noRules, hasIgnoreFile: true };

export interface RuleBookDeps extends JudgeDeps {
  readonly local: JudgeDeps['local'] & IgnoreFilePort;
  readonly roots: Pick<RootGuard, 'isThere' | 'mayTake'>;
  /** Whether FLORA is searched for the bytes of what a ledger has never seen. */
  readonly isSearching: boolean;
  /** What the ledger has of a folder was judged anew: its files may be sources again, or no longer; FLORA may have to be searched. */
  readonly onJudged: () => void;
}

/** A folder's rules, and where they come from. */
interface Standing {
  readonly folder: DropFolder;
  settings: RuleSettings;
  /** The text of the last ignore file that could be used; null without one. */
  text: string | null;
  rules: FolderRules;
  /** Of the version of the ignore file that was read last; undefined before the first look. */
  stamp: string | null | undefined;
  /** A version that was not read yet, and since when (monotonic) it stands there unchanged. */
  seen: { readonly stamp: string | null; readonly sinceMs: number } | null;
  /** Why the file that is there now is not used. */
  trouble: string | null;
  /** What is being judged; one after the other, so that what is older is never the last. */
  refreshing: Promise<unknown>;
  /** A file that would exclude most of what is known waits: somebody may have made a mistake. */
  held: {
    readonly text: string | null;
    readonly rules: FolderRules;
    readonly untilMs: number;
    readonly why: string;
  } | null;
}

const builtIn = new FolderRules();

/** So long the ignore file has to stay as it is before it is read. */
const settledMs = 2_000;
/** So long one waits that excludes more than half of what is taken of a folder now, and so many files at least. */
const heldMs = 10 * 60_000;
const leastHeldFiles = 10;

/** The rules of all drop folders as they are now. Whoever changes them has what the ledger knows judged by the new ones. */
export class RuleBook {
  readonly #deps: RuleBookDeps;
  readonly #standings: ReadonlyMap<string, Standing>;

  constructor(
    deps: RuleBookDeps,
    folders: readonly DropFolder[],
    settingsOf: (root: string) => RuleSettings | undefined = () => undefined,
  ) {
    this.#deps = deps;
    this.#standings = new Map(
      folders.map((folder) => {
        const settings = settingsOf(folder.root) ?? plainRules;
        const text = settings.hasIgnoreFile ? deps.ledger.rules.ignoreFile(folder.folderId) : null;
        const rules = rulesWith(settings, text).rules;
        return [
          folder.root,
          {
            folder,
            settings,
            text,
            rules,
            stamp: undefined,
            seen: null,
            trouble: null,
            held: null,
            refreshing: Promise.resolve(),
          },
        ];
      }),
    );
  }

  has(root: string): boolean {
    return this.#standings.has(root);
  }

  of(root: string): FolderRules {
    return this.#standing(root).rules;
  }

  within(root: string, directory: string): DirectoryRules {
    return this.of(root).within(directory);
  }

  isExcluded({ root, directory, name }: FilePath): boolean {
    const path = directory === '' ? name : `${directory}/${name}`;
    return this.of(root).of(path, 'file') !== null;
  }

  /** What people are to know of a folder's ignore file. */
  notices(root: string): readonly string[] {
    const { trouble, held } = this.#standing(root);
    const rulesStay = 'the rules before it stay';
    return [
      ...(trouble === null ? [] : [`${ignoreFileName} cannot be used, ${rulesStay}: ${trouble}`]),
      ...(held === null
        ? []
        : [`${ignoreFileName} ${held.why}, ${rulesStay} until ${timeOf(this.#wallMs(held.untilMs))}`]),
    ];
  }

  /** Other settings for a folder. They count at the next `refresh`. */
  change(root: string, settings: RuleSettings): void {
    const standing = this.#standing(root);
    standing.settings = settings;
    if (settings.hasIgnoreFile) standing.stamp = undefined;
    else Object.assign(standing, { text: null, trouble: null, held: null });
    standing.rules = rulesWith(settings, standing.text).rules;
  }

  /**
   * Reads the folder's ignore file if it is another one and has settled, and judges by the rules what the ledger knows, where
   * that was last judged by others. Returns whether it was: then the folder has to be scanned.
   *
   * @param mayWait whether to wait here until a file that is new settles: before the folder is read for the first time
   */
  async refresh({ root }: Pick<DropFolder, 'root'>, mayWait = false): Promise<boolean> {
    const standing = this.#standing(root);
    const refreshing = standing.refreshing.then(() => this.#refresh(standing, mayWait));
    // Who asked is told what went wrong; who comes next begins anew.
    standing.refreshing = refreshing.catch(() => {});
    return await refreshing;
  }

  async #refresh(standing: Standing, mayWait: boolean): Promise<boolean> {
    const { ledger, clock, signal } = this.#deps;
    if (standing.settings.hasIgnoreFile) {
      while (!this.#look(standing) && mayWait && standing.stamp === undefined) await clock.sleep(settledMs, signal);
      this.#release(standing);
    }
    const { folder, rules, text } = standing;
    if (ledger.rules.isJudgedBy(folder.folderId, rules.text)) return false;
    const { excluded, included } = await judgeKnown(this.#deps, folder, rules);
    const { folderId } = folder;
    await ledger.write((tables) => {
      // What the rules before left alone was not looked for in FLORA, which may have it from the time of a ledger that was lost.
      const isSearched = tables.rules.wasSearchedBy(folderId, builtIn.text);
      if (!isSearched && this.#deps.isSearching) tables.directories.setNeedsMatching(folderId, true);
      tables.rules.saveJudged(folderId, rules.text, text);
    });
    this.#deps.onJudged();
    const facts = { folder: displayName(folder.root), excluded, included };
    if (excluded + included > 0) this.#deps.log.info(facts, 'the rules have changed');
    return true;
  }

  /** Returns whether the file that is there was read, be it usable or not. */
  #look(standing: Standing): boolean {
    const { clock, local, roots } = this.#deps;
    const { root } = standing.folder;
    const { stamp, changedMs } = local.ignoreFileStamp(root) ?? { stamp: null, changedMs: 0 };
    if (stamp === standing.stamp) return true;
    const nowMs = clock.monotonic();
    if (standing.seen?.stamp !== stamp) standing.seen = { stamp, sinceMs: nowMs };
    const isOld = standing.stamp === undefined && clock.now() - changedMs >= settledMs;
    if (!isOld && nowMs - standing.seen.sinceMs < settledMs) return false;
    // It may only be away, with its drive.
    if (stamp === null && !roots.mayTake({ root })) return true;
    const file = local.readIgnoreFile(root);
    if (file.kind === 'none' ? stamp !== null : file.stamp !== stamp) return false;
    standing.stamp = stamp;
    standing.seen = null;
    this.#take(standing, file);
    return true;
  }

  #take(standing: Standing, file: IgnoreFile): void {
    const { clock, log } = this.#deps;
    const { folder, settings } = standing;
    standing.held = null;
    const text = file.kind === 'text' ? file.text : null;
    const { rules, problem } = rulesWith(settings, text);
    standing.trouble = file.kind === 'problem' ? file.reason : problem;
    if (standing.trouble !== null) {
      const facts = { folder: displayName(folder.root), code: 'rules_unusable', reason: standing.trouble };
      log.warn(facts, `${ignoreFileName} cannot be used: the rules stay as they were`);
      return;
    }
    const { known, more } = countExcluded(this.#deps.ledger, folder, rules);
    if (more < leastHeldFiles || more * 2 <= known) {
      standing.text = text;
      standing.rules = rules;
      return;
    }
    const why = `excludes ${more} of ${known} known files`;
    standing.held = { text, rules, untilMs: clock.monotonic() + heldMs, why };
    log.warn(
      { folder: displayName(folder.root), excluded: more, known, wait_ms: heldMs },
      `${ignoreFileName} would exclude most files: it counts after a while`,
    );
  }

  /** What has waited for long enough counts now. */
  #release(standing: Standing): void {
    const { held } = standing;
    if (held === null || this.#deps.clock.monotonic() < held.untilMs) return;
    Object.assign(standing, { text: held.text, rules: held.rules, held: null });
  }

  #wallMs(monotonicMs: number): number {
    const { clock } = this.#deps;
    return clock.now() + monotonicMs - clock.monotonic();
  }

  #standing(root: string): Standing {
    const standing = this.#standings.get(root);
    if (standing === undefined) throw new TypeError('Not one of the drop folders');
    return standing;
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
